"""Clips that do not begin at 0, or whose first frames have no times."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from brushwork.video.reading.opening import open_clip
from tests.video.clips import FRAME, H264, Load, brightness, flashes, later, paint, remux, times
from tests.video.conftest import make_clip, make_frames


@pytest.mark.parametrize("early", [1.0, 0.7, 0.45])
def test_frames_before_time_0_are_kept_in_sync(early: float, tmp_path: Path, load: Load, grey: str) -> None:
    """Matroska has no times for frames before 0: they are counted back from the first one that has.

    As frames are stored in another order than they are shown, some without a time follow others that have one.
    """
    options = {"g": "48", "qp": "1", "bf": "3", "b-adapt": "0"}
    clip = make_clip(tmp_path / "clip.mp4", flashes(48), **H264, options=options, sound="libmp3lame")
    cut = remux(clip, tmp_path / "cut.mkv", later(-early), avoid_negative_ts="disabled")
    paint(cut, tmp_path / "out.mkv", load, grey, crf=1)
    levels, shown = brightness(tmp_path / "out.mkv"), times(tmp_path / "out.mkv", "video")
    assert len(levels) == 48
    assert levels == pytest.approx([10 + 200 * number // 48 for number in range(48)], abs=4)
    np.testing.assert_allclose(np.diff(shown), FRAME, atol=0.003)
    original = times(clip, "video")[0] - times(clip, "audio")[0]
    assert shown[0] - times(tmp_path / "out.mkv", "audio")[0] == pytest.approx(original, abs=FRAME)


def test_a_clip_that_starts_late_is_not_called_cut_short(tmp_path: Path, load: Load, grey: str) -> None:
    """Durations in Matroska count from 0, and this clip starts at 10 seconds."""
    clip = make_clip(tmp_path / "clip.mp4", make_frames(24), **H264)
    moved = remux(clip, tmp_path / "moved.mkv", later(10))
    assert open_clip(str(moved)).count == 24
    assert paint(moved, tmp_path / "out.mkv", load, grey).notes == []


def test_a_stream_alone_starts_at_0(tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "clip.m2v", make_frames(24), codec="mpeg2video", form="yuv420p", base=Fraction(1, 24))
    paint(clip, tmp_path / "out.mkv", load, grey)
    assert times(tmp_path / "out.mkv", "video")[0] == 0
