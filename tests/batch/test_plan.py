"""The target files of a run: one per pastiche, never a content, and the same on every system."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from brushwork import images
from brushwork.batch.options import Options, RegionOption
from brushwork.batch.plan import make_plan
from brushwork.errors import UserError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture(*names: str) -> None:
    """Create files with names of pictures, which is all that planning reads."""
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def targets(
    *contents: str, styles: tuple[str, ...] = ("waves.png",), target: str | None = None, **how: Any
) -> list[Any]:
    settings = {name: how.pop(name) for name in [*how] if name not in ("each", "recursive")}
    jobs = make_plan(contents, styles, target, options=Options(**settings), **how)
    return [job.target and job.target.as_posix() for job in jobs]


@pytest.mark.parametrize("style", ["words: " + "dark blue, " * 1000, "i" * 5000, "in\0k"])
def test_a_style_may_be_text_that_cannot_name_a_file(style: str) -> None:
    picture("photo.jpg")
    region = RegionOption("alpha", style)
    assert targets("photo.jpg", styles=(style,), target="out.jpg", regions=(region,)) == ["out.jpg"]


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
def test_a_pastiche_is_named_after_content_and_style(content: str, styles: tuple[str, ...], expected: str) -> None:
    assert targets(content, styles=styles) == [expected]


def test_a_format_changes_the_extension_only_if_necessary() -> None:
    assert targets("a.jpg", "b.jpeg", "c.png", format="jpg") == ["a-waves.jpg", "b-waves.jpeg", "c-waves.jpg"]


def test_a_target_is_a_file_or_a_folder(here: Path) -> None:
    (here / "v1.2").mkdir()
    assert targets("photo.jpg", target="out.png") == ["out.png"]
    assert targets("photo.jpg", target="out") == ["out/photo.jpg"]
    assert targets("photo.jpg", target="out.png/") == ["out.png/photo.jpg"]
    assert targets("photo.jpg", target="v1.2") == ["v1.2/photo.jpg"]


def test_pastiches_in_the_folder_of_the_contents_get_the_style_s_name() -> None:
    assert targets("photo.jpg", target=".") == ["photo-waves.jpg"]
    assert targets("album/photo.jpg", target="album/../album") == ["album/../album/photo-waves.jpg"]


def test_a_dash_means_standard_input_and_output() -> None:
    assert targets("-") == [None]
    assert targets("-", target="-") == [None]
    assert targets("photo.jpg", target="-") == [None]
    assert targets("-", target="out") == ["out/pastiche.png"]
    assert targets("-", "photo.jpg") == ["pastiche-waves.png", "photo-waves.jpg"]


def test_pastiches_of_a_folder_go_into_a_folder_beside_it(here: Path) -> None:
    picture("photos/10.jpg", "photos/9.jpg", "photos/below/c.jpg", "photos/notes.txt")
    assert targets("photos") == ["photos-waves/9.jpg", "photos-waves/10.jpg"]
    assert targets("photos/", recursive=True) == [
        "photos-waves/9.jpg", "photos-waves/10.jpg", "photos-waves/below/c.jpg",
    ]  # fmt: skip
    assert targets("photos/below/..") == [f"{here}/photos-waves/9.jpg", f"{here}/photos-waves/10.jpg"]
    assert targets("photos/below", styles=("a.png", "b.png"), each=True) == [
        "photos/below-a/c.jpg", "photos/below-b/c.jpg",
    ]  # fmt: skip


def test_subfolders_are_reproduced_in_the_target() -> None:
    picture("photos/a.jpg", "photos/one/a.jpg")
    assert targets("photos", target="out", recursive=True) == ["out/a.jpg", "out/one/a.jpg"]


def test_jobs_are_ordered_by_content() -> None:
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
def test_no_two_jobs_write_the_same_file_and_none_writes_over_a_content(
    contents: tuple[str, ...], how: dict[str, object]
) -> None:
    taken = [str(name).lower() for name in targets(*contents, **how)]  # type: ignore[arg-type]
    assert len(set(taken)) == len(taken)
    assert not set(taken) & {content.lower() for content in contents}


def test_different_spellings_of_a_path_are_the_same_path(here: Path) -> None:
    (here / "out").mkdir()
    (here / "link").symlink_to("out")
    assert targets("out/a.jpg", "link/a.jpg") == ["out/a-waves.jpg", "link/a-waves-2.jpg"]


def pastiche(name: str) -> None:
    """A picture marked as a pastiche."""
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    image = images.Picture.of(np.zeros((4, 4, 3), np.float32))
    images.save(replace(image, metadata=images.Metadata().marked()), name)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "avif", "gif"])
def test_pastiches_of_earlier_runs_are_not_contents(suffix: str) -> None:
    picture("photos/a.jpg")
    pastiche(f"photos/a-stars.{suffix}")
    pastiche(f"photos/out/a.{suffix}")
    assert targets("photos", target="photos") == ["photos/a-waves.jpg"]
    assert targets("photos", target="photos/other", recursive=True)[0] == "photos/other/a.jpg"
    assert targets("photos", target="photos/out", recursive=True) == ["photos/out/a.jpg"]
    assert targets("photos/out") == [f"photos/out-waves/a.{suffix}"]  # nothing but pastiches: they are restyled
    (job,) = make_plan(["photos"], ["waves"], "photos")
    assert job.notices == ("1 pastiches of earlier runs are left out",)


def test_a_repeated_run_has_the_same_plan() -> None:
    """Even if a format or --strip leaves no mark, because the name shows it."""
    picture("photos/a.gif", "photos/b.gif")
    for _ in range(3):
        found = targets("photos", target="photos")
        assert found == ["photos/a-waves.gif", "photos/b-waves.gif"]
        picture(*found)
    assert targets("photos", target="photos", skip_existing=True) == []
    Path("photos/a-waves.gif").unlink()
    assert targets("photos", target="photos", skip_existing=True) == ["photos/a-waves.gif"]


@pytest.mark.parametrize("option", [{"protect": "m.png"}, {"regions": (RegionOption("m.png", "x"),)},
                                    {"regions": (RegionOption("alpha", "m.png"),)}])  # fmt: skip
def test_files_that_are_read_are_never_targets(option: dict[str, Any], here: Path) -> None:
    picture("m.png", "a.jpg")
    (here / "link.png").hardlink_to("m.png")
    for target in ("m.png", "link.png"):
        with pytest.raises(UserError, match=rf"{target} is also read"):
            targets("a.jpg", target=target, overwrite=True, **option)
    with pytest.raises(UserError, match=r"m\.png is also read"):
        targets("in/m.png", target=".", overwrite=True, **option)


def test_masks_of_a_folder_are_never_targets() -> None:
    picture("masks/a.png", "in/a.png")
    with pytest.raises(UserError, match=r"a\.png is also read"):
        targets("in", target="masks", overwrite=True, regions=(RegionOption("masks", "x"),))


def test_each_without_styles_renders_the_regions_only() -> None:
    assert targets("a.jpg", styles=(), each=True, regions=(RegionOption("alpha", "x"),)) == ["a-regions.jpg"]


def test_hidden_folders_are_not_searched() -> None:
    picture("photos/.thumbnails/a.jpg", "photos/b.jpg", "photos/.hidden.jpg", "photos/.x/y/c.jpg")
    assert targets("photos", recursive=True) == ["photos-waves/b.jpg"]


def test_a_target_with_a_dot_is_a_folder_for_several_pastiches() -> None:
    picture("photos/b.jpg")
    assert targets("a.jpg", "b.jpg", target="out.v2") == ["out.v2/a.jpg", "out.v2/b.jpg"]
    assert targets("photos", target="out.v2") == ["out.v2/b.jpg"]


@pytest.mark.parametrize(("kind", "suffix"), [("JPEG", ".jpg"), ("TIFF", ".tif"), ("WEBP", ".webp"), ("BMP", ".png")])
def test_a_picture_without_an_extension_keeps_its_format(kind: str, suffix: str, here: Path) -> None:
    Pillow.new("RGB", (4, 4)).save(here / "photo", kind)
    assert targets("photo") == [f"photo-waves{suffix}"]


def test_the_pastiche_of_a_heic_is_a_jpeg() -> None:
    Path("photo.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    assert targets("photo.heic") == ["photo-waves.jpg"]


@pytest.mark.parametrize(
    ("contents", "how", "expected"),
    [
        (("a.jpg",), {"target": ""}, "the output has an empty name"),
        (("a.jpg",), {"target": "x.png", "format": "jpeg"}, "x.png has the extension of PNG, but the format is JPEG"),
        (("a.jpg",), {"depth": 16}, "JPEG holds 8 bits per channel"),
        (("a.png",), {"depth": 16, "format": "webp"}, "WEBP holds 8 bits per channel"),
        (("a.png",), {"target": "-", "depth": 16, "format": "jpeg"}, "JPEG holds 8 bits per channel"),
        (("a.jpg", "b.jpg"), {"target": "out.jpg"}, "out.jpg is one file, but there are 2 pastiches"),
        (("a.jpg", "b.jpg"), {"target": "-"}, "standard output takes one pastiche, not 2"),
        (("-", "-"), {"target": "out"}, "standard input can be read only once"),
        (("a.jpg",), {"target": "a.txt"}, "unknown output format 'txt'"),
        (("a.jpg",), {"format": "pgn"}, "did you mean 'png'"),
        (("empty",), {}, "no pictures in the folder empty"),
        (("",), {}, "a content has an empty name"),
    ],
)
def test_impossible_plans_are_one_line_errors(
    here: Path, contents: tuple[str, ...], how: dict[str, Any], expected: str
) -> None:
    (here / "empty").mkdir()
    with pytest.raises(UserError, match=expected):
        targets(*contents, **how)
