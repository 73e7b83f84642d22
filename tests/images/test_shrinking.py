"""Pictures reduced on their way to a canvas equal those reduced in memory."""

from pathlib import Path

import numpy as np
import pytest

from brushwork import images
from tests.images.samples import encoded, exif_of
from tests.images.test_conversion import FILES


@pytest.mark.parametrize("size", [7, 11, 21, 30, 43, 500])
@pytest.mark.parametrize("name", ["png", "jpeg", "jpeg-orientation", "webp", "webp-alpha", "png-alpha", "tiff-cmyk-16"])
def test_a_picture_is_reduced_in_strips_as_in_memory(
    name: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sizes from a sixth of the picture to all of it; strips of few rows, so that there are many."""
    monkeypatch.setattr("brushwork.images.vips._STRIP", 1000)
    monkeypatch.setattr("brushwork.images.shrinking._ROWS", 3)
    (path := tmp_path / "photo").write_bytes(FILES[name])
    whole = images.open(path, size=size)
    with images.open_large(path, size=size) as large:
        pixels = large.pixels[0 : large.pixels.shape[0]]
    assert pixels.shape[:2] == whole.image.shape[:2]
    alpha = 1 if whole.alpha is None else whole.alpha[..., None]  # what is hidden may be filled from other rows
    np.testing.assert_allclose(pixels[..., :3] * alpha, whole.image * alpha, atol=0.51 / 255)
    if whole.alpha is not None:
        np.testing.assert_allclose(pixels[..., 3], whole.alpha, atol=0.51 / 255)


def test_a_reduced_ramp_is_a_ramp(tmp_path: Path) -> None:
    """By hand: pixel x of half as many stands for those of 2 x and 2 x + 1."""
    ramp = np.tile(np.arange(200, dtype=np.uint8)[None, :, None], (40, 1, 3))
    (path := tmp_path / "ramp.png").write_bytes(encoded(ramp))
    with images.open_large(path, size=100) as large:
        row = large.pixels[10:11][0, 5:95, 0] * 255
    np.testing.assert_allclose(row, 2 * np.arange(5, 95) + 0.5, atol=0.6)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_format_decoded_at_once_is_rotated_upright(orientation: int, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (3, 4, 3), np.uint8).repeat(16, axis=0).repeat(16, axis=1)
    (path := tmp_path / "photo.avif").write_bytes(encoded(small, "AVIF", quality=95, exif=exif_of(orientation)))
    whole = images.open(path).image
    with images.open_large(path) as large:
        np.testing.assert_allclose(large.pixels[0 : large.pixels.shape[0]], whole, atol=1e-6)
    assert whole.shape[:2] == ((48, 64) if orientation < 5 else (64, 48))
