"""Regions, strokes and tiles on the command line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from brushwork.batch import memory
from brushwork.batch.session import Session, Strips
from tests.cli.conftest import Paint, Run

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def left(here: Path) -> str:
    """A mask of the left half, in the size of pictures by `paint`."""
    mask = np.zeros((48, 64), np.uint8)
    mask[:, :32] = 255
    Image.fromarray(mask).save(here / "left.png")
    return "left.png"


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_region_without_a_style_leaves_the_rest_of_the_photo(
    brushwork: Run, paint: Paint, here: Path, left: str
) -> None:
    photo = paint("photo.png")
    paint("waves.png", seed=1)
    assert brushwork("stylize", photo, "--region", f"{left}=waves.png").code == 0
    pastiche = pixels(here / "photo-regions.png")
    assert (pastiche[:, 32:] == pixels(photo)[:, 32:]).all() and (pastiche[:, :32] != pixels(photo)[:, :32]).any()


def test_protect_keeps_the_photo(brushwork: Run, paint: Paint, here: Path, left: str) -> None:
    photo = paint("photo.png")
    keep = ("--keep-colors", "luma")
    assert brushwork("stylize", photo, "-s", paint("waves.png", seed=1), "--protect", left, *keep).code == 0
    pastiche = pixels(here / "photo-waves.png")
    assert (pastiche[:, :32] == pixels(photo)[:, :32]).all() and (pastiche[:, 32:] != pixels(photo)[:, 32:]).any()


def test_strength_0_of_a_region_is_the_photo(brushwork: Run, paint: Paint, here: Path, left: str) -> None:
    photo = paint("photo.png")
    paint("waves.png", seed=1)
    assert brushwork("stylize", photo, "--region", f"{left}=waves.png:0", "-o", "out.png").code == 0
    assert (pixels(here / "out.png") == pixels(photo)).all()


def test_the_alpha_channel_can_be_a_mask_and_is_kept(brushwork: Run, paint: Paint, here: Path) -> None:
    photo = paint("photo.png", alpha=True)
    paint("waves.png", seed=1)
    assert brushwork("stylize", photo, "--region", "alpha=waves.png", "-o", "out.png").code == 0
    before, after = pixels(photo).astype(int), pixels(here / "out.png").astype(int)
    assert (after[..., 3] == before[..., 3]).all()
    # Of a pastiche as much is seen as the mask is white; under alpha 0 lies what is beside it.
    assert (np.abs(after - before)[:, 1:, :3] <= before[:, 1:, 3:] + 1).all()
    assert np.abs(after - before)[:, -8:].mean() > 2


def test_a_folder_of_masks_is_matched_by_stem_and_rescaling_gives_a_notice(
    brushwork: Run, paint: Paint, here: Path
) -> None:
    contents = [paint("photos/a.png"), paint("photos/b.png", seed=3), paint("photos/c.png")]
    paint("waves.png", seed=1)
    for name, size in (("a", (64, 48)), ("b", (32, 24))):
        (here / "masks").mkdir(exist_ok=True)
        Image.new("L", size, 255).save(here / f"masks/{name}.png")
    ended = brushwork("stylize", "photos", "--region", "masks=waves.png", "-o", "out")
    assert ended.code == 1
    assert "note: masks/b.png is 32 x 24; scaled to 64 x 48" in ended.lines
    assert "brushwork: photos/c.png: the folder masks has no mask named c, such as c.png" in ended.lines
    assert {path.name for path in (here / "out").iterdir()} == {"a.png", "b.png"}
    assert len(contents) == 3


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--region", "left.png"), "region 'left.png' is not a mask and a style"),
        (("--region", "left.png=waves.png:7"), "the strength is 7; it must be between 0"),
        (("--region", "gone.png=waves.png"), "cannot read gone.png: no such file"),
        (("--region", "black.png=waves.png"), "the mask black.png is empty: black everywhere"),
        (("--region", "alpha=waves.png"), "the mask is alpha, but this picture has no alpha"),
        (("--protect", "text.png"), "cannot read text.png: not a picture in a supported format"),
        (("--stroke", "40"), "the stroke is 40; it must be between 0.25 and 8"),
        (("--tile", "yes"), "unknown way to tile 'yes'; known: auto, never, fast, exact"),
        (("--tile-size", "130"), "the tile size is 130; it must be a multiple of 4"),
        (("--memory", "lots"), "memory 'lots' is not a size such as 2G or 500M"),
        (("--memory", "1M"), "the memory is 1M; brushwork needs 512M"),
    ],
)
def test_invalid_regions_are_one_line_errors(
    brushwork: Run, paint: Paint, here: Path, left: str, options: tuple[str, ...], line: str
) -> None:
    (here / "text.png").write_text("no picture")
    Image.new("L", (64, 48)).save(here / "black.png")
    ended = brushwork("stylize", paint("photo.png"), "-s", paint("waves.png"), *options)
    assert (ended.code, len(ended.lines)) == (1, 1)
    assert line in ended.lines[0]
    assert not (here / "photo-waves.png").exists()


def test_neither_style_nor_region_is_a_one_line_error(brushwork: Run, paint: Paint) -> None:
    assert brushwork("stylize", paint("photo.png")).lines == [
        "brushwork: no style; give a picture or a name with -s, or a --region"
    ]


def test_a_stroke_changes_the_picture_and_not_its_size(brushwork: Run, paint: Paint, here: Path) -> None:
    photo, style = paint("photo.png", 160, 120), paint("waves.png", seed=1)
    for stroke in (4, 8):
        assert brushwork("stylize", photo, "-s", style, "--stroke", stroke, "-o", f"{stroke}.png").code == 0
    fine, wide = pixels(here / "4.png"), pixels(here / "8.png")
    assert fine.shape == wide.shape == (120, 160, 3) and (fine != wide).any()


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg"])
@pytest.mark.parametrize("mode", ["fast", "exact"])
def test_a_large_picture_rendered_in_strips_is_the_same(
    brushwork: Run, paint: Paint, here: Path, left: str, monkeypatch: pytest.MonkeyPatch, mode: str, suffix: str
) -> None:
    """With everything that a small picture can have: kept colours, alpha, a region, strength."""
    monkeypatch.setattr(memory, "LARGE", 10_000)
    photo = paint("photo.png", 210, 149, alpha=True)
    paint("stars.png", seed=2)
    look = ("-s", paint("waves.png", seed=1), "--region", f"{left}=stars.png:0.7", "--keep-colors", "luma")
    tiles = ("--tile", mode, "--tile-size", 128)
    assert brushwork("stylize", photo, *look, "--tile", "never", "-o", f"whole.{suffix}").code == 0
    ended = brushwork("stylize", photo, *look, *tiles, "-o", f"strips.{suffix}", "--json")
    assert ended.code == 0
    record = json.loads(ended.out)
    assert (record["width"], record["height"]) == (210, 149)
    assert list(record["seconds"]) == ["decode", "stylise", "encode"]
    assert record["notices"] == ["left.png is 64 x 48; scaled to 210 x 149"]
    whole, strips = (pixels(here / f"{name}.{suffix}").astype(int) for name in ("whole", "strips"))
    assert np.abs(whole - strips).max() <= (12 if suffix == "jpg" else 8)
    assert np.abs(whole - strips).mean() < (1 if suffix == "jpg" else 0.6)


def test_tiles_are_chosen_if_memory_is_short(
    brushwork: Run, paint: Paint, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "LARGE", 10_000)
    seen: list[str] = []
    plain = Session.paint_strips

    def paint_strips(session: Session, styles: tuple[str, ...], strips: Strips, *given: Any) -> None:
        seen.append(strips.tiling.mode)
        plain(session, styles, strips, *given)

    monkeypatch.setattr(Session, "paint_strips", paint_strips)
    photo, style = paint("photo.png", 640, 480), paint("waves.png", seed=1)
    assert brushwork("stylize", photo, "-s", style, "--memory", "8G", "-o", "a.png").code == 0
    assert seen == []
    assert brushwork("stylize", photo, "-s", style, "--memory", "512M", "-o", "b.png").code == 0
    assert seen == ["exact"]
    a, b = (pixels(here / name).astype(int) for name in ("a.png", "b.png"))
    assert np.abs(a - b).mean() < 1


def test_an_interrupted_large_picture_leaves_no_files(
    brushwork: Run, paint: Paint, here: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr(memory, "LARGE", 10_000)

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("brushwork.cli.progress.percentage", lambda hidden: stop)
    photo, style = paint("photo.png", 210, 149), paint("waves.png", seed=1)
    ended = brushwork("stylize", photo, "-s", style, "--tile", "exact")
    assert ended.code == 130 and ended.lines == ["brushwork: interrupted; completed files are intact"]
    assert {path.name for path in here.iterdir()} == {photo.name, style.name}
    assert list(temporary.iterdir()) == []
