"""Real files, made here, whose pixels were worked out by hand."""

import io
import os
import stat
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import ExifTags, ImageCms, PngImagePlugin, TiffImagePlugin
from PIL import Image as Pillow

from brushwork import images
from brushwork.images import Frame, ImageError, Picture, metadata

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
LOSSLESS = ("PNG", "TIFF")
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6" dc:title="Dog"/></x:xmpmeta>'


def pixels(*rows):
    """An 8-bit picture from rows of colours, (H, W, 3)."""
    return np.array(rows, np.uint8)


def smooth(height=40, width=56, seed=0):
    """A soft picture that lossy codecs keep well, float32 in [0, 1]."""
    small = np.random.default_rng(seed).random((4, 5, 3)).astype(np.float32)
    return images.resize(small, (height, width))


def encoded(array, kind="PNG", mode=None, **options):
    image = array if isinstance(array, Pillow.Image) else Pillow.fromarray(array)
    buffer = io.BytesIO()
    (image.convert(mode) if mode else image).save(buffer, kind, **options)
    return buffer.getvalue()


def written(picture, kind, **options):
    buffer = io.BytesIO()
    images.save(picture, buffer, format=kind, **options)
    return buffer.getvalue()


def levels(image, top=255):
    return np.rint(image * top).astype(int)


def with_vips(array, kind, interpretation, **options):
    """Encode with pyvips what Pillow cannot: (H, W, C) of 16 bits or floats."""
    kinds = {"uint8": "uchar", "uint16": "ushort", "float32": "float", "uint32": "uint"}
    image = pyvips.Image.new_from_memory(
        array.tobytes(), array.shape[1], array.shape[0], array.shape[2], kinds[str(array.dtype)]
    )
    return image.copy(interpretation=interpretation).write_to_buffer(kind, **options)


def exif_of(orientation=1):
    exif = Pillow.Exif()
    exif[ExifTags.Base.Make] = "Maker"
    exif[ExifTags.Base.Copyright] = "Someone"
    exif[ExifTags.Base.Orientation] = orientation
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] = 0.25
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] = 65535
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    return exif.tobytes()


