"""A contact sheet: one photo in every style that has a name."""

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
from brushwork.images import Frame, Image
from brushwork.images.levels import quantise

Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont
SIDE = 320  # default long side of each picture, in pixels
GAP = 8  # pixels between cells, and around them
LEGIBLE = 8  # pixels of the smallest letters
INK, PAPER = (60, 60, 60), (255, 255, 255)
SHAPE = 4 / 3  # of the sheet, width over height, as near as whole cells come


class Cell(NamedTuple):
    """An image (H, W, 3) in [0, 1] and what is written below it."""

    label: str
    image: Image


def cells(
    photo: Image, names: Sequence[str], stylize: Callable[[Image, str], Image], size: int | None = None
) -> Iterator[Cell]:
    """Yield the photo (H, W, 3) itself, then its pastiche in each named style.

    Args:
        photo: The content.
        names: Names of the styles.
        stylize: Returns the pastiche (h, w, 3) of a content in a named style.
        size: Limit of the long side of a cell in pixels; None keeps the photo's own.

    Raises:
        UserError: At once if no style has a name; later if the photo is too small.
    """
    if not names:
        raise UserError("this model has no named styles")
    content = photo if size is None else images.fit(photo, size)
    pastiches = (Cell(name, stylize(content, name)) for name in names)
    return chain([Cell("photo", content)], pastiches)


def compose(painted: Sequence[Cell], alpha: Image | None = None) -> Image:
    """Return the sheet (H, W, 3): cells, all of one size, in rows on white paper.

    Args:
        painted: One or more cells (h, w, 3).
        alpha: What of each can be seen, (h, w) in [0, 1]; the paper shows through the rest.
    """
    height, width = painted[0].image.shape[:2]
    font = _font([cell.label for cell in painted], max(11, min(width, height) // 14), width + GAP // 2)
    line = math.ceil(sum(font.getbbox("Ag")[1::2]))  # the letters, and as much air below as above
    across, down = width + GAP, height + line + GAP
    columns = min(len(painted), max(1, round(math.sqrt(len(painted) * down / across * SHAPE))))
    rows = math.ceil(len(painted) / columns)
    sheet = Pillow.new("RGB", (columns * across + GAP, rows * down + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, cell in enumerate(painted):
        left, top = GAP + number % columns * across, GAP + number // columns * down
        shown = Frame(cell.image, alpha).on_white
        sheet.paste(Pillow.fromarray(quantise(shown)), (left, top))
        label = _shortened(cell.label, font, width + GAP // 2)
        draw.text((left + width // 2, top + height), label, INK, font, anchor="ma")
    return np.asarray(sheet, dtype=np.float32) / np.float32(255)


def _font(labels: Sequence[str], size: int, width: int) -> Font:
    """Return the font of a size in pixels, smaller where the longest label would reach into the next cell."""
    font = ImageFont.load_default(size=size)
    longest = max(font.getlength(label) for label in labels)
    return font if longest <= width else ImageFont.load_default(size=max(LEGIBLE, size * width / longest))


def _shortened(label: str, font: Font, width: int) -> str:
    """Return a label, cut where it would be wider than a cell."""
    kept = len(label)
    while kept > 1 and font.getlength(label[:kept] + "\u2026" * (kept < len(label))) > width:
        kept -= 1
    return label if kept == len(label) else label[:kept] + "\u2026"


def open_photo(path: Path, size: int = SIDE) -> images.Picture:
    """The photo of a sheet, its long side at most so many pixels.

    Raises:
        UserError: If the size is below 16, or the photo cannot be read.
    """
    if not 16 <= size <= 100_000:
        raise UserError(f"the size is {size}; it must lie between 16 and 100000")
    return images.open(path, size=size).filled()


def target(photo: Path, given: Path | None, *, overwrite: bool) -> Path:
    """Where the sheet of a photo goes: the file given, or ``photo-styles.jpg`` beside ``photo.png``.

    Raises:
        UserError: If that is the photo, a file that exists and may not be replaced, or of a format not known.
    """
    path = given or photo.with_name(f"{photo.stem}-styles.jpg")
    images.format_of(path.suffix)
    if path.exists():
        if photo.exists() and path.samefile(photo):
            raise UserError(f"{path} is the photo itself; write the sheet elsewhere")
        if not overwrite:
            raise UserError(f"{path} exists; use --overwrite to replace it")
    return path
