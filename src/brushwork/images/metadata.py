"""Metadata of pictures (EXIF, XMP, IPTC, comments, resolution), and the parts of it that are valid for a pastiche."""

from dataclasses import dataclass, replace
from fractions import Fraction
from io import BytesIO

from brushwork.errors import UserError
from brushwork.images import directories, xmp
from brushwork.images.directories import EXIF, GPS, INTEROPERABILITY, Directory, Entry

_ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 274, 282, 283, 296
_COLOR_SPACE = 40961
# Tags that describe the old file and would be wrong for the new one: storage, orientation, colour response.
_STRUCTURE = {*range(254, 269), 273, 274, *range(277, 282), 284, *range(288, 294), 297, 301, *range(317, 348)}
_STRUCTURE |= {*range(512, 533), 700}
# Tags from 32768 are private, and most contain offsets into the old file. These do not: copyright, and Windows' title,
# comment, author, keywords and subject.
_PRIVATE_KEPT = {33432, *range(40091, 40096)}
_SIZES = {40962, 40963}  # the old width and height
_PROCESSING_SOFTWARE, _MARK = 11, Entry(2, b"brushwork\0")
_HEADER = b"Exif\0\0"
STRIP = ("all", "gps")


@dataclass(frozen=True)
class Metadata:
    """Metadata of a picture, as bytes that are valid for upright sRGB.

    Attributes:
        exif: EXIF with the header used in JPEG, without orientation, old sizes and thumbnail.
        xmp: XMP without statements about the old file.
        iptc: Records of IPTC IIM.
        comments: Comments of JPEG.
        texts: Keys and texts of PNG.
        dpi: Pixels per inch, horizontal and vertical.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    comments: tuple[bytes, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    dpi: tuple[float, float] | None = None

    def marked(self) -> "Metadata":
        """Mark the picture as a pastiche in EXIF's ProcessingSoftware, for later runs that look for photos."""
        exif = read_exif(self.exif)
        exif.entries[_PROCESSING_SOFTWARE] = _MARK
        return replace(self, exif=write_exif(exif))

    @property
    def exif_with_dpi(self) -> bytes | None:
        """EXIF that states the resolution, for formats that have no other place for it."""
        if self.dpi is None:
            return self.exif
        exif = read_exif(self.exif)
        put_resolution(exif, self.dpi)
        return write_exif(exif)

    @property
    def is_marked(self) -> bool:
        """Whether the picture is marked as a pastiche; see `marked`."""
        return read_exif(self.exif).entries.get(_PROCESSING_SOFTWARE) == _MARK

    def stripped(self, what: str | None) -> "Metadata":
        """Return the metadata without ``all`` of it or without the location (``gps``); None removes nothing.

        Raises:
            UserError: If `what` is neither.
        """
        if what is None:
            return self
        if what == "all":
            return Metadata(dpi=self.dpi)
        if what != "gps":
            raise UserError(f"unknown part of the metadata {what!r}; known: {', '.join(STRIP)}")
        exif = read_exif(self.exif)
        exif.children.pop(GPS, None)
        iptc = None if self.iptc is None else _without_datasets(self.iptc, _PLACE_DATASETS)
        texts = tuple((key, text) for key, text in self.texts if "gps" not in key.lower())
        return replace(self, exif=write_exif(exif), xmp=xmp.clean(self.xmp, xmp.PLACE_CLAIMS), iptc=iptc, texts=texts)


NONE = Metadata()


def read_exif(data: bytes | None) -> Directory:
    """Read the first directory of EXIF; empty if it is missing or damaged."""
    found = directories.read(BytesIO((data or b"").removeprefix(_HEADER)))
    return found[0] if found else Directory()


def write_exif(directory: Directory) -> bytes | None:
    """Serialise EXIF of one directory; None if it is empty."""
    if not (directory.entries or directory.children):
        return None
    return _HEADER + directories.write([directory])


