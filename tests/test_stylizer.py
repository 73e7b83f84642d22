import itertools
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from brushwork import extras, images
from brushwork.errors import UserError
from brushwork.model_folder import ModelFolder
from brushwork.rendering.regions import Region
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
    with pytest.raises(UserError, match=r"no style 'dost'; did you mean 'dots'\? this model knows: waves, dots, ink"):
        stylizer.embed("dost")
    half = stylizer.stylize(RED, stylizer.embed("dots"), 0.5)
    full = stylizer.stylize(RED, stylizer.embed("dots"), 1.0)
    np.testing.assert_allclose(half, (RED + full) / 2, atol=1e-6)


@pytest.mark.parametrize("shape", [(15, 40, 3), (40, 1, 3), (40, 40), (40, 40, 4), (1, 40, 40, 3)])
def test_what_is_no_image(fake_runtime: FakeRuntime, shape: tuple[int, ...]) -> None:
    stylizer, image = Stylizer(fake_runtime), np.zeros(shape, np.float32)
    with pytest.raises(UserError, match="at least 16|an image is"):
        stylizer.embed(image)
    with pytest.raises(UserError, match="at least 16|an image is"):
        stylizer.stylize(image, np.ones((1, 3), np.float32))


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


PHOTO = np.full((20, 30, 3), 0.5, np.float32)
STYLE = np.ones((1, 3), np.float32)
NAN = np.full((20, 30, 3), np.nan, np.float32)
BAD: dict[str, dict[str, Any]] = {
    r"the content reaches from 127.5 to 127.5; floats must lie in \[0, 1\]": {"content": PHOTO * 255},
    "the content reaches from -0.5 to -0.5": {"content": -PHOTO},
    "the content holds values that are no numbers": {"content": NAN},
    "the content is an array of int64; give floats": {"content": (PHOTO * 255).astype(np.int64)},
    "the content is an array of uint16; give floats": {"content": (PHOTO * 255).astype(np.uint16)},
    r"the content is an array of shape \(20, 30\); an image is \(height, width, 3\)": {"content": PHOTO[..., 0]},
    "the content is of type list; give an array": {"content": PHOTO.tolist()},
    "the content is a Pillow image of mode I;16": {"content": Image.new("I;16", (30, 20))},
    "cannot read gone.png: no such file": {"content": "gone.png"},
    "the style reaches from 127.5": {"style": PHOTO * 255},
    "the style is an array of float32 of shape .* an embedding": {"style": np.ones((2, 3), np.float32)},
    "an embedding": {"style": STYLE * np.nan},
    "no style 'waves': this model has no named styles|cannot read waves: no such file": {"style": "waves"},
    "the styles have embeddings of": {"regions": [Region(np.ones((4, 4)), np.ones((1, 4), np.float32))]},
    "the strength is '1'; it must be a number": {"strength": "1"},
    "the strength is 2; it must lie between 0": {"strength": 2},
    "unknown way to keep colours 'hue'; known: luma, histogram": {"keep_colors": "hue"},
    "histogram recolours style pictures, and this is an embedding; use luma": {"keep_colors": "histogram"},
    "the stroke is -1; it must lie between 0.25 and 8": {"stroke": -1},
    "the stroke is 'wide'; it is auto, own or a number from 0.25 to 8": {"stroke": "wide"},
    "unknown way to tile 'yes'; known: auto, never, fast, exact": {"tile": "yes"},
    "the tile size is 130; it must be a multiple of 4": {"tile_size": 130},
    "the tile size is 64; it must lie between 128 and 16384": {"tile_size": 64},
    "the tile size is 512.0; it must be a multiple of 4": {"tile_size": 512.0},
    "the tile size is '512'; it must be a number": {"tile_size": "512"},
    "the memory is 1000 bytes; brushwork alone needs 268435456": {"memory": 1000},
    "the memory is '2G' bytes": {"memory": "2G"},
    "mask 1 is an array of int64; give floats": {"regions": [Region(np.ones((4, 4), np.int64), STYLE)]},
    r"mask 1 is an array of shape \(4, 4, 1\); a mask is": {"regions": [Region(np.ones((4, 4, 1)), STYLE)]},
    "mask 1 is of type list; a mask is": {"regions": [Region([[1.0]], STYLE)]},  # type: ignore[arg-type]
    "mask 1 reaches from 255 to 255": {"regions": [Region(np.full((4, 4), 255.0), STYLE)]},
    "mask 1 is empty: black everywhere": {"regions": [Region(np.zeros((4, 4)), STYLE)]},
    "the strength is 7": {"regions": [Region(np.ones((4, 4)), STYLE, 7)]},
    "the mask of what is protected is an array of int32": {"protect": np.ones((4, 4), np.int32)},
}


