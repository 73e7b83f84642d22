"""Reads and writes the comments of GIF files, which have no other metadata."""

from typing import Any

from brushwork.images.metadata import Metadata

_MARK = b"brushwork"  # of a pastiche, as EXIF has it elsewhere
_PART = 255  # bytes


def read_comments(info: dict[Any, Any]) -> tuple[tuple[bytes, ...], bool]:
    """Return the comments that Pillow has read, which it joins by line feeds, and whether they mark a pastiche."""
    stored = info.get("comment", b"")
    comment = stored.removesuffix(_MARK).removesuffix(b"\n") if stored.endswith(_MARK) else stored
    return (comment,) * bool(comment), stored != comment


def write_comments(metadata: Metadata) -> bytes:
    """Serialise comments, and the mark of a pastiche, as extension blocks (GIF89a, section 24)."""
    written = b""
    for comment in (*metadata.comments, *([_MARK] if metadata.is_marked else [])):
        parts = [comment[start : start + _PART] for start in range(0, len(comment), _PART)]
        written += b"\x21\xfe" + b"".join(bytes([len(part)]) + part for part in parts) + b"\0"
    return written


def insert(data: bytes, blocks: bytes) -> bytes:
    """Insert blocks behind the header and the common palette of a GIF file."""
    flags = data[10]
    place = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    return data[:place] + blocks + data[place:]
