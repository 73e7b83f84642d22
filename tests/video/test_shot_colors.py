"""With `--keep-colors histogram`, styles get the colours of each shot and follow slow changes gradually."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from brushwork.images import Image
from brushwork.stylizer import Stylizer
from brushwork.video import pipeline
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.frames import Pixels
from brushwork.video.run import RunOptions, run
from brushwork.video.settings import Settings
from brushwork.video.shot_colors import ShotColors
from brushwork.video.timeline import Timeline
from tests.video.conftest import make_clip, read_frames

RED, BLUE = (200, 40, 40), (40, 40, 200)


def tinted(color: tuple[int, int, int], number: int) -> Pixels:
    """A pattern in a colour, one of two so that a change of colour is a cut."""
    random = np.random.default_rng(sum(color) + color[0])
    pattern = np.kron(random.integers(-30, 30, (6, 8, 1)), np.ones((16, 16, 1)))
    pixels: Pixels = np.clip(np.asarray(color) + pattern + number % 2, 0, 255).astype(np.uint8)
    return pixels


def followed(frames: list[Pixels]) -> list[Image]:
    """The embedding of each frame; that of a content is its mean colour."""
    states = (FrameState(pixels, number, 1, np.zeros((1, 3), np.float32)) for number, pixels in enumerate(frames))
    colors = ShotColors(lambda content: Timeline(content.mean(axis=(0, 1))[None]), lambda x: x, 0, Fraction(1, 24))
    spent: dict[str, float] = {}
    moved = pipeline.estimate_motion(states, None, True, pipeline.timer(spent, "motion"))
    return [state.embedding for state in pipeline.recolor(moved, None, colors, pipeline.timer(spent, "colours"))]


def mean(pixels: Pixels) -> Image:
    embedding: Image = (pixels / 255).mean(axis=(0, 1))[None].astype(np.float32)
    return embedding


def test_every_shot_gets_its_own_colours() -> None:
    frames = [tinted(RED, n) for n in range(4)] + [tinted(BLUE, n) for n in range(4)]
    found = followed(frames)
    assert all(np.allclose(embedding, mean(frames[0]), atol=1e-4) for embedding in found[:4])
    assert all(np.allclose(embedding, mean(frames[4]), atol=1e-4) for embedding in found[4:])


def test_a_slow_change_is_followed_without_a_jump() -> None:
    """Light changes from red to blue over two seconds: the colours arrive there within another second or two."""
    base = tinted(RED, 0).astype(float)
    shift = np.asarray(BLUE) - np.asarray(RED)
    frames = [np.clip(base + shift * min(1, n / 48), 0, 255).astype(np.uint8) for n in range(144)]
    found = np.concatenate(followed(frames))
    steps = np.abs(np.diff(found, axis=0)).max(axis=1)
    assert steps.max() < 0.06
    assert np.allclose(found[-1], mean(frames[-1]), atol=0.02)
    assert np.all(np.diff(found[:, 2]) > -1e-6)  # ever bluer


def test_unchanged_colours_give_the_same_array() -> None:
    found = followed([tinted(RED, n) for n in range(60)])
    assert len({embedding.tobytes() for embedding in found[30:]}) <= 2


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    shots = [tinted(color, n) for color in (RED, BLUE) for n in range(30)]
    return make_clip(tmp_path / "clip.mkv", shots)


def test_shots_are_rendered_in_their_own_colours(
    tmp_path: Path, clip: Path, load: Callable[[], Stylizer], grey: str
) -> None:
    """The pastiche is half the negative and half the style, whose mean colour is that of the shot."""
    settings = Settings((grey,), steady=0, keep_colors="histogram", codec="ffv1")
    for _ in run(str(clip), tmp_path / "out.mkv", load, settings):
        pass
    painted = [pixels / 255 for _, pixels in read_frames(tmp_path / "out.mkv")]
    frames = [pixels / 255 for _, pixels in read_frames(clip)]
    for number in (0, 20, 30, 59):
        style = 2 * painted[number] - (1 - frames[number])
        wanted = frames[0 if number < 30 else 30].mean(axis=(0, 1))
        assert style.mean(axis=(0, 1)) == pytest.approx(wanted, abs=0.01)


def test_a_resumed_run_has_the_same_colours(
    tmp_path: Path, clip: Path, load: Callable[[], Stylizer], grey: str
) -> None:
    settings = Settings((grey,), keep_colors="histogram", codec="ffv1")
    for _ in run(str(clip), tmp_path / "whole.mkv", load, settings, RunOptions(piece=7)):
        pass
    count: Iterator[int] = iter(range(60))
    for _ in run(str(clip), tmp_path / "out.mkv", load, settings, RunOptions(piece=7), stop=lambda: next(count) == 40):
        pass
    for _ in run(str(clip), tmp_path / "out.mkv", load, settings, RunOptions(piece=7, resume=True)):
        pass
    assert (tmp_path / "out.mkv").read_bytes() == (tmp_path / "whole.mkv").read_bytes()
