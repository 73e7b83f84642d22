"""Unusual styles made of ordinary ones: other colours, and patterns that repeat.

Paintings alone are a narrow set: on pictures of textures and in strong colours, the style share of a predicted style is
several times that of a painting.
"""

import math

import torch
from torch import Tensor

from brushwork.training.augmentation import between
from brushwork.training.colors import adjust_saturation_and_hue

CONTRAST = (0.6, 2.5)  # range of the factor of the differences from the mean colour
SATURATION = (0.0, 2.0)
PATCH = (0.15, 0.5)  # range of the patch's sides, relative to the picture's short side
SMALLEST_PATCH = 8  # pixels


def vary(image: Tensor, recoloured: float, tiled: float, generator: torch.Generator) -> Tensor:
    """Return a style (1, 3, h, w) in [0, 1] as it is, in other colours, as a pattern, or both.

    Args:
        image: The style (1, 3, h, w) in [0, 1].
        recoloured: Probability that hue, saturation and contrast change.
        tiled: Probability that the style becomes a pattern of one of its patches.
        generator: Source of eight random numbers, whatever is done.
    """
    chosen, pattern, turns, factor, contrast, *patch = torch.rand(8, generator=generator).tolist()
    if pattern < tiled:
        image = tile(image, *patch)
    if chosen < recoloured:
        image = recolour(image, turns - 0.5, between(SATURATION, factor), between(CONTRAST, contrast))
    return image


def recolour(image: Tensor, turns: float, saturation: float, contrast: float) -> Tensor:
    """Return an image (1, 3, h, w) in [0, 1] with other colours.

    Args:
        image: The image (1, 3, h, w) in [0, 1].
        turns: Change of the hue in turns.
        saturation: Factor of the saturation of HSV.
        contrast: Factor of the differences from the mean colour; the result is clamped.
    """
    mean = image.mean(dim=(2, 3), keepdim=True)
    image = (mean + contrast * (image - mean)).clamp(0, 1)
    return adjust_saturation_and_hue(image, image.new_tensor([saturation]), image.new_tensor([turns]))


def tile(image: Tensor, size: float, top: float, left: float) -> Tensor:
    """Return a pattern (1, 3, h, w) of a square patch of an image (1, 3, h, w) and its mirror images.

    Neighbouring patches are mirrored, so that no edge is added where they meet.

    Args:
        image: The image (1, 3, h, w).
        size: Size of the patch in its range, from 0 to 1.
        top: Its vertical position, from 0 to 1.
        left: Its horizontal position, from 0 to 1.
    """
    height, width = image.shape[2:]
    short = min(height, width)
    side = min(short, max(SMALLEST_PATCH, round(between(PATCH, size) * short)))
    first, second = round(top * (height - side)), round(left * (width - side))
    patch = image[:, :, first : first + side, second : second + side]
    rows = torch.cat((patch, patch.flip(2)), dim=2)
    cell = torch.cat((rows, rows.flip(3)), dim=3)
    repeats = math.ceil(height / (2 * side)), math.ceil(width / (2 * side))
    return cell.repeat(1, 1, *repeats)[:, :, :height, :width]
