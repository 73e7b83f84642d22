"""Reads and writes the metadata segments of JPEG files."""

import struct
from typing import Any

from brushwork.images.metadata import Metadata
from brushwork.images.profiles import srgb_profile

_LONGEST = 65533  # bytes in a segment
_PHOTOSHOP, _IPTC = b"Photoshop 3.0\0", 0x0404


def comments(segments: list[tuple[str, bytes]]) -> tuple[bytes, ...]:
    """Return the comments among the segments that Pillow has read."""
    return tuple(data for name, data in segments if name == "COM")


def resolution(info: dict[Any, Any]) -> tuple[float, float] | None:
    """Return pixels per inch from the JFIF density that Pillow has read; None if it has no unit."""
    scale = {1: 1.0, 2: 2.54}.get(info.get("jfif_unit", 0))
    across, down = info.get("jfif_density", (0, 0))
    return (across * scale, down * scale) if scale and across > 0 and down > 0 else None


def iptc(info: dict[Any, Any]) -> bytes | None:
    """Return the IPTC records from the Photoshop resources that Pillow has read."""
    found = info.get("photoshop", {}).get(_IPTC)
    return found if isinstance(found, bytes) else None


def write_segments(metadata: Metadata) -> bytes:
    """Serialise the start of a JPEG file: JFIF, EXIF, XMP, IPTC, the sRGB profile and the comments.

    Metadata that does not fit into a segment is omitted rather than truncated.
    """
    density = tuple(round(value) for value in metadata.dpi or ())
    fits = len(density) == 2 and all(0 < value < 65536 for value in density)
    head = struct.pack(">5sHBHHBB", b"JFIF\0", 0x0101, 1 if fits else 0, *(density if fits else (1, 1)), 0, 0)
    written = b"\xff\xd8" + _segment(0xE0, head)
    written += _segment(0xE1, metadata.exif or b"")
    written += _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + metadata.xmp if metadata.xmp else b"")
    if metadata.iptc:
        size = len(metadata.iptc)
        resource = struct.pack(">4sHHI", b"8BIM", _IPTC, 0, size) + metadata.iptc + b"\0" * (size % 2)
        written += _segment(0xED, _PHOTOSHOP + resource)
    written += _segment(0xE2, b"ICC_PROFILE\0\1\1" + srgb_profile())
    texts = tuple((text if key == "Comment" else f"{key}: {text}").encode() for key, text in metadata.texts)
    return written + b"".join(_segment(0xFE, comment) for comment in metadata.comments or texts)


def _segment(marker: int, data: bytes) -> bytes:
    """Return a segment; empty if there is no data or too much."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data if 0 < len(data) <= _LONGEST else b""


def replace_start(data: bytes, start: bytes) -> bytes:
    """Replace the application segments at the start of a JPEG file by those of `write_segments`."""
    position = 2
    while data[position] == 0xFF and (0xE0 <= data[position + 1] <= 0xEF and data[position + 1] != 0xEE):
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return b"".join((start, memoryview(data)[position:]))  # one copy
