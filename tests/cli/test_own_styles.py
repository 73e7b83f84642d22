"""`brushwork styles add`, `remove`, `rename`, `export`, `import`, and own styles in other commands."""

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from brushwork.batch import watch
from brushwork.styles import own, own_file
from brushwork.styles.own_file import Origin, OwnFile, shrink
from brushwork.stylizer import Stylizer
from brushwork.training import learn_style, learning_squares
from brushwork.training.learn_style import Learned
from tests.cli.conftest import Paint, Run

KEYWORDS = dict(learn_style.learn.__kwdefaults__ or {})


@pytest.mark.usefixtures("quick")
def test_an_own_style_is_added_used_exported_and_imported(
    brushwork: Run, paint: Paint, here: Path, loaded: Stylizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = paint("painting.png", seed=3)
    paint("photo.png")
    ended = brushwork("styles", "add", "barn", picture)
    assert ended.code == 0 and ended.err.startswith("barn  from painting.png  ")
    listed = json.loads(brushwork("styles", "--json").out)
    assert listed[0] == {"name": "barn", "kind": "own", "about": "from painting.png"}
    assert brushwork("stylize", "photo.png", "-s", "barn").code == 0
    photo = np.asarray(Image.open("photo.png"), np.float32) / 255
    expected = loaded.stylize(photo, str(picture))  # 64 pixels are painted at 256, which is a size of the gallery
    painted = np.asarray(Image.open("photo-barn.png"), np.float32) / 255
    np.testing.assert_allclose(painted, expected, atol=1.5 / 255)
    assert brushwork("styles", "export", "barn").lines == ["barn.json"]
    assert brushwork("styles", "export", "barn").err == "brushwork: barn.json exists; use --overwrite to replace it\n"
    assert brushwork("styles", "export", "barn", "-o", "-").out == (here / "barn.json").read_text(encoding="utf-8")
    assert not (here / "-").exists()
    monkeypatch.setenv("BRUSHWORK_DATA", str(here / "elsewhere"))
    assert brushwork("styles", "import", "barn.json", "--as", "hay").code == 0
    assert brushwork("styles", "rename", "hay", "straw").lines == ["hay is now straw"]
    copied = here / "elsewhere" / "styles" / "straw.json"
    assert copied.read_bytes() == (here / "barn.json").read_bytes()
    assert brushwork("styles", "remove", "straw").lines == ["removed straw"]
    assert not copied.exists()


@pytest.mark.usefixtures("quick")
def test_an_own_style_that_hides_a_shipped_one_gives_a_notice(brushwork: Run, paint: Paint, here: Path) -> None:
    paint("painting.png", seed=3)
    paint("photo.png")
    added = brushwork("styles", "add", "mosaic", "painting.png", "ukiyo-e", "--weights", "3,1", "--about", "mine")
    assert added.err.endswith("; it hides the model's style of the same name\n")
    ended = brushwork("stylize", "photo.png", "photo.png", "-s", "mosaic", "-o", "out/")
    assert ended.err.count("note: 'mosaic' is your own style; it hides the model's style of the same name") == 1
    recorded = brushwork("stylize", "photo.png", "-s", "mosaic", "-o", "again.png", "--json")
    assert "your own style" in json.loads(recorded.out)["notices"][0]


@pytest.mark.usefixtures("quick")
def test_watch_gives_the_notices_of_styles_once_and_those_of_pictures_each_time(
    brushwork: Run, paint: Paint, monkeypatch: pytest.MonkeyPatch
) -> None:
    brushwork("styles", "add", "mosaic", paint("painting.png", seed=3))
    hides, hdr = "'mosaic' is your own style; it hides the model's style of the same name", "it was tone-mapped"
    record = SimpleNamespace(notices=(hides, hdr), error=None, pastiche="out/a.jpg")
    monkeypatch.setattr(watch, "watch", lambda *arguments, **options: iter([record, record]))
    lines = brushwork("watch", "in", "out", "-s", "mosaic", "-s", "mosaic").lines
    assert lines.count(f"note: {hides}") == 1 and lines.count(f"note: {hdr}") == 2 and lines[0] == f"note: {hides}"


@pytest.mark.usefixtures("quick")
def test_a_description_is_printed_as_it_is(brushwork: Run, paint: Paint) -> None:
    picture = paint("painting.png", seed=3)
    assert brushwork("styles", "add", "barn", picture, "--about", "[/bold] like [red]\nbrick").code == 0
    listed = brushwork("styles")
    assert listed.code == 0 and "[/bold] like [red] brick" in listed.out
    brushwork("styles", "add", "\u6a59" * 80, picture, "--about", "long " * 50)
    (line,) = [line for line in brushwork("styles").out.splitlines() if line.startswith("\u6a59")]
    assert line.split() == ["\u6a59" * 80, "own", *["long"] * 50]  # a line is not wrapped


@pytest.mark.usefixtures("quick")
def test_words_that_are_unknown_are_named_when_a_style_is_added(brushwork: Run) -> None:
    ended = brushwork("styles", "add", "storm", "words: dark blue qqqxyz")
    assert ended.code == 0 and "note: ignored unknown words: qqqxyz" in ended.lines
    assert ended.lines[-1].startswith("storm  from words: dark blue qqqxyz  ")


@pytest.mark.usefixtures("quick")
def test_words_find_own_styles_of_other_models(brushwork: Run, paint: Paint, own_data: Path) -> None:
    picture = shrink(np.full((48, 64, 3), (0.1, 0.1, 0.6), np.float32))
    own.save("sea", OwnFile("a sea", "other", "its digest", {256: np.ones(3, np.float32)}, (Origin("a", 1, picture),)))
    own.save("kept", OwnFile("no picture", "other", "its digest", {256: np.ones(3, np.float32)}, (Origin("a"),)))
    paint("photo.png")
    ended = brushwork("styles", "--find", "dark blue, smooth", "--json")
    assert ended.code == 0 and "was understood as a style" in ended.err
    found = json.loads(ended.out)
    assert "sea" in [each["name"] for each in found] and "kept" not in [each["name"] for each in found]
    assert brushwork("stylize", "photo.png", "-s", "words: sea, smooth", "-o", "x.png").code == 0


@pytest.mark.usefixtures("quick")
def test_a_deep_style_is_learned_and_used(
    brushwork: Run, paint: Paint, own_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learn_style, "STAGES", (learning_squares.Stage(64, 0.0, 1),))
    times = iter([0.0, 1.0, 100.0])
    monkeypatch.setattr(learn_style.learn, "__kwdefaults__", {**KEYWORDS, "clock": lambda: next(times)})
    paint("painting.png", 80, 64, seed=3)
    paint("photo.png")
    ended = brushwork("styles", "learn", "barn", "painting.png", "--deep", "--minutes", "1")
    assert ended.code == 0 and "style share" in ended.err and "in 1 steps" in ended.err
    values = json.loads((own_data / "styles" / "barn.json").read_text())
    assert values["about"] == "learned from painting.png, deep" and len(values["embeddings"]["384"]) > 1000
    near = brushwork("styles", "--near", "painting.png", "--count", "1", "--json")
    assert [each["name"] for each in json.loads(near.out)] == ["barn"]  # beside the plain styles of the model
    assert brushwork("stylize", "photo.png", "-s", "barn", "-s", "mosaic", "--strength", "0.5").code == 0
    assert brushwork("styles", "add", "mix", "barn", "mosaic", "--weights", "3,1").code == 0
    mixed = json.loads((own_data / "styles" / "mix.json").read_text())
    deep, blend = (np.array(each["embeddings"]["384"]) for each in (values, mixed))
    np.testing.assert_allclose(blend[-1000:], 0.75 * deep[-1000:], rtol=1e-4)  # the other style is not deep
    assert mixed["model"] == values["model"]  # the digest, too: a blend with a deep style is one
    refused = brushwork("stylize", "photo.png", "-s", "barn", "-o", "x.png", "--model", "brushwork-mobile")
    assert refused.code == 0 and "it is embedded again from its stored thumbnail" in refused.err


@pytest.mark.usefixtures("quick")
def test_photos_that_cannot_be_used_are_reported(
    brushwork: Run, paint: Paint, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def learned(network: Any, start: Any, style: Any, photos: Any, seconds: float, **how: Any) -> Any:
        seen.append(len(photos))
        return Learned(start[0], 3, (math.nan, math.nan), (math.nan, math.nan))  # Ctrl-C was pressed twice

    monkeypatch.setattr(learn_style, "learn", learned)
    monkeypatch.setattr(learn_style, "MOST_PHOTOS", 4)
    paint("painting.png", 80, 64, seed=3)
    for number in range(6):
        paint(f"photos/{number}.png", 80, 64, seed=number)
    (here / "photos" / "0.png").write_text("no picture")
    paint("photos/1.png", 40, 64)
    ended = brushwork("styles", "learn", "barn", "painting.png", "--photos", "photos")
    assert ended.code == 0 and seen == [2]
    assert ended.lines[0] == "note: learning on 4 of 6 photos" and "cannot read photos/0.png" in ended.lines[1]
    assert ended.lines[2] == "note: photos/1.png is smaller than 64 pixels" and "barn  in 3 steps" in ended.lines[3]
    for number in range(2, 6):
        (here / "photos" / f"{number}.png").write_text("no picture")
    ended = brushwork("styles", "learn", "dusk", "painting.png", "--photos", "photos")
    assert ended.code == 1 and ended.lines[-1] == "brushwork: no usable pictures in the folder photos"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "a/b", "photo.png"), "'a/b' is not a valid style name"),
        (("add", "barn", "gone.png"), "cannot read gone.png: no such file"),
        (("add", "barn", "photo.png", "--weights", "1,2"), "2 weights for 1 styles"),
        (("add", "barn", "photo.png", "--style-size", "3"), "the style size is 3; it must be between 80 and 2048"),
        (("learn", "barn", "gone.png"), "cannot read gone.png: no such file"),
        (("learn", "barn", "photo.png", "--minutes", "0"), "the number of minutes is 0"),
        (("remove", "barn"), "no own styles yet"),
        (("rename", "barn", "hay"), "no own styles yet"),
        (("export", "barn"), "no own styles yet"),
        (("import", "photo.png"), "photo.png is not an own style: it is not a JSON file"),
        (("import", "gone.json"), "cannot read gone.json: no such file"),
        (("import", "mine.json", "copy/MINE.json", "--overwrite"), "two of the files have the same name"),
        (("import", "a.json", "b.json", "--as", "x"), "--as requires exactly one file"),
        (("--json", "remove", "barn"), "put the options after styles remove"),
    ],
)
@pytest.mark.usefixtures("quick")
def test_invalid_requests_are_one_line_errors(
    brushwork: Run, paint: Paint, own_data: Path, arguments: tuple[str, ...], message: str
) -> None:
    picture = shrink(np.zeros((48, 64, 3), np.float32))
    for name in ("mine.json", "copy/MINE.json"):
        own_file.write(Path(name), OwnFile("", "m", "abc", {256: np.ones(3, np.float32)}, (Origin("a", 1, picture),)))
    paint("photo.png")
    ended = brushwork("styles", *arguments)
    assert (ended.code, len(ended.lines)) == (1, 1) and message in ended.err
    assert not list(own_data.rglob("*.json"))
