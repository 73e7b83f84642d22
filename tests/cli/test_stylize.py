"""`brushwork stylize` with the shipped model."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Paint, Run, colours

pytestmark = pytest.mark.usefixtures("quick")


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as file:
        return np.asarray(file)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_pastiche_is_written_beside_the_content_at_its_size(brushwork: Run, paint: Paint, here: Path) -> None:
    paint("album/photo.jpg", 83, 61)
    ended = brushwork("stylize", "album/photo.jpg", "-s", paint("looks/waves.png"))
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("album/photo-waves.jpg  83 x 61  ")
    with Image.open(here / "album/photo-waves.jpg") as pastiche:
        assert (pastiche.format, pastiche.size) == ("JPEG", (83, 61))
    assert np.abs(pixels(here / "album/photo-waves.jpg").astype(int) - pixels(here / "album/photo.jpg")).mean() > 5


def test_output_can_be_a_file(brushwork: Run, paint: Paint, here: Path) -> None:
    assert brushwork("stylize", paint("photo.jpg"), "-s", paint("waves.png"), "-o", "new/deep/pastiche.webp").code == 0
    with Image.open(here / "new/deep/pastiche.webp") as pastiche:
        assert pastiche.format == "WEBP"


def test_output_can_be_a_folder_that_is_created(brushwork: Run, paint: Paint, here: Path) -> None:
    ended = brushwork("stylize", paint("a.jpg"), paint("b.png"), "-s", paint("waves.png"), "-o", "new/deep")
    assert ended.code == 0
    assert files(here / "new") == {"deep/a.jpg", "deep/b.png"}


def test_pastiches_of_a_folder_go_beside_it_and_a_second_run_finds_them(
    brushwork: Run, paint: Paint, here: Path
) -> None:
    paint("photos/a.jpg"), paint("photos/b.png"), paint("photos/below/c.jpg")
    (here / "photos/notes.txt").write_text("no picture")
    style = paint("waves.png")
    assert brushwork("stylize", "photos", "-s", style).code == 0
    assert files(here / "photos-waves") == {"a.jpg", "b.png"}
    again = brushwork("stylize", "photos/", "-s", style)
    assert again.code == 1
    assert again.lines == [
        "brushwork: photos/a.jpg: photos-waves/a.jpg exists; use --overwrite to replace it",
        "brushwork: photos/b.png: photos-waves/b.png exists; use --overwrite to replace it",
        "brushwork: 2 of 2 pictures failed",
    ]


def test_recursive_reproduces_the_subfolders(brushwork: Run, paint: Paint, here: Path) -> None:
    for name in ("photos/a.jpg", "photos/one/a.jpg", "photos/one/two/a.jpg"):
        paint(name)
    style = paint("waves.png")
    assert brushwork("stylize", "photos", "-r", "-s", style, "-o", "out").code == 0
    assert files(here / "out") == {"a.jpg", "one/a.jpg", "one/two/a.jpg"}


def test_each_renders_every_content_in_every_style(brushwork: Run, paint: Paint, here: Path) -> None:
    styles = paint("waves.png", seed=1), paint("stars.png", seed=2)
    contents = paint("a.jpg"), paint("b.jpg", seed=3)
    assert brushwork("stylize", *contents, "-s", styles[0], "-s", styles[1], "--each", "-o", "out").code == 0
    assert files(here / "out") == {"a-waves.jpg", "a-stars.jpg", "b-waves.jpg", "b-stars.jpg"}
    assert not np.array_equal(pixels(here / "out/a-waves.jpg"), pixels(here / "out/a-stars.jpg"))


def test_weights_choose_between_the_styles(brushwork: Run, paint: Paint, here: Path) -> None:
    photo, styles = paint("photo.png"), ("-s", paint("waves.png", seed=1), "-s", paint("stars.png", seed=2))
    assert brushwork("stylize", photo, *styles, "--weights", "0.7,0.3").code == 0
    assert brushwork("stylize", photo, *styles, "--weights", "3,0", "-o", "all-waves.png").code == 0
    assert brushwork("stylize", photo, *styles[:2], "-o", "waves-alone.png").code == 0
    assert np.array_equal(pixels(here / "all-waves.png"), pixels(here / "waves-alone.png"))
    assert not np.array_equal(pixels(here / "photo-waves+stars.png"), pixels(here / "waves-alone.png"))


@pytest.mark.parametrize("options", [(), ("--format", "webp")])
def test_two_contents_never_write_one_file(brushwork: Run, paint: Paint, here: Path, options: tuple[str, ...]) -> None:
    contents = [paint(f"in/{number}/{name}") for number, name in enumerate(("a.jpg", "a.png", "A.JPG", "a.jpg"))]
    assert brushwork("stylize", *contents, "-s", paint("waves.png"), "-o", "out", *options).code == 0
    names = files(here / "out")
    assert len({name.lower() for name in names}) == 4


def test_existing_files_are_kept_without_overwrite(brushwork: Run, paint: Paint, here: Path) -> None:
    photo, style = paint("photo.png"), paint("waves.png", seed=1)
    (here / "photo-waves.png").write_bytes(b"mine")
    ended = brushwork("stylize", photo, "-s", style)
    assert (ended.code, len(ended.lines)) == (1, 1)
    assert (here / "photo-waves.png").read_bytes() == b"mine"
    assert brushwork("stylize", photo, "-s", style, "--overwrite").code == 0
    assert pixels(here / "photo-waves.png").shape == (48, 64, 3)


def test_an_unreadable_file_does_not_stop_the_others(brushwork: Run, paint: Paint, here: Path) -> None:
    contents = paint("a.jpg"), here / "bad.jpg", paint("tiny.png", 1, 1), paint("b.jpg")
    contents[1].write_bytes(b"")
    ended = brushwork("stylize", *contents, "-s", paint("waves.png"), "-o", "out", "--json")
    assert ended.code == 1
    assert ended.lines == [
        f"brushwork: cannot read {contents[1]}: the file is empty",
        f"brushwork: {contents[2]}: the content is 1 x 1 pixels; both sides must be at least 16",
        "brushwork: 2 of 4 pictures failed",
    ]
    assert files(here / "out") == {"a.jpg", "b.jpg"}
    records = [json.loads(line) for line in ended.out.splitlines()]
    assert [record["content"] for record in records] == [str(path) for path in contents]
    assert [record["error"] is None for record in records] == [True, False, False, True]


def test_an_unreadable_style_fails_only_its_own_pastiches(brushwork: Run, paint: Paint, here: Path) -> None:
    ended = brushwork("stylize", paint("a.jpg"), "-s", "gone.png", "-s", paint("waves.png"), "--each", "-o", "out")
    assert ended.code == 1
    assert f"brushwork: {here / 'a.jpg'}: cannot read gone.png: no such file" in ended.lines
    assert files(here / "out") == {"a-waves.jpg"}


def test_json_prints_one_record_per_picture(brushwork: Run, paint: Paint) -> None:
    paint("photo.jpg", 83, 61)
    paint("waves.png")
    ended = brushwork("stylize", "photo.jpg", "-s", "waves.png", "--json")
    assert (ended.code, ended.err) == (0, "")
    record = json.loads(ended.out)
    seconds = record.pop("seconds")
    assert record == {
        "content": "photo.jpg", "styles": ["waves.png"], "pastiche": "photo-waves.jpg",
        "width": 83, "height": 61, "frames": 1, "notices": [], "error": None,
    }  # fmt: skip
    assert list(seconds) == ["decode", "embed", "stylise", "encode"]
    assert all(value > 0 for value in seconds.values())


@pytest.mark.parametrize("keep_colors", [(), ("--keep-colors", "luma"), ("--keep-colors", "histogram")])
def test_strength_0_is_the_photo(brushwork: Run, paint: Paint, here: Path, keep_colors: tuple[str, ...]) -> None:
    photo = paint("photo.png")
    assert (
        brushwork("stylize", photo, "-s", paint("waves.png"), "--strength", 0, "-o", "out.png", *keep_colors).code == 0
    )
    assert np.array_equal(pixels(here / "out.png"), pixels(photo))


def test_luma_keeps_the_colours_of_the_photo(brushwork: Run, here: Path, paint: Paint) -> None:
    Image.new("RGB", (64, 64), (128, 128, 128)).save(here / "grey.png")
    style = paint("waves.png")
    assert brushwork("stylize", "grey.png", "-s", style, "--keep-colors", "luma", "-o", "luma.png").code == 0
    kept = pixels(here / "luma.png").astype(int)
    assert np.ptp(kept, axis=2).max() <= 2  # every pixel is grey


def test_histogram_recolours_the_style(brushwork: Run, here: Path, paint: Paint) -> None:
    Image.new("RGB", (64, 64), (90, 120, 200)).save(here / "blue.png")
    style = paint("waves.png")
    Image.new("RGB", (64, 48), (90, 120, 200)).save(here / "blue-style.png")
    assert brushwork("stylize", "blue.png", "-s", style, "--keep-colors", "histogram", "-o", "a.png").code == 0
    assert brushwork("stylize", "blue.png", "-s", style, "-o", "b.png").code == 0
    assert not np.array_equal(pixels(here / "a.png"), pixels(here / "b.png"))


def test_size_limits_the_long_side(brushwork: Run, paint: Paint, here: Path) -> None:
    large, small, style = paint("large.jpg", 128, 64), paint("small.jpg", 48, 24), paint("waves.png")
    assert brushwork("stylize", large, small, "-s", style, "--size", 64, "-o", "out").code == 0
    assert pixels(here / "out/large.jpg").shape[:2] == (32, 64)
    assert pixels(here / "out/small.jpg").shape[:2] == (24, 48)


def test_style_size_changes_the_strokes(brushwork: Run, paint: Paint, here: Path) -> None:
    photo, style = paint("photo.png"), paint("waves.png", 300, 200, seed=1)
    assert brushwork("stylize", photo, "-s", style, "--style-size", 100, "-o", "small.png").code == 0
    assert brushwork("stylize", photo, "-s", style, "-o", "usual.png").code == 0
    assert not np.array_equal(pixels(here / "small.png"), pixels(here / "usual.png"))


def test_depth_16_writes_16_bits(brushwork: Run, paint: Paint, here: Path) -> None:
    assert brushwork("stylize", paint("photo.png"), "-s", paint("waves.png"), "--depth", 16).code == 0
    header = (here / "photo-waves.png").read_bytes()[:26]
    assert header[24] == 16


def test_quality_changes_the_file_size(brushwork: Run, paint: Paint, here: Path) -> None:
    photo, style = paint("photo.jpg", 128, 128), paint("waves.png", seed=1)
    for quality in (10, 95):
        assert brushwork("stylize", photo, "-s", style, "--quality", quality, "-o", f"{quality}.jpg").code == 0
    assert (here / "10.jpg").stat().st_size < (here / "95.jpg").stat().st_size / 2


def test_an_animation_keeps_its_frames_and_durations(brushwork: Run, paint: Paint, here: Path) -> None:
    frames = [Image.fromarray(colours(48, 64, seed=seed)) for seed in range(3)]
    frames[0].save(here / "moving.gif", save_all=True, append_images=frames[1:], duration=[100, 250, 70], loop=0)
    ended = brushwork("stylize", "moving.gif", "-s", paint("waves.png"), "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["frames"] == 3
    with Image.open(here / "moving-waves.gif") as pastiche:
        durations = []
        for index in range(pastiche.n_frames):  # type: ignore[attr-defined]
            pastiche.seek(index)
            durations.append(pastiche.info["duration"])
    assert durations == [100, 250, 70]


def test_alpha_is_kept(brushwork: Run, paint: Paint, here: Path) -> None:
    photo = paint("photo.png", alpha=True)
    assert brushwork("stylize", photo, "-s", paint("waves.png", alpha=True)).code == 0
    assert np.array_equal(pixels(here / "photo-waves.png")[..., 3], pixels(photo)[..., 3])
