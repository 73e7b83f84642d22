"""Tiles compared with the same picture rendered in a single pass."""

from pathlib import Path

import numpy as np
import pytest

from brushwork import images
from brushwork.model_folder import ModelFolder
from brushwork.rendering import exact_statistics, strokes, tiles
from brushwork.rendering.regions import Region
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer, load
from brushwork.testing import FakeRuntime

pytestmark = pytest.mark.numeric

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def stylizer() -> Stylizer:
    return load("magenta-mobile", precision="f32")


@pytest.fixture(scope="module")
def styles(stylizer: Stylizer) -> list[Array]:
    return [stylizer.embed(images.open(EXAMPLES / name).image) for name in ("glass.jpg", "ink.jpg")]


def photo(height: int, width: int) -> Array:
    return images.resize(images.open(EXAMPLES / "rocket.jpg").image, (height, width))


def psnr(one: Array, other: Array) -> float:
    return float(-10 * np.log10(np.square(one - other).mean()))


def jump(pastiche: Array, tile: int) -> float:
    """The ratio of steps between pixels at the borders of tiles to those beside them; 1 means no seam."""
    ratios = []
    for image in (pastiche, pastiche.swapaxes(0, 1)):
        steps = np.abs(np.diff(image, axis=0)).mean(axis=(1, 2))
        for border in range(tile, len(image) - 8, tile):
            around = np.concatenate((steps[border - 9 : border - 2], steps[border + 1 : border + 8]))
            ratios.append(steps[border - 1] / np.median(around))
    return float(np.max(ratios))


@pytest.mark.slow
def test_at_2048_exact_tiles_equal_the_whole_and_fast_ones_come_close(stylizer: Stylizer, styles: list[Array]) -> None:
    content = photo(2048, 2048)
    whole = stylizer.stylize(content, styles[0], tile="never")
    exact = stylizer.stylize(content, styles[0], tile="exact", tile_size=512)
    assert np.abs(exact - whole).max() <= 2 / 255
    assert psnr(stylizer.stylize(content, styles[0], tile="fast"), whole) >= 30


@pytest.mark.parametrize("mode", ["fast", "exact"])
def test_steps_at_the_borders_of_tiles_equal_those_beside_them(
    stylizer: Stylizer, styles: list[Array], mode: str
) -> None:
    content = photo(500, 702)
    own = jump(stylizer.stylize(content, styles[0]), 128)
    assert jump(stylizer.stylize(content, styles[0], tile=mode, tile_size=128), 128) <= 1.1 * own


@pytest.mark.parametrize("broken", ["no overlap", "statistics of each tile"])
def test_a_tiling_without_halo_or_with_its_own_statistics_is_detected(
    stylizer: Stylizer, styles: list[Array], monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    content = photo(500, 702)
    own = jump(stylizer.stylize(content, styles[0]), 128)
    if broken == "no overlap":
        monkeypatch.setattr(tiles, "HALO", 0)
        tiled = stylizer.stylize(content, styles[0], tile="fast", tile_size=128)
    else:
        tiled = np.empty_like(content)
        for top in range(0, 500, 128):
            for left in range(0, 702, 128):
                part = slice(top, top + 128), slice(left, left + 128)
                tiled[part] = stylizer.stylize(content[part], styles[0])
    assert jump(tiled, 128) > 1.3 * own


def test_exact_statistics_equal_those_of_the_whole(stylizer: Stylizer, styles: list[Array]) -> None:
    """With sides that are not multiples of 4, and narrow last tiles."""
    content = photo(203, 269)
    style = stylizer.compose(content, styles[0])
    _, expected = stylizer.runtime.transfer_with_statistics(content[None], styles[0])
    told: list[float] = []
    measured = exact_statistics.exact_statistics(stylizer.runtime, content, style, 128, told.append)
    np.testing.assert_allclose(measured, expected, rtol=1e-4, atol=1e-5)
    assert told == sorted(told) and told[-1] == 1


def test_exact_statistics_work_with_instance_norms_in_the_encoder(
    predicted_folder: ModelFolder, random: np.random.Generator
) -> None:
    own = load(predicted_folder.path, precision="f32")
    content, embedding = photo(150, 203), random.standard_normal((1, 100), dtype=np.float32)
    whole = own.stylize(content, embedding)
    np.testing.assert_allclose(own.stylize(content, embedding, tile="exact", tile_size=128), whole, atol=1e-3)


def test_regions_work_in_tiles(stylizer: Stylizer, styles: list[Array]) -> None:
    content, mask = photo(203, 269), np.tile(np.linspace(0, 1, 20, dtype=np.float32), (15, 1))
    whole, exact = (
        stylizer.stylize(content, styles[0], regions=[Region(mask, styles[1])], tile=mode, tile_size=128)
        for mode in ("never", "exact")
    )
    np.testing.assert_allclose(exact, whole, atol=2 / 255)


def test_a_small_picture_is_measured_completely(fake_runtime: FakeRuntime, random: np.random.Generator) -> None:
    content = random.random((200, 300, 3), dtype=np.float32)
    style = Stylizer(fake_runtime).compose(content, np.ones((1, 3), np.float32))
    np.testing.assert_allclose(tiles.measure(fake_runtime, content, style), content.mean(axis=(0, 1))[None], rtol=1e-5)


def test_patches_cover_the_whole_picture(fake_runtime: FakeRuntime) -> None:
    """A picture whose left half is black and right half white has a mean of one half, as its patches have."""
    content = np.zeros((3000, 4000, 3), np.float32)
    content[:, 2000:] = 1
    style = Stylizer(fake_runtime).compose(content, np.ones((1, 3), np.float32))
    np.testing.assert_allclose(tiles.measure(fake_runtime, content, style), [[0.5] * 3], atol=1e-5)


def test_stroke_sizes_are_relative_to_the_picture(fake_runtime: FakeRuntime, random: np.random.Generator) -> None:
    for side in (512, 2048):
        pastiche = Stylizer(fake_runtime).stylize(
            random.random((side // 2, side, 3), dtype=np.float32), np.full((1, 3), 0.25, np.float32), stroke=2
        )
        assert pastiche.shape == (side // 2, side, 3)
        np.testing.assert_allclose(pastiche, 0.25, atol=1e-6)
    # The larger one is painted at its own size, too, for what is finer than the brush.
    assert fake_runtime.painted == [(1, 264, 520, 3), (1, 264, 520, 3), (1, 1032, 2056, 3)]  # with the border


def test_a_reduced_copy_averages_squares_of_pixels() -> None:
    content = np.arange(8 * 12, dtype=np.float32).reshape(8, 12, 1).repeat(3, axis=2) / np.float32(96)
    expected = content.reshape(2, 4, 3, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(strokes._shrunk(content, 4), expected, rtol=1e-6)
    assert strokes.resized(np.ones((4096, 8192, 3), np.float32), 1024).shape == (512, 1024, 3)


@pytest.mark.parametrize("size", [(90, 130), (37, 51)])
def test_rows_of_a_resized_image_equal_those_of_the_whole(random: np.random.Generator, size: tuple[int, int]) -> None:
    image = random.random((30, 40, 3), dtype=np.float32)
    whole = images.resize(image, size)
    for top, bottom in ((0, 10), (10, 33), (33, size[0])):
        np.testing.assert_allclose(images.resize_rows(image, size, top, bottom), whole[top:bottom], atol=1e-5)
