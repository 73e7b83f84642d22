"""Stroke sizes: coarse bands from the reduced copy, fine ones from the picture's own size."""

from typing import Any

import numpy as np
import pytest

from brushwork import images
from brushwork.batch.options import Options, parse_stroke
from brushwork.errors import UserError
from brushwork.rendering import strokes
from brushwork.rendering.settings import RenderSettings
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime

SIZE = 1240, 1000


def waves(period: float, size: tuple[int, int] = SIZE) -> Array:
    """Grey waves down the picture, so many pixels long, between 0.4 and 0.6."""
    rows = 0.5 + 0.1 * np.sin(2 * np.pi * np.arange(size[0]) / period)
    return np.broadcast_to(rows[:, None, None], (*size, 3)).astype(np.float32)


def joined(broad: Array, own: Array, tile: int) -> Array:
    strip = strokes.joined(broad, lambda top, bottom: own[top:bottom], SIZE)
    return np.concatenate([strip(top, min(top + tile, SIZE[0])) for top in range(0, SIZE[0], tile)])


def test_coarse_bands_come_from_the_copy_and_fine_ones_from_the_picture() -> None:
    """A pixel of the copy is four of the picture: waves of 3 pixels are finer than it can show, those of 62 are not."""
    fine, coarse = waves(3), waves(62)
    broad = images.resize(coarse, (310, 250))
    inner = slice(40, -40)
    found = joined(broad, fine, 1240)[inner]
    np.testing.assert_allclose(found, (fine + coarse - 0.5)[inner], atol=0.005)
    # And what is coarse at the picture's own size is gone.
    other = joined(np.full_like(broad, 0.5), coarse, 1240)[inner]
    np.testing.assert_allclose(other, 0.5, atol=0.005)


@pytest.mark.parametrize("tile", [128, 404])
def test_strips_equal_the_whole(random: np.random.Generator, tile: int) -> None:
    own, broad = random.random((*SIZE, 3), dtype=np.float32), random.random((301, 243, 3), dtype=np.float32)
    np.testing.assert_allclose(joined(broad, own, tile), joined(broad, own, 1240), atol=1e-4)


def test_joining_a_picture_with_itself_gives_the_picture(random: np.random.Generator) -> None:
    own = random.random((*SIZE, 3), dtype=np.float32)
    broad = images.resample(own, (310, 250), (0, 0, SIZE[1], SIZE[0]))
    np.testing.assert_allclose(joined(broad, own, 248), own, atol=1e-4)


def test_the_brush_grows_with_pictures_that_are_larger_than_1024_pixels() -> None:
    assert [strokes.copy_side("auto", *size) for size in ((1024, 600), (600, 1025))] == [None, 1024]
    assert [strokes.copy_side(stroke, 4000, 3000) for stroke in ("own", 0.5)] == [None, 2048]


def test_auto_is_the_default_stroke(fake_runtime: FakeRuntime) -> None:
    content, style = np.zeros((1500, 2048, 3), np.float32), np.full((1, 3), 0.25, np.float32)
    content[:, 1024:] = 1
    Stylizer(fake_runtime).stylize(content, style)
    assert fake_runtime.painted == [(1, 758, 1032, 3), (1, 1508, 2056, 3)]  # with the border
    assert Options().stroke == "auto"


def test_a_fine_brush_on_a_small_picture_respects_the_memory(random: np.random.Generator) -> None:
    """It is rendered on a copy of 4096 pixels, whatever the size of the picture."""
    runtime = FakeRuntime()
    picture = random.random((48, 64, 3), dtype=np.float32)
    pastiche = Stylizer(runtime).stylize(picture, np.full((32, 32, 3), 0.25, np.float32), stroke=0.25, memory=2**30)
    np.testing.assert_allclose(pastiche, 0.25, atol=1e-6)
    assert max(height * width for _, height, width, _ in runtime.painted) < 2**20 < 4096 * 3072


def test_invalid_stroke_sizes_are_refused() -> None:
    assert [parse_stroke(text) for text in ("auto", "own", "2")] == ["auto", "own", 2.0]
    wrongs: list[tuple[Any, str]] = [
        (parse_stroke("wide"), "'wide'"), (None, "None"), (True, "True"), ("2", "'2'")
    ]  # fmt: skip
    for wrong, words in wrongs:
        with pytest.raises(UserError, match=f"the stroke is {words}; it is auto, own or a number from 0.25 to 8"):
            RenderSettings(stroke=wrong)
    for wrong in (-1, 0.2, 8.1, float("nan")):
        with pytest.raises(UserError, match="must be between 0.25 and 8"):
            RenderSettings(stroke=wrong)
