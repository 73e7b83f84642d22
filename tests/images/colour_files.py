"""Encoded pictures whose colours are stated in unusual ways."""

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import TiffImagePlugin

from tests.images.samples import (
    encoded,
    smooth,
    with_vips,
)

HEIGHT, WIDTH = 30, 44

COLOUR = 0.2 + 0.6 * smooth(HEIGHT, WIDTH)

BYTES = (COLOUR * 255).astype(np.uint8)

ALPHA = np.linspace(0, 255, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH, 1).astype(np.uint8)

INK = np.concatenate([255 - BYTES, np.full_like(ALPHA, 20)], axis=2)

DEEP = (COLOUR * 65535).astype(np.uint16)


def tiff(
    array: NDArray[Any],
    photometric: int = 2,
    sample_format: int = 1,
    extra: tuple[int, ...] = (),
    order: bytes = b"II",
    **tags: Any,
) -> bytes:
    """A TIFF of one strip with arbitrary numbers, which neither Pillow nor pyvips can write."""
    height, width, bands = array.shape
    directory = TiffImagePlugin.ImageFileDirectory_v2(prefix=order)
    known = {256: width, 257: height, 258: (8 * array.itemsize,) * bands, 259: 1, 262: photometric, 277: bands}
    known |= {278: height, 279: array.nbytes, 284: 1, 339: (sample_format,) * bands, 273: 0}
    known |= {338: extra} if extra else {}
    directory.tagtype[273] = directory.tagtype[279] = 4
    for tag, value in (known | {int(tag[1:]): value for tag, value in tags.items()}).items():
        directory[tag] = value
    buffer = io.BytesIO()
    directory.save(buffer)
    return buffer.getvalue() + array.tobytes()


def planar(array: NDArray[Any], extra: tuple[int, ...] = ()) -> bytes:
    """A TIFF whose channels lie one after the other, a strip each."""
    bands, size = array.shape[2], array[..., 0].nbytes
    tags = {"t284": 2, "t273": tuple(size * band for band in range(bands)), "t279": (size,) * bands}
    return tiff(array.transpose(2, 0, 1).reshape(array.shape), extra=extra, **tags)


def without_adobe(data: bytes) -> bytes:
    """A JPEG without the segment APP14, in which Adobe's programs state how colours are stored."""
    at = data.index(b"\xff\xee")
    return data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]


def png_with(chunks: Sequence[tuple[bytes, bytes]], array: NDArray[Any] = BYTES) -> bytes:
    """A PNG with chunks behind its header."""
    data = with_vips(array, ".png", "rgb16") if array.dtype == np.uint16 else encoded(array)
    added = b"".join(
        struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part)) for kind, part in chunks
    )
    return data[:33] + added + data[33:]


def palette(**options: Any) -> bytes:
    return encoded(Pillow.fromarray(BYTES).quantize(16), **options)