def swapped_profile():
    """sRGB with the red and the blue primary exchanged: under it, (255, 0, 0) is blue."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    entries = {}
    for position in range(132, 132 + 12 * struct.unpack_from(">I", profile, 128)[0], 12):
        entries[bytes(profile[position : position + 4])] = position
    red, blue = entries[b"rXYZ"], entries[b"bXYZ"]
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


def linear_grey_profile():
    """A grey profile of two tags: the white of D50, and a curve that is the identity."""
    xyz = struct.pack(">4sI3i", b"XYZ ", 0, 63190, 65536, 54061)
    curve = struct.pack(">4sII", b"curv", 0, 0)
    tags = struct.pack(">I4sII4sII", 2, b"wtpt", 156, len(xyz), b"kTRC", 156 + len(xyz), len(curve))
    header = struct.pack(">I4sI4s4s4s", 156 + len(xyz) + len(curve), b"\0" * 4, 0x02100000, b"mntr", b"GRAY", b"XYZ ")
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28 + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + tags + xyz + curve


# What is read


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
def test_pixels_are_read_exactly(kind):
    image = images.open(encoded(pixels([RED, GREEN], [BLUE, (12, 34, 56)]), kind)).image
    assert image.dtype == np.float32
    assert levels(image).tolist() == [[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [12, 34, 56]]]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_lossy_pictures_are_read(kind):
    wanted = smooth()
    picture = images.open(encoded((wanted * 255).astype(np.uint8), kind, quality=95))
    assert picture.format == kind
    assert np.abs(picture.image - wanted).mean() < 0.01


# Stored rows of a picture that is to be seen as 1 2 3 / 4 5 6, by the EXIF standard: "6" says that the first stored
# row is the right side as seen, and the first stored column the top.
STORED = {
    1: [[1, 2, 3], [4, 5, 6]],
    2: [[3, 2, 1], [6, 5, 4]],
    3: [[6, 5, 4], [3, 2, 1]],
    4: [[4, 5, 6], [1, 2, 3]],
    5: [[1, 4], [2, 5], [3, 6]],
    6: [[3, 6], [2, 5], [1, 4]],
    7: [[6, 3], [5, 2], [4, 1]],
    8: [[4, 1], [5, 2], [6, 3]],
}


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
def test_orientation_is_honoured_and_then_gone(orientation, kind):
    stored = np.array(STORED[orientation], np.uint8)
    alpha = Pillow.fromarray(np.stack([stored, stored, stored, stored * 10], -1))
    picture = images.open(encoded(alpha, kind, exif=exif_of(orientation)))
    assert levels(picture.image[..., 0]).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert levels(picture.alpha).tolist() == [[10, 20, 30], [40, 50, 60]]
    assert 274 not in metadata.read_exif(picture.exif)


def test_orientation_of_a_jpeg_from_a_phone():
    stored = np.zeros((16, 32, 3), np.uint8)
    stored[:, :16] = 255  # white left half; turned clockwise it is the top
    image = images.open(encoded(stored, "JPEG", exif=exif_of(6))).image
    assert image.shape == (32, 16, 3)
    assert image[:14].min() > 0.9
    assert image[18:].max() < 0.1


@pytest.mark.parametrize("value", [0, 9, 77])
def test_nonsense_orientations_are_upright(value):
    assert images.open(encoded(pixels([RED, BLUE]), exif=exif_of(value))).image[0, 0].tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("mode", "colour", "expected", "alpha"),
    [
        ("1", 255, (255, 255, 255), None),
        ("L", 77, (77, 77, 77), None),
        ("LA", (77, 128), (77, 77, 77), 128),
        ("RGB", (1, 2, 3), (1, 2, 3), None),
        ("RGBA", (1, 2, 3, 0), (1, 2, 3), 0),
        ("P", 0, (0, 0, 0), None),
    ],
)
@pytest.mark.parametrize("kind", LOSSLESS)
def test_modes(mode, colour, expected, alpha, kind):
    picture = images.open(encoded(Pillow.new(mode, (5, 4), colour), kind))
    assert picture.depth == 8
    assert (levels(picture.image) == expected).all()
    assert (picture.alpha is None) == (alpha is None)
    assert alpha is None or (levels(picture.alpha) == alpha).all()


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "packbits", None])
def test_tiff_compressions(compression):
    source = (smooth() * 255).astype(np.uint8)
    assert (levels(images.open(encoded(source, "TIFF", compression=compression)).image) == source).all()


def test_palette_with_transparent_entry():
    image = Pillow.new("P", (3, 1))
    image.putpalette([*RED, *GREEN, *BLUE])
    image.putdata([0, 1, 2])
    for kind in ("PNG", "GIF"):
        picture = images.open(encoded(image, kind, transparency=1))
        assert levels(picture.alpha).tolist() == [[255, 0, 255]]
        assert levels(picture.image[0, [0, 2]]).tolist() == [[*RED], [*BLUE]]
    picture = images.open(encoded(image, "PNG", transparency=bytes([255, 128, 0])))
    assert levels(picture.alpha).tolist() == [[255, 128, 0]]
    assert levels(picture.image[0]).tolist() == [[*RED], [*GREEN], [*BLUE]]


def test_colours_declared_transparent():
    picture = images.open(encoded(pixels([RED, BLUE]), transparency=BLUE))
    assert levels(picture.alpha).tolist() == [[255, 0]]
    grey = images.open(encoded(np.array([[7, 8]], np.uint8), transparency=7))
    assert levels(grey.alpha).tolist() == [[0, 255]]
    assert levels(grey.image[0, 1]).tolist() == [8, 8, 8]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_plain_ink(kind):
    """Full magenta and yellow are red; JPEG stores ink the Adobe way, inverted."""
    ink = Pillow.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert np.abs(images.open(encoded(ink, kind)).image - (1, 0, 0)).max() < 0.02
    dark = Pillow.new("CMYK", (16, 16), (0, 0, 0, 204))
    assert np.abs(images.open(encoded(dark, kind)).image - 0.2).max() < 0.02


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_ink_with_a_profile(suffix):
    colour = np.full((16, 16, 3), (190, 80, 70), np.uint8)
    image = pyvips.Image.new_from_memory(colour.tobytes(), 16, 16, 3, "uchar").copy(interpretation="srgb")
    data = image.icc_transform(
        "cmyk", input_profile="srgb", intent="relative", black_point_compensation=True
    ).write_to_buffer(suffix)
    assert np.abs(images.open(data).image * 255 - (190, 80, 70)).max() < 8


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_profiles_are_converted(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    red = np.full((16, 16, 3), RED, np.uint8)
    picture = images.open(encoded(red, kind, icc_profile=swapped_profile(), **options))
    assert np.abs(picture.image - (0, 0, 1)).max() < 0.02


def test_profiles_are_converted_in_16_bits():
    data = with_vips(np.full((2, 2, 4), (65535, 0, 0, 300), np.uint16), ".png", "rgb16")
    chunk = io.BytesIO()
    PngImagePlugin.putchunk(chunk, b"iCCP", b"x\0\0" + zlib.compress(swapped_profile()))
    picture = images.open(data[:33] + chunk.getvalue() + data[33:])
    assert picture.depth == 16
    np.testing.assert_allclose(picture.image, np.broadcast_to((0, 0, 1), (2, 2, 3)), atol=2e-3)
    assert (levels(picture.alpha, 65535) == 300).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_profile(kind):
    """Half the light, 128 / 255, is 1.055 * 0.50196 ** (1 / 2.4) - 0.055 = 0.7366 in sRGB."""
    grey = np.full((3, 3), 128, np.uint8)
    image = images.open(encoded(grey, kind, icc_profile=linear_grey_profile())).image
    np.testing.assert_allclose(image, 0.7366, atol=0.004)


def test_grey_with_a_colour_profile():
    profile = images.open(encoded(np.full((3, 3), 99, np.uint8), icc_profile=swapped_profile())).image
    np.testing.assert_allclose(profile, profile[..., :1].repeat(3, -1), atol=0.02)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
@pytest.mark.parametrize("profile", [b"nonsense", linear_grey_profile(), swapped_profile()[:200]])
def test_unusable_profiles_are_ignored(kind, profile):
    image = images.open(encoded(np.full((8, 8, 3), RED, np.uint8), kind, icc_profile=profile)).image
    assert np.abs(image - (1, 0, 0)).max() < 0.01


@pytest.mark.parametrize("shape", [(1, 1), (5, 4000), (4000, 5)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF", "GIF"])
def test_extreme_shapes_survive(shape, kind):
    source = np.full((*shape, 3), 0.5, np.float32)
    image = images.open(written(source, kind)).image
    assert image.shape == (*shape, 3)
    assert np.abs(image - 0.5).max() < 0.01


# 16 bits


def deep(bands, seed=0):
    values = np.random.default_rng(seed).integers(0, 65536, (5, 7, bands), dtype=np.uint16)
    values[0, 0], values[0, 1] = 0, 65535
    return values


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize(("bands", "interpretation"), [(1, "grey16"), (2, "grey16"), (3, "rgb16"), (4, "rgb16")])
def test_sixteen_bits_are_read_exactly(suffix, bands, interpretation):
    source = deep(bands)
    picture = images.open(with_vips(source, suffix, interpretation))
    assert picture.depth == 16
    colours = source[..., :1].repeat(3, -1) if bands < 3 else source[..., :3]
    assert (levels(picture.image, 65535) == colours).all()
    assert (picture.alpha is not None) == (bands in (2, 4))
    assert picture.alpha is None or (levels(picture.alpha, 65535) == source[..., -1]).all()


def test_sixteen_bit_grey_by_pillow():
    source = deep(1)[..., 0]
    for kind in ("PNG", "TIFF"):
        assert (levels(images.open(encoded(source, kind)).image[..., 1], 65535) == source).all()


@pytest.mark.parametrize(("bands", "interpretation"), [(1, "b-w"), (3, "srgb"), (4, "srgb")])
def test_float_tiff(bands, interpretation):
    source = np.random.default_rng(1).random((4, 6, bands)).astype(np.float32)
    source[0, 0] = 2.0
    picture = images.open(with_vips(source, ".tif", interpretation))
    colours = np.minimum(source[..., :1].repeat(3, -1) if bands == 1 else source[..., :3], 1)
    np.testing.assert_allclose(picture.image, colours, atol=1e-6)
    assert picture.depth == 16


def test_alpha_stored_multiplied_into_a_tiff():
    """Half transparent red, stored as half red: ExtraSamples (338) of 1 instead of 2."""
    source = np.full((2, 2, 4), (128, 0, 0, 128), np.uint8)
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    tags = {256: 2, 257: 2, 258: (8,) * 4, 259: 1, 262: 2, 277: 4, 278: 2, 279: 16, 284: 1, 338: 1, 273: 0}
    directory.tagtype[273] = 4
    for tag, value in tags.items():
        directory[tag] = value
    buffer = io.BytesIO()
    directory.save(buffer)
    picture = images.open(buffer.getvalue() + source.tobytes())
    np.testing.assert_allclose(picture.image, np.broadcast_to((1, 0, 0), (2, 2, 3)), atol=1e-6)


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("bands", [3, 4])
def test_sixteen_bits_are_written_exactly(kind, bands):
    source = deep(bands)
    image = source[..., :3] / np.float32(65535)
    alpha = source[..., 3] / np.float32(65535) if bands == 4 else None
    data = written(Picture.of(image, alpha), kind, depth=16)
    assert (pyvips.Image.new_from_buffer(data, "").numpy() == source).all()
    picture = images.open(data)
    assert (picture.image == image).all()
    for again in LOSSLESS:  # the depth of the picture is kept
        assert (images.open(written(picture, again)).image == image).all()
    assert images.open(written(picture, "JPEG")).depth == 8
    assert images.open(written(picture, kind, depth=8)).depth == 8


def test_sixteen_bits_want_a_format_that_holds_them(tmp_path):
    with pytest.raises(ImageError, match="JPEG holds 8 bits per channel; choose PNG or TIFF"):
        images.save(smooth(), tmp_path / "a.jpg", depth=16)
    with pytest.raises(ImageError, match="depth is 12"):
        images.save(smooth(), tmp_path / "a.png", depth=12)


def test_tiff_of_many_strips():
    source = np.random.default_rng(0).random((900, 800, 3)).astype(np.float32)
    data = written(source, "TIFF")
    with Pillow.open(io.BytesIO(data)) as file:
        assert len(file.tag_v2[273]) > 1
        assert (np.asarray(file) == np.floor(source * np.float32(255) + np.float32(0.5))).all()


# What is written


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_lossless_round_trip(kind):
    source = np.random.default_rng(2).integers(0, 256, (9, 11, 4), dtype=np.uint8)
    first = images.open(encoded(source))
    again = images.open(written(first, kind))
    assert (levels(again.image) == source[..., :3]).all()
    assert (levels(again.alpha) == source[..., 3]).all()


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_alpha_survives_lossy_formats(kind):
    alpha = np.linspace(0, 1, 56, dtype=np.float32)[None].repeat(40, 0)
    again = images.open(written(Picture.of(smooth(), alpha), kind))
    assert np.abs(again.alpha - alpha).max() < 0.04


def test_jpeg_lays_alpha_on_white():
    """A quarter of black on white is 0.75."""
    black, quarter = np.zeros((16, 16, 3), np.float32), np.full((16, 16), 0.25, np.float32)
    image = images.open(written(Picture.of(black, quarter), "JPEG"))
    assert image.alpha is None
    np.testing.assert_allclose(image.image, 0.75, atol=0.01)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("depth", [8, 16])
def test_notes_and_profile_are_written(kind, depth):
    source = encoded(pixels([RED, BLUE]), exif=exif_of(1), pnginfo=_itxt(XMP))
    picture = images.open(source)
    data = written(picture, kind, depth=depth if kind in LOSSLESS else None)
    again = images.open(data)
    exif = metadata.read_exif(again.exif)
    assert exif[ExifTags.Base.Make] == "Maker"
    assert exif[ExifTags.Base.Copyright] == "Someone"
    assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] == 0.25
    assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] == 1
    assert exif.get_ifd(ExifTags.IFD.GPSInfo)[1] == "N"
    assert again.xmp == XMP.replace(b'Orientation="6"', b'Orientation="1"')
    if depth == 8:
        with Pillow.open(io.BytesIO(data)) as file:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(file.info["icc_profile"]))
            assert "sRGB" in ImageCms.getProfileDescription(profile)
            assert file.getexif().get(274, 1) == 1
    else:
        assert pyvips.Image.new_from_buffer(data, "").get("icc-profile-data") == metadata.srgb_profile()


def _itxt(xmp):
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt("XML:com.adobe.xmp", xmp.decode())
    return notes


def test_thumbnail_and_old_sizes_are_not_copied():
    """Two directories by hand: the camera's make and the way to the old width; a thumbnail."""
    main = struct.pack("<HHHI4sHHII", 2, 271, 2, 3, b"Me\0\0", 34665, 4, 1, 38) + struct.pack("<I", 56)  # from 8 to 38
    camera = struct.pack("<HHHIII", 1, 40962, 4, 1, 4000, 0)  # to 56
    thumbnail = struct.pack("<HHHIIHHIII", 2, 513, 4, 1, 86, 514, 4, 1, 4, 0) + b"JUNK"
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + main + camera + thumbnail
    picture = images.open(encoded(np.zeros((8, 8, 3), np.uint8), "JPEG", exif=exif))
    kept = metadata.read_exif(picture.exif)
    assert kept[ExifTags.Base.Make] == "Me"
    assert dict(kept.get_ifd(ExifTags.IFD.Exif)) == {}
    assert b"JUNK" not in picture.exif
    assert struct.pack("<I", 4000) not in picture.exif


