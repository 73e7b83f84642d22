"""Formats on the command line: metadata, folders of styles, closed streams."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from brushwork import images
from tests.cli.conftest import Paint, Run


@pytest.fixture
def photo(paint: Paint, quick: None) -> str:
    return paint("photo.jpg").name


@pytest.fixture
def style(paint: Paint) -> str:
    return paint("waves.png", seed=1).name


def test_strip_removes_all_metadata_or_only_the_location(brushwork: Run, photo: str, style: str) -> None:
    exif = Image.Exif()
    exif[315] = "Somebody"
    exif.get_ifd(34853)[1] = "N"
    Image.open(photo).save("place.jpg", exif=exif.tobytes())
    for options, artist, place in ((["--strip"], None, {}), (["--strip", "gps"], "Somebody", {}),
                                   ([], "Somebody", {1: "N"})):  # fmt: skip
        assert brushwork("stylize", *options, "place.jpg", "-s", style, "-o", "a.jpg", "--overwrite").code == 0
        with Image.open("a.jpg") as file:
            assert file.getexif().get(315) == artist and dict(file.getexif().get_ifd(34853)) == place


def test_a_folder_of_styles_means_every_picture_in_it(brushwork: Run, photo: str, style: str) -> None:
    Path("looks").mkdir()
    for name in ("a.png", "b.png"):
        Image.open(style).convert("RGB").save(f"looks/{name}")
    assert brushwork("stylize", photo, "-s", "looks", "-o", "out").code == 0
    stem = Path(photo).stem
    assert sorted(path.stem for path in Path("out").iterdir()) == [f"{stem}-a", f"{stem}-b"]


def test_a_second_run_finds_no_new_photos_and_skips_what_exists(brushwork: Run, photo: str, style: str) -> None:
    Path("photos").mkdir()
    Image.open(photo).save("photos/a.jpg")
    assert brushwork("stylize", "photos", "-s", style, "-o", "photos").code == 0
    for _ in range(2):
        ended = brushwork("stylize", "photos", "-s", style, "-o", "photos", "--skip-existing")
        assert ended.code == 0 and "every pastiche exists" in ended.err
    assert len(list(Path("photos").iterdir())) == 2


def test_the_record_goes_to_standard_error_if_the_pastiche_goes_to_standard_output(
    here: Path, photo: str, style: str
) -> None:
    command = [sys.executable, "-m", "brushwork", "stylize", photo, "-s", style, "-o", "-", "--json"]
    ended = subprocess.run(command, capture_output=True, check=True)
    assert images.open(ended.stdout).image.shape[2] == 3
    assert json.loads(ended.stderr)["pastiche"] == "-"


@pytest.mark.parametrize("closed", ["<&-", "2>&-", ">&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_crash_the_program(closed: str, here: Path, photo: str, style: str) -> None:
    command = f"{sys.executable} -m brushwork stylize {photo} -s {style} -o closed.jpg {closed}"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, check=False, env=os.environ)
    assert ended.returncode == 0 and b"Traceback" not in ended.stderr
    assert images.open("closed.jpg").image.shape[2] == 3


def test_a_pastiche_to_a_closed_standard_output_is_refused(here: Path, photo: str, style: str) -> None:
    command = f"{sys.executable} -m brushwork stylize {photo} -s {style} -o - >&-"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, check=False, env=os.environ)
    assert ended.returncode == 1 and b"standard output is closed; choose a file with -o" in ended.stderr
