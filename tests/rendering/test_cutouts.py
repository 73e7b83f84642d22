"""Cut-outs: hidden pixels do not change how the rest is rendered."""

import numpy as np
import pytest

from brushwork import images
from brushwork.images import Picture
from brushwork.model_folder import ModelFolder
from brushwork.rendering.contrast import find_reference
from brushwork.rendering.regions import Region, StyleMap
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer, load
from brushwork.testing import FakeRuntime

SIDE = 40  # of what can be seen, in the corner at the top left


@pytest.fixture(scope="module")
def stylizer(predicted_folder: ModelFolder) -> Stylizer:
    return load(predicted_folder.path, precision="f32")


def cut_out(height: int, width: int, hidden: float | Array) -> Picture:
    """A patch of noise on a canvas of hidden colours."""
    image, alpha = np.empty((height, width, 3), np.float32), np.zeros((height, width), np.float32)
    image[:] = hidden
    image[:SIDE, :SIDE] = np.random.default_rng(0).random((SIDE, SIDE, 3), np.float32)
    alpha[:SIDE, :SIDE] = 1
    return Picture.of(image, alpha)


def seen(pastiche: Array) -> Array:
    return pastiche[:SIDE, :SIDE]


STYLE = np.random.default_rng(1).normal(0, 0.3, (1, 100)).astype(np.float32)
MODES = {"never": 256, "fast": 128, "exact": 128}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("stroke", ["own", 2.0])
def test_hidden_colours_do_not_change_the_pastiche(
    stylizer: Stylizer, random: np.random.Generator, mode: str, stroke: float
) -> None:
    noise = random.random((101, 131, 3), np.float32)
    first, second = (
        stylizer.stylize(cut_out(101, 131, hidden), STYLE, stroke=stroke, tile=mode, tile_size=MODES[mode])
        for hidden in (0.0, noise)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("mode", MODES)
def test_the_size_of_the_hidden_area_does_not_change_the_pastiche(stylizer: Stylizer, mode: str) -> None:
    """86 and 97 % of the canvas; a pixel depends on 54 around it, and pixels nearby are filled in the same way."""
    small, large = (
        stylizer.stylize(cut_out(*size, 0.0), STYLE, stroke="own", tile=mode, tile_size=MODES[mode])
        for size in ((104, 104), (204, 260))
    )
    np.testing.assert_allclose(seen(small), seen(large), atol=1e-3)


@pytest.mark.parametrize("regions", [False, True])
def test_tiles_of_a_cut_out_equal_the_whole(stylizer: Stylizer, regions: bool) -> None:
    content = cut_out(141, 205, 0.0)
    mask = np.zeros((141, 205), np.float32)
    mask[:, :20] = 1
    given = [Region(mask, -STYLE)] if regions else []
    whole, exact = (
        stylizer.stylize(content, STYLE, stroke="own", regions=given, tile=mode, tile_size=MODES[mode])
        for mode in ("never", "exact")
    )
    np.testing.assert_allclose(exact, whole, atol=1e-3)


def test_a_fully_transparent_picture_is_rendered_like_an_opaque_one(
    stylizer: Stylizer, random: np.random.Generator
) -> None:
    image = random.random((140, 140, 3), np.float32)
    for mode, side in MODES.items():
        hidden, opaque = (
            stylizer.stylize(Picture.of(image, alpha), STYLE, stroke="own", tile=mode, tile_size=side)
            for alpha in (np.zeros((140, 140), np.float32), None)
        )
        np.testing.assert_array_equal(hidden, opaque)


def test_contrast_is_measured_over_visible_pixels_only() -> None:
    """Noise on 3 % of a canvas filled with its mean has contrast; a visible uniform area has none."""
    styles = StyleMap(np.zeros((1, 3), np.float32), np.ones(1, np.float32))
    noise, plain = cut_out(204, 260, 0.0), Picture.of(np.zeros((204, 260, 3), np.float32), cut_out(204, 260, 0).alpha)
    assert find_reference(FakeRuntime(), noise.filled().frames[0].pixels, styles) is None
    reference = find_reference(FakeRuntime(), plain.filled().frames[0].pixels, styles)
    assert reference is not None and reference.weight == 1


def test_visibility_is_passed_on_only_if_some_pixels_are_hidden() -> None:
    pixels = np.zeros((1, 3, 4), np.float32)
    assert images.visible(pixels) is None and images.visible(pixels[..., :3]) is None
    pixels[0, :, 3] = 0, 1 / 255, 0.4 / 255
    found = images.visible(pixels)
    assert found is not None and found.tolist() == [[0, 1, 0]]
    pixels[..., 3] = 0.5
    assert images.visible(pixels) is None
