"""Fitting a word map, on pictures of one colour each."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushwork.errors import UserError
from brushwork.runtime import Array
from brushwork.styles.word_map import WordMap
from brushwork.training import word_map
from brushwork.training.labels import by_picture, read_labels
from brushwork.training.word_map import DescribedPictures

COLORS = {"red": (220, 0, 0), "blue": (0, 0, 230), "yellow": (250, 240, 0)}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> DescribedPictures:
    """Twenty pictures of each colour, whose embeddings are their mean colours."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for name, color in COLORS.items():
        for number in range(20):
            noise = random.integers(0, 6, (24, 32, 3)) + np.array(color)
            Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8)).save(folder / f"{name}-{number:02d}.png")
    labels = {f"red-{number:02d}.png": ["Red Master", "Redism"] for number in range(20)}
    calls: list[tuple[int, ...]] = []

    def embed(picture: Array) -> Array:
        calls.append(picture.shape)
        mean: Array = picture.mean(axis=(0, 1))[None]
        return mean

    cache = tmp_path_factory.mktemp("cache")
    first, again = (dict(word_map.describe([str(folder)], labels, embed, cache)) for _ in range(2))
    assert len(calls) == 60 and first.keys() == again.keys()  # the second time from the cache
    return word_map.join(list(again.values()))


@pytest.fixture(scope="module")
def fitted(seen: DescribedPictures) -> WordMap:
    patch = pytest.MonkeyPatch()
    with patch.context() as context:
        context.setattr(word_map, "AXES", 2)
        return word_map.fit(seen, 256)


def test_colour_words_give_their_colours(fitted: WordMap) -> None:
    for name, color in COLORS.items():
        embedding = fitted.understand(name).embedding
        np.testing.assert_allclose(embedding, np.array(color) / 255, atol=0.12)
    assert fitted.understand("Redism").like == ("Red Master",)
    assert fitted.names == ("Red Master", "Redism") and fitted.style_size == 256


def test_drawn_words_come_from_different_groups() -> None:
    groups: Sequence[Sequence[str]] = [("a", "b"), ("c",), ("d",)]
    for seed in range(20):
        drawn = word_map.draw_sentence(groups, 2, np.random.default_rng(seed))
        assert len(drawn) == 2 and len({min(drawn[0], "b"), min(drawn[1], "b")}) <= 2
        assert not {"a", "b"} <= set(drawn)
    assert sorted(word_map.draw_sentence(groups, 9, np.random.default_rng(0)))[1:] == ["c", "d"]


def test_unusable_inputs_are_one_line_errors(seen: DescribedPictures, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="3 pictures are too few for a word map"):
        word_map.fit(seen.subset([0, 1, 2]), 256)
    (tmp_path / "labels.tsv").write_text("a\tb\n")
    with pytest.raises(UserError, match=r"labels.tsv, line 1: 2 parts; it needs name, kind and label between tabs"):
        read_labels(tmp_path / "labels.tsv")
    (tmp_path / "labels.tsv").write_text("member\tkind\tlabel\nx\tmovement\tCubism\nx\tartist\tAnn\n")
    assert by_picture(read_labels(tmp_path / "labels.tsv")) == {"x": ["Ann", "Cubism"]}
