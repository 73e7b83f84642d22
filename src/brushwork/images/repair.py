"""JPEG files without an end marker, as interrupted downloads leave them: whole but for it, or damaged."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from brushwork.images import vips
from brushwork.images.formats import ImageError

NOTICE = "its end marker is missing, and nothing else"
_START, _SCAN, _END = b"\xff\xd8\xff", 0xDA, b"\xff\xd9"
_PROGRESSIVE = (0xC2, 0xCA)
# A marker among pixels: FF 00 is a number of theirs, and FF D0 to FF D7 stand between parts of them.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_BITS = b"\x55\xaa\x33\xcc" * 16, b"\xa9\x17\xd2\x6c" * 16
_TAIL = 4096


def completed(source: bytes | Path, max_pixels: int) -> bytes | None:
    """Return a JPEG file with the end marker that it lacks; None if it has one, and for files of other formats.

    Args:
        source: A file, or its bytes.
        max_pixels: Limit of width x height, beyond which it is not tried.

    Raises:
        ImageError: If pixels are missing, too.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            start = file.read(len(_START))
            file.seek(max(0, source.stat().st_size - _TAIL))
            tail = file.read()
        if start != _START or tail.rstrip(b"\0").endswith(_END):
            return None
        source = source.read_bytes()
    if (
        not source.startswith(_START)
        or source.rstrip(b"\0").endswith(_END)
        or any(kind == _END[1] for kind, _ in _segments(source))
    ):
        return None
    data = _without_padding(source)
    if not (_has_all_scans(data) and _is_whole(data, max_pixels)):
        raise ImageError("the file is damaged (it ends before all pixels)")
    return data + _END


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the markers of a file and what stands in their segments, without the pixels, up to its end marker."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        kind, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        yield kind, data[place + 4 : place + 2 + length]
        if kind == _END[1]:
            return
        place += 2 + length
        if kind == _SCAN:
            marker = _MARKER.search(data, place)
            if marker is None:
                return
            place = marker.start()


def _has_all_scans(data: bytes) -> bool:
    """Return whether the scans of a progressive file contain every coefficient of every component in full."""
    components: set[int] = set()
    given: set[tuple[int, int]] = set()
    for kind, segment in _segments(data):
        if kind in _PROGRESSIVE:
            components = set(segment[6::3])
        elif kind == _SCAN and len(segment) >= 4:
            first, last, low = segment[-3], segment[-2], segment[-1] & 15
            chosen = segment[1:-3:2]
            given |= {(each, number) for each in chosen for number in range(first, last + 1) if low == 0}
    return len(given) >= 64 * len(components)


def _is_whole(data: bytes, max_pixels: int) -> bool:
    """Return whether a file without an end marker contains all pixels."""
    import pyvips

    try:
        first, *others = (vips.load(data + end, "JPEG") for end in _possible_ends(data))
        if first.width * first.height > max_pixels:
            return False
        parts = zip(*map(vips.strips, (first, *others)), strict=True)
        return all(np.array_equal(part, other) for part, *rest in parts for other in rest)
    except pyvips.Error:
        return False


def _possible_ends(data: bytes) -> Iterator[bytes]:
    """Yield ends with which a file looks the same if no pixel is missing: those that are would come from their bits.

    Some files have markers between parts of their pixels (RST0 to RST7 in turn), so bits stand behind the next, too.
    """
    yield _END
    last = max(data.rfind(bytes([0xFF, marker])) for marker in range(0xD0, 0xD8))
    following = bytes([0xFF, 0xD0 + (data[last + 1] + 1) % 8 if last >= 0 else 0xD0])
    for bits in _BITS:
        yield bits + following + bits + _END


def _without_padding(data: bytes) -> bytes:
    """Remove zeros after the file and half a marker at its end; FF 00 is the number 255 in the pixels."""
    cut = data.rstrip(b"\0")
    if not cut.endswith(b"\xff"):
        return cut
    return cut + b"\0" if len(cut) < len(data) else cut.rstrip(b"\xff")
