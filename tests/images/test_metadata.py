"""EXIF, XMP and profiles, copied from the photo to its pastiche."""

import io
import struct

import numpy as np
import pytest
import pyvips
from PIL import ExifTags, ImageCms, PngImagePlugin
from PIL import Image as Pillow

from brushwork import images
from brushwork.images import Frame, Metadata, directories, metadata, profiles
from brushwork.images.directories import Directory, Entry
from tests.images.samples import (
    BLUE,
    LOSSLESS,
    RED,
    XMP,
    clip,
    encoded,
    exif_of,
    pixels,
    present,
    seen_by_pillow,
    smooth,
    smooth_bytes,
    written,
)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("depth", [8, 16])
def test_metadata_and_profile_are_written(kind: str, depth: int) -> None:
    source = encoded(pixels([RED, BLUE]), exif=exif_of(1), pnginfo=_itxt(XMP))
    picture = images.open(source)
    data = written(picture, kind, depth=depth if kind in LOSSLESS else None)
    again = images.open(data)
    exif = seen_by_pillow(again.metadata.exif)
    assert exif[ExifTags.Base.Make] == "Maker"
    assert exif[ExifTags.Base.Copyright] == "Someone"
    assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] == 0.25
    assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] == 1
    assert exif.get_ifd(ExifTags.IFD.GPSInfo)[1] == "N"
    assert again.metadata.xmp == XMP.replace(b'Orientation="6"', b'Orientation="1"')
    if depth == 8:
        with Pillow.open(io.BytesIO(data)) as file:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(file.info["icc_profile"]))
            assert "sRGB" in ImageCms.getProfileDescription(profile)
            assert file.getexif().get(274, 1) == 1
    else:
        assert pyvips.Image.new_from_buffer(data, "").get("icc-profile-data") == profiles.srgb_profile()


def _itxt(xmp: bytes) -> PngImagePlugin.PngInfo:
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt("XML:com.adobe.xmp", xmp.decode())
    return notes


def test_thumbnail_and_old_sizes_are_not_copied() -> None:
    """Two directories by hand: the camera's make and the way to the old width; a thumbnail."""
    main = struct.pack("<HHHI4sHHII", 2, 271, 2, 3, b"Me\0\0", 34665, 4, 1, 38) + struct.pack("<I", 56)  # from 8 to 38
    camera = struct.pack("<HHHIII", 1, 40962, 4, 1, 4000, 0)  # to 56
    thumbnail = struct.pack("<HHHIIHHIII", 2, 513, 4, 1, 86, 514, 4, 1, 4, 0) + b"JUNK"
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + main + camera + thumbnail
    picture = images.open(encoded(np.zeros((8, 8, 3), np.uint8), "JPEG", exif=exif))
    left = present(picture.metadata.exif)
    kept = seen_by_pillow(left)
    assert kept[ExifTags.Base.Make] == "Me"
    assert dict(kept.get_ifd(ExifTags.IFD.Exif)) == {}
    assert b"JUNK" not in left
    assert struct.pack("<I", 4000) not in left


def test_broken_exif_is_left_out() -> None:
    for junk in (b"Exif\0\0junk", b"Exif\0\0"):
        picture = images.open(encoded(pixels([RED]), "PNG", exif=junk))
        assert picture.metadata.exif is None
        assert written(picture, "JPEG")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_of_exif_that_mean_nothing_are_left_out(kind: str, order: str) -> None:
    """Infinity and NaN, in places and as numbers, places before the start: the picture is read, the rest is kept."""
    wrong = {
        11: struct.pack(order + "f", float("inf")),
        12: struct.pack(order + "d", float("nan")),
        9: struct.pack(order + "i", -3),
        10: struct.pack(order + "ii", -5, 1),
    }
    for code, data in wrong.items():
        for tag in (274, 282, 296, 330, 34665, 34853):
            directory = Directory(order, {315: Entry(2, b"Me\0"), tag: Entry(code, data)})
            stored = directories.write([directory])
            found = images.open(encoded(smooth_bytes(), kind, exif=b"Exif\0\0" + stored))
            assert found.image.shape == (40, 56, 3) and found.metadata.dpi is None
            assert metadata.read_exif(found.metadata.exif).entries[315].data == b"Me\0"
            assert written(found, "PNG")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("dpi", [72.5, 300, 65_536, 4e9, 1e-6])
def test_a_resolution_is_written_where_it_fits_and_no_other_is(kind: str, dpi: float) -> None:
    again = images.open(written(images.Picture((Frame(smooth()),), metadata=Metadata(dpi=(dpi, dpi))), kind)).metadata
    assert again.dpi is None or again.dpi == pytest.approx((dpi, dpi), rel=0.01)
    assert again.dpi is not None or dpi not in (72.5, 300)


def test_texts_of_a_png_are_comments_of_a_jpeg() -> None:
    texts = (("Title", "Hündin"), ("Comment", "Lissabon"))
    picture = images.Picture((Frame(smooth()),), metadata=Metadata(texts=texts))
    comments = images.open(written(picture, "JPEG")).metadata.comments
    assert comments == ("Title: Hündin".encode(), b"Lissabon")


@pytest.mark.parametrize("comment", ["Hündin", "x" * 700, "two\nlines"])
@pytest.mark.parametrize("marked", [True, False])
def test_a_gif_keeps_comments_and_the_mark(comment: str, marked: bool) -> None:
    source = Metadata(comments=(comment.encode(),))
    picture = images.Picture(clip(), metadata=source.marked() if marked else source)
    data = written(picture, "GIF")
    again = images.open(data)
    assert (again.metadata.comments, again.metadata.is_marked) == ((comment.encode(),), marked)
    assert [frame.duration for frame in again.frames] == [100, 50, 200]
    with Pillow.open(io.BytesIO(data)) as seen:
        assert seen.info["comment"].startswith(comment.encode())


def test_metadata_too_long_for_a_jpeg_is_left_out_entirely() -> None:
    exif = Pillow.Exif()
    exif[ExifTags.Base.ImageDescription] = "x" * 70_000
    picture = images.Picture((Frame(smooth()),), metadata=Metadata(exif.tobytes(), b"y" * 70_000))
    again = images.open(written(picture, "JPEG"))
    assert (again.metadata.exif, again.metadata.xmp) == (None, None)
    assert images.open(written(picture, "TIFF")).metadata.xmp == picture.metadata.xmp


def test_structural_tags_of_a_tiff_are_not_copied() -> None:
    data = encoded(
        smooth_bytes(), "TIFF", compression="tiff_lzw", tiffinfo={271: "Maker", 33432: "Someone", 65000: "private"}
    )
    assert set(seen_by_pillow(images.open(data).metadata.exif)) == {271, 33432}
