"""Augmentation of pictures before training, framing and colour, for a whole batch on its device.

Every random choice is a number in [0, 1) of a table that `draw` fills, with one row for each picture. So a picture is
augmented the same if its batch is split, or computed on another device.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import functional as F

from brushwork.runtime import SMALLEST_SIDE
from brushwork.training.colors import adjust_brightness, adjust_saturation_and_hue

Number = TypeVar("Number", float, Tensor)

COLUMNS = ("zoom", "top", "left", "flip_left_right", "flip_up_down", "brightness", "saturation", "hue")
LARGE = 4.0  # largest enlargement of the fraction of pictures that are enlarged further
PLAIN = 0.04  # standard deviation of a square without contrast


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the augmentations of a picture; each is off at its neutral value.

    Attributes:
        zoom: Range of the short side relative to the square that is cut out; 1 cuts the largest square.
        random_crop: Whether the square is cut at a random position instead of the middle.
        flip_left_right: Whether half of the pictures are flipped left to right.
        flip_up_down: Whether half of the pictures are flipped upside down.
        brightness: Largest change of every channel, which stays in [0, 1].
        saturation: Range of the factor of the saturation of HSV.
        hue: Largest change of the hue in either direction, in turns.
        enlargement: Largest enlargement of a picture's pixels, which limits `zoom` for each picture, as enlarged
            pictures are blurred; 0 sets no limit.
        enlarged: Fraction of the pictures whose limit is `LARGE` instead, so that their plain areas are as smooth as
            those of a large photo. A square that has no contrast then is replaced by the largest one.

    Raises:
        ValueError: If a value is out of its range.
    """

    zoom: tuple[float, float] = (258 / 256, 258 / 256)
    random_crop: bool = True
    flip_left_right: bool = True
    flip_up_down: bool = False
    brightness: float = 0.0
    saturation: tuple[float, float] = (1.0, 1.0)
    hue: float = 0.0
    enlargement: float = 0.0
    enlarged: float = 0.0

    def __post_init__(self) -> None:
        for name in ("zoom", "saturation"):
            low, high = getattr(self, name)
            if not 0 <= low <= high < math.inf:
                raise ValueError(f"{name} is {[low, high]}; it must be two numbers from 0 up, the smaller one first")
        for name, most in (("brightness", 1.0), ("hue", 0.5), ("enlargement", math.inf), ("enlarged", 1.0)):
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be between 0 and {most:g}")
        if self.zoom[0] < 1:
            raise ValueError(f"zoom begins at {self.zoom[0]}; it must be 1 or more, as the square lies in the picture")


# As published (Ghiasi et al. 2017): squares of 256 pixels, cut from a short side of 258, for styles of 258 to 455.
CONTENT = Augmentation()
STYLE = Augmentation((258 / 256, 455 / 256), flip_up_down=True, brightness=0.8, saturation=(0.5, 1.5), hue=0.2)
NOTHING = Augmentation((1.0, 1.0), random_crop=False, flip_left_right=False)


def draw(count: int, generator: torch.Generator) -> Tensor:
    """Return random numbers (count, 8) in [0, 1) that determine the augmentation of `count` pictures, by `COLUMNS`."""
    return torch.rand(count, len(COLUMNS), generator=generator)


def augment(
    pictures: Sequence[Tensor], side: int, augmentation: Augmentation, numbers: Tensor, device: str | torch.device
) -> Tensor:
    """Return images (B, 3, side, side) in [0, 1], on the device, of B pictures (3, h, w), uint8, of any sizes.

    The published order is colour, flips, resizing, crop, and another resizing of the batch. Here one resampling of the
    stored pixels is followed by colour on the few remaining pixels: sharper, and several times faster.

    Args:
        pictures: The pictures, (3, h, w) each, on any device.
        side: Height and width of the images.
        augmentation: Ranges of the augmentations.
        numbers: Random numbers (B, 8) in [0, 1) from `draw`.
        device: Device of the images.
    """
    column = dict(zip(COLUMNS, numbers.cpu().unbind(dim=1), strict=True))
    images = frame(pictures, side, augmentation, column, device)
    if augmentation.enlarged:
        _widen_plain(images, pictures, side, augmentation, column)
    if augmentation.brightness:
        delta = augmentation.brightness * (2 * column["brightness"] - 1)
        images = adjust_brightness(images, delta.to(device))
    if augmentation.saturation != (1.0, 1.0) or augmentation.hue:
        factor = between(augmentation.saturation, column["saturation"])
        turns = augmentation.hue * (2 * column["hue"] - 1)
        images = adjust_saturation_and_hue(images, factor.to(device), turns.to(device))
    return images


def _widen_plain(
    images: Tensor, pictures: Sequence[Tensor], side: int, augmentation: Augmentation, column: dict[str, Tensor]
) -> None:
    """Replace squares without contrast by the largest square of their pictures.

    A part of a sky is a plain picture, while a large photo never is. Every instance norm divides by its deviation, so
    its gradient can be larger than that of all other pictures, or infinite.
    """
    plain = (images.flatten(1).std(dim=1) < PLAIN).nonzero().flatten().tolist()
    if plain:
        chosen = {name: numbers[plain] for name, numbers in column.items()}
        chosen["zoom"] = torch.full((len(plain),), augmentation.enlarged)  # the lowest zoom of those not enlarged
        images[plain] = frame([pictures[index] for index in plain], side, augmentation, chosen, images.device)


def between(bounds: tuple[float, float], numbers: Number) -> Number:
    """Return the numbers in the range at the given fractions of it."""
    low, high = bounds
    return low + (high - low) * numbers


