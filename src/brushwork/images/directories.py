"""Reads and writes the directories of TIFF files and EXIF, preserving every entry byte for byte.

The layout is defined by TIFF 6.0 (Adobe, 1992), section 2, and BigTIFF. Pillow decodes texts and loses those that are
not ASCII; here an entry keeps its bytes.
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, TypeAlias

EXIF, GPS, INTEROPERABILITY, SUB_DIRECTORIES = 34665, 34853, 40965, 330
STRIP_OFFSETS, STRIP_SIZES, TILE_OFFSETS, TILE_SIZES = 273, 279, 324, 325
# Bytes per number of each data type; 1 for text and undefined bytes.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"}
SHORT, LONG, RATIONAL, UNDEFINED, LONG8 = 3, 4, 5, 7, 16
_MOST_BYTES, _MOST_DIRECTORIES, _MOST_ENTRIES = 2**26, 2**16, 4096

Number: TypeAlias = int | float


@dataclass(frozen=True)
class Entry:
    """A value or array of a directory: its data type, and its bytes in the directory's byte order."""

    kind: int
    data: bytes

    def swapped(self) -> "Entry":
        """Return the entry in the opposite byte order."""
        size = 4 if self.kind in (5, 10) else _SIZES[self.kind]
        parts = (self.data[start : start + size][::-1] for start in range(0, len(self.data), size))
        return self if size == 1 else Entry(self.kind, b"".join(parts))


@dataclass
class Directory:
    """Entries by tag, and the subdirectories that some entries point to.

    Attributes:
        order: ``<`` for little-endian numbers, ``>`` for big-endian ones.
        entries: Tag -> entry, without those that point to subdirectories.
        children: Tag -> subdirectory.
        places: Tag -> offset in the file of an entry's last field: its value, or the offset of that.
    """

    order: str = "<"
    entries: dict[int, Entry] = field(default_factory=dict)
    children: dict[int, list["Directory"]] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict, compare=False)

    def numbers(self, tag: int) -> tuple[Number, ...]:
        """Return the numbers of an entry, rationals as floats; empty if it is missing, or if one is not finite."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind not in (*_CODES, 5, 10):
            return ()
        if entry.kind in (5, 10):
            code = "I" if entry.kind == 5 else "i"
            parts = struct.unpack(f"{self.order}{len(entry.data) // 4}{code}", entry.data)
            return tuple(above / below if below else 0.0 for above, below in zip(parts[::2], parts[1::2], strict=True))
        size = _SIZES[entry.kind]
        numbers = struct.unpack(f"{self.order}{len(entry.data) // size}{_CODES[entry.kind]}", entry.data)
        return numbers if all(map(math.isfinite, numbers)) else ()

    def number(self, tag: int, otherwise: int = 0) -> int:
        """Return the first number of an entry as an integer, or ``otherwise`` if there is none."""
        numbers = self.numbers(tag)
        return int(numbers[0]) if numbers else otherwise

    def put(self, tag: int, kind: int, *numbers: int) -> None:
        """Set an entry to integers; a rational is given as two integers."""
        code = "I" if kind == RATIONAL else _CODES[kind]
        self.entries[tag] = Entry(kind, struct.pack(f"{self.order}{len(numbers)}{code}", *numbers))

    def child(self, tag: int) -> "Directory":
        """Return the subdirectory of a tag; an empty one if it does not exist."""
        return (self.children.get(tag) or [Directory(self.order)])[0]

    def little_endian(self) -> "Directory":
        """Return the directory and its subdirectories with little-endian numbers."""
        if self.order == "<":
            return self
        entries = {tag: entry.swapped() for tag, entry in self.entries.items()}
        children = {tag: [child.little_endian() for child in found] for tag, found in self.children.items()}
        return Directory("<", entries, children)


@dataclass(frozen=True)
class Layout:
    """Layout of a TIFF file: byte order, whether it is a BigTIFF, and the offset of its first directory."""

    order: str
    big: bool
    first: int

    @property
    def pointer(self) -> str:
        """The struct code of an offset."""
        return f"{self.order}{'Q' if self.big else 'I'}"


def read_layout(file: BinaryIO) -> Layout:
    """Read the layout from the first bytes of a TIFF file.

    Raises:
        ValueError: If it is not a TIFF file.
    """
    file.seek(0)
    start = file.read(16)
    orders = {b"II*\0": ("<", False), b"MM\0*": (">", False), b"II+\0": ("<", True), b"MM\0+": (">", True)}
    if start[:4] not in orders or len(start) < 8:
        raise ValueError("no TIFF directory")
    order, big = orders[start[:4]]
    (first,) = struct.unpack(order + "Q", start[8:16]) if big else struct.unpack(order + "I", start[4:8])
    return Layout(order, big, first)


def read(file: BinaryIO, *, offsets: bool = False) -> list[Directory]:
    """Read the directories of a TIFF file or of EXIF in order; damaged ones are skipped.

    Args:
        file: The file, with its first byte at offset 0.
        offsets: Whether to include the offsets of strips and tiles, which can be millions of numbers.
    """
    try:
        layout = read_layout(file)
    except ValueError:
        return []
    found: list[Directory] = []
    seen: set[int] = set()
    position = layout.first
    while position and position not in seen and len(found) < _MOST_DIRECTORIES:
        seen.add(position)
        directory, position = _read_one(file, layout, position, seen, offsets)
        if directory is not None:
            found.append(directory)
    return found


def following(file: BinaryIO, layout: Layout) -> int:
    """Return the offset of a TIFF file's second directory; 0 if there is none."""
    return _read_one(file, layout, layout.first, set(), False)[1]


