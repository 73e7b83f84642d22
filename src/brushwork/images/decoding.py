"""Encoded bytes in, a `Picture` out.

Pillow reads nearly everything. It has no 16-bit colour, so TIFF files and 16-bit PNG files are read with pyvips, which
is imported only then.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageFile

from brushwork.images import metadata
from brushwork.images.formats import FORMATS, ImageError
from brushwork.images.picture import Frame, Frames, Image, Picture, fitted, resize_frame

# The classes themselves, not Pillow's `open`, whose limit on pixels is one setting for the whole program and not ours.
# By name, as importing them all would take longer than reading a picture.
_READERS = {
    "JPEG": ("JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PngImagePlugin", "PngImageFile"),
    "WEBP": ("WebPImagePlugin", "WebPImageFile"),
    "AVIF": ("AvifImagePlugin", "AvifImageFile"),
    "GIF": ("GifImagePlugin", "GifImageFile"),
    "BMP": ("BmpImagePlugin", "BmpImageFile"),
}
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


@contextmanager
def _one_line() -> Iterator[None]:
    """Turn what Pillow raises into a ImageError."""
    try:
        yield
    except ImageError:
        raise
    except _PILLOW_ERRORS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(f"the file is damaged ({reason})") from error


def sniff(data: bytes) -> str:
    """Name the format of encoded bytes by their first few; raises ImageError for what is no readable picture."""
    starts = {
        b"\xff\xd8\xff": "JPEG",
        b"\x89PNG\r\n\x1a\n": "PNG",
        b"GIF87a": "GIF",
        b"GIF89a": "GIF",
        b"BM": "BMP",
        **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "TIFF"),
    }
    for start, name in starts.items():
        if data.startswith(start):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis", b"mif1", b"msf1"):
        return "AVIF"
    if not data:
        raise ImageError("the file is empty")
    raise ImageError(f"not a picture of a kind read here ({', '.join(FORMATS)}, BMP)")


def decode(data: bytes, *, size: int | None = None, max_pixels: int) -> Picture:
    """Decode a picture, upright, in sRGB, its long side at most `size` (never enlarged).

    Raises ImageError where the data is no picture, is broken, incomplete, or has frames of more than `max_pixels`.
    """
    kind = sniff(data)
    deep_png = kind == "PNG" and data[24:25] == b"\x10" and b"acTL" not in data[: data.find(b"IDAT")]
    if kind == "TIFF" or deep_png:
        return _decode_with_vips(kind, data, size, max_pixels)
    with _one_line():
        return _decode_with_pillow(kind, data, size, max_pixels)


def header_size(path: Path, kind: str) -> tuple[int, int]:
    """Width and height of a picture file that Pillow reads, from its header; raises ImageError where it is broken."""
    module, reader = _READERS[kind]
    with _one_line(), path.open("rb") as file:
        size: tuple[int, int] = getattr(import_module(f"PIL.{module}"), reader)(file).size
        return size


def _target(width: int, height: int, size: int | None, max_pixels: int) -> tuple[int, int]:
    """Decide from a header the (height, width) to decode to, or refuse before memory is spent."""
    if width * height > max_pixels:
        raise ImageError(f"{width} x {height} pixels are more than the limit of {max_pixels:,} allows")
    return fitted(height, width, size) if size else (height, width)


def _decode_with_pillow(kind: str, data: bytes, size: int | None, max_pixels: int) -> Picture:
    module, reader = _READERS[kind]
    file: ImageFile.ImageFile = getattr(import_module(f"PIL.{module}"), reader)(BytesIO(data))
    target = _target(*file.size, size, max_pixels)
    if kind == "JPEG" and size:
        file.draft(None, (2 * target[1], 2 * target[0]))  # decodes at 1/2, 1/4 or 1/8, still twice what is wanted
    first = 1 if file.info.get("default_image") else 0  # an APNG may begin with a picture that is not shown
    count = getattr(file, "n_frames", 1) - first
    file.seek(first)
    file.load()
    loop = file.info.get("loop")
    if kind == "GIF":  # stores how often it is played *again*, and nothing where it is played once
        loop = 1 if loop is None else loop and loop + 1
    exif = metadata.exif_of(file)
    make = partial(_frame, file, first, target, metadata.orientation(exif), file.info.get("icc_profile"))
    frame = make(0)
    return Picture(
        frames=Frames(count, make) if count > 1 else (Frame(frame.image, frame.alpha),),
        loop=loop or 0,
        exif=metadata.clean_exif(exif),
        xmp=metadata.clean_xmp(file.info.get("xmp")),
        format=kind,
    )


def _frame(
    file: ImageFile.ImageFile, first: int, target: tuple[int, int], orientation: int, profile: bytes | None, index: int
) -> Frame:
    """Decode one frame of an open file; Pillow has composed it with those before it."""
    with _one_line():
        file.seek(first + index)
        file.load()
        whole: Pillow.Image = file
        alpha = None
        if whole.has_transparency_data:
            transparent = whole.convert("RGBA")
            alpha = _unit(np.asarray(transparent.getchannel("A")))
            whole = transparent if whole.mode in ("P", "PA") else whole
        colour = _unit(np.asarray(metadata.to_srgb(whole, profile)))
    frame = resize_frame(Frame(colour, alpha, round(file.info.get("duration", 0))), target)
    return _upright(frame, orientation)


def _unit(pixels: NDArray[Any]) -> Image:
    """Scale stored numbers of any type to [0, 1]; floats are taken to be there."""
    if np.issubdtype(pixels.dtype, np.integer):
        scaled = np.divide(pixels, np.float32(np.iinfo(pixels.dtype).max), dtype=np.float32)
    else:
        scaled = np.nan_to_num(pixels.astype(np.float32))
    clipped: Image = np.clip(scaled, 0, 1, out=scaled)
    return clipped


def _upright(frame: Frame, orientation: int) -> Frame:
    """Turn a frame the way EXIF says (the value is where the first row and column of the stored pixels belong)."""

    def turn(array: Image) -> Image:
        if orientation >= 5:
            array = array.swapaxes(0, 1)
        if orientation in (3, 4, 7, 8):
            array = array[::-1]
        if orientation in (2, 3, 6, 7):
            array = array[:, ::-1]
        upright: Image = np.ascontiguousarray(array)
        return upright

    if orientation == 1:
        return frame
    return Frame(turn(frame.image), None if frame.alpha is None else turn(frame.alpha), frame.duration)


def _decode_with_vips(kind: str, data: bytes, size: int | None, max_pixels: int) -> Picture:
    import pyvips

    def note(name: str) -> bytes | None:
        return bytes(image.get(name)) if image.get_typeof(name) else None

    try:
        image = pyvips.Image.new_from_buffer(data, "", fail_on="error")
        target = _target(image.width, image.height, size, max_pixels)
        image = image.copy_memory()
        exif = metadata.read_exif(data if kind == "TIFF" else note("exif-data") or b"")
        profile, xmp = note("icc-profile-data"), note("xmp-data")
        colour, alpha = _separate(image, profile)
    except pyvips.Error as error:
        reason = " ".join(str(error).split())
        raise ImageError(f"the file is damaged ({reason})") from error
    if alpha is not None and kind == "TIFF" and exif.get(338) in (1, (1,)):  # stored multiplied by its alpha
        colour = np.minimum(colour / np.maximum(alpha, 1 / 65535)[..., None], 1)
    frame = _upright(resize_frame(Frame(colour, alpha), target), metadata.orientation(exif))
    depth = 8 if image.format == "uchar" else 16
    exif_bytes, xmp_bytes = metadata.clean_exif(exif), metadata.clean_xmp(xmp)
    return Picture((frame,), depth=depth, exif=exif_bytes, xmp=xmp_bytes, format=kind)


def _separate(image: Any, profile: bytes | None) -> tuple[Image, Image | None]:
    """Part a pyvips image into sRGB colour (H, W, 3) and alpha (H, W)."""
    ink = image.interpretation == "cmyk"
    bands = 4 if ink else 1 if image.bands <= 2 else 3
    alpha = _unit(image[bands].numpy()) if image.bands > bands else None
    image = image.extract_band(0, n=bands) if image.bands > bands else image
    if image.interpretation in ("lab", "labs", "labq"):
        image = image.colourspace("rgb16")
    elif profile and metadata.changes_colour(profile, {1: "L", 3: "RGB", 4: "CMYK"}[bands]):
        if image.format in ("float", "double"):
            image = (image * 65535 + 0.5).cast("ushort").copy(interpretation="grey16" if bands == 1 else "rgb16")
        image = image.icc_transform("srgb", embedded=True, depth=16, intent="relative", black_point_compensation=True)
    colour = _unit(np.atleast_3d(image.numpy()))
    if colour.shape[2] == 4:  # CMYK without a usable profile: plain ink
        colour = (1 - colour[..., :3]) * (1 - colour[..., 3:])
    return (np.repeat(colour, 3, axis=2) if colour.shape[2] == 1 else colour), alpha