@pytest.mark.parametrize("message", BAD)
def test_what_cannot_be_used_is_one_line(fake_runtime: FakeRuntime, message: str) -> None:
    arguments: dict[str, Any] = {"content": PHOTO, "style": STYLE} | BAD[message]
    with pytest.raises(UserError, match=message) as raised:
        Stylizer(fake_runtime).stylize(**arguments)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("message", [line for line, given in BAD.items() if {"content"} == given.keys()])
def test_what_is_no_image_is_not_written(message: str, tmp_path: Path) -> None:
    content = BAD[message]["content"]
    if not isinstance(content, str):
        with pytest.raises(UserError, match=message.replace("the content", "the image")):
            images.save(content, tmp_path / "out.png")
    assert list(tmp_path.iterdir()) == []


def test_what_a_content_and_a_style_may_be(
    fake_runtime: FakeRuntime, tmp_path: Path, random: np.random.Generator
) -> None:
    """Floats, bytes, Pillow's image, a picture and a file of one photo are one photo."""
    levels = random.integers(0, 256, (20, 30, 3), np.uint8)
    path = tmp_path / "photo.png"
    Image.fromarray(levels).save(path)
    same: list[Any] = [
        levels, levels / np.float32(255), levels / 255, Image.fromarray(levels), images.open(path), path, str(path)
    ]  # fmt: skip
    stylizer = Stylizer(fake_runtime)
    contents = [stylizer.stylize(each, STYLE, 0.25) for each in same]
    styles = [stylizer.stylize(PHOTO, each) for each in [*same, stylizer.embed(levels), stylizer.embed(levels)[0]]]
    for found in (contents, styles):
        assert all(pastiche.dtype == np.float32 for pastiche in found)
        for pastiche in found[1:]:
            np.testing.assert_allclose(pastiche, found[0], atol=1e-6)
    images.save(levels, tmp_path / "again.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "again.png")), levels)


def test_masks_of_bytes_and_of_truth_are_masks(fake_runtime: FakeRuntime) -> None:
    half = np.zeros((20, 30), bool)
    half[:, :15] = True
    for mask in (half, half.astype(np.uint8) * 255, half.astype(np.float64)):
        pastiche = Stylizer(fake_runtime).stylize(PHOTO, None, regions=[Region(mask, STYLE)], protect=half[:, ::-1])
        assert (pastiche[:, :15] == 1).all() and (pastiche[:, 15:] == 0.5).all()


def test_a_transparent_style_lies_on_white(fake_runtime: FakeRuntime) -> None:
    clear = Image.new("RGBA", (32, 32), (255, 0, 0, 0))
    assert Stylizer(fake_runtime).embed(clear).tolist() == [[1, 1, 1]]


def test_histogram_gives_a_style_the_colours_of_the_content(fake_runtime: FakeRuntime) -> None:
    """The fake model's embedding is a mean colour, and the style has that of the content then."""
    varied = np.linspace(0, 1, 20 * 30 * 3, dtype=np.float32).reshape(20, 30, 3)
    pastiche = Stylizer(fake_runtime).stylize(varied, BLUE, keep_colors="histogram")
    np.testing.assert_allclose(pastiche[0, 0], varied.mean(axis=(0, 1)), atol=1e-4)


def test_strips_and_arrays_have_one_embedding_of_their_own(fake_runtime: FakeRuntime) -> None:
    """A content on the disk is judged by the same copy as in memory."""
    content = np.random.default_rng(0).random((40, 2100, 3), dtype=np.float32)
    stylizer = Stylizer(fake_runtime)
    with images.canvas(40, 2100, 3) as canvas:
        canvas[0:40] = content
        found = [stylizer.compose(rows, STYLE, 0.5).own for rows in (canvas, content)]
    assert found[0] is not None and found[1] is not None
    np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize("choice", [{"device": "tpu"}, {"precision": "f8"}, {"threads": 0}])
def test_unknown_choices(choice: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="known: auto|at least 1"):
        load(**choice)


def test_cuda_without_torch_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "torch", ("missing_module",))
    with pytest.raises(UserError, match=r"pip install 'brushwork\[torch\]'"):
        load(device="cuda")


def test_the_style_size_follows_what_is_painted(fake_runtime: FakeRuntime) -> None:
    """As a table of the model says: 512 is half of the way from 256 to 1024 in octaves, and steps are 32 pixels."""
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


def test_a_stylizer_says_why_it_is_not_pickled(fake_runtime: FakeRuntime) -> None:
    with pytest.raises(TypeError, match=r"call brushwork\.load where it is used"):
        pickle.dumps(Stylizer(fake_runtime))
