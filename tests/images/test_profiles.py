"""Colour profiles and CMYK, converted to sRGB."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
import pyvips
from PIL import Image as Pillow
from PIL import PngImagePlugin

from brushwork import images
from brushwork.images import colorimetry
from brushwork.images.profiles import srgb_profile
from tests.images.samples import RED, encoded, levels, linear_grey_profile, smooth_bytes, swapped_profile, with_vips


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_without_a_profile_is_plain_ink(kind: str) -> None:
    """Full magenta and yellow are red; JPEG stores ink the Adobe way, inverted."""
    ink = Pillow.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert np.abs(images.open(encoded(ink, kind)).image - (1, 0, 0)).max() < 0.02
    dark = Pillow.new("CMYK", (16, 16), (0, 0, 0, 204))
    assert np.abs(images.open(encoded(dark, kind)).image - 0.2).max() < 0.02


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_cmyk_is_converted_by_its_profile(suffix: str) -> None:
    colour = np.full((16, 16, 3), (190, 80, 70), np.uint8)
    image = pyvips.Image.new_from_memory(colour.tobytes(), 16, 16, 3, "uchar").copy(interpretation="srgb")
    data = image.icc_transform(
        "cmyk", input_profile="srgb", intent="relative", black_point_compensation=True
    ).write_to_buffer(suffix)
    assert np.abs(images.open(data).image * 255 - (190, 80, 70)).max() < 8


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_profiles_are_converted(kind: str) -> None:
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    red = np.full((16, 16, 3), RED, np.uint8)
    picture = images.open(encoded(red, kind, icc_profile=swapped_profile(), **options))
    assert np.abs(picture.image - (0, 0, 1)).max() < 0.02


def test_profiles_are_converted_in_16_bits() -> None:
    data = with_vips(np.full((2, 2, 4), (65535, 0, 0, 300), np.uint16), ".png", "rgb16")
    chunk = io.BytesIO()
    PngImagePlugin.putchunk(chunk, b"iCCP", b"x\0\0" + zlib.compress(swapped_profile()))
    picture = images.open(data[:33] + chunk.getvalue() + data[33:])
    assert picture.depth == 16
    np.testing.assert_allclose(picture.image, np.broadcast_to((0, 0, 1), (2, 2, 3)), atol=2e-3)
    assert (levels(picture.alpha, 65535) == 300).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_grey_profile_is_converted(kind: str) -> None:
    """Half the light, 128 / 255, is 1.055 * 0.50196 ** (1 / 2.4) - 0.055 = 0.7366 in sRGB."""
    grey = np.full((3, 3), 128, np.uint8)
    image = images.open(encoded(grey, kind, icc_profile=linear_grey_profile())).image
    np.testing.assert_allclose(image, 0.7366, atol=0.004)


def test_a_grey_picture_with_a_colour_profile_stays_grey() -> None:
    profile = images.open(encoded(np.full((3, 3), 99, np.uint8), icc_profile=swapped_profile())).image
    np.testing.assert_allclose(profile, profile[..., :1].repeat(3, -1), atol=0.02)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
@pytest.mark.parametrize("profile", [b"nonsense", linear_grey_profile(), swapped_profile()[:200]])
def test_unusable_profiles_are_ignored(kind: str, profile: bytes) -> None:
    image = images.open(encoded(np.full((8, 8, 3), RED, np.uint8), kind, icc_profile=profile)).image
    assert np.abs(image - (1, 0, 0)).max() < 0.01


def profile_with_codes(primaries: int, transfer: int) -> bytes:
    """A profile that states a colour space by codes, too, in place of its copyright."""
    profile = bytearray(srgb_profile())
    place = profile.index(b"cprt", 128)
    profile[place : place + 12] = struct.pack(">4sII", b"cicp", len(profile), 12)
    profile += b"cicp\0\0\0\0" + bytes([primaries, transfer, 0, 1])
    profile[:4] = struct.pack(">I", len(profile))
    return bytes(profile)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "AVIF"])
def test_a_high_dynamic_range_that_a_profile_states_by_codes_is_tone_mapped(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100} if kind in ("JPEG", "AVIF") else {}
    photo = encoded(smooth_bytes(), kind, icc_profile=profile_with_codes(9, 16), **options)
    found = images.open(photo)
    plain = encoded(smooth_bytes(), kind, icc_profile=profile_with_codes(1, 13), **options)
    by_numbers = colorimetry.by_codes(9, 16)
    assert by_numbers is not None and found.notices == ("its high dynamic range is tone-mapped",)
    wanted = by_numbers.to_srgb(images.open(plain).image)
    np.testing.assert_allclose(found.image, wanted, atol=1e-5)