def test_broken_exif_is_left_out():
    for junk in (b"Exif\0\0junk", b"Exif\0\0"):
        picture = images.open(encoded(pixels([RED]), "PNG", exif=junk))
        assert picture.exif is None
        assert written(picture, "JPEG")


def test_notes_too_long_for_a_jpeg_are_left_out_whole():
    exif = Pillow.Exif()
    exif[ExifTags.Base.ImageDescription] = "x" * 70_000
    picture = images.Picture((Frame(smooth()),), exif=exif.tobytes(), xmp=b"y" * 70_000)
    again = images.open(written(picture, "JPEG"))
    assert (again.exif, again.xmp) == (None, None)
    assert images.open(written(picture, "TIFF")).xmp == picture.xmp


def test_structure_of_a_tiff_is_not_copied():
    data = encoded(
        smooth_bytes(), "TIFF", compression="tiff_lzw", tiffinfo={271: "Maker", 33432: "Someone", 65000: "private"}
    )
    assert set(metadata.read_exif(images.open(data).exif)) == {271, 33432}


def smooth_bytes():
    return (smooth() * 255).astype(np.uint8)


def test_equal_pictures_give_equal_files():
    metadata.srgb_profile.cache_clear()
    first = written(smooth(), "PNG")
    metadata.srgb_profile.cache_clear()
    assert written(smooth(), "PNG") == first


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_quality_changes_the_size(kind):
    sizes = [len(written(smooth(120, 160), kind, quality=quality)) for quality in (10, 100)]
    assert sizes[0] < sizes[1]
    assert len(written(smooth(120, 160), kind)) < sizes[1]