def orientation(exif: Directory) -> int:
    """Return the orientation, 1 to 8; 1 (upright) if it is missing or invalid."""
    value = exif.number(_ORIENTATION, 1)
    return value if value in range(1, 9) else 1


def is_adobe_rgb(exif: Directory) -> bool:
    """Return whether EXIF says Adobe RGB: interoperability index R03, or a ColorSpace of 2 as some cameras write."""
    camera = exif.child(EXIF)
    index = camera.child(INTEROPERABILITY).entries.get(1)
    return camera.number(_COLOR_SPACE) == 2 or (index is not None and index.data.startswith(b"R03"))


def resolution(exif: Directory) -> tuple[float, float] | None:
    """Return pixels per inch from EXIF or a TIFF directory; None if there is no unit."""
    scale = {2: 1.0, 3: 2.54}.get(exif.number(_RESOLUTION_UNIT, 2))
    across, down = exif.numbers(_X_RESOLUTION), exif.numbers(_Y_RESOLUTION)
    if scale is None or not across or across[0] <= 0:
        return None
    return across[0] * scale, (down[0] if down and down[0] > 0 else across[0]) * scale


def put_resolution(directory: Directory, dpi: tuple[float, float]) -> None:
    """Set the resolution, in pixels per inch, of EXIF or of a TIFF directory."""
    for tag, value in zip((_X_RESOLUTION, _Y_RESOLUTION), dpi, strict=True):
        fraction = Fraction(value).limit_denominator(10_000)
        directory.put(tag, directories.RATIONAL, min(fraction.numerator, 2**32 - 1), fraction.denominator)
    directory.put(_RESOLUTION_UNIT, directories.SHORT, 2)


def clean_exif(exif: Directory) -> Directory:
    """Return the EXIF that is valid for an upright sRGB pastiche, without thumbnail and sizes."""
    kept = Directory(exif.order)
    for tag, entry in exif.entries.items():
        if tag in _PRIVATE_KEPT or (tag < 32768 and tag not in _STRUCTURE):
            kept.entries[tag] = entry
    for tag in (EXIF, GPS):
        child = exif.child(tag)
        entries = {each: entry for each, entry in child.entries.items() if each not in _SIZES}
        if tag == EXIF and _COLOR_SPACE in entries:
            del entries[_COLOR_SPACE]
            camera = Directory(exif.order, entries)
            camera.put(_COLOR_SPACE, directories.SHORT, 1)  # sRGB
        if entries:
            kept.children[tag] = [Directory(exif.order, entries)]
    return kept


# Datasets of IPTC's application record: previews; city, sublocation, state, country code and name.
_PREVIEW_DATASETS = {(2, number) for number in range(200, 203)}
_PLACE_DATASETS = {(2, number) for number in (26, 27, 90, 92, 95, 100, 101)}


def clean_iptc(iptc: bytes | None) -> bytes | None:
    """Copy IPTC records without the preview of the old picture; None if they are invalid."""
    return _without_datasets(iptc, _PREVIEW_DATASETS) if iptc and iptc[0] == 0x1C else None


def _without_datasets(iptc: bytes, dropped: set[tuple[int, int]]) -> bytes | None:
    """Copy IPTC records (IIM 4.2, section 1.6) without some datasets; byte for byte if it has none of them."""
    kept, position = bytearray(), 0
    while position + 5 <= len(iptc) and iptc[position] == 0x1C:
        length = int.from_bytes(iptc[position + 3 : position + 5], "big")
        head = 5
        if length & 0x8000:  # extended dataset: the length of the length follows
            head += length & 0x7FFF
            length = int.from_bytes(iptc[position + 5 : position + head], "big")
        end = position + head + length
        if (iptc[position + 1], iptc[position + 2]) not in dropped:
            kept += iptc[position:end]
        position = end
    return bytes(kept + iptc[position:]) or None
