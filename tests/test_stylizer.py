import itertools
from typing import Any

import numpy as np
import pytest

from brushwork import extras
from brushwork.errors import UserError
from brushwork.model_folder import ModelFolder
from brushwork.stylizer import Stylizer, load
from brushwork.testing import FakeRuntime

RED, BLUE = (np.full((40, 60, 3), colour, np.float32) for colour in ((1, 0, 0), (0, 0, 1)))


def test_embed_keeps_the_proportions_of_the_style(fake_runtime: FakeRuntime) -> None:
    stylizer = Stylizer(fake_runtime, style_size=100)
    assert stylizer.embed(RED).tolist() == [[1, 0, 0]]
    stylizer.embed(RED, size=80)
    stylizer.embed(RED.transpose(1, 0, 2))
    assert fake_runtime.predicted == [(1, 100, 150, 3), (1, 80, 120, 3), (1, 150, 100, 3)]


def test_blend_is_the_weighted_mean(fake_runtime: FakeRuntime) -> None:
    stylizer = Stylizer(fake_runtime)
    red, blue = stylizer.embed(RED), stylizer.embed(BLUE)
    assert stylizer.blend([red, blue]).tolist() == [[0.5, 0, 0.5]]
    assert stylizer.blend([red, blue], [3, 1]).tolist() == [[0.75, 0, 0.25]]
    assert stylizer.blend([red]).tolist() == red.tolist()
    assert stylizer.blend([red, blue]).dtype == np.float32


@pytest.mark.parametrize("weights", [[1.0], [0, 0], [1, -1], [np.nan, 1], [np.inf, 1]])
def test_weights_that_make_no_blend(fake_runtime: FakeRuntime, weights: list[float]) -> None:
    stylizer = Stylizer(fake_runtime)
    with pytest.raises(UserError, match="weights"):
        stylizer.blend([stylizer.embed(RED), stylizer.embed(BLUE)], weights)


def test_strength_by_hand(fake_runtime: FakeRuntime) -> None:
    """Content red, style blue: the embedding is `strength` blue, and of its pastiche 1 - (1 - strength)^2 is taken."""
    stylizer = Stylizer(fake_runtime)
    blue = stylizer.embed(BLUE)
    for strength, expected in ((1.0, (0, 0, 1)), (0.5, (0.625, 0, 0.375)), (0.25, (0.890625, 0, 0.109375))):
        pastiche = stylizer.stylize(RED, blue, strength)
        np.testing.assert_allclose(pastiche[0, 0], expected, atol=1e-6)


def test_strength_zero_is_the_content_bit_for_bit_and_a_copy(
    fake_runtime: FakeRuntime, random: np.random.Generator
) -> None:
    content = random.random((20, 30, 3), dtype=np.float32)
    pastiche = Stylizer(fake_runtime).stylize(content, np.ones((1, 3), np.float32), 0)
    assert (pastiche == content).all() and not np.shares_memory(pastiche, content)


def test_strength_is_monotone_in_the_shipped_model(random: np.random.Generator) -> None:
    stylizer = load("magenta-mobile", precision="f32")
    rows, columns = np.mgrid[0:96, 0:128] / 96
    content = np.stack([rows, columns / 2, 1 - rows], axis=2).astype(np.float32)
    style = np.kron(random.random((16, 16, 3)), np.ones((8, 8, 1))).astype(np.float32)
    embedding = stylizer.embed(style)
    strengths = np.linspace(0, 1, 11)
    distances = [float(np.abs(stylizer.stylize(content, embedding, s) - content).mean()) for s in strengths]
    assert distances[0] == 0 and distances[-1] > 0.05
    assert all(one < other for one, other in itertools.pairwise(distances))


def test_contents_of_the_caller_stay_as_they_are(fake_runtime: FakeRuntime) -> None:
    content = RED.copy()
    Stylizer(fake_runtime).stylize(content, np.ones((1, 3), np.float32), 0.3)
    assert (content == RED).all()


def test_a_table_knows_its_styles_by_name(table_folder: ModelFolder) -> None:
    stylizer = load(table_folder.path, precision="f32")
    assert stylizer.styles == ("waves", "dots", "ink")
    assert stylizer.embed("dots").tolist() == [[0, 1, 0]]
    with pytest.raises(UserError, match="its own styles only: waves, dots, ink"):
        stylizer.embed(RED)
    with pytest.raises(UserError, match=r"no style 'dost'; did you mean 'dots'\? brushwork styles lists all 3"):
        stylizer.embed("dost")
    half = stylizer.stylize(RED, stylizer.embed("dots"), 0.5)
    full = stylizer.stylize(RED, stylizer.embed("dots"), 1.0)
    np.testing.assert_allclose(half, (RED + full) / 2, atol=1e-6)


@pytest.mark.parametrize("shape", [(15, 40, 3), (40, 1, 3), (40, 40), (40, 40, 4), (1, 40, 40, 3)])
def test_what_is_no_image(fake_runtime: FakeRuntime, shape: tuple[int, ...]) -> None:
    stylizer, image = Stylizer(fake_runtime), np.zeros(shape, np.float32)
    for call in (lambda: stylizer.embed(image), lambda: stylizer.stylize(image, np.ones((1, 3), np.float32))):
        with pytest.raises(UserError, match="at least 16|an image is"):
            call()


def test_a_ribbon_is_a_content_at_any_strength(fake_runtime: FakeRuntime) -> None:
    ribbon = np.zeros((16, 2000, 3), np.float32)
    ribbon[:, 744:1256] = 1  # the middle 32 * 16 columns, which stand for the content's own embedding
    stylizer = Stylizer(fake_runtime)
    pastiche = stylizer.stylize(ribbon, np.zeros((1, 3), np.float32), 0.5)
    np.testing.assert_allclose(pastiche[0, 1000], 0.25 + 0.75 * 0.5)


def test_a_ribbon_is_no_style(fake_runtime: FakeRuntime) -> None:
    with pytest.raises(UserError, match="more than 32 times as long as wide"):
        Stylizer(fake_runtime).embed(np.zeros((16, 600, 3), np.float32))


@pytest.mark.parametrize("strength", [-0.1, 1.7, np.nan])
def test_strength_out_of_range(fake_runtime: FakeRuntime, strength: float) -> None:
    with pytest.raises(UserError, match="between 0"):
        Stylizer(fake_runtime).stylize(RED, np.ones((1, 3), np.float32), strength)


@pytest.mark.parametrize("choice", [{"device": "tpu"}, {"precision": "f8"}, {"threads": 0}])
def test_unknown_choices(choice: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="known: auto|at least 1"):
        load(**choice)


def test_cuda_without_torch_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "torch", ("missing_module",))
    with pytest.raises(UserError, match=r"pip install 'brushwork\[torch\]'"):
        load(device="cuda")
