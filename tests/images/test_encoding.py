"""Encoding: levels, quality, names of formats and limits."""

from pathlib import Path

import numpy as np
import pytest

from brushwork import images
from brushwork.errors import UserError
from brushwork.images import ImageError, Picture, profiles
from tests.images.samples import clip, encoded, levels, smooth, written


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_lossless_formats_return_the_written_pixels(kind: str) -> None:
    source = np.random.default_rng(2).integers(0, 256, (9, 11, 4), dtype=np.uint8)
    first = images.open(encoded(source))
    again = images.open(written(first, kind))
    assert (levels(again.image) == source[..., :3]).all()
    assert (levels(again.alpha) == source[..., 3]).all()


def test_equal_pictures_give_equal_files() -> None:
    profiles.srgb_profile.cache_clear()
    first = written(smooth(), "PNG")
    profiles.srgb_profile.cache_clear()
    assert written(smooth(), "PNG") == first


def test_an_animated_avif_does_not_say_when_it_was_written() -> None:
    data = written(Picture(clip()), "AVIF")
    for kind in (b"mvhd", b"tkhd", b"mdhd"):
        place = data.index(kind) + 4
        assert data[place + 4 : place + 4 + (16 if data[place] else 8)].strip(b"\0") == b""
    assert [frame.duration for frame in images.open(data).frames] == [100, 50, 200]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_quality_changes_the_size(kind: str) -> None:
    sizes = [len(written(smooth(120, 160), kind, quality=quality)) for quality in (10, 100)]
    assert sizes[0] < sizes[1]
    assert len(written(smooth(120, 160), kind)) < sizes[1]


def test_quality_is_ignored_without_loss_and_checked_always() -> None:
    assert written(smooth(), "PNG", quality=3) == written(smooth(), "PNG")
    for wrong in (0, 101):
        with pytest.raises(ImageError, match="from 1 to 100"):
            written(smooth(), "JPEG", quality=wrong)


def test_jpeg_keeps_colour_at_full_resolution() -> None:
    stripes = np.zeros((16, 16, 3), np.float32)
    stripes[:, ::2, 0], stripes[:, 1::2, 2] = 1, 1
    assert np.abs(images.open(written(stripes, "JPEG")).image - stripes).mean() < 0.05


def test_values_slightly_out_of_range_are_clipped_and_others_refused() -> None:
    image = images.open(written(np.array([[[-0.0005, 0.5, 1.0005]]], np.float32), "PNG")).image
    assert levels(image).tolist() == [[[0, 128, 255]]]
    with pytest.raises(UserError, match="the image has values from -1 to 7; floats must be in"):
        written(np.array([[[-1, 0.5, 7]]], np.float32), "PNG")


def test_formats_are_known_by_name_and_extension(tmp_path: Path) -> None:
    names = {"jpg": "JPEG", ".JPEG": "JPEG", "png": "PNG", "TIF": "TIFF", "webp": "WEBP", "avif": "AVIF", ".gif": "GIF"}
    assert {name: images.format_of(name) for name in names} == names
    with pytest.raises(ImageError, match=r"a\.jpgg: unknown output format 'jpgg'; did you mean 'jpg'\? known: jpg, "):
        images.save(smooth(), tmp_path / "a.jpgg")
    with pytest.raises(ImageError, match="no extension"):
        images.save(smooth(), tmp_path / "a")
    images.save(smooth(), tmp_path / "b", format="png")
    assert images.open(tmp_path / "b").format == "PNG"


def test_sides_too_long_for_a_format_are_refused() -> None:
    with pytest.raises(ImageError, match="WEBP holds at most 16383 pixels on a side, not 16384 x 1"):
        written(np.zeros((1, 16384, 3), np.float32), "WEBP")


def test_nothing_changes_the_callers_array() -> None:
    image, alpha = smooth(), np.full((40, 56), 0.5, np.float32)
    kept = image.copy()
    for kind in images.FORMATS:
        written(Picture.of(image, alpha), kind)
    images.resize(image, (3, 3))
    assert (image == kept).all()
    assert (alpha == 0.5).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "GIF", "JPEG", "WEBP"])
def test_the_order_of_an_array_in_memory_does_not_matter(kind: str) -> None:
    columns_first = np.asfortranarray(smooth())
    for depth in (8, 16) if images.FORMATS[kind].deep else (8,):
        assert written(columns_first, kind, depth=depth) == written(smooth(), kind, depth=depth)
