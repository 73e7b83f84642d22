"""Contents with little contrast: a uniform one becomes a plain colour, and a fade to black becomes dark."""

from pathlib import Path

import numpy as np
import pytest

from brushwork import images, model_folder
from brushwork.model_folder import ModelFolder
from brushwork.rendering.contrast import LEAST_CONTRAST, STRIP, Reference, find_reference, reference_picture
from brushwork.rendering.regions import Region, StyleMap
from brushwork.rendering.settings import RenderSettings
from brushwork.rendering.tiles import HeldStatistics
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer, load
from brushwork.testing import FakeRuntime

EXAMPLES = Path(__file__).parents[2] / "examples"
COLOURS = [(0, 0, 0), (1, 1, 1), (0.5, 0.5, 0.5), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0.1, 0.1, 0.3)]
# A level of 8 bits: deviations below it are not seen.
LEVEL = 1 / 255


@pytest.fixture(scope="module", params=model_folder.names())
def stylizer(request: pytest.FixtureRequest) -> Stylizer:
    return load(request.param, precision="f32")


def uniform(colour: tuple[float, ...], height: int = 90, width: int = 131) -> Array:
    return np.tile(np.asarray(colour, np.float32), (height, width, 1))


def photo(height: int = 96, width: int = 132) -> Array:
    return images.resize(images.open(EXAMPLES / "rocket.jpg").image, (height, width))


def deviation(pastiche: Array) -> float:
    """The largest deviation of a channel over the picture."""
    return float(pastiche.std(axis=(0, 1)).max())


@pytest.mark.numeric
def test_a_uniform_content_becomes_a_plain_colour(stylizer: Stylizer) -> None:
    for name in ("glass.jpg", "ink.jpg"):
        embedding = stylizer.embed(EXAMPLES / name)
        for colour in COLOURS:
            assert deviation(stylizer.stylize(uniform(colour), embedding)) < LEVEL


@pytest.mark.numeric
def test_noise_of_a_uniform_content_is_not_amplified(stylizer: Stylizer, random: np.random.Generator) -> None:
    """Half a level of noise, as rounding leaves it, does not become a mesh."""
    noisy = uniform((0.3, 0.3, 0.3)) + LEVEL * (random.random((90, 131, 3), np.float32) - np.float32(0.5))
    assert deviation(stylizer.stylize(noisy, EXAMPLES / "glass.jpg")) < 4 * LEVEL


def title_card(ground: tuple[float, ...], letters: tuple[float, ...]) -> Array:
    """Two lines of four letters, which fill a twentieth of the card."""
    card = uniform(ground, 176, 200)
    for top in (60, 90):
        for left in range(60, 140, 20):
            card[top : top + 25, left : left + 6] = letters
            card[top : top + 6, left : left + 15] = letters
    return card


@pytest.mark.numeric
@pytest.mark.parametrize(
    ("ground", "letters"), [((0, 0, 0), (1, 1, 1)), ((1, 1, 1), (0, 0, 0)), ((0, 0, 1), (1, 1, 0))]
)
def test_the_ground_of_a_title_card_is_that_of_a_uniform_content(
    stylizer: Stylizer, ground: tuple[float, ...], letters: tuple[float, ...]
) -> None:
    for name in ("glass.jpg", "ink.jpg"):
        embedding = stylizer.embed(EXAMPLES / name)
        pastiche, plain = (stylizer.stylize(of, embedding) for of in (title_card(ground, letters), uniform(ground)))
        corner = pastiche[:12, :12]  # beyond what the letters can change
        assert deviation(corner) < LEVEL
        np.testing.assert_allclose(corner.mean(axis=(0, 1)), plain.mean(axis=(0, 1)), atol=2 * LEVEL)
        assert np.abs(pastiche[61:65, 61:74] - plain[0, 0]).max() > 0.2  # the letters are painted


@pytest.mark.parametrize(
    ("fraction", "weight"), [(0.2, 0), (0.5, 0), (0.6, 1 - 0.6**2), (0.7, 1 - 0.2**2), (0.75, 1), (0.9, 1)]
)
def test_the_weight_rises_with_the_plain_fraction(
    fake_runtime: FakeRuntime, random: np.random.Generator, fraction: float, weight: float
) -> None:
    """The rest has twice the contrast that suffices, so the variance alone would give no weight."""
    content = random.random((200, 300, 3), np.float32)
    content[random.permutation(60_000).reshape(200, 300) < fraction * 60_000] = (0, 0.02, 0.01)
    found = find_reference(fake_runtime, content, style())
    assert (found.weight if found else 0) == pytest.approx(weight, abs=0.03)


def test_hidden_pixels_are_no_plain_ground(fake_runtime: FakeRuntime, random: np.random.Generator) -> None:
    content = np.zeros((64, 64, 4), np.float32)
    content[:16] = random.random((16, 64, 4), np.float32)
    content[:16, :, 3] = 1
    assert find_reference(fake_runtime, content, style()) is None


