"""Files decoded with Pillow, at once: whatever pyvips does not read better."""

from collections.abc import Iterator
from importlib import import_module
from typing import BinaryIO

import numpy as np
from PIL import Image as Pillow
from PIL import ImageFile

from brushwork import extras
from brushwork.errors import UserError
from brushwork.images.conversion import Stored
from brushwork.images.formats import ImageError

# The classes themselves, not Pillow's `open`, whose limit on pixels is one setting for the whole program and not ours.
# By name, as importing them all would take longer than reading a picture.
_READERS = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WEBP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "HEIF": ("pillow_heif.as_plugin", "HeifImageFile"),
    "JXL": ("pillow_jxl.JpegXLImagePlugin", "JXLImageFile"),
}
# Modes of more than 8 bits; Pillow has none in colour.
DEEP = ("I;16", "F")
# Rows of an array that are converted at once: as much as fits the cache of a processor several times over.
_ROWS = 256
_TURNS = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}
_EXTRAS = {"HEIF": ("heif", "a HEIC or HEIF picture"), "JXL": ("jxl", "a JPEG XL picture")}


def open_file(file: BinaryIO, kind: str) -> ImageFile.ImageFile:
    """Open a file with Pillow's reader of its kind, or with that of a plug-in.

    Raises:
        ImageError: If the plug-in is not installed.
    """
    if kind in _EXTRAS:
        try:
            extras.require(*_EXTRAS[kind])
        except UserError as error:
            raise ImageError(str(error)) from None
    module, name = _READERS[kind]
    file.seek(0)
    opened: ImageFile.ImageFile = getattr(import_module(module), name)(file)
    return opened


def without_palette(file: Pillow.Image) -> Pillow.Image:
    """Convert a loaded file with a palette or a transparent colour to grey or RGB, with alpha if it has any."""
    if file.has_transparency_data:
        return file.convert("LA" if file.mode in ("1", "L", "LA") else "RGBA")
    if file.mode not in ("L", "CMYK", "RGB", *DEEP):
        return file.convert("L" if file.mode == "1" else "RGB")
    return file


def model(image: Pillow.Image) -> str:
    """Return the colour model of a file from `without_palette`."""
    return "cmyk" if image.mode == "CMYK" else "grey" if image.mode in ("1", "L", "LA", "I;16", "F") else "rgb"


def strips(image: Pillow.Image, multiple: int = 1) -> Iterator[Stored]:
    """Return the numbers of a loaded file from the top, (h, W, C), where h is a multiple but in the last strip.

    Pillow would copy the whole image twice.
    """
    rows = _ROWS * multiple
    for top in range(0, image.height, rows):
        stored = np.asarray(image.crop((0, top, image.width, min(top + rows, image.height))))
        yield stored.reshape(*stored.shape[:2], -1)


def upright(image: Pillow.Image, orientation: int) -> Pillow.Image:
    """Rotate a loaded file to its EXIF orientation."""
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image
