"""Time codes count frames, with the numbers that 30000/1001 frames a second leave out."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from brushwork.video.writing.timecode import advance
from tests.video.clips import Load, paint
from tests.video.conftest import make_clip, make_frames

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("code", "frames", "rate", "later"),
    [
        ("01:00:00:00", 30, Fraction(24), "01:00:01:06"),
        ("23:59:59:24", 1, Fraction(25), "00:00:00:00"),
        ("00:00:59;29", 1, NTSC, "00:01:00;02"),  # 0 and 1 are left out in each minute ...
        ("00:09:59;29", 1, NTSC, "00:10:00;00"),  # ... but every tenth
        ("00:00:00;00", 17982, NTSC, "00:10:00;00"),
        ("unknown", 5, Fraction(24), "unknown"),
    ],
)
def test_a_time_code_advances_by_frames(code: str, frames: int, rate: Fraction, later: str) -> None:
    assert advance(code, frames, rate) == later


def test_a_part_of_a_clip_has_the_time_code_of_its_first_frame(tmp_path: Path, load: Load, grey: str) -> None:
    clip = make_clip(tmp_path / "clip.mov", make_frames(24), codec="libx264", form="yuv420p", timecode="10:00:00:00")
    last = paint(clip, tmp_path / "out.mov", load, grey, start=0.5)
    with av.open(str(tmp_path / "out.mov")) as out:
        assert out.streams.video[0].metadata["timecode"] == "10:00:00:12"
    assert last.notes == []
