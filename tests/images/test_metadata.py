"""EXIF, XMP and profiles, carried from the photo to its pastiche."""

import io
import struct

import numpy as np
import pytest
import pyvips
from PIL import ExifTags, ImageCms, PngImagePlugin
from PIL import Image as Pillow

from brushwork import images
from brushwork.images import Frame, Metadata, profiles
from tests.images.samples import (
    BLUE,
    LOSSLESS,
    RED,
    XMP,
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
