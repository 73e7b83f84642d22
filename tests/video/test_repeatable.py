"""A rendered clip has the same bytes with and without an interruption, in every precision."""

from pathlib import Path

import pytest

from brushwork.model_folder import ModelFolder
from brushwork.stylizer import load
from brushwork.video.run import RunOptions, run
from brushwork.video.settings import Settings
from tests.video.conftest import make_clip, make_frames

pytestmark = pytest.mark.numeric


@pytest.mark.parametrize("hold", [0.0, 0.9])
def test_a_resumed_clip_equals_an_uninterrupted_one(hold: float, tmp_path: Path, table_folder: ModelFolder) -> None:
    clip = make_clip(tmp_path / "clip.mp4", make_frames(12, 90, 130), codec="libx264", form="yuv420p")
    settings = Settings(("waves",), hold=hold)

    def paint(name: str, frames: int = 12, *, resume: bool = False) -> None:
        seen = iter(range(1, 13))
        options = RunOptions(resume=resume, piece=5)
        for _ in run(
            str(clip),
            tmp_path / name,
            lambda: load(str(table_folder.path)),
            settings,
            options,
            stop=lambda: next(seen) == frames,
        ):
            pass

    paint("whole.mp4")
    paint("parts.mp4", frames=7)
    paint("parts.mp4", resume=True)
    assert (tmp_path / "parts.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
