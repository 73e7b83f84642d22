"""What a recipe says of its data: pictures and batches, the cache of known targets, validation."""

import math
from dataclasses import dataclass
from typing import Any

from brushwork.runtime import SMALLEST_SIDE


@dataclass(frozen=True)
class DataConfig:
    """Where pictures come from, and what a batch is.

    Attributes:
        contents, styles: Folders, pictures, tar shards, globs, or lists of shards; relative to the current folder.
        resident: Whether all pictures are decoded once into the memory of the device.
        batch: Pastiches a batch, of all processes together.
        pixels: Where it is not 0, a batch has so many pixels instead: as many contents of the side that was drawn.
        content_sides, style_sides: Sides of the squares in pixels; each batch takes one of each.
        content_side_weights: How likely each content side is; all alike if none are given.
        short_side: Short side, in pixels, above which a picture is shrunk when it is read.
        workers: Threads that decode.
        styles_limit: Where it is not 0, so many of the styles are trained on, which ones the seed settles; a larger
            limit takes the same and more.
    """

    contents: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    resident: bool = True
    batch: int = 8
    pixels: int = 0
    content_sides: tuple[int, ...] = (256,)
    content_side_weights: tuple[float, ...] = ()
    style_sides: tuple[int, ...] = (256,)
    short_side: int = 512
    workers: int = 2
    styles_limit: int = 0

    def __post_init__(self) -> None:
        at_least(1, self, "batch", "short_side", "workers")
        at_least(0, self, "styles_limit")
        for name, sides in (("content_sides", self.content_sides), ("style_sides", self.style_sides)):
            if min(sides, default=0) < SMALLEST_SIDE:
                raise ValueError(f"{name} is {list(sides)}; it takes sides of {SMALLEST_SIDE} pixels and more")
        at_least(0, self, "pixels")
        weights = self.content_side_weights
        if weights and (
            not all(map(math.isfinite, weights))
            or len(weights) != len(self.content_sides)
            or min(weights) < 0
            or not sum(weights)
        ):
            raise ValueError(f"content_side_weights is {list(weights)}; it takes one weight for each content side")

    def batch_of(self, side: int) -> int:
        """Contents in a batch of that side."""
        return max(1, self.pixels // side**2) if self.pixels else self.batch


@dataclass(frozen=True)
class CacheConfig:
    """Targets that are computed once and stored in files of the run's folder, see `training.cached_batches`.

    A cached style is a crop at a random scale of the picture's own pixels, so that it is not blurred; `style_sides` and
    `style_augmentation` do not apply to it.

    Attributes:
        styles: Style crops that are stored (0.36 MB each); 0 stores nothing and computes the targets of every batch.
        contents: Content crops that are stored for each side (1.4 MB at 192, 2.5 MB at 256).
        first: Style crops to choose from at the first batch.
        fresh_styles, fresh_contents: New crops, as a fraction of those that batches take.
        style_scale: Range of a style crop's scale; pictures are reduced, and left as they are where it is above 1.
        style_limit: Longest side of a style crop in pixels.
    """

    styles: int = 0
    contents: int = 320
    first: int = 500
    fresh_styles: float = 0.17
    fresh_contents: float = 0.3
    style_scale: tuple[float, float] = (0.75, 1.08)
    style_limit: int = 330

    def __post_init__(self) -> None:
        at_least(0, self, "styles", "fresh_styles", "fresh_contents")
        at_least(1, self, "contents", "first")
        at_least(SMALLEST_SIDE, self, "style_limit")


@dataclass(frozen=True)
class ValidationConfig:
    """The objective on pairs that never change and are never trained on, of the averaged weights.

    Attributes:
        contents, styles: Where the pictures are; none: no validation. The n-th content is paired with the n-th style.
        pairs: How many pairs.
        content_side: Side of the contents, squares from the middle of each photo.
        style_side: Short side of the styles.
        every: Steps between two validations.
    """

    contents: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    pairs: int = 24
    content_side: int = 256
    style_side: int = 256
    every: int = 250

    def __post_init__(self) -> None:
        at_least(1, self, "pairs", "every")
        at_least(SMALLEST_SIDE, self, "content_side", "style_side")


def at_least(smallest: float, values: Any, *names: str) -> None:
    """Raise `ValueError` where a value, an attribute of these names, is no finite number or below the smallest."""
    for name in names:
        value = getattr(values, name)
        if not smallest <= value < math.inf:  # not a number, too
            raise ValueError(f"{name} is {value}; it must be {smallest} or more")
