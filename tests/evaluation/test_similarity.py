"""Structural similarity, compared with scikit-image and checked by hand."""

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from brushwork.evaluation.similarity import ssim


@pytest.mark.parametrize("noise", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("shape", [(40, 64, 3), (11, 11, 3), (64, 33, 3)])
def test_ssim_equals_that_of_scikit_image(random: np.random.Generator, shape: tuple[int, ...], noise: float) -> None:
    image = random.random(shape, dtype=np.float32)
    other = np.clip(image + noise * random.standard_normal(shape, dtype=np.float32), 0, 1)
    expected = structural_similarity(
        image.astype(np.float64), other.astype(np.float64),
        data_range=1, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
    )  # fmt: skip
    assert ssim(image, other) == pytest.approx(expected, abs=1e-9)


def test_black_and_white_have_an_ssim_near_0_and_equal_pictures_1(random: np.random.Generator) -> None:
    black = np.zeros((16, 16, 3), np.float32)
    # (0 + C1)(0 + C2) / ((1 + C1)(0 + C2)) = 0.0001 / 1.0001
    assert ssim(black, black + 1) == pytest.approx(1e-4 / 1.0001, rel=1e-6)
    image = random.random((16, 16, 3), dtype=np.float32)
    assert ssim(image, image) == pytest.approx(1)


@pytest.mark.parametrize("shapes", [((10, 40, 3), (10, 40, 3)), ((40, 40, 3), (40, 41, 3))])
def test_pictures_of_different_or_too_small_sizes_are_refused(shapes: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        ssim(*(np.zeros(shape, np.float32) for shape in shapes))
