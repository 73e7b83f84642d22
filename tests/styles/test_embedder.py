"""Embeddings of styles: proportions, blends, alpha, and the style size by painted size."""

import numpy as np
import pytest
from PIL import Image

from brushwork import images
from brushwork.errors import UserError
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime

RED, BLUE = (np.full((40, 60, 3), colour, np.float32) for colour in ((1, 0, 0), (0, 0, 1)))
STYLE = np.ones((1, 3), np.float32)


def test_embedding_keeps_the_proportions_of_the_style(fake_runtime: FakeRuntime) -> None:
    stylizer = Stylizer(fake_runtime, style_size=100)
    assert stylizer.embed(RED).tolist() == [[1, 0, 0]]
    stylizer.embed(RED, size=80)
    stylizer.embed(RED.transpose(1, 0, 2))
    assert fake_runtime.predicted == [(1, 100, 150, 3), (1, 80, 120, 3), (1, 150, 100, 3)]


def test_a_blend_is_the_weighted_mean(fake_runtime: FakeRuntime) -> None:
    stylizer = Stylizer(fake_runtime)
    red, blue = stylizer.embed(RED), stylizer.embed(BLUE)
    assert stylizer.blend([red, blue]).tolist() == [[0.5, 0, 0.5]]
    assert stylizer.blend([red, blue], [3, 1]).tolist() == [[0.75, 0, 0.25]]
    assert stylizer.blend([red]).tolist() == red.tolist()
    assert stylizer.blend([red, blue]).dtype == np.float32


@pytest.mark.parametrize("weights", [[1.0], [0, 0], [1, -1], [np.nan, 1], [np.inf, 1]])
def test_invalid_weights_are_refused(fake_runtime: FakeRuntime, weights: list[float]) -> None:
    stylizer = Stylizer(fake_runtime)
    with pytest.raises(UserError, match="weights"):
        stylizer.blend([stylizer.embed(RED), stylizer.embed(BLUE)], weights)


def test_a_style_of_extreme_proportions_is_refused(fake_runtime: FakeRuntime) -> None:
    with pytest.raises(UserError, match="more than 32 times as long as wide"):
        Stylizer(fake_runtime).embed(np.zeros((16, 600, 3), np.float32))


def test_a_transparent_style_is_blended_with_white(fake_runtime: FakeRuntime) -> None:
    clear = Image.new("RGBA", (32, 32), (255, 0, 0, 0))
    assert Stylizer(fake_runtime).embed(clear).tolist() == [[1, 1, 1]]


def test_strips_and_arrays_have_the_same_own_embedding(fake_runtime: FakeRuntime) -> None:
    """A content on disk has the same reduced copy as in memory."""
    content = np.random.default_rng(0).random((40, 2100, 3), dtype=np.float32)
    stylizer = Stylizer(fake_runtime)
    with images.canvas(40, 2100, 3) as canvas:
        canvas[0:40] = content
        found = [stylizer.compose(rows, STYLE, 0.5).own for rows in (canvas, content)]
    assert found[0] is not None and found[1] is not None
    np.testing.assert_array_equal(found[0], found[1])


def test_the_style_size_depends_on_the_size_of_the_pastiche(fake_runtime: FakeRuntime) -> None:
    """By the model's table: in octaves, 512 is halfway from 256 to 1024, and steps are 32 pixels."""
    stylizer = Stylizer(fake_runtime, style_size=300, style_sizes=((256, 192), (1024, 576)))
    sides = (16, 256, 512, 520, 1024, 9000)
    assert [stylizer.style_size_for(side) for side in sides] == [192, 192, 384, 384, 576, 576]
    assert stylizer.style_size_for(None) == 300
    assert Stylizer(fake_runtime, style_size=300).style_size_for(512) == 300
    style = np.ones((40, 80, 3), np.float32)

    def seen() -> tuple[int, ...]:
        return fake_runtime.predicted[-1][1:3]

    stylizer.embed(style)
    assert seen() == (300, 600)
    stylizer.embed(style, painted=512)
    assert seen() == (384, 768)
    stylizer.embed(style, 96, painted=512)
    assert seen() == (96, 192)
    stylizer.stylize(np.zeros((16, 256, 3), np.float32), style)
    assert seen() == (192, 384)
