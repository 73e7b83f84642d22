"""Where pastiches go: one file each, never over a content, the same on every system."""

from pathlib import Path

import pytest

from brushwork.batch.plan import make_plan
from brushwork.errors import UserError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture(*names: str) -> None:
    """Makes files that are pictures by name, which is all that planning looks at."""
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def targets(*contents: str, styles: tuple[str, ...] = ("waves.png",), target: str | None = None, **how: object) -> list:
    return [job.target and job.target.as_posix() for job in make_plan(contents, styles, target, **how)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "styles", "expected"),
    [
        ("photo.jpg", ("looks/waves.png",), "photo-waves.jpg"),
        ("album/photo.JPG", ("waves.png",), "album/photo-waves.JPG"),
        ("photo.jpg", ("waves.png", "stars.jpg"), "photo-waves+stars.jpg"),
        ("photo.v2.jpeg", ("waves",), "photo.v2-waves.jpeg"),
        ("scan.bmp", ("waves.png",), "scan-waves.png"),  # read, but never written
        ("photo", ("waves.png",), "photo-waves.png"),
    ],
)
def test_a_pastiche_is_named_after_both(content: str, styles: tuple[str, ...], expected: str) -> None:
    assert targets(content, styles=styles) == [expected]


def test_a_format_changes_the_ending_where_it_must() -> None:
    assert targets("a.jpg", "b.jpeg", "c.png", format="jpg") == ["a-waves.jpg", "b-waves.jpeg", "c-waves.jpg"]


def test_a_target_is_a_file_or_a_folder(here: Path) -> None:
    (here / "v1.2").mkdir()
    assert targets("photo.jpg", target="out.png") == ["out.png"]
    assert targets("photo.jpg", target="out") == ["out/photo.jpg"]
    assert targets("photo.jpg", target="out.png/") == ["out.png/photo.jpg"]
    assert targets("photo.jpg", target="v1.2") == ["v1.2/photo.jpg"]


def test_a_target_that_is_the_contents_folder_marks_the_names() -> None:
    assert targets("photo.jpg", target=".") == ["photo-waves.jpg"]
    assert targets("album/photo.jpg", target="album/../album") == ["album/../album/photo-waves.jpg"]


def test_standard_input_and_output() -> None:
    assert targets("-") == [None]
    assert targets("-", target="-") == [None]
    assert targets("photo.jpg", target="-") == [None]
    assert targets("-", target="out") == ["out/pastiche.png"]
    assert targets("-", "photo.jpg") == ["pastiche-waves.png", "photo-waves.jpg"]


def test_a_folder_has_a_folder_beside_it(here: Path) -> None:
    picture("photos/10.jpg", "photos/9.jpg", "photos/below/c.jpg", "photos/notes.txt")
    assert targets("photos") == ["photos-waves/9.jpg", "photos-waves/10.jpg"]
    assert targets("photos/", recursive=True) == [
        "photos-waves/9.jpg", "photos-waves/10.jpg", "photos-waves/below/c.jpg",
    ]  # fmt: skip
    assert targets("photos/below/..") == [f"{here}/photos-waves/9.jpg", f"{here}/photos-waves/10.jpg"]
    assert targets("photos/below", styles=("a.png", "b.png"), each=True) == [
        "photos/below-a/c.jpg", "photos/below-b/c.jpg",
    ]  # fmt: skip


def test_folders_below_are_kept_in_the_target() -> None:
    picture("photos/a.jpg", "photos/one/a.jpg")
    assert targets("photos", target="out", recursive=True) == ["out/a.jpg", "out/one/a.jpg"]


def test_jobs_come_content_by_content() -> None:
    jobs = make_plan(["a.jpg", "b.jpg"], ["x.png", "y.png"], "out", each=True)
    assert [(str(job.content), job.styles) for job in jobs] == [
        ("a.jpg", ("x.png",)), ("a.jpg", ("y.png",)), ("b.jpg", ("x.png",)), ("b.jpg", ("y.png",)),
    ]  # fmt: skip
    assert [job.styles for job in make_plan(["a.jpg"], ["x.png", "y.png"])] == [("x.png", "y.png")]


@pytest.mark.parametrize(
    ("contents", "how"),
    [
        (("one/a.jpg", "two/a.jpg"), {"target": "out"}),
        (("a.jpg", "a.png"), {"format": "png"}),
        (("a.jpg", "a.png", "a-2.png"), {"target": "out", "format": "png"}),
        (("one/a.jpg", "two/A.JPG"), {"target": "out"}),  # one file on Windows and macOS
        (("a.jpg", "a.jpg"), {}),
        (("a.jpg",), {"styles": ("one/x.png", "two/x.png"), "each": True}),
        (("a.jpg", "a-waves.jpg"), {}),
    ],
)
def test_no_two_jobs_write_one_file_nor_over_a_content(contents: tuple[str, ...], how: dict[str, object]) -> None:
    taken = [str(name).lower() for name in targets(*contents, **how)]  # type: ignore[arg-type]
    assert len(set(taken)) == len(taken)
    assert not set(taken) & {content.lower() for content in contents}


def test_spellings_of_one_path_are_one_path(here: Path) -> None:
    (here / "out").mkdir()
    (here / "link").symlink_to("out")
    assert targets("out/a.jpg", "link/a.jpg") == ["out/a-waves.jpg", "link/a-waves-2.jpg"]


@pytest.mark.parametrize(
    ("contents", "how", "expected"),
    [
        (("a.jpg", "b.jpg"), {"target": "out.jpg"}, "out.jpg is one file, but there are 2 pastiches"),
        (("a.jpg", "b.jpg"), {"target": "-"}, "standard output takes one pastiche, not 2"),
        (("-", "-"), {"target": "out"}, "standard input can be read once"),
        (("a.jpg",), {"target": "a.txt"}, "unknown output format 'txt'"),
        (("a.jpg",), {"format": "pgn"}, "did you mean 'png'"),
        (("empty",), {}, "no pictures in the folder empty"),
        (("",), {}, "a content has an empty name"),
    ],
)
def test_what_cannot_be_planned(here: Path, contents: tuple[str, ...], how: dict[str, object], expected: str) -> None:
    (here / "empty").mkdir()
    with pytest.raises(UserError, match=expected):
        targets(*contents, **how)  # type: ignore[arg-type]
