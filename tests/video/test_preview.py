"""A sheet of frames from the whole clip, rendered as in a full run, and an estimate."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from brushwork import images
from brushwork.errors import UserError
from brushwork.images import Picture
from brushwork.styles.sheet import Cell, compose
from brushwork.stylizer import Stylizer
from brushwork.video import preview as module
from brushwork.video.preview import Preview, preview
from brushwork.video.run import run
from brushwork.video.settings import Settings
from brushwork.video.times import format_time
from brushwork.video.writing.target import Target
from tests.video.conftest import make_clip, read_frames
from tests.video.fading import LIGHTS, Normalising, faded

Load = Callable[[], Stylizer]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """48 frames with increasing brightness, which identifies them on the sheet."""
    frames = [np.full((48, 64, 3), 5 * number, np.uint8) for number in range(48)]
    return make_clip(tmp_path / "clip.mp4", frames, codec="libx264", form="yuv420p", options={"qp": "1", "g": "12"})


def test_twelve_frames_across_the_clip_are_rendered(tmp_path: Path, clip: Path, load: Load, grey: str) -> None:
    settings = Settings((grey,))
    sheet = tmp_path / "sheet.png"
    found = preview(str(clip), Target(tmp_path / "out.mp4", settings), sheet, load, settings)
    assert (found.frames, found.notes) == (48, [])
    assert not (tmp_path / "out.mp4").exists()
    picture = images.open(sheet).image
    shades = {round(float(shade) * 255) for shade in np.unique(picture)}
    # Half the negative of every fourth frame, and half the grey of the style.
    wanted = [round((255 - 5 * 4 * number) / 2 + 64) for number in range(12)]
    assert all(any(abs(shade - level) <= 2 for shade in shades) for level in wanted)


def test_the_estimated_number_of_bytes_is_close(tmp_path: Path, load: Load, grey: str) -> None:
    frames = [np.random.default_rng(n).integers(0, 255, (96, 128, 3), np.uint8) for n in range(40)]
    noise = make_clip(tmp_path / "noise.mkv", frames)
    settings = Settings((grey,), steady=0, codec="ffv1")
    found = preview(str(noise), Target(tmp_path / "out.mkv", settings), tmp_path / "sheet.jpg", load, settings)
    for _ in run(str(noise), tmp_path / "out.mkv", load, settings):
        pass
    assert found.size == pytest.approx((tmp_path / "out.mkv").stat().st_size, rel=0.1)


def test_the_printed_line_states_duration_and_size() -> None:
    line = Preview(7200, 10.0, 52_000_000, []).line
    assert line == "7200 frames at 10.0 frames/s: about 12:00, about 52.0 MB without sound"
    assert Preview(720, 10.0, None, []).line == "720 frames at 10.0 frames/s: about 1:12"
    assert Preview(None, 10.0, None, []).line == "10.0 frames/s; the clip does not state its length"


def test_an_existing_sheet_is_kept(tmp_path: Path, clip: Path, load: Load, grey: str) -> None:
    sheet = tmp_path / "sheet.png"
    sheet.write_text("mine")
    settings = Settings((grey,))
    with pytest.raises(UserError, match=r"sheet\.png exists; use --overwrite to replace it"):
        preview(str(clip), Target(tmp_path / "out.mp4", settings), sheet, load, settings)
    assert sheet.read_text() == "mine"


def test_the_estimated_number_of_bytes_is_close_for_a_codec_that_looks_ahead(
    tmp_path: Path, load: Load, grey: str
) -> None:
    """Pictures that change slowly in H.264, which looks four frames ahead: runs of two frames gave half of the size."""
    one, other = (np.kron(np.random.default_rng(n).random((24, 32, 3)), np.ones((8, 8, 1))) - 0.5 for n in range(2))
    turning = [0.5 + 0.5 * (np.cos(n / 20) * one + np.sin(n / 20) * other) for n in range(96)]
    moving = make_clip(tmp_path / "moving.mkv", [(255 * each).astype(np.uint8) for each in turning])
    settings = Settings((grey,), steady=0)
    found = preview(str(moving), Target(tmp_path / "out.mp4", settings), tmp_path / "sheet.jpg", load, settings)
    for _ in run(str(moving), tmp_path / "out.mp4", load, settings):
        pass
    assert found.size == pytest.approx((tmp_path / "out.mp4").stat().st_size, rel=0.3)


def test_frames_less_than_a_second_apart_are_told_apart_by_tenths() -> None:
    times = [format_time(each, tenths=True) for each in (0, 0.25, 59.96, 3723.4)]
    assert times == ["0:00.0", "0:00.2", "1:00.0", "1:02:03.4"]
    assert [format_time(each) for each in (0.25, 59.96, 3723.4)] == ["0:00", "1:00", "1:02:03"]


@pytest.mark.parametrize("name", ["clip.mkv", "clip.avi"])
def test_the_preview_shows_what_the_film_shows(
    name: str, tmp_path: Path, grey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The frames of the sheet are in, before and after fades; in AVI, which cannot seek, one is in each second."""
    lights = [*LIGHTS, 1, 1, 1, *(1 - n / 20 for n in range(21)), 0, *(n / 10 for n in range(11)), *9 * [1]]
    codec = {"codec": "ffv1"} if name == "clip.mkv" else {"codec": "libx264", "form": "yuv420p", "options": {"qp": "1"}}
    clip, settings = make_clip(tmp_path / name, faded(lights), **codec), Settings((grey,), steady=0, codec="ffv1")
    shown: list[Cell] = []

    def load() -> Stylizer:
        return Stylizer(Normalising())

    def recorded(cells: list[Cell]) -> Picture:
        shown.extend(cells)
        return compose(cells)

    monkeypatch.setattr(module, "compose", recorded)
    preview(str(clip), Target(tmp_path / "out.mkv", settings), tmp_path / "sheet.png", load, settings)
    for _ in run(str(clip), tmp_path / "out.mkv", load, settings):
        pass
    film = read_frames(tmp_path / "out.mkv")
    steps = range(0, len(film), 24 if name == "clip.avi" else len(film) // 12)
    assert len(shown) == len(steps)
    for cell, step in zip(shown, steps, strict=True):
        np.testing.assert_allclose(np.clip(cell.image, 0, 1), film[step][1] / 255, atol=1.1 / 255)
