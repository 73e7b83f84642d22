"""The squares of photos on which a style is learned."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from brushwork.images import Image, fit_short


class Stage(NamedTuple):
    """Squares of one size.

    Attributes:
        side: Side in pixels; a square spans the short side of a photo.
        begin: Fraction of the time at which this stage begins.
        squares: Number of squares.
    """

    side: int
    begin: float
    squares: int


# Parts of a photo mislead: their statistics differ from those of whole pictures, on which the coarse layers got worse.
# Small squares allow more steps, and larger ones change the coarse layers. Making one takes as long as a step.
STAGES = (Stage(256, 0.0, 28), Stage(384, 0.4, 21), Stage(512, 0.75, 14))
VARIETY = 0.4  # logarithm of the largest exponent of a channel, and of all


def squares_of(photos: Sequence[Image]) -> Callable[[int, int], Tensor]:
    """Return a function of a side and a number: a square (1, 3, side, side) of a photo.

    The photos take turns, scaled so that the square spans their short side; its position along the other side is random
    (constant seed), and half of the squares are flipped. After its first turn, a photo comes in other colours.
    """
    random = np.random.default_rng(0)

    def cut(side: int, number: int) -> Tensor:
        photo = fit_short(photos[number % len(photos)], side)
        length = min(photo.shape[:2])
        top, left = (int(random.integers(each - length + 1)) for each in photo.shape[:2])
        square = photo[top : top + length, left : left + length]
        square = square[:, ::-1] if number // len(photos) % 2 else square
        return as_tensor(square if number < len(photos) else vary(square, random))

    return cut


def vary(photo: Image, random: np.random.Generator) -> Image:
    """Return a photo (H, W, 3) in other light: its channels in another order, each with another exponent.

    Few photos have few palettes, and what is learned on them fits others less.
    """
    exponents = np.exp(random.uniform(-VARIETY, VARIETY, 3) + random.uniform(-VARIETY, VARIETY))
    return (photo[..., random.permutation(3)].clip(0, 1) ** exponents).astype(np.float32)


def as_tensor(image: Image) -> Tensor:
    """Return an image (H, W, 3) as a tensor (1, 3, H, W)."""
    return torch.tensor(np.ascontiguousarray(image)).permute(2, 0, 1)[None].contiguous()
