"""Stylizer: strength, accepted contents and styles, and unchanged arguments."""

import itertools
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from brushwork import images
from brushwork.errors import UserError
from brushwork.model_folder import ModelFolder
from brushwork.rendering.regions import Region
from brushwork.stylizer import Stylizer, load
from brushwork.testing import FakeRuntime

RED, BLUE = (np.full((40, 60, 3), colour, np.float32) for colour in ((1, 0, 0), (0, 0, 1)))
PHOTO = np.full((20, 30, 3), 0.5, np.float32)
STYLE = np.ones((1, 3), np.float32)


def test_the_blend_by_strength_by_hand(fake_runtime: FakeRuntime) -> None:
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
    changes = [stylizer.stylize(content, embedding, s) - content for s in strengths]
    assert not changes[0].any() and np.abs(changes[-1]).mean() > 0.05
    whole = float((changes[-1] ** 2).sum())
    way = [float((change * changes[-1]).sum()) / whole for change in changes]  # from the photo, 0, to the pastiche, 1
    assert all(one < other for one, other in itertools.pairwise(way))


def test_the_caller_s_contents_are_not_changed(fake_runtime: FakeRuntime) -> None:
    content = RED.copy()
    Stylizer(fake_runtime).stylize(content, np.ones((1, 3), np.float32), 0.3)
    assert (content == RED).all()


def test_styles_of_a_table_are_chosen_by_name(table_folder: ModelFolder) -> None:
    stylizer = load(table_folder.path, precision="f32")
    assert stylizer.styles == ("waves", "dots", "ink")
    assert stylizer.embed("dots").tolist() == [[0, 1, 0]]
    with pytest.raises(UserError, match="a fixed table of styles: waves, dots, ink"):
        stylizer.embed(RED)
    with pytest.raises(UserError, match=r"no style 'dost'; did you mean 'dots'\? known styles: waves, dots, ink"):
        stylizer.embed("dost")
    half = stylizer.stylize(RED, stylizer.embed("dots"), 0.5)
    full = stylizer.stylize(RED, stylizer.embed("dots"), 1.0)
    np.testing.assert_allclose(half, (RED + full) / 2, atol=1e-6)


def test_a_content_of_extreme_proportions_works_at_any_strength(fake_runtime: FakeRuntime) -> None:
    ribbon = np.zeros((16, 2000, 3), np.float32)
    ribbon[:, 744:1256] = 1  # the middle 32 * 16 columns, which stand for the content's own embedding
    stylizer = Stylizer(fake_runtime)
    pastiche = stylizer.stylize(ribbon, np.zeros((1, 3), np.float32), 0.5)
    np.testing.assert_allclose(pastiche[0, 1000], 0.25 + 0.75 * 0.5)


def test_contents_and_styles_can_be_arrays_pictures_paths_and_names(
    fake_runtime: FakeRuntime, tmp_path: Path, random: np.random.Generator
) -> None:
    """A photo as floats, uint8, Pillow image, Picture and file gives the same result."""
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


def test_masks_can_be_uint8_or_bool(fake_runtime: FakeRuntime) -> None:
    half = np.zeros((20, 30), bool)
    half[:, :15] = True
    for mask in (half, half.astype(np.uint8) * 255, half.astype(np.float64)):
        pastiche = Stylizer(fake_runtime).stylize(PHOTO, None, regions=[Region(mask, STYLE)], protect=half[:, ::-1])
        assert (pastiche[:, :15] == 1).all() and (pastiche[:, 15:] == 0.5).all()


def test_histogram_gives_a_style_the_colours_of_the_content(fake_runtime: FakeRuntime) -> None:
    """The fake model's embedding is the mean colour, which becomes that of the content."""
    varied = np.linspace(0, 1, 20 * 30 * 3, dtype=np.float32).reshape(20, 30, 3)
    pastiche = Stylizer(fake_runtime).stylize(varied, BLUE, keep_colors="histogram")
    np.testing.assert_allclose(pastiche[0, 0], varied.mean(axis=(0, 1)), atol=1e-4)


def test_a_stylizer_says_why_it_is_not_pickled(fake_runtime: FakeRuntime) -> None:
    with pytest.raises(TypeError, match=r"call brushwork\.load in the process that uses it"):
        pickle.dumps(Stylizer(fake_runtime))
