"""A contact sheet: one photo in every style that has a name."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from brushwork import images
from brushwork.errors import UserError
from brushwork.images import Image
from brushwork.images.levels import quantise

GAP = 8  # pixels between cells, and around them
INK, PAPER = (60, 60, 60), (255, 255, 255)
SHAPE = 4 / 3  # of the sheet, width over height, as near as whole cells come


class Cell(NamedTuple):
    """An image (H, W, 3) in [0, 1] and what is written below it."""

    label: str
    image: Image


def cells(
    photo: Image, names: Sequence[str], stylize: Callable[[Image, str], Image], size: int | None = None
) -> Iterator[Cell]:
    """Yields the photo (H, W, 3) itself, then its pastiche in each named style.

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


def compose(painted: Sequence[Cell]) -> Image:
    """One or more cells, all of one size, in rows on white paper: the sheet (H, W, 3)."""
    height, width = painted[0].image.shape[:2]
    font = ImageFont.load_default(size=max(11, min(width, height) // 14))
    line = math.ceil(sum(font.getbbox("Ag")[1::2]))  # the letters, and as much air below as above
    across, down = width + GAP, height + line + GAP
    columns = min(len(painted), max(1, round(math.sqrt(len(painted) * down / across * SHAPE))))
    rows = math.ceil(len(painted) / columns)
    sheet = Pillow.new("RGB", (columns * across + GAP, rows * down + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, cell in enumerate(painted):
        left, top = GAP + number % columns * across, GAP + number // columns * down
        sheet.paste(Pillow.fromarray(quantise(cell.image)), (left, top))
        draw.text((left + width // 2, top + height), cell.label, INK, font, anchor="ma")
    return np.asarray(sheet, dtype=np.float32) / np.float32(255)


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
