"""Encoded bytes in, a `Picture` out.

Pillow reads nearly everything. It has no 16-bit colour, so TIFF files and 16-bit PNG files are read with pyvips, which
is imported only then. Whoever decodes, `conversion` makes sRGB of it.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image as Pillow
from PIL import ImageFile

from brushwork import extras
from brushwork.errors import UserError
from brushwork.images import header, vips
from brushwork.images.assembly import assemble, factor
from brushwork.images.conversion import Stored
from brushwork.images.formats import ImageError, sniff
from brushwork.images.header import Header
from brushwork.images.picture import Frame, Frames, Picture, fitted

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
_EXTRAS = {"HEIF": ("heif", "a HEIC or HEIF picture"), "JXL": ("jxl", "a JPEG XL picture")}
# What Pillow's readers raise for damaged files, found by changing single bytes of good ones. Its limit on pixels is
# left in WebP and GIF alone, as DecompressionBombError for frames of more than 179 million.
_PILLOW_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    ZeroDivisionError,
    IndexError,
    RuntimeError,
    struct.error,
    zlib.error,
    Pillow.DecompressionBombError,
)
_UNSUPPORTED = ("not configured", "not been built", "not supported", "unsupported", "out of range", "not implemented")
# Rows of an array that are converted at once: as much as fits the cache of a processor several times over.
_ROWS = 256


def reason(error: BaseException) -> str:
    """Say in one line why a decoder failed, and "damaged" only of what is."""
    lines = dict.fromkeys(line.strip() for line in str(error).splitlines() if line.strip())
    text = "; ".join(line for line in lines if not line.startswith("unable to ")) or type(error).__name__
    if any(part in text.lower() for part in _UNSUPPORTED):
        return f"it is stored in a way that is not supported here ({text})"
    if "no space left" in text.lower():
        return "no space left for temporary files; set TMPDIR to a larger disk"
    return f"the file is damaged ({text})"


@contextmanager
def one_line() -> Iterator[None]:
    """Turn what a decoder raises into an ImageError."""
    try:
        yield
    except ImageError:
        raise
    except _PILLOW_ERRORS as error:
        raise ImageError(reason(error)) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "pyvips":
            raise
        raise ImageError(reason(error)) from error


def decode(source: bytes | Path, *, size: int | None = None, max_pixels: int, page: int | None = 1) -> Picture:
    """Decode a picture, upright, in sRGB, its long side at most `size` (never enlarged).

    Args:
        source: A file, or its bytes.
        size: Limit of the long side.
        max_pixels: Limit of width x height.
        page: Page of a TIFF file, from 1; None for all of them.

    Raises:
        ImageError: If it is no picture, broken, incomplete, too large, or has no such page.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            kind = sniff(file.read(64))
        if kind != "TIFF":
            source = source.read_bytes()
    else:
        kind = sniff(source)
    if kind == "TIFF" and page is None:
        with one_line():
            return _decode_pages(source, size, max_pixels)
    page = 1 if page is None else page
    if kind != "TIFF" and page != 1:
        raise ImageError(f"it has no pages, and so no page {page}; only TIFF files have")
    if kind == "TIFF" or (isinstance(source, bytes) and _is_deep_png(source)):
        with one_line():
            return _decode_page(kind, source, size, max_pixels, page)
    assert isinstance(source, bytes)
    with one_line():
        return _decode_with_pillow(kind, source, size, max_pixels)


def _is_deep_png(data: bytes) -> bool:
    """Whether a file is a PNG of 16 bits without animation."""
    is_png = data.startswith(b"\x89PNG") and data[24:25] == b"\x10"
    return is_png and b"acTL" not in data[: data.find(b"IDAT")]


def open_with_pillow(file: BinaryIO, kind: str) -> ImageFile.ImageFile:
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


def _target(width: int, height: int, size: int | None, max_pixels: int) -> tuple[int, int]:
    """Decide from a header the (height, width) to decode to, or refuse before memory is spent."""
    if width * height > max_pixels:
        raise ImageError(f"{width} x {height} pixels are more than the limit of {max_pixels:,} allows")
    return fitted(height, width, size) if size else (height, width)


