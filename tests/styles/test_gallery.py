"""Galleries of named styles: interpolation between style sizes, files, and the shipped ones."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushwork import images, model_folder, stylizer
from brushwork.batch.options import Options
from brushwork.batch.session import Session
from brushwork.errors import UserError
from brushwork.model_folder import ModelError, ModelFolder
from brushwork.styles import gallery, resolve
from brushwork.styles.gallery import Gallery, NamedStyle
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime


def style(name: str, embeddings: dict[int, list[float]]) -> NamedStyle:
    rows = {size: np.array(numbers, np.float32) for size, numbers in embeddings.items()}
    return NamedStyle(name, "print", "flat", rows)


@pytest.fixture
def bare(tmp_path: Path) -> ModelFolder:
    """A copy of a shipped model without its gallery; it sees styles at 256 pixels."""
    shipped = model_folder.find("brushwork-mobile")
    path = tmp_path / "model"
    shutil.copytree(shipped.path, path, ignore=shutil.ignore_patterns("gallery.*"))
    model_folder.write(path, shipped.card, shipped.network)
    return model_folder.find(path)


@pytest.fixture
def folder(bare: ModelFolder) -> ModelFolder:
    """The same with two styles, `ink` (all 1) and `waves` (all 2, and 4 at twice the size)."""
    ones, default = [1.0] * bare.embedding_size, bare.card.style_size
    waves = {default: [2 * one for one in ones], 2 * default: [4 * one for one in ones]}
    gallery.write(bare.path, [style("ink", {default: ones}), style("waves", waves)])
    model_folder.write(bare.path, bare.card, bare.network)
    return model_folder.find(bare.path)


def test_an_embedding_between_two_sizes_is_interpolated() -> None:
    waves = style("waves", {128: [2, 0], 512: [4, 8]})
    for size, expected in ((64, [2, 0]), (128, [2, 0]), (256, [3, 4]), (512, [4, 8]), (2048, [4, 8])):
        np.testing.assert_allclose(waves.at(size), [expected], atol=1e-6)
    assert waves.at(256).dtype == np.float32
    np.testing.assert_array_equal(style("ink", {256: [1, 2]}).at(100), [[1, 2]])


def test_a_written_gallery_is_read_in_its_order(folder: ModelFolder) -> None:
    styles = Gallery(folder).styles
    assert list(styles) == ["ink", "waves"]
    assert (styles["waves"].kind, styles["waves"].about) == ("print", "flat")
    default = folder.card.style_size
    kept = {size: set(values.tolist()) for size, values in styles["waves"].embeddings.items()}
    assert kept == {default: {2}, 2 * default: {4}}


def test_a_gallery_is_verified_with_its_model(folder: ModelFolder) -> None:
    path = folder.path / model_folder.GALLERY
    path.write_text(path.read_text().replace("flat", "bold"))
    with pytest.raises(ModelError, match=r"model model: gallery\.json is damaged"):
        model_folder.find(folder.path)


@pytest.mark.parametrize("text", ["{", "[]", '{"ink": {}}', '{"ink": {"kind": "", "about": "", "embeddings": {}}}'])
def test_an_unreadable_gallery_is_a_one_line_error(folder: ModelFolder, text: str) -> None:
    (folder.path / model_folder.GALLERY).write_text(text)
    with pytest.raises(ModelError, match=r"gallery\.json cannot be read"):
        Gallery(folder).styles  # noqa: B018


def test_a_gallery_of_another_model_is_refused(folder: ModelFolder) -> None:
    gallery.write(folder.path, [style("ink", {96: [1, 2, 3]})])
    size = folder.embedding_size
    with pytest.raises(ModelError, match=f"belongs to another model: embeddings of this model have {size} numbers"):
        Gallery(folder).styles  # noqa: B018


def test_a_stylizer_knows_the_names(folder: ModelFolder) -> None:
    player = stylizer.load(folder.path, device="cpu")
    assert player.names == ("ink", "waves")
    default = folder.card.style_size
    for size, value in ((None, 2), (default, 2), (2 * default, 4)):
        np.testing.assert_allclose(player.embed("waves", size), np.full((1, folder.embedding_size), value, np.float32))
    with pytest.raises(UserError, match=r"no style 'wave'; did you mean 'waves'\? known styles: ink, waves"):
        player.embed("wave")


def test_a_model_without_a_gallery_has_no_names(bare: ModelFolder) -> None:
    for empty in (Gallery(), Gallery(bare)):
        assert (empty.styles, empty.thumbnails, resolve("ink", empty, files=True)) == ({}, None, Path("ink"))
        with pytest.raises(UserError, match="no style 'ink': this model has no named styles"):
            resolve("ink", empty, files=False)


class Named(Gallery):
    """Two styles for the fake runtime, whose embeddings are colours."""

    styles = {  # noqa: RUF012
        "red": style("red", {256: [1, 0, 0]}),
        "dusk": style("dusk", {128: [0, 0, 1], 512: [1, 1, 1]}),
    }


@pytest.fixture
def player(fake_runtime: FakeRuntime) -> Stylizer:
    return Stylizer(fake_runtime, gallery=Named())


def test_named_and_pictured_styles_blend(player: Stylizer, tmp_path: Path) -> None:
    blue = tmp_path / "blue.png"
    Image.new("RGB", (32, 32), (0, 0, 255)).save(blue)
    content = images.Picture.of(np.zeros((16, 16, 3), np.float32))
    session = Session(player, Options(weights=[1, 3]))
    np.testing.assert_allclose(session.blend(("red", str(blue)), content), [[0.25, 0, 0.75]], atol=1e-6)


def test_a_named_style_follows_the_style_size(player: Stylizer) -> None:
    content = images.Picture.of(np.zeros((16, 16, 3), np.float32))
    for size, green in ((128, 0), (None, 0.5), (256, 0.5), (512, 1)):
        embedding = Session(player, Options(style_size=size)).blend(("dusk",), content)
        np.testing.assert_allclose(embedding, [[green, green, 1]], atol=1e-6)


def test_a_named_style_cannot_be_recoloured(player: Stylizer) -> None:
    content = images.Picture.of(np.zeros((16, 16, 3), np.float32))
    with pytest.raises(UserError, match="histogram recolours style pictures; 'red' is a named style, so use luma"):
        Session(player, Options(keep_colors="histogram")).blend(("red",), content)


def test_the_shipped_gallery_has_distinct_named_styles_with_thumbnails() -> None:
    folder = model_folder.find()
    shipped = Gallery(folder)
    assert 50 <= len(shipped.styles) <= 80 and "ukiyo-e" in shipped.styles
    assert shipped.thumbnails is not None
    with Image.open(shipped.thumbnails) as strip:
        assert strip.height == strip.width * len(shipped.styles)
    for name, each in shipped.styles.items():
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz-") and each.kind and each.about
        assert sorted(each.embeddings) == folder.card.gallery_sizes
    settled = np.concatenate([each.at(folder.card.style_size) for each in shipped.styles.values()])
    apart = np.linalg.norm(settled[:, None] - settled[None], axis=2) + 1e9 * np.eye(len(settled))
    assert apart.min() > 0.1 * np.median(apart)  # no style is there twice


def test_every_shipped_model_has_the_listed_styles() -> None:
    listed = json.loads((model_folder.find().path / model_folder.GALLERY).read_text())
    for name in model_folder.names():
        assert list(Gallery(model_folder.find(name)).styles) == list(listed)
