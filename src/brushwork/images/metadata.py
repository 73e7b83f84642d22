"""What travels beside the pixels: EXIF, XMP, IPTC, comments, resolution; and what of it still holds for a pastiche."""

import re
from dataclasses import dataclass, replace
from io import BytesIO
from xml.dom import minidom
from xml.dom.expatbuilder import parseString
from xml.parsers.expat import ExpatError

from brushwork.errors import UserError
from brushwork.images import directories
from brushwork.images.directories import EXIF, GPS, INTEROPERABILITY, Directory, Entry

_ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 274, 282, 283, 296
_COLOR_SPACE = 40961
# Facts about the old file that would be wrong about the new one: how it is stored, which way is up, colour response.
_STRUCTURE = {*range(254, 269), 273, 274, *range(277, 282), 284, *range(288, 294), 297, 301, *range(317, 348)}
_STRUCTURE |= {*range(512, 533), 700}
# From 32768 on tags are private, and most point into the file they came from. These do not: copyright, and the title,
# comment, author, keywords and subject of Windows.
_PRIVATE_KEPT = {33432, *range(40091, 40096)}
_SIZES = {40962, 40963}  # the old width and height
_PROCESSING_SOFTWARE, _MARK = 11, Entry(2, b"brushwork\0")
_HEADER = b"Exif\0\0"
STRIP = ("all", "gps")