def _decode_with_pillow(kind: str, data: bytes, size: int | None, max_pixels: int) -> Picture:
    file = open_with_pillow(BytesIO(data), kind)
    target = _target(*file.size, size, max_pixels)
    said = header.read(BytesIO(data), kind, file)
    if kind == "JPEG" and size:
        # Decodes at 1/2, 1/4 or 1/8, still twice what is wanted but for a pixel, for sides that were rounded.
        file.draft(None, (2 * target[1] - 1, 2 * target[0] - 1))
    first = 1 if file.info.get("default_image") else 0  # an APNG may begin with a picture that is not shown
    count = 1 if kind == "HEIF" else getattr(file, "n_frames", 1) - first
    # pyvips shrinks as it decodes; but hidden colours would bleed into edges where WebP does.
    shrinking = ("PNG",) if file.has_transparency_data else ("PNG", "WEBP")
    if kind in shrinking and count == 1 and not first and factor(file.size[::-1], target) > 1:
        return _decode_with_vips(kind, data, said, target)
    make = partial(_frame, file, first, target, said)
    frame = make(0)
    loop = file.info.get("loop")
    if kind == "GIF":  # stores how often it is played *again*, and nothing where it is played once
        loop = 1 if loop is None else loop and loop + 1
    return Picture(
        frames=Frames(count, make) if count > 1 else (Frame(frame.image, frame.alpha),),
        loop=loop or 0,
        metadata=said.metadata,
        format=kind,
        notices=said.notices(said.encoding(_model(file))),
    )


def _frame(file: ImageFile.ImageFile, first: int, target: tuple[int, int], said: Header, index: int) -> Frame:
    """Decode one frame of an open file; Pillow has composed it with those before it."""
    with one_line():
        if first + index != file.tell():
            file.seek(first + index)
        file.load()
        looked_up = _without_palette(file)
        shape = looked_up.height, looked_up.width
        strips = _strips(looked_up, factor(shape, target) * _ROWS)
        frame = assemble(strips, said.encoding(_model(looked_up)), shape, target, said.orientation)
        return replace(frame, duration=round(file.info.get("duration", 0)))


def _without_palette(file: Pillow.Image) -> Pillow.Image:
    """Look up the palette of a loaded file, and a colour that is declared transparent."""
    if file.has_transparency_data:
        return file.convert("LA" if file.mode in ("1", "L", "LA") else "RGBA")
    if file.mode not in ("L", "CMYK", "RGB", "I;16", "F"):
        return file.convert("L" if file.mode == "1" else "RGB")
    return file


def _model(image: Pillow.Image) -> str:
    """Name the colour model of a file, its palette looked up."""
    return "cmyk" if image.mode == "CMYK" else "grey" if image.mode in ("1", "L", "LA", "I;16", "F") else "rgb"


def _strips(image: Pillow.Image, rows: int) -> Iterator[Stored]:
    """Give the numbers (h, W, C) of so many rows after another; Pillow would copy the whole image twice."""
    for top in range(0, image.height, rows):
        stored = np.asarray(image.crop((0, top, image.width, min(top + rows, image.height))))
        yield stored.reshape(*stored.shape[:2], -1)


def _decode_pages(source: bytes | Path, size: int | None, max_pixels: int) -> Picture:
    """Decode all pages of a TIFF file: the first at once, each when it is asked for."""
    first = _decode_page("TIFF", source, size, max_pixels, 1)
    with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        count = header.read(file, "TIFF").pages

    def make(index: int) -> Frame:
        with one_line():
            return _decode_page("TIFF", source, size, max_pixels, index + 1).frames[0]

    if count == 1:
        return first
    return replace(first, frames=Frames(count, make), paged=True, notices=first.notices[:-1])


def _decode_page(kind: str, source: bytes | Path, size: int | None, max_pixels: int, page: int) -> Picture:
    """Decode a page of a TIFF file, or a PNG file."""
    with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        said = header.read(file, kind, page=page)
    image = vips.load(source, kind, page=said.page)
    return _decode_with_vips(kind, source, said, _target(image.width, image.height, size, max_pixels))


def _decode_with_vips(kind: str, source: bytes | Path, said: Header, target: tuple[int, int]) -> Picture:
    image = vips.load(source, kind, page=said.page)
    by = factor((image.height, image.width), target)
    if kind == "WEBP":
        image = vips.load(source, kind, scale=1 / by)
        by = 1
    shape = image.height, image.width
    encoding = vips.encoding(source, kind, said)
    frame = assemble(vips.strips(image, by), encoding, shape, target, said.orientation)
    depth = 8 if image.format == "uchar" else 16
    return Picture((frame,), depth=depth, metadata=said.metadata, format=kind, notices=said.notices(encoding))
