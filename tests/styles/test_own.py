"""The user's own styles: their files, and their use with several models."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from brushwork import model_folder
from brushwork.errors import UserError
from brushwork.styles import Gallery, NamedStyle, own, own_file, resolve
from brushwork.styles.adding import make_style
from brushwork.styles.own import OwnStyles
from brushwork.styles.own_file import Origin, OwnFile, shrink
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime

RED = np.tile(np.array([1, 0, 0], np.float32), (40, 60, 1))
STYLE = OwnFile("red", "fake", "abc", {256: np.array([1, 0, 0], np.float32)}, (Origin("red.png", 1.0, shrink(RED)),))


class Two(Gallery):
    shipped = {name: NamedStyle(name, "print", "", {256: np.zeros(3, np.float32)}) for name in ("ink", "waves")}  # noqa: RUF012


def mean_colour(picture: Any, size: int) -> Any:
    return picture.mean(axis=(0, 1))[None]


def gallery(digest: str = "abc") -> Two:
    return Two(own=OwnStyles(lambda: {digest}, mean_colour))


def test_a_saved_style_is_read_back(own_data: Path) -> None:
    path = own.save("barn", STYLE)
    assert path == own_data / "styles" / "barn.json" and own.data_folder() == own_data / "styles"
    found = own_file.read(path)
    assert (found.about, found.model, found.digest, found.origin) == ("red", "fake", "abc", STYLE.origin)
    np.testing.assert_array_equal(found.embeddings[256], [1, 0, 0])
    with pytest.raises(UserError, match="own style 'barn' exists; use --overwrite"):
        own.save("barn", STYLE)
    with pytest.raises(UserError, match="own style 'barn' exists"):
        own.save("Barn", STYLE, overwrite=True)  # one file on some systems
    own.save("barn", replace(STYLE, about="again"), overwrite=True)
    assert own_file.read(path).about == "again" and len(list(path.parent.iterdir())) == 1


def test_a_learned_style_is_never_lost(own_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    own.save("barn", STYLE)  # by another process, while this one was learning
    learned = replace(STYLE, about="learned")
    with pytest.raises(
        UserError, match=r"'barn' exists.* in barn-2\.json instead: brushwork styles import barn-2\.json"
    ):
        own.save_learned("barn", learned)
    own_data.rename(tmp_path / "moved")
    own_data.write_text("a file where the folder of own styles should be")
    with pytest.raises(UserError, match=r"not a directory; the style is in barn\.json instead"):
        own.save_learned("barn", learned)
    assert [own_file.read(Path(name)).about for name in ("barn.json", "barn-2.json")] == ["learned"] * 2


def test_a_style_is_renamed_and_removed() -> None:
    for name in ("barn", "dusk"):
        own.save(name, STYLE)
    with pytest.raises(UserError, match="own style 'dusk' exists"):
        own.rename("barn", "dusk")
    own.rename("barn", "old")
    own.rename("old", "OLD")
    with pytest.raises(UserError, match="unknown own style 'dus'; did you mean 'dusk'"):
        own.remove(["OLD", "dus"])
    assert [path.stem for path in own.list_files(own.data_folder())] == ["OLD", "dusk"]
    own.remove(["OLD", "dusk"])
    with pytest.raises(UserError, match="no own styles yet"):
        own.path_of("dusk")


@pytest.mark.parametrize("name", ["", "a/b", "..", "a.jpg", "words: sea", "a" * 81, "a b", "nul\0"])
def test_invalid_names_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="is not a valid style name"):
        own.save(name, STYLE)


def test_own_styles_take_precedence_with_a_notice() -> None:
    for name in ("ink", "barn"):
        own.save(name, STYLE)
    known = gallery()
    assert list(known.styles) == ["barn", "ink", "waves"]
    found = resolve("ink", known, files=False)
    assert isinstance(found, NamedStyle) and found.kind == "own"
    assert found.notices == ("'ink' is your own style; it hides the model's style of the same name",)
    assert known.styles["barn"].notices == known.styles["waves"].notices == ()
    own.remove(["ink"])  # seen by a gallery that is open
    assert known.styles["ink"].kind == "print"
    thumbnail = known.thumbnail("barn")
    assert thumbnail is not None and thumbnail.size == (96, 96)
    np.testing.assert_allclose(np.asarray(thumbnail), np.broadcast_to([255, 0, 0], (96, 96, 3)), atol=3)
    assert known.thumbnail("gone") is None


def test_a_file_takes_precedence_over_an_own_style(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own.save("barn", STYLE)
    Path("barn").write_bytes(b"")
    assert resolve("barn", gallery(), files=True) == Path("barn")


def test_another_model_embeds_the_stored_picture() -> None:
    blue = Origin("blue.png", 0.25, shrink(RED[..., ::-1]))
    own.save("both", replace(STYLE, origin=(replace(STYLE.origin[0], weight=0.75), blue)))
    found = gallery("other").styles["both"]
    assert found.notices == (
        "style 'both' was made for the model fake; it is embedded again from its stored thumbnail",
    )
    np.testing.assert_allclose(found.at(256), [[0.75, 0, 0.25]], atol=0.02)


def test_another_model_embeds_a_picture_only_once() -> None:
    own.save("barn", STYLE)
    sizes: list[int] = []

    def predict(picture: Any, size: int) -> Any:
        sizes.append(size)
        return mean_colour(picture, size)

    known = Two(own=OwnStyles(lambda: {"other"}, predict))
    for _ in range(3):
        known.styles["barn"].at(256)
    assert sizes == [256]
    own.save("barn", replace(STYLE, about="another picture"), overwrite=True)
    known.styles["barn"].at(256)
    assert sizes == [256, 256]


def test_other_weights_of_a_model_are_named() -> None:
    own.save("barn", STYLE)
    known = Two(own=OwnStyles(lambda: {"other"}, mean_colour, model="fake"))
    (notice,) = known.styles["barn"].notices
    assert notice.startswith("style 'barn' was made for other weights of the model fake; it is embedded again")


def test_another_model_refuses_a_style_without_a_picture() -> None:
    own.save("barn", replace(STYLE, origin=(Origin("red.png"),)))
    other = gallery("other")
    assert "barn" not in other.styles
    with pytest.raises(UserError, match="style 'barn' was made for the model fake and stores no picture"):
        resolve("barn", other, files=True)
    assert gallery().styles["barn"].thumbnail is None


def encoded(width: int, height: int) -> str:
    """A picture of this size in the form in which files store them."""
    buffer = BytesIO()
    Image.new("RGB", (width, height)).save(buffer, "WEBP")
    return base64.b64encode(buffer.getvalue()).decode()


def broken(change: Callable[[dict[str, Any]], None]) -> str:
    values = json.loads(own.path_of("barn").read_text())
    change(values)
    return json.dumps(values)


CHANGES: list[Callable[[dict[str, Any]], None]] = [
    lambda values: values.update(format=2),
    lambda values: values.pop("model"),
    lambda values: values.update(embeddings={}),
    lambda values: values.update(embeddings={"256": [1, float("nan")]}),
    lambda values: values.update(embeddings={"256": [1, 2], "512": [1]}),
    lambda values: values.update(embeddings={"256": "red"}),
    lambda values: values.update(embeddings={"-1": [1]}),
    lambda values: values.update(embeddings={"256": [1, 1e30]}),
    lambda values: values.update(about=["red"]),
    lambda values: values.update(origin=[]),
    lambda values: values["origin"][0].update(weight=5),
    lambda values: values["origin"][0].update(picture=encoded(8, 8)),
    lambda values: values["origin"][0].update(picture=encoded(16 * 33, 16)),
    lambda values: values["origin"][0].update(weight=-1),
    lambda values: values["origin"][0].update(weight="x"),
    lambda values: values["origin"][0].update(picture="?"),
    lambda values: values["origin"][0].update(picture=base64.b64encode(b"no picture").decode()),
    lambda values: values["origin"][0].update(script="x"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_broken_file_is_reported_and_the_other_styles_work(change: Callable[[dict[str, Any]], None]) -> None:
    own.save("barn", STYLE)
    text = broken(change)
    own.save("dusk", STYLE)
    path = own.path_of("barn")
    path.write_text(text)
    with pytest.raises(UserError, match=r"barn\.json is not an own style: "):
        own_file.read(path)
    known = gallery()
    assert "dusk" in known.styles and list(known.refused) == ["barn"]
    with pytest.raises(UserError, match=r"barn\.json is not an own style: "):
        resolve("barn", known, files=True)


def test_too_few_numbers_for_the_model_are_reported_and_the_other_styles_work() -> None:
    own.save("short", STYLE)
    own.save("barn", replace(STYLE, embeddings={256: np.zeros(4, np.float32)}))
    known = Two(own=OwnStyles(lambda: {"abc"}, size=4))
    assert "barn" in known.styles and list(known.refused) == ["short"]
    with pytest.raises(UserError, match="'short' has 3 numbers, those of the model fake have at least 4"):
        resolve("short", known, files=True)


def test_texts_become_lines_without_control_characters() -> None:
    own.save("barn", replace(STYLE, about="a\n\x1b[31mb \udce9", origin=(Origin("\udce9.png"),), model="m" * 1000))
    found = own_file.read(own.path_of("barn"))
    assert (found.about, found.origin[0].file, len(found.model)) == ("a [31mb", ".png", own_file.LONGEST_LINE)


def test_a_style_can_be_a_blend_of_pictures_and_names(tmp_path: Path, fake_runtime: FakeRuntime) -> None:
    Image.fromarray((RED * 255).astype(np.uint8)).save(tmp_path / "red.png")
    own.save("blue", OwnFile("", "m", "abc", {256: np.array([0, 0, 1], np.float32)}, (Origin("b"),)))
    folder = replace(model_folder.find("brushwork-mobile"), network={"styles": (), "predicted_size": 3})
    player = Stylizer(fake_runtime, gallery=gallery())
    made = make_style([str(tmp_path / "red.png"), "blue"], player, folder, weights=[3, 1])
    np.testing.assert_allclose(made.embeddings[256], [0.75, 0, 0.25])
    assert [(each.file, each.weight, each.picture is None) for each in made.origin] == [
        ("red.png", 0.75, False), ("blue", 0.25, True),
    ]  # fmt: skip
    assert (made.about, made.model) == ("from red.png, blue", "brushwork-mobile")
    assert make_style(["blue"], player, folder, style_size=100, about="sky").embeddings.keys() == {100}
    alone = make_style([str(tmp_path / "red.png")], player, folder, keep_pictures=False)
    assert alone.origin == (Origin("red.png"),)


def test_the_digest_depends_only_on_the_prediction_network(predicted_folder: model_folder.ModelFolder) -> None:
    default = model_folder.find()
    assert own_file.digest_of(default) == own_file.digest_of(default)
    assert len({own_file.digest_of(folder) for folder in (default, predicted_folder)}) == 2
