"""One suite for every written format: what `FORMATS` promises holds after a round trip."""

import numpy as np
import pytest
from PIL import ExifTags, Image

from brushwork import images
from brushwork.images import ImageError, Picture
from brushwork.images.formats import FORMATS
from brushwork.images.levels import quantise
from tests.images.samples import clip, encoded, exif_of, smooth, written

ALL = sorted(FORMATS)
DEEP = [kind for kind in ALL if FORMATS[kind].deep]
CLOSE = {"JPEG": 0.02, "WEBP": 0.02, "AVIF": 0.02, "GIF": 0.06, "PNG": 0.002, "TIFF": 0.002}  # mean difference


def round_trip(picture: Picture, kind: str, **options: int) -> Picture:
    return images.open(written(picture, kind, **options))


@pytest.mark.parametrize("kind", ALL)
def test_pixels_and_size_survive_a_round_trip(kind: str) -> None:
    source = smooth()
    again = round_trip(Picture.of(source), kind)
    assert (again.format, again.depth, again.image.shape) == (kind, 8, source.shape)
    assert again.image.dtype == np.float32
    assert again.image.min() >= 0 and again.image.max() <= 1
    assert np.abs(again.image - source).mean() < CLOSE[kind]


@pytest.mark.parametrize("kind", ALL)
def test_a_lossless_round_trip_changes_nothing(kind: str) -> None:
    once = round_trip(Picture.of(smooth()), kind)
    twice = round_trip(once, kind)
    assert np.abs(twice.image - once.image).mean() < (CLOSE[kind] if FORMATS[kind].quality else 0.001)


@pytest.mark.parametrize("kind", ALL)
def test_alpha_survives_or_is_blended_with_white(kind: str) -> None:
    alpha = np.ones((40, 56), np.float32)
    alpha[:, :28] = 0
    again = round_trip(Picture.of(np.zeros((40, 56, 3), np.float32), alpha), kind)
    assert (again.alpha is not None) == FORMATS[kind].alpha
    if again.alpha is None:
        assert again.image[:, :20].min() > 0.95 and again.image[:, 36:].max() < 0.05
    else:
        assert again.alpha[:, :20].max() < 0.05 and again.alpha[:, 36:].min() > 0.95
        assert again.image[:, 36:].max() < 0.05


@pytest.mark.parametrize("kind", ALL)
def test_sixteen_bits_are_kept_exactly_or_refused(kind: str) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (9, 7, 3), dtype=np.uint16)
    picture = Picture.of((values / 65535).astype(np.float32))
    if kind not in DEEP:
        with pytest.raises(ImageError, match=f"{kind} holds 8 bits per channel; choose PNG or TIFF"):
            written(picture, kind, depth=16)
        return
    again = round_trip(picture, kind, depth=16)
    assert again.depth == 16
    assert (np.rint(again.image * 65535) == values).all()


@pytest.mark.parametrize("kind", sorted(set(ALL) - {"GIF"}))
def test_metadata_survives_and_the_picture_stays_upright(kind: str) -> None:
    """Stored as 16 x 24, with an orientation of a quarter turn."""
    photo = images.open(encoded(quantise(smooth(16, 24)), "PNG", exif=exif_of(6)))
    again = round_trip(photo, kind)
    assert photo.image.shape == again.image.shape == (24, 16, 3)
    exif = Image.Exif()
    exif.load(again.metadata.exif or b"")
    assert exif[ExifTags.Base.Make] == "Maker" and exif[ExifTags.Base.Copyright] == "Someone"
    assert exif.get(ExifTags.Base.Orientation, 1) == 1


@pytest.mark.parametrize("kind", ALL)
def test_frames_survive_or_the_first_is_used(kind: str) -> None:
    again = round_trip(Picture(clip()), kind)
    expected = [100, 50, 200] if FORMATS[kind].animated else [0]
    assert len(again.frames) == len(expected)
    if FORMATS[kind].animated:
        assert [frame.duration for frame in again.frames] == expected
    for frame, wanted in zip(again.frames, clip(), strict=False):
        assert np.abs(frame.image - wanted.image).max() < 0.06


@pytest.mark.parametrize("kind", ALL)
def test_a_file_of_a_format_has_its_extensions(kind: str) -> None:
    assert {images.format_of(extension) for extension in FORMATS[kind].extensions} == {kind}