@pytest.mark.numeric
@pytest.mark.parametrize("name", ["brushwork", "brushwork-mobile"])
def test_a_fade_to_black_becomes_dark_and_uniform(name: str) -> None:
    stylizer = load(name, precision="f32")
    content, embedding = photo(), stylizer.embed(EXAMPLES / "glass.jpg")
    pastiches = [stylizer.stylize(content * np.float32(light), embedding) for light in (1, 0.3, 0.2, 0.1, 0.05, 0)]
    means, deviations = ([float(of(each)) for each in pastiches] for of in (np.mean, deviation))
    for values in (means[1:], deviations[1:]):
        assert (np.diff(values) < LEVEL).all()  # falls, but for less than a level
    assert means[-1] < 0.8 * means[0] and deviations[-1] < LEVEL


@pytest.mark.numeric
def test_tiles_of_a_low_contrast_content_equal_the_whole() -> None:
    stylizer = load("brushwork-mobile", precision="f32")
    content, embedding = photo(150, 203) * np.float32(0.2), stylizer.embed(EXAMPLES / "glass.jpg")
    mask = np.tile(np.linspace(0, 1, 20, dtype=np.float32), (15, 1))
    for regions in ([], [Region(mask, EXAMPLES / "ink.jpg")]):
        whole, exact = (
            stylizer.stylize(content, embedding, regions=regions, tile=mode, tile_size=128)
            for mode in ("never", "exact")
        )
        np.testing.assert_allclose(exact, whole, atol=2 / 255)


@pytest.mark.numeric
def test_torch_renders_the_same(predicted_folder: ModelFolder, random: np.random.Generator) -> None:
    content, embedding = uniform((0.2, 0.5, 0.1)), random.standard_normal((1, 100), dtype=np.float32)
    content[:9] = 0.3
    one = load(predicted_folder.path, precision="f32").stylize(content, embedding)
    pytorch = pytest.importorskip("brushwork.runtime.pytorch")
    other = Stylizer(pytorch.TorchRuntime(model_folder.load_network(predicted_folder))).stylize(content, embedding)
    np.testing.assert_allclose(other, one, atol=1e-3)


def style() -> StyleMap:
    return StyleMap(np.ones((1, 3), np.float32), np.ones(1, np.float32))


@pytest.mark.parametrize("contrast", [0, 0.25, 0.5, 0.9, 1.01, 2])
def test_the_weight_falls_with_the_variance(fake_runtime: FakeRuntime, contrast: float) -> None:
    """Half of the rows lie as much above the mean as the other half below it; the last strip is not a whole one."""
    content = uniform((0.5, 0.4, 0.3), 2 * STRIP + 44, 40)
    half = len(content) // 2
    content[:half] -= np.float32(contrast * LEAST_CONTRAST)
    content[half:] += np.float32(contrast * LEAST_CONTRAST)
    found = find_reference(fake_runtime, content, style())
    if contrast >= 1:
        assert found is None and not fake_runtime.painted
    else:
        assert found is not None
        assert found.weight == pytest.approx(1 - contrast**2, abs=1e-4)
        np.testing.assert_allclose(found.statistics, reference_picture().mean(axis=(0, 1))[None], atol=1e-4)


def test_a_photo_is_rendered_with_its_own_statistics(fake_runtime: FakeRuntime) -> None:
    Stylizer(fake_runtime).stylize(photo(), np.ones((1, 3), np.float32))
    assert fake_runtime.painted == [(1, 104, 140, 3)]  # with the border


def test_the_reference_has_the_brightness_and_contrast_of_a_photo() -> None:
    picture = reference_picture()
    assert picture.min() >= 0 and picture.max() <= 1
    assert picture.mean() == pytest.approx(0.45, abs=0.05)
    assert LEAST_CONTRAST < picture.std(axis=(0, 1)).min() < 0.3


def test_held_statistics_are_part_of_the_mixture() -> None:
    """(1 - w) ((1 - h) own + h reference) + w before, as weights of the own and of all that is given."""
    reference = Reference(0.25, np.full((1, 1), 8, np.float32))
    given, weight = reference.mix(np.full((1, 1), 2, np.float32), 0.5)
    own = 4.0
    assert (1 - weight) * own + weight * given.item() == pytest.approx(0.5 * (0.75 * own + 0.25 * 8) + 0.5 * 2)
    assert reference.mix(None, 0.5) == (reference.statistics, 0.25)


def test_frames_of_a_fade_hold_the_mixed_statistics(fake_runtime: FakeRuntime) -> None:
    content = uniform((0.5, 0.5, 0.5))
    held = HeldStatistics(0.5, np.zeros((1, 3), np.float32))
    stylizer = Stylizer(fake_runtime)
    composed = stylizer.compose(content, np.ones((1, 3), np.float32))
    stylizer.paint(content, composed, np.empty_like(content), RenderSettings(stroke="own", tile="never"), held=held)
    np.testing.assert_allclose(held.after, reference_picture().mean(axis=(0, 1))[None] / 2, atol=1e-4)
