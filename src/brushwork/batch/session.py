"""A stylizer at work on one run: every style is opened and embedded once, every content painted with its own blend."""

import time
from collections.abc import Callable, MutableMapping
from pathlib import Path

import numpy as np

from brushwork import images
from brushwork.batch.options import Options
from brushwork.errors import UserError
from brushwork.images import ImageError, Picture, Rows, color
from brushwork.rendering import masks, memory, strokes, tiles
from brushwork.rendering.regions import Paint, Region
from brushwork.runtime import SMALLEST_SIDE, Array
from brushwork.stylizer import Stylizer, check_size

# Long side of the copy of a large picture by which its own colours and its own embedding are judged.
SEEN = 1024


class Studio:
    """A stylizer, the options of a run, and the embeddings it has already asked for."""

    def __init__(self, stylizer: Stylizer, options: Options) -> None:
        self.stylizer = stylizer
        self.options = options
        self._pictures: dict[str, Array] = {}
        self._embeddings: dict[str, Array] = {}
        self._closed = False
        if options.keep_colors == "histogram" and stylizer.styles:
            raise UserError("histogram recolours style pictures, and this model has named styles; use luma")

    def blend(self, styles: tuple[str, ...], content: Picture) -> Array:
        """The embedding (1, D) of the blend of some styles, for a content.

        Raises:
            UserError: If a style cannot be read or is unknown; the message names it.
        """
        return self.stylizer.blend([self._embed(style, content) for style in styles], self.options.weights)

    def compose(
        self,
        content: Picture,
        embedding: Array | None,
        source: Path | None = None,
        notices: list[str] | None = None,
        size: tuple[int, int] | None = None,
    ) -> Paint:
        """What a content is painted with: a style, the run's regions, and what they protect.

        Args:
            content: The content, or a reduced copy.
            embedding: The style outside of the regions; None leaves the photo there.
            source: Where the content came from, for folders of masks.
            notices: Takes a line for each mask that is fitted to the content.
            size: Height and width of the content where a reduced copy is given.

        Raises:
            UserError: If a mask or the style of a region cannot be used.
        """
        notices = [] if notices is None else notices
        size = size or (content.image.shape[0], content.image.shape[1])

        def read(mask: str) -> Array:
            found, notice = masks.read(mask, source, content.alpha, size)
            if notice:
                notices.append(notice)
            return found

        regions = [
            Region(read(region.mask), self._embed(region.style, content), region.strength)
            for region in self.options.regions
        ]
        protected = None if self.options.protect is None else read(self.options.protect)
        image, strength = content.image, self.options.strength
        return self.stylizer.compose(image, embedding, strength, regions=regions, protect=protected)

    def paint(
        self,
        content: Picture,
        embedding: Array | None,
        seconds: MutableMapping[str, float],
        source: Path | None = None,
        notices: list[str] | None = None,
    ) -> Picture:
        """The pastiche of a content; its frames, where there are many, are painted when they are asked for.

        The time goes into ``seconds["stylise"]``; see `compose` for the rest.
        """
        seconds["stylise"] = 0.0
        regional = self.options.regions or self.options.protect
        style = self.compose(content, embedding, source, notices) if regional else None

        def stylize(image: Array) -> Array:
            if self._closed:
                raise UserError("stopped")
            start = time.perf_counter()
            pastiche = self._stylize(image, embedding, style)
            seconds["stylise"] += time.perf_counter() - start
            return pastiche

        return content.map(stylize)

    def _stylize(self, image: Array, embedding: Array | None, style: Paint | None) -> Array:
        """The pastiche of one image, all at once unless the run says otherwise."""
        options = self.options
        if style is None and options.strength == 0:
            return image.copy()
        check_size("content", image)
        style = style or self.compose(Picture.of(image), embedding)
        mode = "never" if options.tile == "auto" else options.tile
        pastiche = np.empty(image.shape, np.float32)
        tiles.paint(
            self.stylizer.runtime, image, style, pastiche,
            mode=mode, tile=image.shape[0] if mode == "never" else options.tile_size or tiles.TILE,
            stroke=strokes.chosen(options.stroke, *image.shape[:2]), keep_luma=options.keep_colors == "luma",
        )  # fmt: skip
        return pastiche

    def mode(self, height: int, width: int) -> str:
        """How a picture of a size is painted: ``never`` in tiles where it fits into memory, else as the run says."""
        if self.options.tile != "auto":
            return self.options.tile
        needed = memory.PROGRAM + height * width * (memory.PICTURE + self._per_pixel())
        if needed <= self._memory():
            return "never"
        return "exact" if self.stylizer.runtime.streams else "fast"

    def paint_large(
        self,
        styles: tuple[str, ...],
        content: Rows,
        target: Rows,
        source: Path,
        mode: str,
        notices: list[str],
        progress: Callable[[float], None],
    ) -> None:
        """Paints a content larger than memory, (H, W, 3) or with alpha (H, W, 4), onto a target."""
        if min(content.shape[:2]) < SMALLEST_SIDE:
            raise UserError(f"both sides of the content must be at least {SMALLEST_SIDE} pixels")
        small = tiles.resized(content, SEEN)
        alpha = small[..., 3] if small.shape[2] == 4 else None
        reduced = Picture.of(np.ascontiguousarray(small[..., :3]), alpha)
        embedding = self.blend(styles, reduced) if styles else None
        size = content.shape[0], content.shape[1]
        style = self.compose(reduced, embedding, source, notices, size)
        tiles.paint(
            self.stylizer.runtime, content, style, target,
            mode=mode, tile=self._tile(content.shape[1]), stroke=strokes.chosen(self.options.stroke, *size),
            keep_luma=self.options.keep_colors == "luma", sample=self._sample(), progress=progress,
        )  # fmt: skip

    def _memory(self) -> int:
        """Bytes that may be used."""
        return self.options.memory or memory.available()

    def _per_pixel(self) -> float:
        """Bytes that the network holds for each pixel."""
        return memory.per_pixel(self.stylizer.width, bool(self.options.regions))

    def _sample(self) -> int:
        """Side of the square of patches that is measured at once: as large as the memory allows."""
        room = max(self._memory() - memory.PROGRAM, 0)
        side = int((room / self._per_pixel()) ** 0.5) // tiles.PATCH * tiles.PATCH
        return min(max(side, 4 * tiles.PATCH), tiles.SAMPLE)

    def _tile(self, width: int) -> int:
        """Side of the tiles of a picture so wide: what was asked for, or as large as half of the memory allows."""
        if self.options.tile_size:
            return self.options.tile_size
        room = (self._memory() - memory.PROGRAM) / 2
        tile = int((max(room, 0) / self._per_pixel()) ** 0.5) - 2 * tiles.HALO
        # A strip of tiles lies in memory several times, as wide as the picture.
        strip = int(max(room, 0) / (memory.PICTURE * width))
        return max(tiles.SMALLEST_TILE, min(tile, strip, tiles.TILE) // tiles.GRID * tiles.GRID)

    def close(self) -> None:
        """Lets no frame of an animation be painted any more: whoever stops a run does not wait for hundreds."""
        self._closed = True

    def _embed(self, style: str, content: Picture) -> Array:
        """The embedding of one style; recoloured like the content it is for that content alone, else for all."""
        recolour = self.options.keep_colors == "histogram"
        if not recolour and style in self._embeddings:
            return self._embeddings[style]
        try:
            picture = self._open(style)
        except ImageError as error:  # it names the style; whoever notes it adds the content
            raise UserError(str(error)) from None
        if recolour:
            if isinstance(picture, str):
                raise UserError(f"histogram recolours style pictures, and {style!r} is a named style; use luma")
            picture = color.histogram(picture, content.image)
        try:
            embedding = self.stylizer.embed(picture, self.options.style_size)
        except UserError as error:
            raise UserError(str(error) if isinstance(picture, str) else f"{style}: {error}") from None
        if not recolour:
            self._embeddings[style] = embedding
        return embedding

    def _open(self, style: str) -> Array | str:
        """A style picture, on white where transparent, no larger than the predictor sees it; or a style's name."""
        if style in self._pictures:
            return self._pictures[style]
        found = style if self.stylizer.styles else self.stylizer.gallery.find(style)
        if isinstance(found, str):
            return found
        seen = images.open(found).on_white
        self._pictures[style] = images.fit_short(seen, self.options.style_size or self.stylizer.style_size)
        return self._pictures[style]
