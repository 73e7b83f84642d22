"""Resizing, and opening at a smaller size."""

from collections.abc import Iterable

import numpy as np
import pytest

from brushwork import images
from brushwork.images import Image, Picture, assembly
from tests.images.samples import present, smooth, written


def test_resize_by_hand() -> None:
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


def test_resize_blends_a_fine_checkerboard_to_grey() -> None:
    board = (np.indices((256, 256)).sum(0) % 2).astype(np.float32)[..., None].repeat(3, -1)
    np.testing.assert_allclose(images.resize(board, (32, 32)), 0.5, atol=0.02)


def test_fit_limits_the_long_side() -> None:
    image = smooth(30, 60)
    assert images.fit(image, 20).shape == (10, 20, 3)
    assert images.fit_short(image, 20).shape == (20, 40, 3)
    assert images.fit(image, 60) is image
    assert images.fit_short(image, 31) is image
    assert images.fit(np.zeros((4000, 5, 3), np.float32), 100).shape == (100, 1, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_opening_at_a_size_limits_the_long_side(kind: str) -> None:
    """401 x 301 at 100 is 75 high: the size follows from the file, not from what a JPEG decodes to on the way."""
    source = smooth(301, 401)
    data = written(source, kind)
    for size, shape in ((100, (75, 100, 3)), (200, (150, 200, 3)), (401, (301, 401, 3)), (9999, (301, 401, 3))):
        small = images.open(data, size=size).image
        assert small.shape == shape
        assert np.abs(small - images.resize(source, shape[:2])).mean() < 0.01
    with pytest.raises(ValueError, match="at least 1"):
        images.open(data, size=0)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_jpeg_is_reduced_while_it_is_decoded(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No array of the whole picture is made: it is decoded and reduced in strips."""
    source = smooth(1001, 803)
    data = written(source, kind)
    joined = []
    real = assembly._joined

    def note(parts: Iterable[Image], shape: tuple[int, int]) -> Image:
        joined.append(shape)
        return real(parts, shape)

    monkeypatch.setattr(assembly, "_joined", note)
    small = images.open(data, size=100).image
    assert small.shape == (100, 80, 3)
    assert np.abs(small - images.resize(source, (100, 80))).mean() < 0.01
    assert [max(shape) <= 251 for shape in joined] == [True]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparent_pictures_are_reduced_without_their_hidden_colours(kind: str) -> None:
    image = np.zeros((400, 400, 4), np.float32)
    image[:, :205], image[:, 205:] = (1, 0, 0, 1), (0, 1, 0, 0)
    picture = images.open(written(Picture.of(image[..., :3], image[..., 3]), kind, quality=100), size=20)
    seen = present(picture.alpha) > 0.05
    assert seen.any() and not seen.all()
    np.testing.assert_allclose(picture.image[seen], np.broadcast_to((1, 0, 0), picture.image[seen].shape), atol=0.03)
