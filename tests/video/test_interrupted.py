"""An interrupted or killed run resumes to the same end."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from brushwork.errors import UserError
from brushwork.stylizer import Stylizer
from brushwork.video.run import RunOptions, run
from brushwork.video.settings import Settings
from tests.video.clips import run_to_end
from tests.video.conftest import make_clip, make_frames, packets, read_frames

Load = Callable[[], Stylizer]


def test_an_interrupted_run_leaves_a_playable_file_and_resumes_to_the_same_bytes(
    tmp_path: Path, load: Load, grey: str
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", make_frames(24), codec="libx264", form="yuv420p", sound="aac")
    settings = Settings((grey,))
    run_to_end(clip, tmp_path / "whole.mp4", load, settings, piece=5)
    count: Iterator[int] = iter(range(24))
    last = run_to_end(clip, tmp_path / "out.mp4", load, settings, piece=5, stop=lambda: next(count) == 12)
    assert (last.stopped, last.frames) == (True, 13)
    half = read_frames(tmp_path / "out.mp4")
    assert len(half) == 13
    assert 0 < len(packets(tmp_path / "out.mp4", "audio")) < len(packets(clip, "audio"))
    with pytest.raises(UserError, match="out.mp4 exists; continue with --resume or start again with --overwrite"):
        run_to_end(clip, tmp_path / "out.mp4", load, settings, piece=5)
    with pytest.raises(UserError, match="out.mp4 was begun with another strength; start again with --overwrite"):
        run_to_end(clip, tmp_path / "out.mp4", load, Settings((grey,), strength=0.5), piece=5, resume=True)
    with pytest.raises(UserError, match="out.mp4 was begun with another precision; start again with --overwrite"):
        run_to_end(clip, tmp_path / "out.mp4", load, settings, piece=5, resume=True, precision="f32")
    run_to_end(clip, tmp_path / "out.mp4", load, settings, piece=5, resume=True)
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("target", ["out.mkv", "out/%03d.png"])
def test_a_killed_run_resumes_to_the_same_bytes(target: str, tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "clip.mkv", make_frames(12), sound="pcm_s16le")
    settings = Settings((grey,), strength=0.7)
    run_to_end(clip, tmp_path / "whole" / target, load, settings, piece=4)
    killed = run(str(clip), tmp_path / target, load, settings, RunOptions(piece=4))
    for progress in killed:
        if progress.frames == 10:
            break
    killed.close()  # nothing more is written, as if the process had died here
    run_to_end(clip, tmp_path / target, load, settings, piece=4, resume=True)
    whole = sorted(path for path in (tmp_path / "whole").rglob("*") if path.is_file())
    assert len(whole) in (1, 12)
    for path in whole:
        assert (tmp_path / path.relative_to(tmp_path / "whole")).read_bytes() == path.read_bytes()
