"""`brushwork evaluate` from the command line."""

import json
from pathlib import Path

import pytest

from brushwork import extras
from brushwork.model_folder import DEFAULT_MODEL
from tests.cli.conftest import Paint, Run
from tests.training.samples import write_tar

FOLDERS = ("--contents", "photos", "--styles", "styles", "--size", 64)


@pytest.fixture
def folders(paint: Paint) -> None:
    """Two photos and three styles."""
    for number in range(2):
        paint(f"photos/p{number}.png", 80, 70, seed=number)
    for number in range(3):
        paint(f"styles/s{number}.jpg", 70, 90, seed=10 + number)


@pytest.mark.usefixtures("quick", "folders")
def test_the_default_model_is_scored_in_a_table_json_and_a_page(brushwork: Run, here: Path) -> None:
    ended = brushwork("evaluate", *FOLDERS, "--pairs", 3, "--json", "scores.json", "--html", "page.html")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"{DEFAULT_MODEL}: 3 pairs at 64 x 64\ncontent loss  ")
    values = json.loads((here / "scores.json").read_text())
    assert (values["who"], values["size"], values["pairs"], values["strength 0"]) == (DEFAULT_MODEL, 64, 3, True)
    assert [(record["content"], record["style"]) for record in values["records"]] == [
        ("p0.png", "s0.jpg"), ("p1.png", "s1.jpg"), ("p0.png", "s2.jpg"),
    ]  # fmt: skip
    assert 0 < values["style share"] < 2
    low, high = values["95 % interval"]["style share"]
    assert low <= values["style share"] <= high
    assert (values["precision"], values["device"]) == ("f32", "auto")
    assert values["machine"]["processor"] and values["machine"]["versions"]["torch"]
    assert (here / "page.html").read_text().count("<img ") == 9


@pytest.mark.usefixtures("folders")
def test_finished_pastiches_need_no_model(brushwork: Run, paint: Paint) -> None:
    paint("peer/p0-s0.png", 80, 70, seed=0)  # the photo itself
    ended = brushwork("evaluate", "peer", *FOLDERS, "--pairs", 1)
    assert (ended.code, ended.err) == (0, "")
    assert "peer: 1 pairs at 64 x 64" in ended.out
    assert "style share   1.000  [1.000, 1.000]" in ended.out
    assert "the photo     content loss 0, style share 1" in ended.out
    assert "seconds       unknown" in ended.out
    assert ended.out.splitlines()[-1].startswith("optimised     not computed; --optimize 4 adds")


@pytest.mark.usefixtures("folders")
def test_optimised_pixels_are_a_row_beside_the_model(brushwork: Run, paint: Paint, here: Path) -> None:
    for number in range(2):
        paint(f"peer/p{number}-s{number}.png", 80, 70, seed=number)  # the photos themselves
    ended = brushwork(
        "evaluate", "peer", *FOLDERS, "--pairs", 2, "--optimize", 1, "--json", "scores.json", "--html", "a.html"
    )
    assert (ended.code, ended.err) == (0, "")
    optimised = json.loads((here / "scores.json").read_text())["optimised"]
    assert (optimised["pairs"], len(optimised["records"])) == (1, 1)
    assert optimised["style share"] < 0.5
    share = f"style share {optimised['style share']:.3f}"
    *_, row, beside = ended.out.splitlines()
    page = (here / "a.html").read_text(encoding="utf-8")
    assert row in page and beside in page and "the photo     content loss 0" in page
    assert row.startswith("optimised     content loss ") and share in row
    assert row.endswith("optimised pixels of the first 1 pairs")
    assert beside.startswith("same pairs    content loss 0, style share 1.000, SSIM 1.000, structure 0.000")


@pytest.mark.usefixtures("folders")
@pytest.mark.parametrize("prefix", ["x/", "./", ""])
def test_nested_folders_and_tars_are_scored_like_flat_folders(
    brushwork: Run, paint: Paint, here: Path, prefix: str
) -> None:
    for number in range(2):
        paint(f"peer/p{number}-s{number}.png", 80, 70, seed=30 + number)
    flat = brushwork("evaluate", "peer", *FOLDERS, "--pairs", 2)
    (here / "photos").rename(here / "inner")
    (here / "photos").mkdir()
    (here / "inner").rename(here / "photos" / "inner")
    styles = sorted((here / "styles").iterdir())
    write_tar(here / "styles.tar", {f"{prefix}{path.name}": path.read_bytes() for path in styles})
    folders = [value if value != "styles" else "styles.tar" for value in FOLDERS]
    nested = brushwork("evaluate", "peer", *folders, "--pairs", 2)
    assert flat.code == nested.code == 0 and flat.out == nested.out


@pytest.mark.usefixtures("folders")
@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["photos"], "photos lacks 6 of 6 pastiches; the first is p0-s0.*"),
        (["magenta-mobil"], "unknown model 'magenta-mobil'; did you mean 'magenta-mobile'?"),
        (["--pairs", 0], "the number of pairs is 0; it must be at least 1"),
        (["--size", 32], "the size is 32; it must be at least 64"),
        (["--styles", "nowhere"], "cannot read nowhere: no such file"),
        (["--inception", "photos/p0.png"], "cannot read photos/p0.png: photos/p0.png is not a file of weights"),
        (["--device", "abacus"], "unknown device 'abacus'"),
        (["--html", "photos"], "cannot write photos: it is a folder"),
        (["--json", "no/file.json"], "no folder no"),
        (["--json", "photos/p0.png"], "photos/p0.png exists; use --overwrite to replace it"),
    ],
)
@pytest.mark.usefixtures("quick")
def test_invalid_requests_are_one_line_errors(brushwork: Run, arguments: list[object], line: str) -> None:
    ended = brushwork("evaluate", *FOLDERS, *arguments)
    assert (ended.code, ended.out) == (1, "")
    assert len(ended.lines) == 1
    assert ended.lines[0].startswith(f"brushwork: {line}")


@pytest.mark.usefixtures("folders")
def test_without_torch_the_error_names_the_install_command(brushwork: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "torch", ("missing_module",))
    ended = brushwork("evaluate", *FOLDERS)
    assert ended.code == 1
    assert ended.lines == ["brushwork: evaluating needs an optional extra: pip install 'brushwork[torch]'"]