def test_quality_is_ignored_without_loss_and_checked_always():
    assert written(smooth(), "PNG", quality=3) == written(smooth(), "PNG")
    for wrong in (0, 101):
        with pytest.raises(ImageError, match="from 1 to 100"):
            written(smooth(), "JPEG", quality=wrong)


def test_jpeg_keeps_colour_at_full_resolution():
    stripes = np.zeros((16, 16, 3), np.float32)
    stripes[:, ::2, 0], stripes[:, 1::2, 2] = 1, 1
    assert np.abs(images.open(written(stripes, "JPEG")).image - stripes).mean() < 0.05


def test_values_outside_the_range_are_cut_off():
    image = images.open(written(np.array([[[-1, 0.5, 7]]], np.float32), "PNG")).image
    assert levels(image).tolist() == [[[0, 128, 255]]]


def test_names_of_formats(tmp_path):
    names = {"jpg": "JPEG", ".JPEG": "JPEG", "png": "PNG", "TIF": "TIFF", "webp": "WEBP", "avif": "AVIF", ".gif": "GIF"}
    assert {name: images.format_of(name) for name in names} == names
    with pytest.raises(ImageError, match=r"a\.jpgg: 'jpgg' is not .* did you mean jpg\?$"):
        images.save(smooth(), tmp_path / "a.jpgg")
    with pytest.raises(ImageError, match="no extension"):
        images.save(smooth(), tmp_path / "a")
    images.save(smooth(), tmp_path / "b", format="png")
    assert images.open(tmp_path / "b").format == "PNG"