def _read_one(
    file: BinaryIO, layout: Layout, position: int, seen: set[int], offsets: bool
) -> tuple[Directory | None, int]:
    """Read a directory with its subdirectories, and the offset of the next directory (0 if there is none)."""
    width, head, room = (20, 8, 8) if layout.big else (12, 2, 4)
    try:
        file.seek(position)
        (count,) = struct.unpack(layout.order + ("Q" if layout.big else "H"), file.read(head))
        table = file.read(width * min(count, _MOST_ENTRIES))
    except (struct.error, OSError, OverflowError):
        return None, 0
    rest = file.read(room)
    directory = Directory(layout.order)
    for start in range(0, len(table) - width + 1, width):
        tag, kind = struct.unpack_from(layout.order + "HH", table, start)
        if offsets or tag not in (STRIP_OFFSETS, STRIP_SIZES, TILE_OFFSETS, TILE_SIZES):
            data = _data(file, layout, kind, table[start + 4 : start + width])
            if data is not None:
                directory.entries[tag] = Entry(kind, data)
                directory.places[tag] = position + head + start + width - room
    for tag in (EXIF, GPS, INTEROPERABILITY, SUB_DIRECTORIES):
        for place in directory.numbers(tag):
            if int(place) > 0 and int(place) not in seen and len(seen) < _MOST_DIRECTORIES:
                seen.add(int(place))
                child, _ = _read_one(file, layout, int(place), seen, offsets)
                if child is not None:
                    directory.children.setdefault(tag, []).append(child)
        directory.entries.pop(tag, None)
    return directory, struct.unpack(layout.pointer, rest)[0] if len(rest) == room and count <= _MOST_ENTRIES else 0


def _data(file: BinaryIO, layout: Layout, kind: int, rest: bytes) -> bytes | None:
    """Read the bytes of an entry from its last field or from the offset there; None if it is damaged."""
    pointer = layout.pointer
    room = struct.calcsize(pointer)
    (count,) = struct.unpack_from(pointer, rest)
    size = count * _SIZES.get(kind, 0)
    if kind not in _SIZES or size > _MOST_BYTES:
        return None
    if size <= room:
        return rest[room : room + size]
    try:
        file.seek(struct.unpack_from(pointer, rest, room)[0])
        data = file.read(size)
    except (OSError, OverflowError):
        return None
    return data if len(data) == size else None


def pack(directory: Directory, at: int, *, big: bool = False, following: int = 0) -> bytes:
    """Serialise a directory, its data and its subdirectories for the offset `at` of a file with the same byte order.

    Args:
        directory: The directory; its subdirectories have the same byte order.
        at: Offset of its first byte; even.
        big: Whether the file is a BigTIFF.
        following: Offset of the next directory; 0 if there is none.
    """
    pointer = directory.order + ("Q" if big else "I")
    room, width = struct.calcsize(pointer), 20 if big else 12
    tags = sorted({*directory.entries, *(tag for tag, found in directory.children.items() if found)})
    head = struct.pack(directory.order + ("Q" if big else "H"), len(tags))
    start = at + len(head) + width * len(tags) + room
    table, body = bytearray(head), bytearray()
    for tag in tags:
        place = start + len(body)
        if tag in directory.entries:
            entry = directory.entries[tag]
            kind, data, count = entry.kind, entry.data, len(entry.data) // _SIZES[entry.kind]
        else:
            body += pack(directory.child(tag), place, big=big)
            kind, data, count = (LONG8 if big else LONG), struct.pack(pointer, place), 1
        if len(data) > room:
            body += data
            data = struct.pack(pointer, place)
        body += b"\0" * (len(body) % 2)
        table += struct.pack(directory.order + "HH", tag, kind) + struct.pack(pointer, count) + data.ljust(room, b"\0")
    return bytes(table) + struct.pack(pointer, following) + bytes(body)


def write(found: Sequence[Directory], before: bytes = b"") -> bytes:
    """Serialise a classic TIFF file with directories of one byte order, preceded by the data that they point to.

    `before` is at offset 8 of the result.
    """
    order = found[0].order
    before += b"\0" * (len(before) % 2)
    position = 8 + len(before)
    written = bytearray((b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", position) + before)
    for number, directory in enumerate(found, 1):
        # Serialised twice, since the length, which does not depend on the offset of the next one, is needed first.
        end = position + len(pack(directory, position))
        end += end % 2
        written += pack(directory, position, following=end if number < len(found) else 0)
        written += b"\0" * (end - len(written))
        position = end
    return bytes(written)