def frame(
    pictures: Sequence[Tensor],
    side: int,
    augmentation: Augmentation,
    column: dict[str, Tensor],
    device: str | torch.device,
) -> Tensor:
    """Return squares (B, 3, side, side) in [0, 1], cut out of pictures (3, h, w), uint8, resampled and flipped."""
    sizes = torch.tensor([picture.shape[1:] for picture in pictures], dtype=torch.float32)  # (B, 2)
    window = _window(sizes.amin(dim=1), side, augmentation, column["zoom"])
    position = torch.stack((column["top"], column["left"]), dim=1) if augmentation.random_crop else torch.tensor(0.5)
    corner = position * (sizes - window[:, None])
    # Only the pixels of a square are copied from its picture, into a box as large as the largest square needs.
    reach = (window / side).clamp_min(1)[:, None]
    first = (corner - reach).floor().clamp_min(0)
    count = torch.minimum((corner + window[:, None] + reach).ceil(), sizes) - first
    height, width = (int(most) for most in count.amax(dim=0))
    # Rows before channels make both products below plain batched ones: (h 3, w) by (w, S), and (S, h) by (h, 3 S).
    boxes = torch.zeros(len(pictures), height, 3, width, dtype=torch.uint8, device=pictures[0].device)
    for box, picture, (top, left), (high, wide) in zip(
        boxes, pictures, first.int().tolist(), count.int().tolist(), strict=True
    ):
        box[:high, :, :wide] = picture[:, top : top + high, left : left + wide].transpose(0, 1)
    start, count, window = (corner - first).to(device), count.to(device), window.to(device)
    rows = resampling(start[:, 0], window, count[:, 0], height, side)
    columns = resampling(start[:, 1], window, count[:, 1], width, side)
    if augmentation.flip_up_down:
        rows = _flip_some(rows, column["flip_up_down"].to(device))
    if augmentation.flip_left_right:
        columns = _flip_some(columns, column["flip_left_right"].to(device))
    pixels = boxes.to(device).float() / 255
    lines = (pixels.flatten(1, 2) @ columns.mT).reshape(len(pictures), height, 3 * side)
    images = (rows @ lines).reshape(len(pictures), side, 3, side)
    return images.transpose(1, 2).contiguous()


def _window(short: Tensor, side: int, augmentation: Augmentation, numbers: Tensor) -> Tensor:
    """Return the sides (B,) of the squares that are cut out, in pixels of pictures with short sides (B,)."""
    low, high = augmentation.zoom
    if not augmentation.enlargement:
        return short / between(augmentation.zoom, numbers)
    # One number chooses the limit and then, stretched to [0, 1) again, the zoom.
    share = augmentation.enlarged
    large = numbers < share
    limit = torch.where(large, LARGE, augmentation.enlargement)
    numbers = torch.where(large, numbers / max(share, 1e-6), (numbers - share) / max(1 - share, 1e-6))
    most = (short * limit / side).clamp(low, high)
    return short / (low + (most - low) * numbers)


def reduce(picture: Tensor, scale: tuple[float, float], limit: int, numbers: Tensor) -> Tensor:
    """Return an image (1, 3, h, w) in [0, 1], a crop of a picture (3, H, W), uint8, at a random scale and flip.

    Pictures are reduced and never enlarged, so that their strokes stay sharp.

    Args:
        picture: The picture.
        scale: Range of the scale; a scale above 1 leaves the picture unchanged.
        limit: Longest side of the crop in pixels.
        numbers: Four numbers in [0, 1) that determine scale, position from the top and from the left, and flip.
    """
    zoom, top, left, flip = numbers.tolist()
    factor = min(1.0, scale[0] + (scale[1] - scale[0]) * zoom)
    height, width = picture.shape[1:]
    high, wide = (min(side, max(1, round(limit / factor))) for side in (height, width))
    first, second = int(top * (height - high + 1)), int(left * (width - wide + 1))
    pixels = picture[None, :, first : first + high, second : second + wide].float() / 255
    size = [max(SMALLEST_SIDE, min(limit, round(side * factor))) for side in (high, wide)]
    image = F.interpolate(pixels, size, mode="bilinear", antialias=True).clamp(0, 1)
    return image.flip(3) if flip < 0.5 else image


def _flip_some(weights: Tensor, numbers: Tensor) -> Tensor:
    return torch.where((numbers < 0.5)[:, None, None], weights.flip(1), weights)


def resampling(start: Tensor, window: Tensor, count: Tensor, length: int, side: int) -> Tensor:
    """Return weights (B, side, length) that resample parts of lines of pixels, linearly and anti-aliased.

    Row i holds the weight of each pixel in pixel i of the result: a triangle around its centre, as wide as a pixel of
    the result but no narrower than one of the source (bilinear with antialiasing in Pillow and torch).

    Args:
        start: Start (B,) of each part, in pixels of its line.
        window: Length (B,) of each part in pixels.
        count: Number of pixels (B,) of each line; the rest up to `length` is padding.
        length: Length of the padded lines in pixels.
        side: Length of the result in pixels.
    """
    step = (window / side)[:, None, None]
    centre = start[:, None, None] + step * (torch.arange(side, device=start.device)[:, None] + 0.5)  # (B, side, 1)
    pixels = torch.arange(length, device=start.device)
    weights = (1 - (pixels + 0.5 - centre).abs() / step.clamp_min(1)).clamp_min(0)
    weights = weights * (pixels < count[:, None, None])
    return weights / weights.sum(dim=2, keepdim=True)