def test_sides_longer_than_a_format_holds():
    with pytest.raises(ImageError, match="WEBP holds at most 16383 pixels on a side, not 16384 x 1"):
        written(np.zeros((1, 16384, 3), np.float32), "WEBP")


# Animations


def clip(alpha=False):
    """Three frames of flat colours, 16 x 12, shown for 100, 50 and 200 ms."""
    frames = []
    for index, duration in enumerate((100, 50, 200)):
        image = np.zeros((12, 16, 3), np.float32)
        image[..., index] = 1
        mask = np.ones((12, 16), np.float32)
        mask[:, : 4 * index] = 0
        frames.append(Frame(image, mask if alpha else None, duration))
    return frames


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
@pytest.mark.parametrize("loop", [0, 1, 3])
def test_animations_keep_frames_durations_and_loops(kind, loop):
    picture = images.open(written(Picture(clip(), loop=loop), kind))
    assert picture.animated
    assert [frame.duration for frame in picture.frames] == [100, 50, 200]
    for frame, wanted in zip(picture.frames, clip(), strict=True):
        assert np.abs(frame.image - wanted.image).max() < 0.05
    assert picture.loop == (0 if kind == "AVIF" else loop)  # AVIF does not say


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animations_keep_alpha(kind):
    picture = images.open(written(Picture(clip(alpha=True)), kind))
    masks = [np.ones((12, 16)) if frame.alpha is None else frame.alpha for frame in picture.frames]
    for mask, wanted in zip(masks, clip(alpha=True), strict=True):
        np.testing.assert_allclose(mask, wanted.alpha, atol=1 / 255)


def test_frames_are_composed():
    """The second frame of this GIF stores only what changed: one pixel."""
    first = Pillow.new("RGB", (8, 8), RED)
    second = first.copy()
    second.putpixel((3, 2), BLUE)
    data = encoded(first, "GIF", save_all=True, append_images=[second], duration=40, loop=0)
    frames = images.open(data).frames
    assert levels(frames[1].image[2, 3]).tolist() == [*BLUE]
    assert (levels(np.delete(frames[1].image.reshape(-1, 3), 2 * 8 + 3, axis=0)) == RED).all()


def test_an_apng_may_begin_with_a_picture_not_shown():
    one, two, hidden = (Pillow.new("RGB", (4, 4), colour) for colour in (RED, BLUE, GREEN))
    data = encoded(hidden, "PNG", save_all=True, append_images=[one, two], default_image=True, duration=100)
    picture = images.open(data)
    assert [levels(frame.image[0, 0]).tolist() for frame in picture.frames] == [[*RED], [*BLUE]]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_formats_without_animation_take_the_first_frame(kind):
    picture = images.open(written(Picture(clip()), kind))
    assert not picture.animated
    assert np.abs(picture.image - (1, 0, 0)).max() < 0.02


