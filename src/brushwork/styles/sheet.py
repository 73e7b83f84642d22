"""Contact sheets: one photo in every named style."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from brushwork import images
from brushwork.errors import UserError
from brushwork.images import Image, Picture
from brushwork.images.levels import quantise

Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont
SIDE = 320  # default long side of each picture, in pixels
GAP = 8  # pixels between and around cells
LEGIBLE = 8  # height of the smallest letters in pixels
INK, PAPER = (60, 60, 60), (255, 255, 255)
SHAPE = 4 / 3  # intended ratio of the sheet's width to its height


class Cell(NamedTuple):
    """An image (H, W, 3) in [0, 1] and its label."""

    label: str
    image: Image


def cells(photo: Picture, names: Sequence[str], stylize: Callable[[Picture, str], Image]) -> Iterator[Cell]:
    """Yield the photo, then its pastiche in each named style.

    Args:
        photo: The content, in the size of a cell.
        names: Names of the styles.
        stylize: Returns the pastiche (h, w, 3) of a content in a named style.

    Raises:
        UserError: On the call if there are no named styles; on iteration if the photo is too small.
    """
    if not names:
        raise UserError("this model has no named styles")
    pastiches = (Cell(name, stylize(photo, name)) for name in names)
    return chain([Cell("photo", photo.image)], pastiches)


def compose(painted: Sequence[Cell], alpha: Image | None = None) -> Picture:
    """Return the sheet: cells of one size in rows on a white background.

    Args:
        painted: One or more cells (h, w, 3).
        alpha: Opacity (h, w) in [0, 1] of every cell, which the sheet keeps; the paper around the cells is opaque.
    """
    height, width = painted[0].image.shape[:2]
    font = _font([cell.label for cell in painted], max(11, min(width, height) // 14), width + GAP // 2)
    line = math.ceil(sum(font.getbbox("Ag")[1::2]))  # the letters with equal space above and below
    across, down = width + GAP, height + line + GAP
    columns = min(len(painted), max(1, round(math.sqrt(len(painted) * down / across * SHAPE))))
    rows = math.ceil(len(painted) / columns)
    sheet = Pillow.new("RGB", (columns * across + GAP, rows * down + GAP), PAPER)
    opacity = None if alpha is None else np.ones((sheet.height, sheet.width), np.float32)
    draw = ImageDraw.Draw(sheet)
    for number, cell in enumerate(painted):
        left, top = GAP + number % columns * across, GAP + number // columns * down
        sheet.paste(Pillow.fromarray(quantise(cell.image)), (left, top))
        if opacity is not None:
            opacity[top : top + height, left : left + width] = alpha
        label = _shortened(cell.label, font, width + GAP // 2)
        draw.text((left + width // 2, top + height), label, INK, font, anchor="ma")
    return Picture.of(np.asarray(sheet, dtype=np.float32) / np.float32(255), opacity)


def _font(labels: Sequence[str], size: int, width: int) -> Font:
    """Return the font of a size in pixels, reduced if the longest label would overlap the next cell."""
    font = ImageFont.load_default(size=size)
    longest = max(font.getlength(label) for label in labels)
    return font if longest <= width else ImageFont.load_default(size=max(LEGIBLE, size * width / longest))


def _shortened(label: str, font: Font, width: int) -> str:
    """Return a label, truncated to the width of a cell."""
    kept = len(label)
    while kept > 1 and font.getlength(label[:kept] + "\u2026" * (kept < len(label))) > width:
        kept -= 1
    return label if kept == len(label) else label[:kept] + "\u2026"


def open_photo(path: Path, size: int = SIDE) -> Picture:
    """Open the photo of a sheet, with a long side of at most ``size`` pixels.

    Raises:
        UserError: If the size is outside its range or the photo cannot be read.
    """
    if not 16 <= size <= 100_000:
        raise UserError(f"the size is {size}; it must be between 16 and 100000")
    return images.open(path, size=size)


def target(photo: Path, given: Path | None, *, overwrite: bool) -> Path:
    """Return the path of a photo's sheet: the given one, or ``photo-styles.jpg`` beside ``photo.png``.

    Raises:
        UserError: If it is the photo itself, exists and may not be overwritten, or has an unknown format.
    """
    path = given or photo.with_name(f"{photo.stem}-styles.jpg")
    images.format_of(path.suffix)
    if path.exists():
        if photo.exists() and path.samefile(photo):
            raise UserError(f"{path} is the photo itself; choose another file for the sheet")
        if not overwrite:
            raise UserError(f"{path} exists; use --overwrite to replace it")
    return path
