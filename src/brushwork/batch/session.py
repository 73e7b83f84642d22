"""The session of a run: embeds every style once and renders every content with its blend of styles."""

import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from brushwork import images
from brushwork.batch import memory
from brushwork.batch.options import Options
from brushwork.errors import UserError
from brushwork.images import ImageError, Picture, Rows
from brushwork.rendering import masks, strokes
from brushwork.rendering.memory import Tiling, filling
from brushwork.rendering.regions import Region, StyleMap
from brushwork.runtime import Array
from brushwork.styles import NamedStyle, resolve
from brushwork.styles.embeddings import REDUCED_SIDE, open_style
from brushwork.stylizer import Stylizer


@dataclass(frozen=True, eq=False)
class Strips:
    """A content larger than memory, (H, W, 3) or with alpha (H, W, 4), and the rows that receive its pastiche."""

    content: Rows
    target: Rows
    source: Path | None
    tiling: Tiling


@dataclass
class KnownStyles:
    """Styles that were read, and their embeddings, by the style and the style size that a content's size asks for."""

    read: dict[tuple[str, int], Array | NamedStyle] = field(default_factory=dict)
    embedded: dict[tuple[str, int], Array] = field(default_factory=dict)


class Session:
    """A stylizer, the options of a run, and the styles that it has asked for.

    Args:
        stylizer: The model.
        options: Of the run.
        known: Styles of earlier runs of the same kind; those of this one are added.
    """

    def __init__(self, stylizer: Stylizer, options: Options, known: KnownStyles | None = None) -> None:
        self.stylizer = stylizer
        self.options = options
        self._known = KnownStyles() if known is None else known
        self._closed = False
        self._notices: dict[str, bool] = {}  # line -> whether it was returned
        if options.keep_colors == "histogram" and stylizer.styles:
            raise UserError("histogram recolours style pictures, but this model has only named styles; use luma")

    def blend(self, styles: tuple[str, ...], content: Picture, painted: int | None = None) -> Array:
        """Return the embedding (1, D) of a blend of styles for a content.

        Args:
            styles: The styles.
            content: The content, or a reduced copy of it.
            painted: Long side of the content in pixels, if ``content`` is a reduced copy.

        Raises:
            UserError: If a style cannot be read or is unknown; the message names it.
        """
        return self.stylizer.blend([self._embed(style, content, painted) for style in styles], self.options.weights)

    def compose(
        self,
        content: Picture,
        embedding: Array | None,
        source: Path | None = None,
        notices: list[str] | None = None,
        rows: Rows | None = None,
    ) -> StyleMap:
        """Return the style map of a content: a style, the run's regions and the protected area.

        Args:
            content: The content, or a reduced copy of it.
            embedding: The style outside the regions; None keeps the photo there.
            source: Path of the content, for folders of masks.
            notices: Receives a line for each mask that is scaled to the content.
            rows: The content itself, if ``content`` is a reduced copy.

        Raises:
            UserError: If a mask or the style of a region cannot be used.
        """
        rows = content.image if rows is None else rows
        size = rows.shape[0], rows.shape[1]
        regions, protected = self.read_regions(content, source, [] if notices is None else notices, size)
        return self.stylizer.compose(rows, embedding, self.options.strength, regions=regions, protect=protected)

    def read_regions(
        self, content: Picture, source: Path | None, notices: list[str], size: tuple[int, int] | None = None
    ) -> tuple[list[Region], Array | None]:
        """Return the run's regions with their masks and embeddings, and the protect mask (h, w).

        Args:
            content: The content, or a reduced copy of it.
            source: Path of the content, for folders of masks.
            notices: Receives a line for each mask that is scaled to the content.
            size: Height and width of the content, if ``content`` is a reduced copy.

        Raises:
            UserError: If a mask or a style cannot be used.
        """
        size = size or (content.image.shape[0], content.image.shape[1])
        most = memory.mask_pixels(self.options)

        def read(mask: str) -> Array:
            found, notice = masks.read(mask, source, content.alpha, size, most)
            if notice:
                notices.append(notice)
            return found

        regions = [
            Region(read(region.mask), self._embed(region.style, content, max(size)), region.strength)
            for region in self.options.regions
        ]
        return regions, None if self.options.protect is None else read(self.options.protect)

    def paint(
        self,
        content: Picture,
        embedding: Array | None,
        seconds: MutableMapping[str, float],
        source: Path | None = None,
        notices: list[str] | None = None,
    ) -> Picture:
        """Return the pastiche of a content; the frames of an animation are rendered on access.

        All frames use the style map of the first. The time is added to ``seconds["stylise"]``; for the other arguments
        see `compose`.
        """
        start = time.perf_counter()
        style = self.compose(content.filled(), embedding, source, notices)
        height, width = content.image.shape[:2]
        tiling = self.choose_tiling(height, width, filling(height * width, content.alpha is not None))
        seconds["stylise"] = time.perf_counter() - start

        def stylize(pixels: Array) -> Array:
            if self._closed:
                raise UserError("stopped")
            start = time.perf_counter()
            pastiche = np.empty(pixels.shape, np.float32)
            self.stylizer.paint(pixels, style, pastiche, self.options, tiling=tiling)
            seconds["stylise"] += time.perf_counter() - start
            return pastiche[..., :3]

        return content.map_visible(stylize)

    def choose_tiling(self, height: int, width: int, held: int = 0) -> Tiling:
        """Decide whether a content of a size is painted in tiles: as the run says, or as memory allows.

        So many bytes are held for something else.
        """
        return self.stylizer.choose_tiling((height, width), self.options, bool(self.options.regions), held)

    def paint_strips(
        self, styles: tuple[str, ...], strips: Strips, notices: list[str], progress: Callable[[float], None]
    ) -> None:
        """Render a content larger than memory.

        Args:
            styles: The styles of the blend.
            strips: The content and the rows for its pastiche.
            notices: Receives a line for each mask that is scaled to the content.
            progress: Called with the fraction completed, 0 to 1.

        Raises:
            UserError: If a style or a mask cannot be used.
        """
        content = strips.content
        small = strokes.resized(content, REDUCED_SIDE)
        alpha = small[..., 3] if small.shape[2] == 4 else None
        reduced = Picture.of(np.ascontiguousarray(small[..., :3]), alpha)
        # The style size depends on the size of the content, not on that of the reduced copy.
        embedding = self.blend(styles, reduced, max(content.shape[:2])) if styles else None
        style = self.compose(reduced, embedding, strips.source, notices, content)
        self.stylizer.paint(
            content, style, strips.target, self.options, tiling=strips.tiling, progress=progress
        )  # fmt: skip

    def take_notices(self) -> list[str]:
        """Return notices about the embedded styles; each line is returned once per session."""
        new = [line for line, taken in self._notices.items() if not taken]
        self._notices.update(dict.fromkeys(new, True))
        return new

    def close(self) -> None:
        """Stop rendering frames of an animation, so that an interrupted run does not wait for hundreds of them."""
        self._closed = True

    def _embed(self, style: str, content: Picture, painted: int | None = None) -> Array:
        """Return the embedding of a style; if it is recoloured, for this content only, else cached for all."""
        recolor = self.options.keep_colors == "histogram"
        painted = painted or max(content.image.shape[:2])
        size = self.options.style_size or self.stylizer.style_size_for(painted)
        if not recolor and (style, size) in self._known.embedded:
            return self._known.embedded[style, size]
        try:
            found = self._read(style, size)
        except ImageError as error:  # the message names the style; the record adds the content
            raise UserError(str(error)) from None
        if recolor and isinstance(found, NamedStyle):
            raise UserError(f"histogram recolours style pictures; {style!r} is a named style, so use luma")
        try:
            colors_of = content if recolor else None
            embedding = self.stylizer.embed(found, size, colors_of=colors_of)
        except UserError as error:
            raise UserError(f"{style}: {error}") from None
        if not recolor:
            self._known.embedded[style, size] = embedding
        return embedding

    def _read(self, style: str, size: int) -> Array | NamedStyle:
        """Return a named style, or a style picture on white at the size that the predictor sees."""
        if (style, size) not in self._known.read:
            found = resolve(style, self.stylizer.gallery, files=True)
            if isinstance(found, Path):
                self._known.read[style, size] = images.fit_short(open_style(found, size), size)
            else:
                self._known.read[style, size] = found
                self._notices.update({line: False for line in found.notices if line not in self._notices})
        return self._known.read[style, size]