def test_frames_are_decoded_when_asked_for_and_painted_once():
    picture = images.open(written(Picture(clip()), "GIF"))
    painted = []

    def paint(image):
        painted.append(image.shape)
        return images.resize(1 - image, (24, 32))

    pastiche = picture.map(paint)
    assert painted == []
    again = images.open(written(pastiche, "GIF"))
    assert painted == [(12, 16, 3)] * 3
    assert [frame.duration for frame in again.frames] == [100, 50, 200]
    assert np.abs(again.image - (0, 1, 1)).max() < 0.02
    assert [frame.duration for frame in picture.frames[1:]] == [50, 200]
    assert picture.frames[-1].duration == 200
    with pytest.raises(IndexError):
        picture.frames[3]


def test_mapping_a_still_picture_keeps_all_but_the_image():
    alpha = np.linspace(0, 1, 40 * 56, dtype=np.float32).reshape(40, 56)
    picture = Picture((Frame(smooth(), alpha),), depth=16, exif=b"e", xmp=b"x", format="PNG")
    same = picture.map(lambda image: 1 - image)
    assert same.alpha is alpha
    assert (same.depth, same.exif, same.xmp, same.format) == (16, b"e", b"x", "PNG")
    assert picture.map(lambda image: images.resize(image, (20, 28))).alpha.shape == (20, 28)


def test_a_damaged_later_frame_names_the_file(tmp_path):
    path = tmp_path / "clip.png"
    noise = [Frame(np.random.default_rng(seed).random((32, 32, 3)).astype(np.float32), None, 100) for seed in range(3)]
    images.save(Picture(noise), path)
    data = bytearray(path.read_bytes())
    last = data.rfind(b"fdAT")
    data[last + 8 : last + 40] = b"\xff" * 32
    path.write_bytes(data)
    picture = images.open(path)
    assert picture.image.shape == (32, 32, 3)
    with pytest.raises(ImageError, match=r"^cannot read .*clip\.png"):
        list(picture.frames)
    with pytest.raises(ImageError, match=r"^cannot write .*b\.gif: cannot read .*clip\.png"):
        images.save(picture, tmp_path / "b.gif")
    assert [file.name for file in tmp_path.iterdir()] == ["clip.png"]


# Sizes


def test_resize_by_hand():
    flat = np.full((10, 20, 3), 0.3, np.float32)
    np.testing.assert_allclose(images.resize(flat, (7, 3)), 0.3, atol=1e-6)
    ramp = np.broadcast_to(np.linspace(0, 1, 100, dtype=np.float32)[:, None, None], (100, 10, 3))
    np.testing.assert_allclose(images.resize(ramp, (50, 5)).mean(), 0.5, atol=1e-3)
    fine = np.full((4, 400, 3), 0.5, np.float32) + np.float32(1 / 4096)  # steps far below 8 bits
    np.testing.assert_allclose(images.resize(fine, (2, 200)), 0.5 + 1 / 4096, atol=1e-6)
    assert images.resize(flat[..., 0], (5, 5)).shape == (5, 5)
    assert images.resize(flat, (10, 20)) is flat
    with pytest.raises(ValueError, match="0 x 5"):
        images.resize(flat, (5, 0))


def test_resize_blends_a_fine_checkerboard_to_grey():
    board = (np.indices((256, 256)).sum(0) % 2).astype(np.float32)[..., None].repeat(3, -1)
    np.testing.assert_allclose(images.resize(board, (32, 32)), 0.5, atol=0.02)


