"""Black bars above and below a picture stay black; a dark scene is not a bar."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from brushwork.stylizer import Stylizer
from brushwork.video.letterbox import Box, find_box
from brushwork.video.reading.frames import Pixels
from brushwork.video.run import RunOptions, run
from brushwork.video.settings import Settings
from tests.video.conftest import make_clip, make_frames, negative, read_frames


def boxed(pixels: Pixels, rows: int = 0, columns: int = 0) -> Pixels:
    """Bright pixels with black bars."""
    return np.pad(np.maximum(pixels, 40), ((rows, rows), (columns, columns), (0, 0)))


def test_black_bars_are_found() -> None:
    frames = make_frames(4)
    assert find_box([boxed(frame, 12) for frame in frames]) == Box(12, 60, 0, 64)
    assert find_box([boxed(frame, 0, 16) for frame in frames]) == Box(0, 48, 16, 80)
    assert find_box([boxed(frame, 8, 8) for frame in frames]) == Box(8, 56, 8, 72)
    noise = np.random.default_rng(0).integers(0, 6, (72, 64, 3), np.uint8)
    assert find_box([np.maximum(boxed(frame, 12), noise) for frame in frames]) == Box(12, 60, 0, 64)


def test_bars_with_coding_noise_and_subtitles_are_found() -> None:
    frames = [boxed(frame, 24) for frame in make_frames(4, 96, 128)]
    for frame in frames:
        frame[21:24, ::3] = frame[120:122, ::4] = 28  # ringing beside the picture
        frame[130:136, 40:90:2] = 235  # letters
    assert find_box(frames) == Box(24, 120, 0, 128)
    turned = [np.ascontiguousarray(frame.transpose(1, 0, 2)) for frame in frames]
    assert find_box(turned) == Box(0, 128, 24, 120)


def test_a_round_picture_is_not_cut() -> None:
    y, x = np.mgrid[-60:60, -60:60]
    frame = np.where((x * x + y * y < 58**2)[..., None], np.uint8(180), np.uint8(0)).repeat(3, axis=2)
    assert find_box([frame] * 3) is None


def letters(rows: int) -> Pixels:
    """White bars of letters on black, which fill half of their rows and columns, from a row on."""
    frame = np.zeros((72, 128, 3), np.uint8)
    frame[rows : rows + 24, 32:96].reshape(24, 16, 4, 3)[:, :, :2] = 235
    return frame


def test_the_ground_of_titles_is_no_bar() -> None:
    """Neither of one that rests nor of one that moves, where all frames together fill more."""
    assert find_box([letters(24)] * 4) is None
    assert find_box([letters(row) for row in range(20, 30)]) is None


def test_one_frame_that_fills_the_picture_is_enough() -> None:
    dark = np.zeros((72, 64, 3), np.uint8)
    dark[30:40, 20:30] = 180
    assert find_box([dark, boxed(make_frames(1)[0], 12), dark]) == Box(12, 60, 0, 64)


@pytest.mark.parametrize(("name", "frames"), [
    ("no bars", [np.maximum(frame, 40) for frame in make_frames(3)]),
    ("all black", [np.zeros((48, 64, 3), np.uint8)] * 3),
    ("dark above only", [np.pad(np.maximum(frame, 40), ((20, 0), (0, 0), (0, 0))) for frame in make_frames(3)]),
    ("a small lamp in the dark", [boxed(np.full((8, 8, 3), 200, np.uint8), 60, 60)]),
    ("something appears in them", [boxed(make_frames(1)[0], 12), np.full((72, 64, 3), 90, np.uint8)]),
    ("nothing", []),
], ids=lambda value: value if isinstance(value, str) else "")  # fmt: skip
def test_dark_scenes_and_other_edges_are_not_bars(name: str, frames: list[Pixels]) -> None:
    assert find_box(frames) is None, name


def test_bars_stay_unchanged_and_the_rest_is_rendered(tmp_path: Path, load: Callable[[], Stylizer], grey: str) -> None:
    frames = [boxed(frame, 12) for frame in make_frames(6)]
    clip = make_clip(tmp_path / "clip.mkv", frames)
    settings = Settings((grey,), steady=0, codec="ffv1")
    *_, last = run(str(clip), tmp_path / "out.mkv", load, settings, RunOptions())
    assert last.notes == ["black bars are unchanged; the picture of 64 x 48 is rendered"]
    for (_, painted), frame in zip(read_frames(tmp_path / "out.mkv"), frames, strict=True):
        assert not painted[:12].any() and not painted[60:].any()
        assert np.array_equal(painted[12:60], negative(frame[12:60], 128 / 255))


def test_bars_stay_black_with_stabilisation(tmp_path: Path, load: Callable[[], Stylizer], grey: str) -> None:
    clip = make_clip(tmp_path / "clip.mkv", [boxed(frame, 24) for frame in make_frames(6, 96, 128)])
    for _ in run(str(clip), tmp_path / "out.mkv", load, Settings((grey,), codec="ffv1"), RunOptions()):
        pass
    for _, painted in read_frames(tmp_path / "out.mkv"):
        assert painted[:20].max() <= 1 and painted[-20:].max() <= 1
