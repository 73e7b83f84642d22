"""Styles under masks, checked by hand and against the picture in one style."""

from pathlib import Path

import numpy as np
import pytest

from brushwork import images
from brushwork.errors import UserError
from brushwork.rendering import masks
from brushwork.rendering.regions import Region, mix_masks
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer, load
from brushwork.testing import FakeRuntime

pytestmark = pytest.mark.numeric

EXAMPLES = Path(__file__).parents[2] / "examples"
RED, BLUE = np.asarray([[1, 0, 0]], np.float32), np.asarray([[0, 0, 1]], np.float32)
GREY = np.full((32, 40, 3), 0.5, np.float32)


@pytest.fixture(scope="module")
def stylizer() -> Stylizer:
    return load("magenta-mobile", precision="f32")


@pytest.fixture(scope="module")
def styles(stylizer: Stylizer) -> list[Array]:
    return [stylizer.embed(images.open(EXAMPLES / name).image) for name in ("glass.jpg", "ink.jpg")]


@pytest.fixture(scope="module")
def content() -> Array:
    return images.resize(images.open(EXAMPLES / "cat.jpg").image, (101, 150))


def left(height: int = 32, width: int = 40) -> Array:
    mask = np.zeros((height, width), np.float32)
    mask[:, : width // 2] = 1
    return mask


def test_weights_sum_to_1_and_overlaps_are_normalised() -> None:
    one, two = np.asarray([[1, 1, 0.5, 0]], np.float32), np.asarray([[0, 1, 0.25, 0]], np.float32)
    expected = [[[1, 0, 0], [0.5, 0.5, 0], [0.5, 0.25, 0.25], [0, 0, 1]]]
    assert mix_masks([one, two]).tolist() == expected


def test_a_region_lies_over_a_style_or_over_the_photo(fake_runtime: FakeRuntime) -> None:
    """The fake model paints the colour of the embedding."""
    stylizer = Stylizer(fake_runtime)
    both = stylizer.stylize(GREY, RED, regions=[Region(left(), BLUE)])
    assert (both[:, :20] == BLUE).all() and (both[:, 20:] == RED).all()
    alone = stylizer.stylize(GREY, None, regions=[Region(left(), BLUE)])
    assert (alone[:, :20] == BLUE).all() and (alone[:, 20:] == GREY[:, 20:]).all()


def test_the_strength_of_a_region_by_hand(fake_runtime: FakeRuntime) -> None:
    """Content grey, style blue, strength 0.5: embedding (.25, .25, .75), of which 0.75 is seen over 0.5."""
    half = Stylizer(fake_runtime).stylize(GREY, None, regions=[Region(left(), BLUE, 0.5)])
    np.testing.assert_allclose(half[0, 0], [0.3125, 0.3125, 0.6875], atol=1e-6)
    np.testing.assert_array_equal(half[:, 20:], GREY[:, 20:])


def test_protected_pixels_stay_bit_for_bit(fake_runtime: FakeRuntime, random: np.random.Generator) -> None:
    content = random.random((32, 40, 3), dtype=np.float32)
    pastiche = Stylizer(fake_runtime).stylize(content, RED, protect=left())
    assert (pastiche[:, :20] == content[:, :20]).all() and (pastiche[:, 20:] == RED).all()


def test_soft_edges_stay_soft(fake_runtime: FakeRuntime) -> None:
    soft = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (32, 1))
    pastiche = Stylizer(fake_runtime).stylize(GREY, RED, regions=[Region(soft, BLUE)])
    np.testing.assert_allclose(pastiche[5, :, 2], soft[0], atol=1e-6)
    np.testing.assert_allclose(pastiche[5, :, 0], 1 - soft[0], atol=1e-6)


def test_a_mask_of_ones_equals_no_mask(stylizer: Stylizer, styles: list[Array], content: Array) -> None:
    masked = stylizer.stylize(content, styles[1], regions=[Region(np.ones((7, 5), np.float32), styles[0])])
    np.testing.assert_allclose(masked, stylizer.stylize(content, styles[0]), atol=1e-4)


def test_two_masks_of_one_half_equal_the_mean_embedding(
    stylizer: Stylizer, styles: list[Array], content: Array
) -> None:
    """Beta and gamma are affine in the embedding, so the mean of two is that of their mean, in every layer."""
    half = np.full(content.shape[:2], 0.5, np.float32)
    masked = stylizer.stylize(content, None, regions=[Region(half, style) for style in styles])
    np.testing.assert_allclose(masked, stylizer.stylize(content, stylizer.blend(styles)), atol=1e-4)


def test_regions_share_the_statistics_of_the_whole_picture(
    stylizer: Stylizer, styles: list[Array], content: Array
) -> None:
    """One pass: far from the edge a region is styled, and the statistics are those of the whole picture."""
    mask = left(*content.shape[:2])
    both = stylizer.stylize(content, styles[1], regions=[Region(mask, styles[0])])
    first, second = (stylizer.stylize(content, style) for style in styles)
    pasted = np.where(mask[..., None] == 1, first, second)
    assert 0.01 < np.abs(both - pasted).mean() < np.abs(first - second).mean()


def test_unusable_masks_are_one_line_errors(fake_runtime: FakeRuntime) -> None:
    stylizer = Stylizer(fake_runtime)
    with pytest.raises(UserError, match="mask 1 is empty: black everywhere"):
        stylizer.stylize(GREY, RED, regions=[Region(np.zeros((4, 4), np.float32), BLUE)])
    with pytest.raises(UserError, match=r"mask 1 is an array of shape \(4, 4, 3\)"):
        stylizer.stylize(GREY, RED, regions=[Region(np.ones((4, 4, 3), np.float32), BLUE)])


def test_masks_are_read_from_files(tmp_path: Path) -> None:
    size = (32, 40)
    images.save(np.repeat(left()[..., None], 3, axis=2), tmp_path / "photo.png")
    plane, notice = masks.read(str(tmp_path / "photo.png"), None, None, size)
    assert notice is None and (plane == left()).all()
    from_folder, notice = masks.read(str(tmp_path), Path("elsewhere/photo.jpg"), None, (64, 80))
    assert (from_folder == left()).all()
    assert notice == f"{tmp_path / 'photo.png'} is 40 x 32; scaled to 80 x 64"
    assert (masks.read("alpha", None, left(), size)[0] == left()).all()
    with pytest.raises(UserError, match=r"has no mask named cat, such as cat\.png"):
        masks.read(str(tmp_path), Path("cat.jpg"), None, size)
    with pytest.raises(UserError, match="the mask is alpha, but this picture has no alpha"):
        masks.read("alpha", None, None, size)
    with pytest.raises(UserError, match="alpha is empty"):
        masks.read("alpha", None, np.zeros(size, np.float32), size)