def test_fit():
    image = smooth(30, 60)
    assert images.fit(image, 20).shape == (10, 20, 3)
    assert images.fit_short(image, 20).shape == (20, 40, 3)
    assert images.fit(image, 60) is image
    assert images.fit_short(image, 31) is image
    assert images.fit(np.zeros((4000, 5, 3), np.float32), 100).shape == (100, 1, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_opening_at_a_size(kind):
    """401 x 301 at 100 is 75 high: the size follows from the file, not from what a JPEG decodes to on the way."""
    source = smooth(301, 401)
    data = written(source, kind)
    for size, shape in ((100, (75, 100, 3)), (200, (150, 200, 3)), (401, (301, 401, 3)), (9999, (301, 401, 3))):
        small = images.open(data, size=size).image
        assert small.shape == shape
        assert np.abs(small - images.resize(source, shape[:2])).mean() < 0.01
    with pytest.raises(ValueError, match="at least 1"):
        images.open(data, size=0)


def test_hidden_colours_do_not_bleed_when_shrunk():
    """Opaque red beside fully transparent green: the shrunk edge is red still."""
    image = np.zeros((16, 16, 4), np.uint8)
    image[:, :7], image[:, 7:] = (255, 0, 0, 255), (0, 255, 0, 0)
    picture = images.open(encoded(image), size=4)
    seen = picture.alpha > 0.02
    np.testing.assert_allclose(picture.image[seen], np.broadcast_to((1, 0, 0), picture.image[seen].shape), atol=0.01)
    animated = images.open(written(Picture(clip()), "GIF"), size=8)
    assert [frame.image.shape for frame in animated.frames] == [(6, 8, 3)] * 3


# What is wrong with files


def refused(source, match, **options):
    with pytest.raises(ImageError, match=match) as caught:
        picture = images.open(source, **options)
        list(picture.frames)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_files_that_are_no_pictures(tmp_path):
    text = tmp_path / "a.jpg"
    text.write_text("hello")
    refused(text, r"^cannot read .*a\.jpg: not a picture of a kind read here \(JPEG, PNG")
    (tmp_path / "b.png").touch()
    refused(tmp_path / "b.png", r"b\.png: the file is empty$")
    refused(tmp_path / "c.png", r"c\.png: no such file$")
    refused(tmp_path, "it is a folder$")
    refused(b"", "^cannot read the picture: the file is empty$")
    refused(text / "d.png", r"d\.png: not a directory$")
    refused("a\0b.png", "character 0")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF", "BMP"])
@pytest.mark.parametrize("part", [0.02, 0.5, 0.9])
def test_truncated_files_are_refused(kind, part, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encoded(noise, kind)
    path = tmp_path / "cut.bin"
    path.write_bytes(data[: int(len(data) * part)])
    refused(path, r"cut\.bin")


@pytest.mark.parametrize("kind", LOSSLESS)
def test_truncated_deep_files_are_refused(kind):
    noise = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    data = written(noise, kind, depth=16)
    refused(data[: len(data) // 2], "damaged")


@pytest.mark.filterwarnings("ignore::UserWarning")  # what Pillow says of damaged EXIF, which is then left out
@pytest.mark.parametrize("kind", [*images.FORMATS])
def test_damaged_files_never_raise_anything_else(kind):
    generator = np.random.default_rng(0)
    good = written(Picture(clip(alpha=True), exif=exif_of(), xmp=XMP), kind)
    for _ in range(25):
        bad = bytearray(good)
        for position in generator.integers(0, len(bad), 4):
            bad[position] = generator.integers(256)
        try:
            list(images.open(bytes(bad), max_pixels=10_000).frames)
        except ImageError as error:
            assert "\n" not in str(error)


def bomb(width, height):
    """A PNG of 33 bytes that claims a size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + b"\0\0\0\0IDAT"


def test_the_limit_on_pixels():
    refused(bomb(100_000, 100_000), "100000 x 100000 pixels are more than the limit of 400,000,000 allows")
    refused(
        bomb(20_000, 19_000), "truncated|damaged|broken"
    )  # within it, though beyond Pillow's own: no warning, no error
    for kind in images.FORMATS:
        data = written(np.zeros((20, 20, 3), np.float32), kind)
        assert images.open(data, max_pixels=400).image.shape == (20, 20, 3)
        refused(data, "20 x 20 pixels are more than the limit of 399 allows", max_pixels=399)


def test_unreadable_and_unwritable_places(tmp_path, monkeypatch):
    def forbid(*_):
        raise PermissionError(13, "Permission denied")

    images.save(smooth(), tmp_path / "a.png")
    monkeypatch.setattr(Path, "read_bytes", forbid)  # rather than by mode, which does not stop the superuser
    refused(tmp_path / "a.png", r"^cannot read .*a\.png: permission denied$")
    monkeypatch.setattr(Path, "open", forbid)
    with pytest.raises(ImageError, match=r"^cannot write .*b\.png: permission denied$"):
        images.save(smooth(), tmp_path / "b.png")
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


# Files appear whole or not at all


def test_an_existing_file_is_kept_unless_told(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("mine")
    with pytest.raises(ImageError, match=r"^cannot write .*a\.png: it exists already$"):
        images.save(smooth(), path)
    assert path.read_text() == "mine"
    images.save(smooth(), path, overwrite=True)
    assert images.open(path).image.shape == (40, 56, 3)
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_meanwhile_is_kept(tmp_path, monkeypatch, links):
    path = tmp_path / "a.gif"

    def paint(image):
        path.write_text("mine")
        return image

    if not links:
        monkeypatch.setattr(os, "link", _no_links)
    picture = images.open(written(Picture(clip()), "GIF")).map(paint)
    with pytest.raises(ImageError, match=r"it exists already$"):
        images.save(picture, path)
    assert path.read_text() == "mine"
    assert [*tmp_path.iterdir()] == [path]


def _no_links(*_):
    raise PermissionError(1, "Operation not permitted")


def test_disks_without_hard_links(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", _no_links)
    images.save(smooth(), tmp_path / "a.png")
    assert images.open(tmp_path / "a.png").image.shape == (40, 56, 3)
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_of_many_writers_one_wins(tmp_path):
    path, refusals = tmp_path / "a.png", []

    def write():
        try:
            images.save(smooth(), path)
        except ImageError as error:
            refusals.append(str(error))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refusals) == 7
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_nothing_is_left_when_writing_fails(tmp_path, monkeypatch, stop):
    def fail(*_):
        raise stop

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt if stop is KeyboardInterrupt else ImageError, match=r"no space left|^$"):
        images.save(smooth(), tmp_path / "a.png", overwrite=True)
    assert [*tmp_path.iterdir()] == []


def test_folders_are_made_and_errors_named(tmp_path):
    images.save(smooth(), tmp_path / "x" / "y" / "a.png")
    assert images.open(tmp_path / "x" / "y" / "a.png").format == "PNG"
    (tmp_path / "file").touch()
    with pytest.raises(ImageError, match=r"^cannot write .*a\.png: "):
        images.save(smooth(), tmp_path / "file" / "a.png")
    with pytest.raises(ImageError, match="it is a folder"):
        images.save(smooth(), tmp_path / "x", format="png", overwrite=True)
    with pytest.raises(ImageError, match=r"n\.png: file name too long"):
        images.save(smooth(), tmp_path / ("n" * 300 + "n.png"))


def test_unix_manners(tmp_path):
    before = os.umask(0o027)
    try:
        images.save(smooth(), tmp_path / "a.png")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == 0o640
    with pytest.raises(ImageError, match="not an ordinary file"):
        images.save(smooth(), os.devnull, format="png", overwrite=True)
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    images.save(smooth(8, 8), tmp_path / "link.png", overwrite=True)
    assert (tmp_path / "link.png").is_symlink()
    assert images.open(tmp_path / "a.png").image.shape == (8, 8, 3)


# Streams, folders, manners


def test_streams(tmp_path):
    buffer = io.BytesIO()
    images.save(images.open(encoded(pixels([RED]), "GIF")), buffer)
    assert images.open(buffer.getvalue()).format == "GIF"
    buffer.seek(0)
    assert levels(images.open(buffer).image).tolist() == [[[*RED]]]
    images.save(images.open(encoded(pixels([RED]), "BMP")), plain := io.BytesIO())
    assert images.open(plain.getvalue()).format == "PNG"
    path = tmp_path / "a.png"
    path.write_bytes(b"junk")
    with path.open("rb") as file:
        refused(file, r"a\.png: not a picture")


def test_find(tmp_path):
    names = ["b10.JPG", "b2.jpg", "A1.png", "c.txt", ".hidden.png", "d.webp", "sub/e.tiff", "sub/c.gif"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in images.find(tmp_path)] == ["A1.png", "b2.jpg", "b10.JPG", "d.webp"]
    assert [path.name for path in images.find(tmp_path, recursive=True)][-2:] == ["c.gif", "e.tiff"]
    with pytest.raises(ImageError, match="no such file"):
        images.find(tmp_path / "none")
    with pytest.raises(ImageError, match="not a directory"):
        images.find(tmp_path / "c.txt")


def test_nothing_of_pillow_is_changed_and_pyvips_waits():
    code = (
        "import sys, io; from PIL import Image, ImageFile; before = Image.MAX_IMAGE_PIXELS, dict(Image.OPEN)\n"
        "from brushwork import images\n"
        "import numpy as n; b = io.BytesIO(); images.save(n.zeros((4, 4, 3), 'f'), b, format='png')\n"
        "images.open(b.getvalue())\n"
        "assert Image.MAX_IMAGE_PIXELS == before[0] and not ImageFile.LOAD_TRUNCATED_IMAGES\n"
        "assert not {'pyvips', 'torch', 'openvino'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_changes_the_callers_array():
    image, alpha = smooth(), np.full((40, 56), 0.5, np.float32)
    kept = image.copy()
    for kind in images.FORMATS:
        written(Picture.of(image, alpha), kind)
    images.resize(image, (3, 3))
    assert (image == kept).all()
    assert (alpha == 0.5).all()


def test_a_picture_is_laid_on_white_by_its_alpha() -> None:
    black, clear = np.zeros((1, 2, 3), np.float32), np.array([[1, 0.25]], np.float32)
    assert Picture.of(black, clear).on_white[0, :, 0].tolist() == [0, 0.75]
    assert Picture.of(black).on_white is black
