"""Styles by words: how phrases are understood and added, and notices about unknown words."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from brushwork import extras, model_folder
from brushwork.errors import UserError
from brushwork.runtime import Array
from brushwork.styles import NamedStyle, names, resolve, text_vectors, word_map
from brushwork.styles.gallery import Gallery
from brushwork.styles.names import label_of
from brushwork.styles.word_map import WordMap
from brushwork.styles.words import find, style_of, text_of

# Vectors of words, of three numbers: rouge is nearly red, and fog is like nothing else.
VECTORS: dict[str, list[float]] = {"red": [1, 0, 0], "blue": [0, 1, 0], "rouge": [0.8, 0, 0.6], "fog": [0, 0, 1]}


@pytest.fixture(autouse=True)
def vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    def vector_of(text: str) -> Array:
        total = np.sum([VECTORS.get(word, [0.0, 0.0, -1.0]) for word in text.split()], axis=0).astype(np.float32)
        unit: Array = total / np.linalg.norm(total)
        return unit

    monkeypatch.setattr(word_map, "vector_of", vector_of)
    monkeypatch.setattr(word_map, "vectors_of", lambda texts: np.stack([vector_of(text) for text in texts]))


HALF = np.sqrt(0.5)  # the components of a direction between two axes


def row(*numbers: float) -> Array:
    return np.array(numbers, np.float32)


MAP = WordMap(
    matrix=np.eye(3, dtype=np.float32),
    mean=row(1, 1, 1),
    axes=np.eye(3, dtype=np.float32),
    bank=np.stack([row(3, 1, 1), row(1, 3, 1), row(3, 3, 1), row(0, 0, 0)]),
    labels=("Ann", "Bob", "", "Cy"),
    names=("Claude Monet", "Oscar Monet"),
    moves=np.stack([row(0, 1, 0), row(0, 0, 1)]),
    vocabulary=("red", "blue"),
    style_size=256,
)


def test_a_word_gives_the_nearest_real_style(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_map, "MIXED", 1)
    for text, expected, like in (
        ("red", [3, 1, 1], ("Ann",)), ("BLUE!", [1, 3, 1], ("Bob",)), ("red, blue", [3, 3, 1], ()),
        ("the rouge", [3, 1, 1], ("Ann",)), ("red blue", [3, 3, 1], ()), ("red; blue; red", [3, 3, 1], ()),
    ):  # fmt: skip
        understood = MAP.understand(text)
        np.testing.assert_allclose(understood.embedding, expected, atol=1e-6)
        assert (understood.like, understood.unknown) == (like, ())


def test_a_repeated_phrase_counts_more() -> None:
    red, blue = MAP.similarity(MAP.understand("red, blue, red"), np.stack([row(3, 1, 1), row(1, 3, 1)]))
    assert red > blue


def test_every_phrase_counts_alike_however_long_its_offset_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_map, "MIXED", 1)
    far = replace(MAP, moves=np.stack([row(0, 20, 0), row(0, 0, 1)]))
    np.testing.assert_array_equal(far.understand("Claude, red").embedding, [3, 3, 1])
    np.testing.assert_array_equal(far.understand("Claude").embedding, [1, 3, 1])


def test_the_nearest_styles_are_weighted_by_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_map, "MIXED", 2)
    weight = np.exp(word_map.SHARPNESS * (np.sqrt(0.5) - 1))  # of (3, 3, 1), whose direction is 45 degrees off
    expected = (row(3, 1, 1) + weight * row(3, 3, 1)) / (1 + weight)
    np.testing.assert_allclose(MAP.understand("red").embedding, expected, rtol=1e-5)


def test_names_and_parts_of_names_are_understood() -> None:
    for text, direction in (
        ("claude monet", [0, 1, 0]), ("Oscar", [0, 0, 1]), ("monet", [0, HALF, HALF]), ("oscar red", [HALF, 0, HALF]),
    ):  # fmt: skip
        np.testing.assert_allclose(MAP.understand(text).direction, direction, atol=1e-6)


def test_phrases_of_the_vocabulary_are_the_means_of_their_pictures() -> None:
    known = replace(MAP, vocabulary=("red", "red and blue", "dark red"), means=np.eye(3, dtype=np.float32)[::-1])
    for text, direction in (
        ("red", [0, 0, 1]), ("the dark red", [1, 0, 0]), ("red, dark red", [HALF, 0, HALF]),
        ("red dark red", [HALF, 0, HALF]), ("Red and Blue", [0, 1, 0]),
    ):  # fmt: skip
        np.testing.assert_allclose(known.understand(text).direction, direction, atol=1e-6)
    # Words that are no phrase of the vocabulary are one phrase, with the vector of all.
    np.testing.assert_allclose(known.understand("rouge red").direction, MAP.understand("rouge red").direction)


def test_named_styles_can_be_used_as_words() -> None:
    named = {"sea-glass": NamedStyle("sea-glass", "", "", {256: row(1, 1, 9)})}
    np.testing.assert_allclose(MAP.understand("sea glass", named).direction, [0, 0, 1], atol=1e-6)
    understood = MAP.understand("red")
    red = {"wine": NamedStyle("wine", "", "", {256: row(2, 1.5, 1)})}
    assert [name for name, _ in find(understood, MAP, named | red)] == ["wine", "sea-glass"]
    assert find(understood, MAP, {}) == []


def test_a_named_style_is_a_part_of_the_result_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_map, "MIXED", 1)
    named = {
        "sea-glass": NamedStyle("sea-glass", "", "", {256: row(1, 1, 9)}),
        "wine": NamedStyle("wine", "", "", {256: row(5, 3, 1)}),
    }
    for text, expected in (
        ("sea-glass", [1, 1, 9]), ("sea glass, wine", [3, 2, 5]), ("sea glass, blue", [1, 2, 5]),
        ("wine, sea glass, red, blue", [3, 2.5, 3]),  # the pictures nearest to red and blue are at (3, 3, 1)
        ("sea-glass, sea-glass, blue, sea-glass", [1, 1.5, 7]),
    ):  # fmt: skip
        np.testing.assert_allclose(MAP.understand(text, named).embedding, expected, atol=1e-6)


@pytest.mark.parametrize("text", ["red, not blue", "red without blue", "no very blue, red"])
def test_what_is_not_wanted_is_ignored_and_named(text: str) -> None:
    found = MAP.understand(text)
    np.testing.assert_array_equal(found.embedding, MAP.understand("red").embedding)
    assert [each.endswith("blue") for each in found.unknown] == [True]


def test_unknown_words_give_a_notice() -> None:
    found = style_of("red, fog xyz, fog", MAP, {})
    assert found.notices[-1] == "ignored unknown words: fog, xyz"
    np.testing.assert_array_equal(found.at(64), found.at(512))
    np.testing.assert_array_equal(found.at(256)[0], MAP.understand("red").embedding)
    for text, said in (
        ("fog", "unknown words for a style: fog"),
        ("", "no words given"),
        ("the, in", "no words given"),
    ):
        with pytest.raises(UserError, match=said):
            MAP.understand(text)


def test_the_means_of_a_word_map_survive_a_round_trip(tmp_path: Path) -> None:
    replace(MAP, means=np.eye(3, dtype=np.float32)[:2]).write(tmp_path / "words.npz")
    np.testing.assert_array_equal(WordMap.read(tmp_path / "words.npz").means, np.eye(3)[:2])


def test_a_word_map_survives_a_round_trip(tmp_path: Path) -> None:
    MAP.write(tmp_path / "words.npz")
    assert WordMap.read(tmp_path / "words.npz").means is None
    read = WordMap.read(tmp_path / "words.npz")
    for name in word_map.ARRAYS:
        np.testing.assert_array_equal(getattr(read, name), getattr(MAP, name))
    assert [getattr(read, name) for name in word_map.TEXTS] == [getattr(MAP, name) for name in word_map.TEXTS]
    (tmp_path / "words.npz").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"words\.npz is not a word map"):
        WordMap.read(tmp_path / "words.npz")


class Worded(Gallery):
    words = Path("words.npz")
    styles = {"wine": NamedStyle("wine", "", "", {256: row(2, 1, 1)})}  # noqa: RUF012


def test_words_are_accepted_from_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_read", lambda path: MAP)
    for files in (True, False):
        found = resolve("words: red, fog", Worded(), files=files)
        assert isinstance(found, NamedStyle) and found.kind == "words"
        assert "nearest named styles: wine" in found.notices[0] and "ignored unknown words: fog" in found.notices[1]
    with pytest.raises(UserError, match="this model cannot turn words into a style"):
        resolve("words: red", Gallery(), files=True)


def test_the_prefix_may_be_in_capitals_and_have_spaces() -> None:
    for style, text in (("words: red", "red"), (" Words :red: blue ", "red: blue"), ("WORDS:", "")):
        assert text_of(style) == text
    for style in ("words", "words.jpg", "my words: red", "C:\\words", ":words:", ""):
        assert text_of(style) is None


def test_the_label_of_words_is_a_valid_file_name() -> None:
    assert label_of("words: stormy sea, dark/blue: 2") == "stormy-sea-dark-blue-2"
    assert label_of("words: ...") == "words" and len(label_of("words: " + "sea " * 100)) == 60
    assert label_of("paintings/waves.jpg") == "waves"


def test_a_missing_extra_names_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "words", ("missing_module",))
    text_vectors._tables.cache_clear()
    with pytest.raises(UserError, match=r"pip install 'brushwork\[words\]'"):
        text_vectors.vector_of("a word that was never asked for")


def test_word_vectors_equal_those_of_the_package() -> None:
    sea, ocean, paint = (text_vectors.vector_of(text) for text in ("stormy sea", "Ocean", "thick oil paint"))
    assert sea.shape == (text_vectors.SIZE,) and abs(np.linalg.norm(sea) - 1) < 1e-5
    assert sea @ ocean > 0.3 > abs(sea @ paint)
    np.testing.assert_array_equal(text_vectors.vector_of("STORMY  Sea!"), sea)


def test_the_shipped_map_changes_what_words_name() -> None:
    """The default model's own: colours and brightness, of the nearest named styles."""
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr(word_map, "vector_of", text_vectors.vector_of)
        patch.setattr(word_map, "vectors_of", text_vectors.vectors_of)

        from brushwork.styles.adding import open_gallery

        gallery = open_gallery(model_folder.find())
        shipped = names.word_map_of(gallery)
        assert shipped.mean.size == model_folder.find().embedding_size

        def nearest(text: str) -> list[str]:
            return [name for name, _ in find(shipped.understand(text, gallery.styles), shipped, gallery.styles)[:6]]

        assert {"night-garden", "indigo-petals"} & set(nearest("dark blue, night"))
        assert {"frost", "marbling", "denim"} & set(nearest("light blue, soft"))
        assert {"woodcut", "linocut", "engraving", "crosshatch"} & set(nearest("black and white, fine lines"))
        assert nearest("stained glass")[0] == "stained-glass"


@pytest.mark.parametrize("model", ["brushwork", "brushwork-mobile"])
def test_a_shipped_map_belongs_to_its_model(model: str) -> None:
    folder = model_folder.find(model)
    shipped = WordMap.read(folder.path / model_folder.WORDS)
    assert shipped.mean.shape == (folder.embedding_size,) and shipped.style_size == folder.card.style_size
    assert shipped.moves.shape == (len(shipped.names), folder.embedding_size) and "Claude Monet" in shipped.names
    assert len(shipped.bank) == len(shipped.labels) and {"dark blue", "fine lines"} <= set(shipped.vocabulary)
