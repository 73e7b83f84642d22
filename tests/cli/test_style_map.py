"""`brushwork styles --map` and `--near`."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Paint, Run
from tests.training.samples import write_tar


@pytest.mark.usefixtures("quick")
def test_a_map_of_the_named_styles_is_written(brushwork: Run, here: Path) -> None:
    ended = brushwork("styles", "--map", "styles.html")
    count = len(json.loads(brushwork("styles", "--json").out))
    assert (ended.code, ended.lines) == (0, [f"styles.html  {count} styles"])
    assert '"ukiyo-e"' in (here / "styles.html").read_text(encoding="utf-8")
    ended = brushwork("styles", "--map", "styles.html")
    assert (ended.code, ended.lines) == (1, ["brushwork: styles.html exists; use --overwrite to replace it"])


@pytest.mark.usefixtures("quick")
def test_the_nearest_of_pictures_in_a_tar_is_the_picture_itself(brushwork: Run, paint: Paint, here: Path) -> None:
    files = {f"art/{seed}.png": paint(f"{seed}.png", 96, 96, seed=seed).read_bytes() for seed in range(4)}
    write_tar(here / "styles.tar", {**files, "art/broken.png": b"none"})
    ended = brushwork("styles", "--near", "2.png", "--pictures", "styles.tar", "--json", "--count", "3")
    rows = json.loads(ended.out)
    assert (ended.code, len(rows), rows[0]) == (0, 3, {"name": "art/2.png", "distance": 0.0})
    assert [row["distance"] for row in rows] == sorted(row["distance"] for row in rows)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--map", "a.html", "--near", "photo.png"), "exclude each other"),
        (("--pictures", "here"), "--pictures, --labels and --count require --map or --near"),
        (("--near", "photo.png", "--count", "0"), "the count is 0"),
        (("--near", "photo.png", "--pictures", "nowhere"), "no pictures at nowhere"),
        (("--map", "none/a.html"), "no folder none"),
        (("--map", "a.html", "--pictures", "photo.png"), "a map needs two pictures"),
        (("--map", "a.html", "--labels", "photo.png"), "cannot read labels photo.png"),
    ],
)
def test_invalid_requests_are_one_line_errors(
    brushwork: Run, paint: Paint, arguments: tuple[str, ...], message: str
) -> None:
    paint("photo.png")
    ended = brushwork("styles", *arguments)
    assert ended.code == 1 and len(ended.lines) == 1 and message in ended.err
