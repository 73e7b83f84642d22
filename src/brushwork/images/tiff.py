"""Finds the pages of TIFF files, and writes TIFF files."""

import struct
import zlib
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from brushwork.images import directories, lab, metadata
from brushwork.images.directories import LONG, SHORT, SUB_DIRECTORIES, UNDEFINED, Directory, Entry
from brushwork.images.formats import RAW, ImageError
from brushwork.images.metadata import Metadata
from brushwork.images.profiles import srgb_profile

_NEW_SUBFILE_TYPE, _SUBFILE_TYPE, _PHOTOMETRIC, _DNG_VERSION = 254, 255, 262, 50706
_BITS, _COMPRESSION, _SUBSAMPLING = 258, 259, 530
_EXTRA_SAMPLES, _ALPHA = 338, (1, 2)  # associated and unassociated alpha
_YCBCR, _JPEG, _ITULAB = 6, (6, 7), 10
_REDUCED, _MASK = 1, 4
_SENSOR = (32803, 34892)  # photometric interpretations of raw files: sensor data, and demosaiced sensor data


def pages(found: Sequence[Directory]) -> list[int]:
    """Return the indices (at least one) of directories that are pages, without reduced copies and masks."""
    chosen = [
        place
        for place, directory in enumerate(found)
        if not directory.number(_NEW_SUBFILE_TYPE) & (_REDUCED | _MASK) and directory.number(_SUBFILE_TYPE) != 2
    ]
    return chosen or [0]


def choose(places: Sequence[int], page: int) -> int:
    """Return the directory index of a page, counted from 1.

    Raises:
        ImageError: If the page does not exist.
    """
    if not 1 <= page <= len(places):
        raise ImageError(f"it has {len(places)} page{'s' * (len(places) > 1)}, and no page {page}")
    return places[page - 1]


def refuse_raw(found: Sequence[Directory]) -> None:
    """Raise `ImageError` if directories belong to a raw file: DNG, NEF, ARW and others are TIFF files."""
    inner = [child for directory in found for child in directory.children.get(SUB_DIRECTORIES, [])]
    for directory in (*found, *inner):
        if _DNG_VERSION in directory.entries or directory.number(_PHOTOMETRIC) in _SENSOR:
            raise ImageError(RAW)


def is_ycbcr(directory: Directory) -> bool:
    """Return whether pixels are YCbCr that is decoded as stored; JPEG in TIFF is decoded to RGB.

    Raises:
        ImageError: If chroma is subsampled or does not have 8 bits.
    """
    if directory.number(_PHOTOMETRIC) != _YCBCR or directory.number(_COMPRESSION, 1) in _JPEG:
        return False
    if directory.numbers(_SUBSAMPLING) != (1, 1) or set(directory.numbers(_BITS)) != {8}:
        raise ImageError("it is stored in a way that is not supported here (subsampled YCbCr without JPEG)")
    return True


def alpha_place(directory: Directory) -> int | None:
    """Return the place of alpha among the extra samples; None if they are others, such as infrared or a mask.

    A file without a list of them has alpha, or no extra samples.
    """
    extra = directory.numbers(_EXTRA_SAMPLES)
    return next((place for place, kind in enumerate(extra) if kind in _ALPHA), None) if extra else 0


def unread_lab(directory: Directory) -> int:
    """Return the photometric interpretation of CIELAB that libvips does not read; 0 for others.

    Raises:
        ImageError: If it is a kind that is not read here either.
    """
    photometric, bits = directory.number(_PHOTOMETRIC), {*directory.numbers(_BITS)}
    if photometric == _ITULAB or (photometric == lab.ICCLAB and bits not in ({8}, {16})):
        raise ImageError("it is stored in a way that is not supported here (a variant of CIELAB)")
    return photometric if photometric == lab.ICCLAB or (photometric == lab.CIELAB and bits == {8}) else 0


def notes(kept: Metadata) -> Directory:
    """Return a directory with metadata and the sRGB profile."""
    directory = metadata.read_exif(kept.exif).little_endian()
    directory.entries[34675] = Entry(UNDEFINED, srgb_profile())
    if kept.xmp:
        directory.entries[700] = Entry(1, kept.xmp)
    if kept.iptc:
        directory.entries[33723] = Entry(UNDEFINED, kept.iptc)
    if kept.dpi:
        metadata.put_resolution(directory, kept.dpi)
    return directory


def write(stored: Sequence[NDArray[Any]], kept: Metadata) -> bytes:
    """Serialise pages (H, W, 3), or with alpha (H, W, 4), of 8 or 16 bits; metadata is stored in the first.

    Uses strips of about 1 MB with Deflate and horizontal differencing. Implemented here because Pillow cannot store 16
    bits, and pyvips neither EXIF nor pages of different sizes.

    Raises:
        ImageError: If it would be larger than 4 GB.
    """
    found, pixels = [], bytearray()
    for number, page in enumerate(stored):
        directory = notes(kept if number == 0 else Metadata(dpi=kept.dpi))
        strips = _describe(directory, page, len(stored) > 1)
        sizes = [len(strip) for strip in strips]
        if 8 + len(pixels) + sum(sizes) >= 2**32:
            raise ImageError("a TIFF file holds at most 4 GB")
        directory.put(273, LONG, *accumulate([8 + len(pixels), *sizes[:-1]]))
        directory.put(279, LONG, *sizes)
        pixels += b"".join(strips)
        found.append(directory)
    try:
        return directories.write(found, bytes(pixels))
    except struct.error as error:
        raise ImageError("a TIFF file holds at most 4 GB") from error


def _describe(directory: Directory, pixels: NDArray[Any], several: bool) -> list[bytes]:
    """Describe a page in its directory and return its compressed strips."""
    height, width, bands = pixels.shape
    rows = max(1, 2**20 // (width * bands * pixels.itemsize))
    differences = pixels.copy()
    differences[:, 1:] -= pixels[:, :-1]  # wraps around, as the format wants
    differences = differences.astype(pixels.dtype.newbyteorder("<"), copy=False)
    for tag, value in ((256, width), (257, height), (278, rows)):
        directory.put(tag, LONG, value)
    directory.put(258, SHORT, *[8 * pixels.itemsize] * bands)
    # Deflate, RGB, chunky samples, horizontal differencing.
    for tag, value in ((259, 8), (262, 2), (277, bands), (284, 1), (317, 2)):
        directory.put(tag, SHORT, value)
    if bands == 4:
        directory.put(338, SHORT, 2)  # unassociated alpha
    if several:
        directory.put(_NEW_SUBFILE_TYPE, LONG, 2)  # one page of several
    return [zlib.compress(differences[top : top + rows].tobytes()) for top in range(0, height, rows)]


def amend(path: Path, kept: Metadata) -> None:
    """Add all metadata to a TIFF file written by pyvips, and remove the resolution that pyvips adds.

    A new first directory is appended to the file; it refers to the pixels of the old one.
    """
    with path.open("r+b") as file:
        layout = directories.read_layout(file)
        first = directories.read(file, offsets=True)[0].little_endian()
        following = directories.following(file, layout)
        for tag in (282, 283, 296):
            first.entries.pop(tag, None)
        added = notes(kept)
        first.entries |= added.entries
        first.children |= added.children
        end = file.seek(0, 2)
        file.write(b"\0" * (end % 2))
        at = file.tell()
        file.write(directories.pack(first, at, big=layout.big, following=following))
        file.seek(8 if layout.big else 4)
        file.write(struct.pack(layout.pointer, at))
