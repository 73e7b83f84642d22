"""The settings of a recipe's data: pictures and batches, the cache of targets, and validation."""

import math
from dataclasses import dataclass
from typing import Any

from brushwork.runtime import SMALLEST_SIDE


@dataclass(frozen=True)
class DataConfig:
    """Sources of pictures, and the size of batches.

    Attributes:
        contents, styles: Folders, pictures, tar shards, globs, or lists of shards; relative to the current folder.
        resident: Whether all pictures are decoded once into the memory of the device.
        batch: Number of pastiches in a batch, over all processes.
        pixels: If not 0, the size of a batch in pixels instead, from which the number of contents of the drawn side
            follows.
        content_sides, style_sides: Sides of the squares in pixels; each batch draws one of each.
        content_side_weights: Relative probability of each content side; equal if empty.
        short_side: Short side in pixels above which a picture is shrunk when it is read.
        workers: Number of decoding threads.
        styles_limit: If not 0, the number of styles to train on, which the seed selects; a larger limit selects the
            same styles and more.
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
        require_at_least(1, self, "batch", "short_side", "workers")
        require_at_least(0, self, "styles_limit")
        for name, sides in (("content_sides", self.content_sides), ("style_sides", self.style_sides)):
            if min(sides, default=0) < SMALLEST_SIDE:
                raise ValueError(f"{name} is {list(sides)}; sides must be at least {SMALLEST_SIDE} pixels")
        require_at_least(0, self, "pixels")
        weights = self.content_side_weights
        if weights and (
            not all(map(math.isfinite, weights))
            or len(weights) != len(self.content_sides)
            or min(weights) < 0
            or not sum(weights)
        ):
            raise ValueError(f"content_side_weights is {list(weights)}; it must have a weight for each content side")

    def batch_size(self, side: int) -> int:
        """Return the number of contents in a batch of a side."""
        return max(1, self.pixels // side**2) if self.pixels else self.batch


@dataclass(frozen=True)
class CacheConfig:
    """Settings of the cache of targets in files of the run's folder, see `training.cached_batches`.

    A cached style is a crop at a random scale of the picture, never enlarged and so not blurred; `style_sides` and
    `style_augmentation` do not apply to it.

    Attributes:
        styles: Number of style crops that are stored (0.36 MB each); 0 computes the targets of every batch instead.
        contents: Number of content crops that are stored for each side (1.4 MB at 192, 2.5 MB at 256); 0 makes new
            crops for every batch.
        resident: Whether crops are stored in the device's memory instead of files; they are computed again if the run
            is resumed.
        first: Number of style crops from which the first batch draws.
        fresh_styles, fresh_contents: New crops as a fraction of those in batches.
        style_scale: Range of a style crop's scale; a scale above 1 leaves the picture unchanged.
        style_limit: Longest side of a style crop in pixels.
        style_recoloured: Probability that a style crop gets other colours, see `training.style_variety`.
        style_tiled: Probability that a style crop becomes a repeating pattern of one of its patches.
    """

    styles: int = 0
    contents: int = 320
    resident: bool = False
    first: int = 500
    fresh_styles: float = 0.17
    fresh_contents: float = 0.3
    style_scale: tuple[float, float] = (0.75, 1.08)
    style_limit: int = 330
    style_recoloured: float = 0.0
    style_tiled: float = 0.0

    def __post_init__(self) -> None:
        require_at_least(0, self, "styles", "contents", "fresh_styles", "fresh_contents")
        require_at_least(1, self, "first")
        require_at_least(SMALLEST_SIDE, self, "style_limit")
        for name in ("style_recoloured", "style_tiled"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be between 0 and 1")


@dataclass(frozen=True)
class ValidationConfig:
    """Settings of validation: the loss of the averaged weights on constant pairs that are not trained on.

    Attributes:
        contents, styles: Sources of the pictures; no validation if empty. The n-th content is paired with the n-th
            style.
        pairs: Number of pairs.
        content_side: Side in pixels of the contents, squares from the middle of each photo.
        style_side: Short side of the styles in pixels.
        every: Steps between two validations.
    """

    contents: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    pairs: int = 24
    content_side: int = 256
    style_side: int = 256
    every: int = 250

    def __post_init__(self) -> None:
        require_at_least(1, self, "pairs", "every")
        require_at_least(SMALLEST_SIDE, self, "content_side", "style_side")


def require_at_least(smallest: float, values: Any, *names: str) -> None:
    """Raise `ValueError` if one of the named attributes is not a finite number, or is less than the smallest."""
    for name in names:
        value = getattr(values, name)
        if not smallest <= value < math.inf:  # also false for NaN
            raise ValueError(f"{name} is {value}; it must be {smallest} or more")
