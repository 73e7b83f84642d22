"""Added grids and frames are detected; photos have none."""

from pathlib import Path

import numpy as np
import pytest

from brushwork import images
from brushwork.evaluation import square
from brushwork.evaluation.artefacts import GRIDS, artefact_score, border_error, spectrum
from brushwork.images import Image

EXAMPLES = Path(__file__).parents[2] / "examples"
PHOTOS = ("cat", "coffee", "rocket")
SIDE = 256


@pytest.fixture(scope="module", params=PHOTOS)
def photo(request: pytest.FixtureRequest) -> Image:
    return square(images.open(EXAMPLES / f"{request.param}.jpg").image, SIDE)


def grid(rows: float, columns: float) -> Image:
    """A wave (256, 256, 1) of that many cycles a pixel, between -1 and 1."""
    down, across = np.mgrid[:SIDE, :SIDE]
    wave: Image = np.cos(2 * np.pi * (rows * down + columns * across)).astype(np.float32)[..., None]
    return wave


def test_white_noise_has_its_variance_at_every_frequency(random: np.random.Generator) -> None:
    power = spectrum(0.2 * random.standard_normal((512, 512), dtype=np.float32))
    assert power.shape == (64, 64)
    assert power[2:63, 2:63].mean() == pytest.approx(0.04, rel=0.03)
    assert power[16, 32] == pytest.approx(0.04, rel=0.4)


def test_a_photo_and_a_plain_colour_have_no_grid(photo: Image, random: np.random.Generator) -> None:
    assert 0.9 < artefact_score(photo) < 1.5
    assert 0.9 < artefact_score(random.random((SIDE, SIDE, 3), dtype=np.float32)) < 1.5
    assert artefact_score(np.full((64, 64, 3), 0.3, np.float32)) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("frequency", GRIDS)
def test_an_added_grid_is_found_at_every_period(photo: Image, frequency: tuple[float, float]) -> None:
    planted = np.clip(photo + 0.02 * grid(*frequency), 0, 1)
    assert artefact_score(planted) > 4


def test_a_checkerboard_in_a_part_of_the_picture_is_found(photo: Image) -> None:
    planted = photo.copy()
    planted[64:192, 64:192] += 0.03 * grid(0.5, 0.5)[64:192, 64:192]
    assert artefact_score(planted) > 4


@pytest.mark.parametrize(("levels", "expected"), [(0.05, 1.01), (0.5, 2), (5, 101)])
def test_half_a_level_of_a_checkerboard_doubles_the_score(levels: float, expected: float) -> None:
    plain = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    assert artefact_score(plain + levels / 255 * grid(0.5, 0.5)) == pytest.approx(expected, rel=0.01)


def test_the_border_score_of_a_content_is_1(photo: Image) -> None:
    assert border_error(photo, photo) == 1
    softer = 0.5 + 0.5 * (photo - 0.5)
    assert border_error(softer, photo) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("shade", [0.0, 0.7])
def test_the_frame_left_by_zero_padding_is_detected(photo: Image, shade: float) -> None:
    planted = photo.copy()
    inside = (slice(4, -4), slice(4, -4))
    planted[:] *= shade
    planted[inside] = photo[inside]
    assert border_error(planted, photo) > 2


def test_a_single_dark_side_counts(photo: Image) -> None:
    planted = photo.copy()
    planted[:, :4] *= 0.3
    assert border_error(planted, photo) > 1.5


def test_small_images_are_refused() -> None:
    small = np.zeros((63, 80, 3), np.float32)
    with pytest.raises(ValueError, match="the image is 80 x 63 pixels; both sides must be at least 64"):
        artefact_score(small)
    with pytest.raises(ValueError, match="the image is 80 x 63 pixels; both sides must be at least 64"):
        border_error(small, small)
