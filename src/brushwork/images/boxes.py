"""Reads the boxes of AVIF, HEIF and JPEG XL files: colour and metadata as they are stored.

Decoders pass on other colour spaces than that of the picture, or EXIF whose texts are re-encoded, or no XMP. The boxes
are those of ISO/IEC 14496-12 and, for the items of a picture, ISO/IEC 23008-12, section 6.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO

# Bytes of the largest box that is read; pictures are not.
_MOST_BYTES = 2**26
_EXIF_BOX, _XMP_BOX = b"Exif", b"xml "


@dataclass
class BoxNotes:
    """What the boxes of a file say besides pixels.

    Attributes:
        exif: EXIF from its TIFF header on.
        xmp: XMP of JPEG XL.
        codes: Primaries and transfer function of the picture as codes of ITU-T H.273; None if it has none.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    codes: tuple[int, int] | None = None


def read(file: BinaryIO) -> BoxNotes:
    """Read the boxes of a file; what is damaged is left out."""
    notes = BoxNotes()
    try:
        for kind, start, end in _boxes(file, 0, file.seek(0, 2)):
            if kind in (_EXIF_BOX, _XMP_BOX):
                data = _take(file, start, end)
                notes.exif, notes.xmp = (_from_tiff(data), notes.xmp) if kind == _EXIF_BOX else (notes.exif, data)
            elif kind == b"meta":
                items = _Items()
                items.read(file, start + 4, end)
                notes.exif, notes.codes = _from_tiff(items.exif(file)), items.codes()
    except (struct.error, OverflowError, OSError, ValueError, RecursionError):
        pass
    return notes


def without_times(data: bytes) -> bytes:
    """Return an animated AVIF file that does not say when it was written, so that equal pictures give equal files."""
    changed = bytearray(data)

    def clear(start: int, end: int) -> None:
        for kind, inner, stop in _boxes(BytesIO(data), start, end):
            if kind in (b"moov", b"trak", b"mdia"):
                clear(inner, stop)
            elif kind in (b"mvhd", b"tkhd", b"mdhd"):
                size = 16 if data[inner] else 8  # two times, of 8 bytes each in version 1
                changed[inner + 4 : inner + 4 + size] = bytes(size)

    clear(0, len(data))
    return bytes(changed)


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each box in a part of a file, and where its contents begin and end."""
    while start + 8 <= end:
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            (size,), head = struct.unpack(">Q", file.read(8)), 16
        stop = end if size == 0 else start + size
        if size and size < head:
            return
        yield kind, start + head, min(stop, end)
        start = stop


def _take(file: BinaryIO, start: int, end: int) -> bytes:
    if end - start > _MOST_BYTES:
        raise ValueError("too large")
    file.seek(start)
    return file.read(end - start)


def _from_tiff(data: bytes | None) -> bytes | None:
    """Return EXIF without what stands before its TIFF header: the offset of it, and in some files "Exif"."""
    if data is None or len(data) < 8:
        return None
    start = 4 + int.from_bytes(data[:4], "big")
    return next((data[at:] for at in (start, 0, 4, 10) if data[at : at + 4] in (b"II*\0", b"MM\0*")), None)


@dataclass
class _Items:
    """The items of a file: their kinds, where they lie, and their properties."""

    primary: int = 0
    kinds: dict[int, bytes] = field(default_factory=dict)
    places: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    chosen: dict[int, list[int]] = field(default_factory=dict)

    def read(self, file: BinaryIO, start: int, end: int) -> None:
        """Read the boxes of a part of a file."""
        for kind, inner, stop in _boxes(file, start, end):
            if kind in (b"iprp", b"ipco"):
                if kind == b"ipco":
                    found = _boxes(file, inner, stop)
                    self.properties = [(name, _take(file, first, last)) for name, first, last in found]
                else:
                    self.read(file, inner, stop)
            elif kind in (b"pitm", b"iinf", b"iloc", b"ipma"):
                reader = _Reader(_take(file, inner, stop))
                {b"pitm": self._pitm, b"iinf": self._iinf, b"iloc": self._iloc, b"ipma": self._ipma}[kind](reader)

    def exif(self, file: BinaryIO) -> bytes | None:
        """Return the first item of EXIF."""
        number = next((number for number, kind in self.kinds.items() if kind == b"Exif"), None)
        parts = [] if number is None else self.places.get(number, [])
        return b"".join(_take(file, start, start + length) for start, length in parts) or None

    def codes(self) -> tuple[int, int] | None:
        """Return primaries and transfer function of the primary picture."""
        for index in self.chosen.get(self.primary, []):
            name, data = self.properties[index - 1] if 0 < index <= len(self.properties) else (b"", b"")
            if name == b"colr" and data[:4] == b"nclx" and len(data) >= 8:
                primaries, transfer = struct.unpack(">HH", data[4:8])
                return primaries, transfer
        return None

    def _pitm(self, data: "_Reader") -> None:
        self.primary = data.number(4 if data.version else 2)

    def _iinf(self, data: "_Reader") -> None:
        data.number(4 if data.version else 2)
        while data.left >= 8:
            start = data.place
            size, kind = data.number(4), data.take(4)
            entry = _Reader(data.take(size - 8)) if kind == b"infe" else None
            if entry is not None and entry.version >= 2:
                number = entry.number(2 if entry.version == 2 else 4)
                entry.number(2)
                self.kinds[number] = entry.take(4)
            data.place = start + max(size, 8)

    def _iloc(self, data: "_Reader") -> None:
        sizes = data.number(2)
        offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
        for _ in range(data.number(4 if data.version == 2 else 2)):
            number = data.number(4 if data.version == 2 else 2)
            method = data.number(2) & 15 if data.version else 0
            data.number(2)
            start = data.number(base)
            parts = []
            for _ in range(data.number(2)):
                if data.version:
                    data.number(index)
                place = start + data.number(offset)
                parts.append((place, data.number(length)))
            if method == 0:  # a place in the file
                self.places[number] = parts

    def _ipma(self, data: "_Reader") -> None:
        for _ in range(data.number(4)):
            number = data.number(4 if data.version else 2)
            width = 2 if data.flags & 1 else 1
            mask = 0x7FFF if width == 2 else 0x7F
            self.chosen[number] = [data.number(width) & mask for _ in range(data.number(1))]


class _Reader:
    """Numbers of a box, whose contents begin with a version and flags."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.version, self.flags = data[0] if data else 0, int.from_bytes(data[1:4], "big")
        self.place = 4

    @property
    def left(self) -> int:
        """Bytes that are left."""
        return len(self._data) - self.place

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        if not 0 <= size <= self.left:
            raise ValueError("the box ends")
        self.place += size
        return self._data[self.place - size : self.place]

    def number(self, size: int) -> int:
        """Return the number in the next bytes."""
        return int.from_bytes(self.take(size), "big")
