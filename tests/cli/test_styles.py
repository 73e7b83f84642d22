"""`brushwork styles`, and named styles in `brushwork stylize`."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushwork import images
from brushwork.stylizer import Stylizer
from tests.cli.conftest import Paint, Run


def test_styles_are_listed(brushwork: Run) -> None:
    ended = brushwork("styles")
    heading, *rows = ended.out.splitlines()
    assert (ended.code, ended.err, heading.split()) == (0, "", ["name", "kind", "about"])
    listed = json.loads(brushwork("styles", "--json").out)
    assert [row.split()[0] for row in rows] == [style["name"] for style in listed]
    ukiyo_e = next(style for style in listed if style["name"] == "ukiyo-e")
    assert ukiyo_e["kind"] == "print" and any(ukiyo_e["about"] in row for row in rows)


@pytest.mark.usefixtures("quick")
def test_a_name_needs_no_file(brushwork: Run, paint: Paint, here: Path, loaded: Stylizer) -> None:
    photo = paint("photo.png")
    ended = brushwork("stylize", photo, "-s", "ukiyo-e")
    assert (ended.code, [line.split()[0] for line in ended.lines]) == (0, [str(here / "photo-ukiyo-e.png")])
    content = np.asarray(Image.open(photo), np.float32) / 255
    expected = loaded.stylize(content, "ukiyo-e")
    painted = np.asarray(Image.open(here / "photo-ukiyo-e.png"), np.float32) / 255
    np.testing.assert_allclose(painted, expected, atol=0.5 / 255 + 1e-6)


@pytest.mark.usefixtures("quick")
def test_names_and_pictures_blend(brushwork: Run, paint: Paint, here: Path) -> None:
    paint("photo.png")
    paint("my.jpg", seed=1)
    assert brushwork("stylize", "photo.png", "-s", "mosaic", "-s", "my.jpg", "-o", "a").code == 0
    assert (here / "a" / "photo.png").is_file()
    assert brushwork("stylize", "photo.png", "-s", "mosaic", "-s", "my.jpg", "--each").code == 0
    assert (here / "photo-mosaic.png").is_file() and (here / "photo-my.png").is_file()


@pytest.mark.usefixtures("quick")
def test_a_file_takes_precedence_over_a_name(brushwork: Run, paint: Paint, here: Path) -> None:
    paint("photo.png")
    paint("mosaic.png", seed=1).rename(here / "mosaic")
    for style, target in (("mosaic", "by-path.png"), ("./mosaic", "by-the-same.png")):
        assert brushwork("stylize", "photo.png", "-s", style, "-o", target).code == 0
    (here / "mosaic").unlink()
    assert brushwork("stylize", "photo.png", "-s", "mosaic", "-o", "by-name.png").code == 0
    by_path, same, by_name = ((here / f"{name}.png").read_bytes() for name in ("by-path", "by-the-same", "by-name"))
    assert by_path == same != by_name


@pytest.mark.usefixtures("quick")
def test_an_unknown_name_gives_the_nearest(brushwork: Run, paint: Paint, here: Path) -> None:
    paint("photo.png")
    ended = brushwork("stylize", "photo.png", "-s", "ukiyoe")
    assert ended.code == 1 and len(ended.lines) == 1
    assert "no picture 'ukiyoe', and no style 'ukiyoe'; did you mean 'ukiyo-e'?" in ended.err
    assert [path.name for path in here.iterdir()] == ["photo.png"]


@pytest.mark.usefixtures("quick")
def test_histogram_colours_need_a_style_picture(brushwork: Run, paint: Paint) -> None:
    paint("photo.png")
    ended = brushwork("stylize", "photo.png", "-s", "mosaic", "--keep-colors", "histogram")
    assert ended.code == 1 and "'mosaic' is a named style, so use luma" in ended.err


@pytest.mark.usefixtures("quick")
def test_a_sheet_shows_all_styles(brushwork: Run, paint: Paint, here: Path) -> None:
    paint("photo.png", 96, 64)
    count = len(json.loads(brushwork("styles", "--json").out))
    ended = brushwork("styles", "--sheet", "photo.png", "--size", 48)
    assert (ended.code, ended.lines) == (0, [f"photo-styles.jpg  {count} styles"])
    with Image.open(here / "photo-styles.jpg") as sheet:
        assert sheet.width * sheet.height > (count + 1) * 48 * 32
    assert images.is_pastiche(here / "photo-styles.jpg")  # a later run does not take it for a photo
    again = brushwork("styles", "--sheet", "photo.png", "--size", 48)
    assert (again.code, again.lines) == (1, ["brushwork: photo-styles.jpg exists; use --overwrite to replace it"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "sheet.jpg"), "-o requires --sheet"),
        (("--sheet", "photo.png", "--json"), "--json and --sheet exclude each other; leave out one"),
        (("--sheet", "gone.png"), "cannot read gone.png: no such file"),
        (("--sheet", "photo.png", "--size", "3"), "the size is 3; it must be between 16 and 100000"),
        (("--model", "magneta"), "did you mean 'magenta-mobile'?"),
    ],
)
def test_invalid_requests_are_one_line_errors(
    brushwork: Run, paint: Paint, arguments: tuple[str, ...], message: str
) -> None:
    paint("photo.png")
    ended = brushwork("styles", *arguments)
    assert ended.code == 1 and len(ended.lines) == 1 and message in ended.err
