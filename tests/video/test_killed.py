"""A run killed (SIGKILL) at a frame of a long clip resumes to the same end, byte for byte."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from brushwork.stylizer import Stylizer
from brushwork.video.run import PIECE, RunOptions, run
from brushwork.video.settings import Settings
from tests.video.conftest import Negative, make_clip, make_frames, read_frames
from tests.video.dying import in_process

COUNT = 2 * PIECE + 5


def paint(
    clip: str, target: str, style: str, *, resume: bool = False, stop: Callable[[int], None] | None = None
) -> int:
    """Render a clip as `brushwork video` does, in H.264 and stabilised, and return the number of frames."""
    load: Callable[[], Stylizer] = lambda: Stylizer(Negative())  # noqa: E731
    for progress in run(clip, Path(target), load, Settings((style,)), RunOptions(resume=resume)):
        if stop:
            stop(progress.frames)
    return progress.frames


def killed_run(clip: str, target: str, style: str, frames: int) -> None:
    """A run whose process is killed after a number of rendered frames; 0 is before the first."""

    def stop(done: int) -> None:
        if done == max(1, frames):
            os.kill(os.getpid(), signal.SIGKILL)

    if frames == 0:
        Negative.transfer = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign, assignment]
    paint(clip, target, style, stop=stop)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, str]:
    """A clip with sound, the file an uninterrupted run makes of it, and the style."""
    folder = tmp_path_factory.mktemp("whole")
    style = folder / "grey.png"
    Image.new("RGB", (96, 96), (128, 128, 128)).save(style)
    clip = make_clip(folder / "clip.mkv", make_frames(COUNT, 32, 32), sound="pcm_s16le")
    assert paint(str(clip), str(folder / "whole.mp4"), str(style)) == COUNT
    assert len(read_frames(folder / "whole.mp4")) == COUNT
    return clip, (folder / "whole.mp4").read_bytes(), str(style)


@pytest.mark.parametrize("frames", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE])
def test_a_run_killed_at_a_frame_resumes_to_the_same_bytes(
    frames: int, whole: tuple[Path, bytes, str], tmp_path: Path
) -> None:
    clip, expected, style = whole
    target = tmp_path / "out.mp4"
    assert in_process(killed_run, str(clip), str(target), style, frames) == -signal.SIGKILL
    assert not target.exists()
    assert paint(str(clip), str(target), style, resume=True) == COUNT
    assert target.read_bytes() == expected
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
