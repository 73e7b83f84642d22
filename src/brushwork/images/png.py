"""Reads and writes the colour and metadata chunks of PNG files."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from brushwork.images import colorimetry
from brushwork.images.colorimetry import Colorimetry
from brushwork.images.metadata import Metadata
from brushwork.images.profiles import srgb_profile

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP_KEY, _RAW_KEY = "XML:com.adobe.xmp", "Raw profile type "
# A small chunk can claim any size, and compressed text can expand to any size.
_MOST_BYTES = 2**26


@dataclass
class PngNotes:
    """Information in the chunks of a PNG file besides pixels."""

    exif: bytes | None = None
    xmp: str | None = None
    iptc: bytes | None = None
    texts: list[tuple[str, str]] = field(default_factory=list)
    dpi: tuple[float, float] | None = None
    profile: bytes | None = None
    chunks: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def codes(self) -> tuple[int, int] | None:
        """Primaries and transfer function of cICP as codes of ITU-T H.273."""
        data = self.chunks.get(b"cICP", b"")
        return (data[0], data[1]) if len(data) == 4 else None

    @property
    def colorimetry(self) -> Colorimetry | None:
        """Colour space of gAMA and cHRM (PNG, third edition, 13.13); None for sRGB or if unspecified."""
        gamma, primaries = self.chunks.get(b"gAMA", b""), self.chunks.get(b"cHRM", b"")
        if b"sRGB" in self.chunks or (len(gamma) != 4 and len(primaries) != 32):
            return None
        stored = struct.unpack(">I", gamma)[0] if len(gamma) == 4 else 0
        points = struct.unpack(">8I", primaries) if len(primaries) == 32 else ()
        usable = all(points) and len(points) == 8
        x = tuple(point / 100_000 for point in points)
        space = (x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]) if usable else colorimetry.BT709
        return Colorimetry(space, 100_000 / stored if stored else None)


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Yield the complete chunks of a file with their data, without those of pixels."""
    file.seek(len(SIGNATURE))
    while len(head := file.read(8)) == 8:
        (length,), kind = struct.unpack(">I", head[:4]), head[4:]
        if kind in (b"IDAT", b"fdAT") or length > _MOST_BYTES:
            file.seek(length + 4, 1)
            continue
        data = file.read(length + 4)
        if len(data) < length + 4 or kind == b"IEND":
            return
        yield kind, data[:length]


def read(file: BinaryIO) -> PngNotes:
    """Read the chunks of a PNG file; damaged ones are skipped."""
    notes = PngNotes()
    for kind, data in _chunks(file):
        if kind in (b"cICP", b"gAMA", b"cHRM", b"sRGB"):
            notes.chunks.setdefault(kind, data)
        elif kind == b"iCCP":
            notes.profile = _inflate(data.partition(b"\0")[2][1:])
        elif kind == b"eXIf":
            notes.exif = data
        elif kind == b"pHYs" and len(data) == 9 and data[8] == 1:
            across, down = struct.unpack(">II", data[:8])
            notes.dpi = (across * 0.0254, down * 0.0254) if across and down else None
        elif kind in (b"tEXt", b"zTXt", b"iTXt"):
            _add_text(notes, kind, data)
    return notes


def _add_text(notes: PngNotes, kind: bytes, data: bytes) -> None:
    """Store a text, or metadata that some programs embed in a text."""
    key_bytes, _, rest = data.partition(b"\0")
    key = key_bytes.decode("latin-1")
    packed = kind == b"zTXt" or (kind == b"iTXt" and rest[:1] == b"\1")
    if kind == b"iTXt":
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    text = _inflate(rest[1:] if kind == b"zTXt" else rest) if packed else rest
    if text is None:
        return
    if key == _XMP_KEY:
        notes.xmp = text.decode("utf-8", "replace")
    elif key.startswith(_RAW_KEY):
        profile = _raw_profile(text)
        if key.endswith(("exif", "APP1")) and profile and profile.startswith(b"Exif"):
            notes.exif = notes.exif or profile
        elif key.endswith("iptc") and profile:
            start = profile.find(b"\x1c\x02")
            notes.iptc = profile[start:] if start >= 0 else None
    elif not key.startswith("Thumb::"):  # describes the old picture
        notes.texts.append((key, text.decode("utf-8" if kind == b"iTXt" else "latin-1", "replace")))


def _inflate(data: bytes) -> bytes | None:
    """Decompress a chunk; None if it is damaged or too large."""
    try:
        decompressor = zlib.decompressobj()
        plain = decompressor.decompress(data, _MOST_BYTES)
    except zlib.error:
        return None
    return None if decompressor.unconsumed_tail else plain


def _raw_profile(text: bytes) -> bytes | None:
    """Decode a hexadecimal profile as written by ImageMagick: a name, a length, and lines of digits."""
    parts = text.split(b"\n", 3)
    try:
        return bytes.fromhex(parts[3].decode("ascii")) if len(parts) == 4 else None
    except ValueError:
        return None


def write_chunks(metadata: Metadata) -> bytes:
    """Serialise the sRGB profile and all metadata as chunks, to be inserted after the header of a PNG file."""
    written = _chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(srgb_profile()))
    density = [round(dpi / 0.0254) for dpi in metadata.dpi or ()]
    if density and all(0 < pixels < 2**32 for pixels in density):
        written += _chunk(b"pHYs", struct.pack(">IIB", *density, 1))
    if metadata.exif:
        written += _chunk(b"eXIf", metadata.exif.removeprefix(b"Exif\0\0"))
    if metadata.xmp:
        written += _chunk(b"iTXt", _XMP_KEY.encode() + b"\0\0\0\0\0" + metadata.xmp)
    if metadata.iptc:
        digits = f"\niptc\n{len(metadata.iptc):8}\n{metadata.iptc.hex()}\n".encode()
        written += _chunk(b"zTXt", _RAW_KEY.encode() + b"iptc\0\0" + zlib.compress(digits))
    comments = [("Comment", comment.decode("utf-8", "replace")) for comment in metadata.comments]
    for key, text in (*metadata.texts, *(comments if "Comment" not in dict(metadata.texts) else [])):
        name = key.encode("latin-1", "replace")[:79]
        if text.isascii():
            written += _chunk(b"tEXt", name + b"\0" + text.encode())
        else:
            written += _chunk(b"iTXt", name + b"\0\0\0\0\0" + text.encode())
    return written


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def insert(data: bytes, chunks: bytes) -> bytes:
    """Insert chunks after the header of a PNG file and remove its resolution and profile."""
    position = len(SIGNATURE)
    kept = bytearray(data[:position])
    while position < len(data):
        (length,), kind = struct.unpack(">I", data[position : position + 4]), data[position + 4 : position + 8]
        if kind in (b"IDAT", b"acTL", b"fcTL"):
            break
        end = position + length + 12
        if kind not in (b"pHYs", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"eXIf"):
            kept += data[position:end]
        position = end
        if kind == b"IHDR":
            kept += chunks
    return b"".join((kept, memoryview(data)[position:]))  # one copy
