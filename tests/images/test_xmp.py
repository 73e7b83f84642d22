"""XMP: what is no longer true is dropped, under any prefix and in any encoding, and the rest is kept."""

import pytest

from brushwork.images import xmp

SPACES = {
    "hdrgm": "http://ns.adobe.com/hdr-gain-map/1.0/",
    "GCamera": "http://ns.google.com/photos/1.0/camera/",
    "Container": "http://ns.google.com/photos/1.0/container/",
    "Item": "http://ns.google.com/photos/1.0/container/item/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
}


def packet(prefix: str) -> str:
    """Claims and a title; names begin with their usual prefixes, or with others."""
    names = {usual: f"{prefix}{usual}" for usual in SPACES}
    declared = " ".join(f'xmlns:{names[usual]}="{space}"' for usual, space in SPACES.items())
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"><rdf:Description {declared} '
        f'{names["hdrgm"]}:Version="1.0" {names["GCamera"]}:MotionPhoto="1" {names["tiff"]}:ImageWidth="4000" '
        f'{names["tiff"]}:Orientation="6" {names["exif"]}:ColorSpace="65535" {names["dc"]}:format="image/jpeg">'
        f'<{names["Container"]}:Directory><rdf:Seq><rdf:li {names["Item"]}:Length="1987"/></rdf:Seq>'
        f"</{names['Container']}:Directory><{names['dc']}:title>Hündin</{names['dc']}:title>"
        f"</rdf:Description></rdf:RDF></x:xmpmeta>"
    )


@pytest.mark.parametrize("prefix", ["", "my-"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_claims_go_and_the_rest_stays(prefix: str, encoding: str) -> None:
    kept = (xmp.clean(packet(prefix).encode(encoding)) or b"").decode()
    for gone in ("Version", "MotionPhoto", "Directory", "1987", "4000", "65535", "image/jpeg", "hdr-gain-map"):
        assert gone not in kept
    assert f"<{prefix}dc:title>Hündin</{prefix}dc:title>" in kept and f'{prefix}tiff:Orientation="1"' in kept