@dataclass(frozen=True)
class Metadata:
    """What travels beside the pixels, as bytes that hold for upright sRGB.

    Attributes:
        exif: With the header of JPEG, without orientation, old sizes and thumbnail.
        xmp: Without claims about the old file.
        iptc: Records of IIM.
        comments: Of JPEG.
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
        """Say in EXIF's ProcessingSoftware that this is a pastiche, for later runs that look for photos."""
        exif = read_exif(self.exif)
        exif.entries[_PROCESSING_SOFTWARE] = _MARK
        return replace(self, exif=write_exif(exif))

    @property
    def is_marked(self) -> bool:
        """Whether `marked` has been here."""
        return read_exif(self.exif).entries.get(_PROCESSING_SOFTWARE) == _MARK

    def stripped(self, what: str | None) -> "Metadata":
        """Drop ``all`` of it, or the place where a photo was taken (``gps``); None drops nothing.

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
        return replace(self, exif=write_exif(exif), xmp=clean_xmp(self.xmp, _PLACE_CLAIMS), iptc=iptc, texts=texts)


NONE = Metadata()


def read_exif(data: bytes | None) -> Directory:
    """Read the first directory of EXIF; empty where it is missing or broken."""
    found = directories.read(BytesIO((data or b"").removeprefix(_HEADER)))
    return found[0] if found else Directory()


def write_exif(directory: Directory) -> bytes | None:
    """Write EXIF of one directory; None where it is empty."""
    if not (directory.entries or directory.children):
        return None
    return _HEADER + directories.write([directory])


def orientation(exif: Directory) -> int:
    """Read the orientation, 1 to 8; 1 (upright) where it is missing or nonsense."""
    value = exif.number(_ORIENTATION, 1)
    return value if value in range(1, 9) else 1


def is_adobe_rgb(exif: Directory) -> bool:
    """Whether EXIF says Adobe RGB: the interoperability index R03, or a ColorSpace of 2, as some cameras write."""
    camera = exif.child(EXIF)
    index = camera.child(INTEROPERABILITY).entries.get(1)
    return camera.number(_COLOR_SPACE) == 2 or (index is not None and index.data.startswith(b"R03"))


def resolution(exif: Directory) -> tuple[float, float] | None:
    """Read pixels per inch from EXIF or a TIFF directory; None where there is no unit."""
    scale = {2: 1.0, 3: 2.54}.get(exif.number(_RESOLUTION_UNIT, 2))
    across, down = exif.numbers(_X_RESOLUTION), exif.numbers(_Y_RESOLUTION)
    if scale is None or not across or across[0] <= 0:
        return None
    return across[0] * scale, (down[0] if down and down[0] > 0 else across[0]) * scale


def clean_exif(exif: Directory) -> Directory:
    """Keep what is still true of a picture once it is upright, in sRGB and painted over: no thumbnail, no sizes."""
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


# Claims by the prefixes that everyone writes: attributes and elements of these names do not hold for the pastiche.
_OLD_CLAIMS = re.compile(
    r"hdrgm:.*|HDRGainMap:.*|apdi:.*|(GCamera|Camera|MicroVideo):(Micro|Motion).*|(Container|GContainer):.*|Item:.*"
    r"|GDepth:.*|GImage:.*|xmpNote:HasExtendedXMP|(xmp|xap):Thumbnails"
    r"|tiff:(ImageWidth|ImageLength|BitsPerSample|SamplesPerPixel|PhotometricInterpretation|Compression"
    r"|PlanarConfiguration|YCbCrSubSampling|YCbCrPositioning)"
    r"|exif:(ColorSpace|PixelXDimension|PixelYDimension)|photoshop:ICCProfile"
)
_PLACE_CLAIMS = re.compile(
    r"exif:GPS.*|photoshop:(City|State|Country)|Iptc4xmpCore:(Location|CountryCode)|Iptc4xmpExt:Location.*"
)


def clean_xmp(xmp: bytes | str | None, claims: re.Pattern[str] = _OLD_CLAIMS) -> bytes | None:
    """Copy XMP without the claims of some names, its orientation reset; byte for byte where it makes none.

    XMP that is no XML and holds such a name is left out altogether, which is None.
    """
    if not xmp:
        return None
    raw = (xmp.encode() if isinstance(xmp, str) else bytes(xmp)).rstrip(b"\0")
    raw = re.sub(rb"(tiff:Orientation(?:=[\"']|>))\d", rb"\g<1>1", raw)
    text = raw.decode("utf-8", "replace")
    names = (match[0] for match in re.finditer(r"[A-Za-z0-9_]+:[A-Za-z0-9_]+", text))
    if not any(claims.fullmatch(name) for name in names):
        return raw
    if "<!ENTITY" in text or "<!DOCTYPE" in text:  # nothing in XMP needs them, and they can grow without bound
        return None
    try:
        document = parseString(raw, namespaces=False)
    except (ExpatError, ValueError):
        return None
    _drop_claims(document, claims)
    written = document.toxml().removeprefix('<?xml version="1.0" ?>')
    used = {*re.findall(r"[</ ]([A-Za-z0-9_]+):", written)}

    def declaration(match: re.Match[str]) -> str:
        return match[0] if match[1] in used else ""

    return re.sub(r' xmlns:([A-Za-z0-9_]+)="[^"]*"', declaration, written).encode()


def _drop_claims(node: minidom.Document | minidom.Element, claims: re.Pattern[str]) -> None:
    """Remove attributes and elements whose names are claims, at any depth."""
    for child in [*node.childNodes]:
        if not isinstance(child, minidom.Element):
            continue
        if claims.fullmatch(child.tagName):
            node.removeChild(child)
            continue
        for name in [*child.attributes.keys()]:
            if claims.fullmatch(name):
                child.removeAttribute(name)
        _drop_claims(child, claims)


# Datasets of IPTC's application record: previews; city, sublocation, state, country code and name.
_PREVIEW_DATASETS = {(2, number) for number in range(200, 203)}
_PLACE_DATASETS = {(2, number) for number in (26, 27, 90, 92, 95, 100, 101)}


def clean_iptc(iptc: bytes | None) -> bytes | None:
    """Copy records of IPTC without the preview of the old picture; None where they are none."""
    return _without_datasets(iptc, _PREVIEW_DATASETS) if iptc and iptc[0] == 0x1C else None


def _without_datasets(iptc: bytes, dropped: set[tuple[int, int]]) -> bytes | None:
    """Copy records of IPTC (IIM 4.2, section 1.6) without some datasets; byte for byte where it holds none."""
    kept, position = bytearray(), 0
    while position + 5 <= len(iptc) and iptc[position] == 0x1C:
        length = int.from_bytes(iptc[position + 3 : position + 5], "big")
        head = 5
        if length & 0x8000:  # an extended dataset: what follows is the length of the length
            head += length & 0x7FFF
            length = int.from_bytes(iptc[position + 5 : position + head], "big")
        end = position + head + length
        if (iptc[position + 1], iptc[position + 2]) not in dropped:
            kept += iptc[position:end]
        position = end
    return bytes(kept + iptc[position:]) or None
