"""Pictures and files for the tests of `images`."""

import base64
import io
import struct
from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import ExifTags, ImageCms
from PIL import Image as Pillow

from brushwork import images
from brushwork.images import Frame, Image, ImageError, Picture

T = TypeVar("T")
Bytes: TypeAlias = NDArray[np.uint8]

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
LOSSLESS = ("PNG", "TIFF")
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6" dc:title="Dog"/></x:xmpmeta>'


# 32 x 24 pixels, red 8 x, green 10 y, blue 128, of quality 90, with arithmetic coding, which no library here writes.
ARITHMETIC_JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8X"
    "GBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/yQAR"
    "CAAYACADASIAAhEBAxEB/8wACgAQEAUBEBEF/9oADAMBAAIRAxEAPwD/AOUdX2nrrnzICc8edOCv0PtWDvd+w+xxTaUi0/NMFLS1G49v0zVV"
    "AFOavF7WdbebWVgaERakdO5a9hg6LQzCMKv0ZFAyWp7GeABsj1AXF+VYxaAj/oeGTGPjy1lXq5WXFqCdrsGc9Bmpt6D/2Q=="
)


def pixels(*rows: Sequence[Sequence[int]]) -> Bytes:
    """An 8-bit picture from rows of colours, (H, W, 3)."""
    return np.array(rows, np.uint8)


def smooth(height: int = 40, width: int = 56, seed: int = 0) -> Image:
    """A soft picture that lossy codecs keep well, float32 in [0, 1]."""
    small = np.random.default_rng(seed).random((4, 5, 3)).astype(np.float32)
    return images.resize(small, (height, width))


def smooth_bytes() -> Bytes:
    return (smooth() * 255).astype(np.uint8)


def encoded(array: NDArray[Any] | Pillow.Image, kind: str = "PNG", mode: str | None = None, **options: Any) -> bytes:
    image = array if isinstance(array, Pillow.Image) else Pillow.fromarray(array)
    buffer = io.BytesIO()
    (image.convert(mode) if mode else image).save(buffer, kind, **options)
    return buffer.getvalue()


def written(picture: Picture | Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    images.save(picture, buffer, format=kind, **options)
    return buffer.getvalue()


def levels(image: NDArray[Any] | None, top: int = 255) -> NDArray[np.int64]:
    """Values in [0, 1] as whole numbers up to `top`."""
    rounded: NDArray[np.int64] = np.rint(present(image) * top).astype(np.int64)
    return rounded


def present(value: T | None) -> T:
    """A value that must not be None, such as the alpha of a transparent picture."""
    assert value is not None
    return value


def with_vips(array: NDArray[Any], kind: str, interpretation: str, **options: Any) -> bytes:
    """Encode with pyvips what Pillow cannot: (H, W, C) of 16 bits or floats."""
    kinds = {"uint8": "uchar", "uint16": "ushort", "float32": "float", "uint32": "uint"}
    image = pyvips.Image.new_from_memory(
        array.tobytes(), array.shape[1], array.shape[0], array.shape[2], kinds[str(array.dtype)]
    )
    data: bytes = image.copy(interpretation=interpretation).write_to_buffer(kind, **options)
    return data


def exif_of(orientation: int = 1) -> bytes:
    exif = Pillow.Exif()
    exif[ExifTags.Base.Make] = "Maker"
    exif[ExifTags.Base.Copyright] = "Someone"
    exif[ExifTags.Base.Orientation] = orientation
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] = 0.25
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] = 65535
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    return exif.tobytes()


def seen_by_pillow(exif: bytes | None) -> Pillow.Exif:
    """EXIF bytes, read by an independent reader."""
    read = Pillow.Exif()
    read.load(present(exif))
    for folder in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        read.get_ifd(folder)
    return read


def swapped_profile() -> bytes:
    """sRGB with the red and the blue primary exchanged: under it, (255, 0, 0) is blue."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    entries = {}
    for position in range(132, 132 + 12 * struct.unpack_from(">I", profile, 128)[0], 12):
        entries[bytes(profile[position : position + 4])] = position
    red, blue = entries[b"rXYZ"], entries[b"bXYZ"]
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


def linear_grey_profile() -> bytes:
    """A grey profile of two tags: the white of D50, and a curve that is the identity."""
    xyz = struct.pack(">4sI3i", b"XYZ ", 0, 63190, 65536, 54061)
    curve = struct.pack(">4sII", b"curv", 0, 0)
    tags = struct.pack(">I4sII4sII", 2, b"wtpt", 156, len(xyz), b"kTRC", 156 + len(xyz), len(curve))
    header = struct.pack(">I4sI4s4s4s", 156 + len(xyz) + len(curve), b"\0" * 4, 0x02100000, b"mntr", b"GRAY", b"XYZ ")
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28 + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + tags + xyz + curve


def deep(bands: int, seed: int = 0) -> NDArray[np.uint16]:
    values = np.random.default_rng(seed).integers(0, 65536, (5, 7, bands), dtype=np.uint16)
    values[0, 0], values[0, 1] = 0, 65535
    return values


def clip(alpha: bool = False) -> list[Frame]:
    """Three frames of flat colours, 16 x 12, shown for 100, 50 and 200 ms."""
    frames = []
    for index, duration in enumerate((100, 50, 200)):
        image = np.zeros((12, 16, 3), np.float32)
        image[..., index] = 1
        mask = np.ones((12, 16), np.float32)
        mask[:, : 4 * index] = 0
        frames.append(Frame(image, mask if alpha else None, duration))
    return frames


def refused(source: Any, match: str, **options: Any) -> str:
    with pytest.raises(ImageError, match=match) as caught:
        picture = images.open(source, **options)
        list(picture.frames)
    assert "\n" not in str(caught.value)
    return str(caught.value)
