"""Sessions, one for each run: every style is read and embedded once, and every content painted with its own blend."""

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
from brushwork.rendering.memory import Tiling
from brushwork.rendering.regions import Region, StyleMap
from brushwork.runtime import Array
from brushwork.styles import NamedStyle, resolve
from brushwork.styles.embeddings import REDUCED_SIDE, open_style
from brushwork.stylizer import Stylizer


@dataclass(frozen=True, eq=False)
class Strips:
    """A content larger than memory, (H, W, 3) or with alpha (H, W, 4), and the rows that take its pastiche."""

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
        self._notices: dict[str, bool] = {}  # line -> whether it was taken
        if options.keep_colors == "histogram" and stylizer.styles:
            raise UserError("histogram recolours style pictures, and this model has named styles; use luma")

    def blend(self, styles: tuple[str, ...], content: Picture, painted: int | None = None) -> Array:
        """Return the embedding (1, D) of the blend of some styles, for a content.

        Args:
            styles: The styles.
            content: The content, or a reduced copy.
            painted: Long side in pixels of the content where a reduced copy is given.

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
        """Return what a content is painted with: a style, the run's regions, and what they protect.

        Args:
            content: The content, or a reduced copy.
            embedding: The style outside of the regions; None leaves the photo there.
            source: Where the content came from, for folders of masks.
            notices: Takes a line for each mask that is fitted to the content.
            rows: The content itself where a reduced copy is given.

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
        """Return the run's regions with their masks and embeddings, and the mask (h, w) of what is protected.

        Args:
            content: The content, or a reduced copy.
            source: Where the content came from, for folders of masks.
            notices: Takes a line for each mask that is fitted to the content.
            size: Height and width of the content where a reduced copy is given.

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
        """Return the pastiche of a content; its frames, where there are many, are painted when they are asked for.

        All frames are painted with the styles composed for the first. The time goes into ``seconds["stylise"]``; see
        `compose` for the rest.
        """
        start = time.perf_counter()
        style = self.compose(content.filled(), embedding, source, notices)
        tiling = self.choose_tiling(*content.image.shape[:2])
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
        """Paint a content larger than memory.

        Args:
            styles: The styles, blended.
            strips: The content and where its pastiche goes.
            notices: Takes a line for each mask that is fitted to the content.
            progress: Called with the fraction completed.

        Raises:
            UserError: If a style or a mask cannot be used.
        """
        content = strips.content
        small = strokes.resized(content, REDUCED_SIDE)
        alpha = small[..., 3] if small.shape[2] == 4 else None
        reduced = Picture.of(np.ascontiguousarray(small[..., :3]), alpha)
        # The style size follows the size of the content, not that of the reduced copy.
        embedding = self.blend(styles, reduced, max(content.shape[:2])) if styles else None
        style = self.compose(reduced, embedding, strips.source, notices, content)
        self.stylizer.paint(
            content, style, strips.target, self.options, tiling=strips.tiling, progress=progress
        )  # fmt: skip

    def take_notices(self) -> list[str]:
        """Return what the user should know of the styles that were embedded, each line once a session."""
        new = [line for line, taken in self._notices.items() if not taken]
        self._notices.update(dict.fromkeys(new, True))
        return new

    def close(self) -> None:
        """Paint no further frame of an animation, so that a stopped run does not wait for hundreds of them."""
        self._closed = True

    def _embed(self, style: str, content: Picture, painted: int | None = None) -> Array:
        """The embedding of one style; recoloured like the content it is for that content alone, else for all."""
        recolor = self.options.keep_colors == "histogram"
        painted = painted or max(content.image.shape[:2])
        size = self.options.style_size or self.stylizer.style_size_for(painted)
        if not recolor and (style, size) in self._known.embedded:
            return self._known.embedded[style, size]
        try:
            found = self._read(style, size)
        except ImageError as error:  # it names the style; the record adds the content
            raise UserError(str(error)) from None
        if recolor and isinstance(found, NamedStyle):
            raise UserError(f"histogram recolours style pictures, and {style!r} is a named style; use luma")
        try:
            colors_of = content if recolor else None
            embedding = self.stylizer.embed(found, size, colors_of=colors_of)
        except UserError as error:
            raise UserError(f"{style}: {error}") from None
        if not recolor:
            self._known.embedded[style, size] = embedding
        return embedding

    def _read(self, style: str, size: int) -> Array | NamedStyle:
        """A style picture, on white where transparent, no larger than the predictor sees it; or a named style."""
        if (style, size) not in self._known.read:
            found = resolve(style, self.stylizer.gallery, files=True)
            if isinstance(found, Path):
                self._known.read[style, size] = images.fit_short(open_style(found, size), size)
            else:
                self._known.read[style, size] = found
                self._notices.update({line: False for line in found.notices if line not in self._notices})
        return self._known.read[style, size]
