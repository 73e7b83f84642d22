"""Colour and metadata of AVIF, HEIF and JPEG XL as their boxes state them."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest

from brushwork import images
from brushwork.images import boxes, directories
from brushwork.images.directories import Directory, Entry
from tests.images.samples import encoded, present, smooth_bytes

ARTIST = "© Jürgen Müller".encode()


def box(kind: bytes, *parts: bytes) -> bytes:
    data = b"".join(parts)
    return struct.pack(">I4s", 8 + len(data), kind) + data


def full(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, bytes([version]), flags.to_bytes(3, "big"), *parts)


def nclx(primaries: int, transfer: int) -> bytes:
    return box(b"colr", b"nclx", struct.pack(">HHHB", primaries, transfer, 6, 128))


def items(*, big: bool, version: int) -> bytes:
    """The boxes of a file with three items: a gain map in PQ, EXIF in two parts, and the picture in P3."""
    wide = ">I" if big else ">H"

    def number(value: int) -> bytes:
        return struct.pack(wide, value)

    entries = [
        full(b"infe", number(item), b"\0\0", kind, b"\0", version=3 if big else 2)
        for item, kind in ((1, b"tmap"), (2, b"Exif"), (3, b"av01"))
    ]
    ipma = full(
        b"ipma", struct.pack(">I", 2),
        number(1), b"\1", struct.pack(wide[0] + "H", 1) if big else b"\1",
        number(3), b"\2", struct.pack(">HH", 0x8003, 2) if big else b"\x83\2",
        version=int(big), flags=int(big),
    )  # fmt: skip
    counted = ">I" if version == 2 else ">H"

    def meta(place: int) -> bytes:
        extents = struct.pack(">IIII", 0, 14, 14, len(exif()) - 10)
        iloc = (b"\x44\x40", struct.pack(counted, 1), struct.pack(counted, 2), b"\0\0" if version else b"", b"\0\0")
        return full(
            b"meta",
            full(b"pitm", number(3), version=int(big)),
            full(b"iinf", number(3), *entries, version=int(big)),
            full(b"iloc", *iloc, struct.pack(">I", place), struct.pack(">H", 2), extents, version=version),
            box(b"iprp", box(b"ipco", nclx(9, 16), nclx(12, 13), box(b"ispe", bytes(12))), ipma),
        )

    head = box(b"ftyp", b"avif\0\0\0\0mif1")
    return head + meta(len(head) + len(meta(0))) + struct.pack(">I", 0) + exif()


def exif() -> bytes:
    return directories.write([Directory("<", {315: Entry(2, ARTIST + b"\0")})])


@pytest.mark.parametrize(("big", "version"), [(False, 0), (False, 1), (True, 1), (True, 2)])
def test_the_picture_counts_and_not_what_stands_beside_it(big: bool, version: int) -> None:
    found = boxes.read(io.BytesIO(items(big=big, version=version)))
    assert (found.codes, found.exif) == ((12, 13), exif())


def test_damaged_boxes_are_left_out() -> None:
    """No byte that is changed, and no end that is cut, is an error."""
    data = items(big=False, version=1)
    for place in range(8, len(data)):
        for value in (0, 255):
            boxes.read(io.BytesIO(data[:place] + bytes([value]) + data[place + 1 :]))
        boxes.read(io.BytesIO(data[:place]))
    nested = b"".join(struct.pack(">I4s", 8 * (20_000 - depth), b"iprp") for depth in range(20_000))
    boxes.read(io.BytesIO(full(b"meta", nested)))


def test_texts_of_a_turned_picture_keep_their_bytes(tmp_path: Path) -> None:
    """Pillow writes EXIF anew where it adds the orientation, which AVIF has elsewhere."""
    ascii_artist = b"(c) J##rgen M##ller"[: len(ARTIST)].ljust(len(ARTIST), b"#")
    directory = Directory("<", {315: Entry(2, ascii_artist + b"\0")})
    directory.put(274, directories.SHORT, 6)
    data = encoded(smooth_bytes(), "AVIF", exif=b"Exif\0\0" + directories.write([directory]))
    assert ascii_artist in data
    (path := tmp_path / "photo.avif").write_bytes(data.replace(ascii_artist, ARTIST))
    photo = images.open(path)
    assert photo.image.shape == (56, 40, 3)
    assert ARTIST in present(photo.metadata.exif)
    with images.open_large(path) as large:
        assert large.pixels.shape == (56, 40, 3) and large.metadata == photo.metadata


def test_jpeg_xl_keeps_xmp_and_exif() -> None:
    pytest.importorskip("pillow_jxl")
    xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><r dc:title="Hündin"/></x:xmpmeta>'.encode()
    data = encoded(smooth_bytes(), "JXL", xmp=xmp, exif=b"Exif\0\0" + exif(), use_container=True)
    kept = images.open(data).metadata
    assert kept.xmp == xmp and ARTIST in present(kept.exif)


def test_a_grey_picture_of_16_bits_stays_one() -> None:
    """The plug-in states that its numbers are linear light."""
    pytest.importorskip("pillow_jxl")
    levels = 4000 + np.arange(32 * 40, dtype=np.uint16).reshape(32, 40) * 48
    photo = images.open(encoded(levels, "JXL", lossless=True))
    assert photo.depth == 16
    np.testing.assert_allclose(photo.image[..., 0], 1.055 * (levels / 65535) ** (1 / 2.4) - 0.055, atol=1 / 255)
