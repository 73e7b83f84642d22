"""Channels that are not the usual ones: extra samples that are no alpha, CIELAB in its variants, transparent levels."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray

from brushwork import images
from tests.images.colour_files import ALPHA, BYTES, COLOUR, DEEP, INK, planar, tiff
from tests.images.samples import present, refused

OTHER = 255 - ALPHA  # infrared, or a mask
INKED = BYTES / 255 * (1 - 20 / 255)


def lab(kind: str) -> NDArray[np.generic]:
    """The example as CIELAB as TIFF stores it, (H, W, 3)."""
    floats = pyvips.Image.new_from_array(BYTES).copy(interpretation="srgb").colourspace("lab").numpy()
    lightness, chroma = floats[..., :1] / 100, np.rint(floats[..., 1:])
    if kind == "cielab-8":
        parts = np.rint(lightness * 255).astype(np.uint8), chroma.astype(np.int8).view(np.uint8)
    elif kind == "cielab-16":
        parts = np.rint(lightness * 65535).astype(np.uint16), (chroma * 256).astype(np.int16).view(np.uint16)
    elif kind == "icclab-8":
        parts = np.rint(lightness * 255).astype(np.uint8), (chroma + 128).astype(np.uint8)
    else:
        parts = np.rint(lightness * 65280).astype(np.uint16), ((chroma + 128) * 256).astype(np.uint16)
    return np.concatenate(parts, axis=2)


def png(depth: int, levels: NDArray[np.int64], transparent: int) -> bytes:
    """A grey PNG of 2 to 16 bits, one level of which is transparent."""
    bits = ("".join(f"{level:0{depth}b}" for level in row) for row in levels)
    rows = b"".join(
        b"\0" + int(row.ljust(-(-len(row) // 8) * 8, "0"), 2).to_bytes(-(-len(row) // 8), "big") for row in bits
    )
    head = struct.pack(">IIBBBBB", levels.shape[1], levels.shape[0], depth, 0, 0, 0, 0)
    chunks = (
        (b"IHDR", head),
        (b"tRNS", struct.pack(">H", transparent)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


GREY = BYTES[..., :1].repeat(3, axis=2) / 255
# File, its colours, its alpha, and how far they may be off.
FILES = {
    "rgb-x": (tiff(np.concatenate([BYTES, OTHER], 2), extra=(0,)), BYTES / 255, None, 0.001),
    "rgb-x-16": (tiff(np.concatenate([DEEP, OTHER * np.uint16(257)], 2), extra=(0,)), COLOUR, None, 0.001),
    "rgb-x-planar": (planar(np.concatenate([BYTES, OTHER], 2), extra=(0,)), BYTES / 255, None, 0.001),
    "rgb-x-x": (tiff(np.concatenate([BYTES, OTHER, ALPHA], 2), extra=(0, 0)), BYTES / 255, None, 0.001),
    "rgb-x-alpha": (tiff(np.concatenate([BYTES, OTHER, ALPHA], 2), extra=(0, 2)), BYTES / 255, ALPHA, 0.001),
    "rgb-alpha-x": (tiff(np.concatenate([BYTES, ALPHA, OTHER], 2), extra=(2, 0)), BYTES / 255, ALPHA, 0.001),
    "float-x": (tiff(np.concatenate([COLOUR, OTHER.astype(np.float32)], 2), sample_format=3, extra=(0,)),
                COLOUR, None, 0.001),
    "grey-x": (tiff(np.concatenate([BYTES[..., :1], OTHER], 2), photometric=1, extra=(0,)), GREY, None, 0.001),
    "cmyk-x": (tiff(np.concatenate([INK, OTHER], 2), photometric=5, extra=(0,)), INKED, None, 0.001),
    "cmyk-alpha": (tiff(np.concatenate([INK, ALPHA], 2), photometric=5, extra=(2,)), INKED, ALPHA, 0.001),
    "cielab-8": (tiff(lab("cielab-8"), photometric=8), BYTES / 255, None, 0.04),
    "cielab-8-alpha": (tiff(np.concatenate([lab("cielab-8"), ALPHA], 2), photometric=8, extra=(2,)),
                       BYTES / 255, ALPHA, 0.04),
    "cielab-8-big-endian": (tiff(lab("cielab-8"), photometric=8, order=b"MM"), BYTES / 255, None, 0.04),
    "cielab-16": (tiff(lab("cielab-16"), photometric=8), BYTES / 255, None, 0.04),
    "icclab-8": (tiff(lab("icclab-8"), photometric=9), BYTES / 255, None, 0.04),
    "icclab-16": (tiff(lab("icclab-16"), photometric=9), BYTES / 255, None, 0.04),
    **{
        f"transparent-grey-{depth}": (
            png(depth, levels, 2), (levels / (2**depth - 1))[..., None].repeat(3, axis=2), 255 * (levels != 2), 0.001
        )
        for depth in (2, 4, 8, 16)
        for levels in [(COLOUR[..., 0] * 3).astype(np.int64) + 1]
    },
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_channels_mean_what_the_file_says_whole_and_by_strips(name: str, tmp_path: Path) -> None:
    data, colours, alpha, tolerance = FILES[name]
    (path := tmp_path / "photo").write_bytes(data)
    with images.open_large(path) as large:
        strips = large.pixels[0 : large.pixels.shape[0]]
    whole = images.open(path)
    for image, opacity in (
        (whole.image, whole.alpha),
        (strips[..., :3], strips[..., 3] if strips.shape[2] > 3 else None),
    ):
        seen = np.ones(colours.shape[:2], bool) if alpha is None else alpha.reshape(colours.shape[:2]) > 0
        np.testing.assert_allclose(image[seen], colours[seen], atol=tolerance)
        assert (opacity is None) == (alpha is None)
        if alpha is not None:
            np.testing.assert_allclose(present(opacity), alpha.reshape(colours.shape[:2]) / 255, atol=0.001)


def test_what_is_not_read_is_not_called_damaged() -> None:
    twelve = tiff(DEEP, t258=(12, 12, 12))
    for data in (twelve, tiff(BYTES, photometric=10), tiff(DEEP.astype(np.uint64)), tiff(COLOUR, photometric=9)):
        assert "damaged" not in refused(data, "stored in a way that is not supported here")


@pytest.mark.parametrize("stray", [1.08, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("top", [1, 255])
def test_stray_numbers_do_not_change_what_floats_mean(stray: float, top: int) -> None:
    """An overshoot of resampling, and what no number is, make no high dynamic range of a picture, nor black of it."""
    floats = (np.concatenate([COLOUR, np.ones_like(ALPHA)], 2) * top).astype(np.float32)
    floats[3, 4] = stray * top
    photo = images.open(tiff(floats, sample_format=3, extra=(2,)))
    expected = COLOUR.copy()
    expected[3, 4] = photo.image[3, 4]
    np.testing.assert_allclose(photo.image, expected, atol=1e-4)
    assert photo.notices == () and np.count_nonzero(present(photo.alpha) < 1) <= 1
