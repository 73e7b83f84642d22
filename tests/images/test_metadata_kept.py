"""Metadata from every format to every other, at once and in strips."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import IptcImagePlugin, PngImagePlugin

from brushwork import images
from brushwork.errors import UserError
from brushwork.images import Frame, LargePicture, Metadata, Picture, directories, metadata, xmp
from brushwork.images.directories import EXIF, GPS, Directory, Entry
from tests.images.samples import encoded, refused, seen_by_pillow, smooth, smooth_bytes, written

ARTIST = "Jürgen Müller 写真".encode()
COPYRIGHT = "© Björk".encode("latin-1")
IPTC = b"\x1c\x02\x00\0\x02\0\x02" + b"\x1c\x02\x5a\0\6Lisboa" + b"\x1c\x02\x78\0\3Dog"
ALL = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")
STREAMED = ("JPEG", "PNG", "TIFF")


def exif(order: str = "<") -> bytes:
    """EXIF with non-ASCII texts, a location, and rationals, in one byte order."""
    directory = Directory(order)
    directory.entries |= {315: Entry(2, ARTIST + b"\0"), 33432: Entry(2, COPYRIGHT + b"\0")}
    camera, place = Directory(order), Directory(order)
    camera.put(33434, directories.RATIONAL, 1, 50)
    camera.entries[42036] = Entry(2, "Objectif à".encode() + b"\0")
    place.put(2, directories.RATIONAL, 38, 1, 43, 1, 0, 1)
    directory.children = {EXIF: [camera], GPS: [place]}
    found = metadata.write_exif(directory)
    assert found is not None
    return found


KEPT = Metadata(
    exif=exif(),
    xmp=b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r dc:title="Dog" exif:GPSLatitude="38,43N"/></x:xmpmeta>',
    iptc=IPTC,
    comments=("grün".encode(),),
    texts=(("Title", "Hund"), ("Author", "写真")),
    dpi=(300.0, 150.0),
)


def by_strips(kept: Metadata, kind: str, folder: Path, shape: tuple[int, int] = (40, 56)) -> bytes:
    path = folder / f"strips.{kind.lower()}"
    with images.canvas(*shape, 3, "uint8") as canvas:
        canvas[0 : shape[0]] = smooth(*shape)
        images.save_large(LargePicture(canvas, kept), path, kind)
    return path.read_bytes()


def whole(kept: Metadata, kind: str) -> bytes:
    return written(Picture((Frame(smooth()),), metadata=kept), kind)


@pytest.fixture(params=[*ALL, *(f"{kind} by strips" for kind in STREAMED)])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, bytes]:
    """A format, and a file of it with all metadata."""
    kind, _, way = request.param.partition(" ")
    return kind, by_strips(KEPT, kind, tmp_path) if way else whole(KEPT, kind)


def test_exif_is_kept_byte_for_byte(file: tuple[str, bytes]) -> None:
    _, data = file
    read = metadata.read_exif(images.open(data).metadata.exif)
    assert read.entries[315].data == ARTIST + b"\0" and read.entries[33432].data == COPYRIGHT + b"\0"
    assert read.child(EXIF).numbers(33434) == (0.02,)
    assert read.child(EXIF).entries[42036].data == "Objectif à\0".encode()
    assert read.child(GPS).numbers(2) == (38, 43, 0)
    with Pillow.open(io.BytesIO(data)) as seen:  # and someone else finds it, too
        assert seen.getexif()[315].encode("latin-1") == ARTIST
        assert seen.getexif().get_ifd(EXIF)[33434] == 0.02


def test_the_pastiche_has_the_srgb_profile_and_the_xmp(file: tuple[str, bytes]) -> None:
    kind, data = file
    with Pillow.open(io.BytesIO(data)) as seen:
        assert seen.info["icc_profile"] == images.profiles.srgb_profile()
    assert images.open(data).metadata.xmp == KEPT.xmp
    assert kind in ALL


def test_resolution_iptc_texts_and_comments_are_kept_if_the_format_can(file: tuple[str, bytes]) -> None:
    kind, data = file
    read = images.open(data).metadata
    with Pillow.open(io.BytesIO(data)) as seen:
        if kind in STREAMED:
            assert [round(value) for value in seen.info["dpi"]] == [300, 150]
            assert read.dpi == pytest.approx((300, 150), abs=0.02)
            assert read.iptc == IPTC
        if kind in ("JPEG", "TIFF"):
            assert (IptcImagePlugin.getiptcinfo(seen) or {})[2, 120] == b"Dog"
        if kind == "PNG":
            seen.load()
            assert (seen.text["Title"], seen.text["Author"]) == ("Hund", "写真")  # type: ignore[attr-defined]
            assert dict(read.texts)["Comment"] == "grün"
        if kind == "JPEG":
            assert read.comments == KEPT.comments and seen.info["comment"] == KEPT.comments[0]


@pytest.mark.parametrize("kind", STREAMED)
@pytest.mark.parametrize("way", ["whole", "by strips"])
def test_no_resolution_is_invented(kind: str, way: str, tmp_path: Path) -> None:
    data = whole(Metadata(), kind) if way == "whole" else by_strips(Metadata(), kind, tmp_path)
    with Pillow.open(io.BytesIO(data)) as seen:
        invented = {"dpi", "aspect"} if kind != "TIFF" else set()  # there Pillow itself invents 1 dpi
        assert not invented & {*seen.info} and seen.info.get("jfif_unit", 0) == 0
        assert 282 not in seen.getexif()
    assert images.open(data).metadata == Metadata()


def test_a_tiff_written_in_strips_keeps_metadata_and_pyramid(tmp_path: Path) -> None:
    import pyvips

    data = by_strips(KEPT, "TIFF", tmp_path, (600, 700))
    levels = [pyvips.Image.tiffload_buffer(data, page=page) for page in range(3)]
    assert [(level.width, level.height) for level in levels] == [(700, 600), (350, 300), (175, 150)]
    np.testing.assert_allclose(levels[0].numpy() / 255, smooth(600, 700), atol=0.51 / 255)
    assert images.open(data).notices == ()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ALL)
def test_both_byte_orders_and_a_second_generation_are_kept(order: str, kind: str) -> None:
    first = images.open(whole(Metadata(exif=exif(order)), kind))
    again = images.open(whole(first.metadata, kind))
    read = metadata.read_exif(again.metadata.exif)
    assert read.entries[315].data == ARTIST + b"\0" and read.child(GPS).numbers(2) == (38, 43, 0)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_resolutions_of_photos_are_read(kind: str) -> None:
    options = {"dpi": (240, 240)} if kind != "WEBP" else {"exif": _with_resolution(240)}
    assert images.open(encoded(smooth_bytes(), kind, **options)).metadata.dpi == pytest.approx((240, 240), abs=0.02)


def _with_resolution(dpi: int) -> bytes:
    directory = Directory()
    directory.put(282, directories.RATIONAL, dpi, 1)
    directory.put(283, directories.RATIONAL, dpi, 1)
    directory.put(296, directories.SHORT, 2)
    return directories.write([directory])


CLAIMS = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r#"><rdf:Description xmlns:hdrgm="h/" xmlns:dc="d/" '
    'xmlns:GCamera="g/" xmlns:Container="c/" xmlns:Item="i/" xmlns:tiff="t/" xmlns:exif="e/" hdrgm:Version="1.0" '
    'GCamera:MotionPhoto="1" GCamera:MicroVideoOffset="4000" tiff:ImageWidth="4000" tiff:Orientation="6" '
    'exif:ColorSpace="2" exif:PixelXDimension="4000" dc:source="Käfer"><Container:Directory><rdf:Seq><rdf:li>'
    '<Container:Item Item:Length="1987"/></rdf:li></rdf:Seq></Container:Directory><tiff:ImageLength>3000'
    "</tiff:ImageLength><dc:title>Hund</dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"
)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF", "PNG"])
def test_statements_of_xmp_that_become_false_are_dropped(kind: str) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt("XML:com.adobe.xmp", CLAIMS)
    data = encoded(smooth_bytes(), kind, **({"pnginfo": notes} if kind == "PNG" else {"xmp": CLAIMS.encode()}))
    kept = images.open(data).metadata.xmp
    assert kept is not None
    for word in (b"hdrgm", b"GCamera", b"Container", b"Item", b"ImageWidth", b"ImageLength", b"ColorSpace", b"4000"):
        assert word not in kept
    assert 'dc:source="Käfer"'.encode() in kept and b"<dc:title>Hund</dc:title>" in kept
    assert b'tiff:Orientation="1"' in kept


def test_xmp_without_such_statements_stays_and_broken_xmp_is_dropped() -> None:
    for text in (b"<a  dc:title='x' ><!-- y --></a>", b"<a dc:title='x'"):
        assert xmp.clean(text) == text
    for text in (b"<a hdrgm:Version='1'", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a hdrgm:Version='1'/>"):
        assert xmp.clean(text) is None


def test_thumbnails_of_the_photo_are_dropped() -> None:
    """In EXIF's second directory, in the resources of Photoshop, in XMP and in IPTC's preview."""
    small = encoded(np.zeros((8, 8, 3), np.uint8), "JPEG")
    photo = Directory()
    photo.entries[271] = Entry(2, b"Me\0")
    thumbnail = Directory()
    thumbnail.put(514, directories.LONG, len(small))
    thumbnail.entries[513] = Entry(7, small)
    resources = struct.pack(">4sHHI", b"8BIM", 1036, 0, len(small)) + small + b"\0" * (len(small) % 2)
    resources += struct.pack(">4sHHI", b"8BIM", 0x0404, 0, len(IPTC)) + IPTC
    preview = b"\x1c\x02\xca" + struct.pack(">H", len(small)) + small
    data = encoded(
        smooth_bytes(), "JPEG", exif=b"Exif\0\0" + directories.write([photo, thumbnail]),
        xmp=b'<a xmlns:xmp="x/"><xmp:Thumbnails>AAAA</xmp:Thumbnails></a>',
    )  # fmt: skip
    segment = b"Photoshop 3.0\0" + resources
    data = data[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + data[2:]
    kept = images.open(data).metadata
    assert kept.exif is not None and seen_by_pillow(kept.exif)[271] == "Me" and small not in kept.exif
    assert kept.xmp == b"<a/>" and kept.iptc == IPTC
    assert metadata.clean_iptc(IPTC + preview) == IPTC


def test_metadata_in_imagemagick_s_png_profiles_is_read() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Raw profile type iptc", f"\niptc\n{len(IPTC):8}\n{IPTC.hex()}\n", zip=True)
    raw = exif()
    notes.add_text("Raw profile type exif", f"\nexif\n{len(raw):8}\n{raw.hex()}\n", zip=True)
    read = images.open(encoded(smooth_bytes(), pnginfo=notes)).metadata
    assert read.iptc == IPTC and read.texts == () and read.exif is not None
    assert metadata.read_exif(read.exif).entries[315].data == ARTIST + b"\0"


def test_strip_removes_all_or_only_the_location() -> None:
    assert KEPT.stripped(None) is KEPT
    assert KEPT.stripped("all") == Metadata(dpi=KEPT.dpi)
    without = KEPT.stripped("gps")
    read = metadata.read_exif(without.exif)
    assert GPS not in read.children and read.entries[315].data == ARTIST + b"\0"
    assert without.xmp is not None and b"GPS" not in without.xmp and b"Dog" in without.xmp
    assert without.iptc is not None and b"Lisboa" not in without.iptc and b"Dog" in without.iptc
    with pytest.raises(UserError, match="unknown part of the metadata 'place'; known: all, gps"):
        KEPT.stripped("place")


@pytest.mark.filterwarnings("ignore::UserWarning")  # what Pillow says of damaged EXIF, which is then left out
@pytest.mark.parametrize("kind", STREAMED)
def test_damaged_metadata_raises_nothing_but_image_errors(kind: str, random: np.random.Generator) -> None:
    good = whole(KEPT, kind)
    for _ in range(60):
        bad = bytearray(good)
        for position in random.integers(0, min(len(bad), 3000), 3):
            bad[position] = random.integers(256)
        try:
            written(images.open(bytes(bad), max_pixels=100_000), kind)
        except images.ImageError as error:
            assert "\n" not in str(error)


def test_a_truncated_picture_with_metadata_is_refused() -> None:
    refused(whole(KEPT, "PNG")[:2000], "damaged")
