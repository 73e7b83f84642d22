"""Decodes files with pyvips in strips: TIFF, 16-bit PNG, and pictures too large to decode in one piece.

pyvips is imported only when one of these functions is called.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from brushwork.images import lab
from brushwork.images.conversion import ColorEncoding, Stored, measured, measured_integers
from brushwork.images.header import NOTHING, Header

LOADERS = {"JPEG": "jpegload", "PNG": "pngload", "TIFF": "tiffload", "WEBP": "webpload"}
# Up to so many bytes of pixels that are not asked for in order lie in memory, beyond them in a temporary file.
RANDOM_BYTES = 100_000_000
# Bytes of stored pixels in a strip: large enough to be fast, small compared with a picture.
_STRIP = 2**21
_TYPES = {
    "uchar": np.uint8, "char": np.int8, "ushort": np.uint16, "short": np.int16, "uint": np.uint32, "int": np.int32,
    "float": np.float32, "double": np.float64,
}  # fmt: skip


def load(
    source: bytes | Path, kind: str, said: Header = NOTHING, *, access: str = "sequential", reduced: int = 1
) -> Any:  # fmt: skip
    """Open a file as a pyvips image, which decodes pixels on access.

    Of a TIFF file, the header says which directory; a JPEG file can be reduced as it is decoded, by 2, 4 or 8, and a
    WebP file by any number. The stored numbers come as they are, but for CIELAB, which comes as floats, and for alpha
    that was multiplied into the colours, which are divided by it.

    Raises:
        pyvips.Error: If the file is damaged or not supported.
    """
    import pyvips

    options: dict[str, Any] = {"access": access, "fail_on": "error"}
    if kind == "TIFF":
        options |= {"page": said.page}
        if said.lab:
            return lab.load(source, said.lab, **options)
    if reduced > 1:
        options |= {"shrink": reduced} if kind == "JPEG" else {"scale": 1 / reduced}
    if isinstance(source, bytes):
        image = getattr(pyvips.Image, f"{LOADERS[kind]}_buffer")(source, **options)
    else:
        image = getattr(pyvips.Image, LOADERS[kind])(str(source), **options)
    return image.colourspace("lab") if image.interpretation in ("labs", "labq") else image


def model(image: Any) -> str:
    """Return the colour model of a pyvips image, a key of `conversion.CHANNELS`."""
    if image.interpretation in ("cmyk", "lab"):
        return str(image.interpretation)
    return "grey" if image.bands <= 2 else "rgb"


def encoding(source: bytes | Path, kind: str, said: Header) -> ColorEncoding:
    """Return the meaning of a file's numbers; signed ones are decoded once more to find their range."""
    image = load(source, kind, said)
    meant = said.encoding(model(image))
    if image.format in ("char", "short", "int"):
        return measured_integers(meant, strips(image))
    return measured(meant, strips(image)) if image.format in ("float", "double") else meant


def strips(image: Any, multiple: int = 1) -> Iterator[Stored]:
    """Yield strips (h, W, C) of a pyvips image from the top; h is a multiple of ``multiple`` except in the last."""
    import pyvips

    dtype = np.dtype(_TYPES[image.format])
    rows = max(1, _STRIP // (image.width * image.bands * dtype.itemsize * multiple)) * multiple
    region = pyvips.Region.new(image)
    for top in range(0, image.height, rows):
        height = min(rows, image.height - top)
        pixels = region.fetch(0, top, image.width, height)
        yield np.frombuffer(pixels, dtype).reshape(height, image.width, image.bands)


def upright(image: Any, orientation: int) -> Any:
    """Rotate a pyvips image with random access to its EXIF orientation."""
    if orientation >= 5:
        image = image.rot90().fliphor()  # the transpose
    if orientation in (3, 4, 7, 8):
        image = image.flipver()
    if orientation in (2, 3, 6, 7):
        image = image.fliphor()
    return image
