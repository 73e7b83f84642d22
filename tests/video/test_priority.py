"""Encoders do not change the priority of the process."""

import os
import sys
from pathlib import Path

import pytest

from tests.video.clips import H264, Load, paint
from tests.video.conftest import make_clip, make_frames


@pytest.mark.skipif(sys.platform != "linux", reason="threads have such priorities on Linux alone")
@pytest.mark.parametrize("codec", ["h264", "h265", "vp9", "av1"])
def test_no_thread_is_left_with_real_time_priority(codec: str, tmp_path: Path, load: Load, grey: str) -> None:
    """Run by root, SVT-AV1 requests it for all threads; everything started later would inherit it."""
    clip = make_clip(tmp_path / "clip.mp4", make_frames(3), **H264)
    paint(clip, tmp_path / "out.mkv", load, grey, codec=codec)
    policies = {os.sched_getscheduler(int(thread.name)) for thread in Path("/proc/self/task").iterdir()}
    assert policies == {os.SCHED_OTHER}
