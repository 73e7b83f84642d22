"""XMP without statements about the old file that are not valid for a pastiche."""

import re
from collections.abc import Callable, Mapping
from xml.dom import minidom
from xml.dom.expatbuilder import parseString
from xml.parsers.expat import ExpatError

# Namespaces whose statements are looked for, with their usual prefixes; a file may use others.
_PREFIXES: Mapping[str, str] = {
    "http://ns.adobe.com/hdr-gain-map/1.0/": "hdrgm",
    "http://ns.apple.com/HDRGainMap/1.0/": "HDRGainMap",
    "http://ns.apple.com/pixeldatainfo/1.0/": "apdi",
    "http://ns.google.com/photos/1.0/camera/": "GCamera",
    "http://ns.google.com/photos/1.0/container/": "Container",
    "http://ns.google.com/photos/1.0/container/item/": "Item",
    "http://ns.google.com/photos/1.0/depthmap/": "GDepth",
    "http://ns.google.com/photos/1.0/image/": "GImage",
    "http://ns.google.com/photos/dd/1.0/device/": "Device",
    "http://ns.adobe.com/xmp/note/": "xmpNote",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
}
# Names of attributes and elements that are not valid for the pastiche.
_OLD_CLAIMS = re.compile(
    r"hdrgm:.*|HDRGainMap:.*|apdi:.*|(GCamera|Camera|MicroVideo):(Micro|Motion).*|(Container|GContainer):.*|Item:.*"
    r"|GDepth:.*|GImage:.*|Device:.*|xmpNote:HasExtendedXMP|(xmp|xap):Thumbnails|dc:format"
    r"|tiff:(ImageWidth|ImageLength|BitsPerSample|SamplesPerPixel|PhotometricInterpretation|Compression"
    r"|PlanarConfiguration|YCbCrSubSampling|YCbCrPositioning|YCbCrCoefficients|ReferenceBlackWhite|TransferFunction"
    r"|WhitePoint|PrimaryChromaticities)"
    r"|exif:(ColorSpace|PixelXDimension|PixelYDimension|CompressedBitsPerPixel|ComponentsConfiguration)"
    r"|photoshop:(ICCProfile|ColorMode)"
)
PLACE_CLAIMS = re.compile(
    r"exif:GPS.*|photoshop:(City|State|Country)|Iptc4xmpCore:(Location|CountryCode)|Iptc4xmpExt:Location.*"
)
_NAME = re.compile(r"[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+")


def clean(xmp: bytes | str | None, claims: re.Pattern[str] = _OLD_CLAIMS) -> bytes | None:
    """Copy XMP without attributes and elements of some names and with orientation reset; byte for byte if it has none.

    Returns None for XMP that contains such a name but is not valid XML. UTF-16 becomes UTF-8.
    """
    if not xmp:
        return None
    raw = _utf8(xmp.encode() if isinstance(xmp, str) else bytes(xmp)).rstrip(b"\0")
    text = raw.decode("utf-8", "replace")
    declared = re.findall(r"xmlns:([A-Za-z0-9_.-]+)\s*=\s*[\"']([^\"']*)", text)
    usual = {prefix: _PREFIXES.get(space, prefix) for prefix, space in declared}

    def is_claim(name: str) -> bool:
        prefix, _, rest = name.partition(":")
        return claims.fullmatch(f"{usual.get(prefix, prefix)}:{rest}") is not None

    tiff = "|".join({prefix for prefix, usually in usual.items() if usually == "tiff"} | {"tiff"})
    raw = re.sub(rb"((?:%s):Orientation\s*(?:=\s*[\"']|>)\s*)\d" % tiff.encode(), rb"\g<1>1", raw)
    if not any(is_claim(match[0]) for match in _NAME.finditer(text)):
        return raw
    if "<!ENTITY" in text or "<!DOCTYPE" in text:  # XMP does not need them, and they can expand without limit
        return None
    try:
        document = parseString(raw, namespaces=False)
    except (ExpatError, ValueError):
        return None
    _drop_claims(document, is_claim)
    written = document.toxml().removeprefix('<?xml version="1.0" ?>')
    used = {*re.findall(r"[</ ]([A-Za-z0-9_.-]+):", written)}

    def declaration(match: re.Match[str]) -> str:
        return match[0] if match[1] in used else ""

    return re.sub(r' xmlns:([A-Za-z0-9_.-]+)="[^"]*"', declaration, written).encode()


def _utf8(raw: bytes) -> bytes:
    """Return XMP in UTF-8: in UTF-16, every other byte of its marks is zero."""
    for encoding, mark in (("utf-16-le", b"<\0"), ("utf-16-be", b"\0<")):
        if raw[:2] == mark or (raw[:2] in (b"\xff\xfe", b"\xfe\xff") and raw[2:4] == mark):
            return raw.decode(encoding, "replace").removeprefix("\ufeff").encode()
    return raw


def _drop_claims(node: minidom.Document | minidom.Element, is_claim: Callable[[str], bool]) -> None:
    """Remove attributes and elements with such names at any depth."""
    for child in [*node.childNodes]:
        if not isinstance(child, minidom.Element):
            continue
        if is_claim(child.tagName):
            node.removeChild(child)
            continue
        for name in [*child.attributes.keys()]:
            if is_claim(name):
                child.removeAttribute(name)
        _drop_claims(child, is_claim)
