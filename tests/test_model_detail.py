"""Networks between the two sets of weights that a model folder can contain."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from brushwork import model_folder
from brushwork.errors import UserError
from brushwork.model_detail import at_detail, between
from brushwork.model_folder import STYLE_WEIGHTS, ModelFolder
from brushwork.runtime import Array
from brushwork.stylizer import load


def test_interpolation_between_two_files_by_hand(tmp_path: Path) -> None:
    whole = {"a": np.array([0, 2], np.float16), "b": np.array([[4.0]], np.float16), "c": np.ones(3, np.float16)}
    save_file(whole, tmp_path / "second", metadata={"format": "pt", "title": "of another length"})
    save_file({"b": np.array([[8.0]], np.float16), "a": np.array([4, 2], np.float16)}, tmp_path / "first")
    mixed = tmp_path / "mixed"
    mixed.write_bytes(between(tmp_path / "first", tmp_path / "second", 0.75))
    assert {name: values.tolist() for name, values in load_file(mixed).items()} == {
        "a": [1, 2],  # 0.25 * 4 + 0.75 * 0, and no change where both are equal
        "b": [[5]],
        "c": [1, 1, 1],
    }
    assert len(mixed.read_bytes()) == (tmp_path / "second").stat().st_size
    assert between(tmp_path / "first", tmp_path / "second", 1) == (tmp_path / "second").read_bytes()


@pytest.fixture
def two_ends(table_folder: ModelFolder, tmp_path: Path) -> ModelFolder:
    """A model folder with a second set of weights: the first with its last convolution negated."""
    path = tmp_path / "two-ends"
    shutil.copytree(table_folder.path, path)
    name = "transfer.expand.2.conv.weight"
    save_file({name: -load_file(table_folder.weights)[name]}, path / STYLE_WEIGHTS)
    model_folder.write(path, table_folder.card, table_folder.network)
    return model_folder.find(path)


def paint(folder: Path, content: Array, detail: float) -> Array:
    stylizer = load(folder, device="cpu", precision="f32", detail=detail)
    return stylizer.stylize(content, stylizer.embed("ink"))


def test_a_detail_interpolates_between_the_two_sets_of_weights(
    two_ends: ModelFolder, table_folder: ModelFolder, own_cache: Path
) -> None:
    content = np.random.default_rng(0).random((32, 40, 3), dtype=np.float32)
    one = paint(two_ends.path, content, 1)
    np.testing.assert_array_equal(one, paint(table_folder.path, content, 1))
    # The instance norm takes the size of what enters it away, so weights w, 0.6 w and -0.6 w are w and -w.
    np.testing.assert_allclose(paint(two_ends.path, content, 0.8), one, atol=1e-3)
    turned = paint(two_ends.path, content, 0.2)
    assert np.abs(turned - one).mean() > 0.01
    np.testing.assert_allclose(turned, paint(two_ends.path, content, 0), atol=1e-3)


def test_the_weights_of_a_detail_are_computed_once(two_ends: ModelFolder, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert at_detail(two_ends, 1, cache) is two_ends and not cache.exists()
    made = at_detail(two_ends, 0.5, cache)
    written = made.weights.stat().st_mtime_ns
    assert at_detail(two_ends, 0.501, cache).weights.stat().st_mtime_ns == written
    assert made.name == two_ends.name and made.card == two_ends.card
    assert not (made.path / STYLE_WEIGHTS).exists()
    made.weights.write_bytes(b"damaged")
    again = at_detail(two_ends, 0.5, cache)
    again.verify()
    assert again.sha256 == made.sha256
    assert not list(cache.rglob(".*"))  # nothing half made is left behind


@pytest.mark.parametrize("detail", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_detail_out_of_range_is_refused(two_ends: ModelFolder, detail: float) -> None:
    with pytest.raises(UserError, match=r"detail is .*; it must be between 0 \(most style\) and 1"):
        at_detail(two_ends, detail)


def test_a_model_with_one_set_of_weights_refuses_detail(table_folder: ModelFolder) -> None:
    assert at_detail(table_folder, 1) is table_folder
    with pytest.raises(UserError, match="model table has only one set of weights: detail can only be 1"):
        at_detail(table_folder, 0.5)


def test_an_unwritable_cache_is_not_used(two_ends: ModelFolder, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in its place")
    with pytest.raises(UserError, match=r"detail 0\.5 needs a cache folder"):
        at_detail(two_ends, 0.5, tmp_path / "cache")
