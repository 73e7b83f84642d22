"""No frame is lost when a run is killed or the disk is full: `--resume` completes the file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from brushwork.errors import UserError
from brushwork.video.writing import muxing
from tests.video.conftest import read_frames
from tests.video.dying import PHASES, PIECE, full_disk_run, in_process, killed_run, paint


def complete(clip: Path, target: Path, style: str) -> None:
    """Complete a killed run as a user would."""
    try:
        paint(str(clip), str(target), style, resume=True)
    except UserError as error:
        assert str(error) == f"nothing to resume: no unfinished {target}"
        if not target.exists():
            paint(str(clip), str(target), style)


@pytest.mark.parametrize("count", [1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE])
@pytest.mark.parametrize("phase", PHASES)
def test_resume_completes_a_killed_run(
    phase: str, count: int, clips: Callable[[int], tuple[Path, bytes, str]], tmp_path: Path
) -> None:
    clip, whole, style = clips(count)
    target = tmp_path / "out.mkv"
    code = in_process(killed_run, phase, str(clip), str(target), style)
    never_reached = (phase == "in the first piece" and count < 3) or (phase == "in the second piece" and count < 6)
    assert code == (0 if never_reached else 9)
    if target.exists():
        assert target.read_bytes() == whole
    complete(clip, target, style)
    assert target.read_bytes() == whole
    assert [path.name for path in tmp_path.iterdir()] == ["out.mkv"]


def test_resume_completes_a_run_that_was_killed_twice(
    clips: Callable[[int], tuple[Path, bytes, str]], tmp_path: Path
) -> None:
    clip, whole, style = clips(2 * PIECE)
    target = tmp_path / "out.mkv"
    for phase in ("before it takes the target's place", "while joining"):
        in_process(killed_run, phase, str(clip), str(target), style)
    complete(clip, target, style)
    assert target.read_bytes() == whole


@pytest.mark.parametrize("share", [0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99])
def test_a_full_disk_loses_nothing(
    share: float, clips: Callable[[int], tuple[Path, bytes, str]], tmp_path: Path
) -> None:
    """No file can grow beyond a part of the finished one: segments, records or the joined file cannot be written."""
    clip, whole, style = clips(2 * PIECE)
    target = tmp_path / "out.mkv"
    assert in_process(full_disk_run, round(share * len(whole)), str(clip), str(target), style) == 1
    assert not target.exists()
    complete(clip, target, style)
    assert target.read_bytes() == whole
    assert [path.name for path in tmp_path.iterdir()] == ["out.mkv"]


def test_a_finished_file_is_never_deleted(clips: Callable[[int], tuple[Path, bytes, str]], tmp_path: Path) -> None:
    clip, whole, style = clips(PIECE)
    target = tmp_path / "out.mkv"
    paint(str(clip), str(target), style)
    with pytest.raises(UserError, match="nothing to resume: no unfinished"):
        paint(str(clip), str(target), style, resume=True)
    with pytest.raises(UserError, match="exists; use --overwrite to replace it"):
        paint(str(clip), str(target), style)
    assert target.read_bytes() == whole


def test_a_file_of_another_program_is_not_replaced(
    clips: Callable[[int], tuple[Path, bytes, str]], tmp_path: Path
) -> None:
    """A run is killed, another program writes the target, and the run is resumed."""
    clip, _, style = clips(2 * PIECE)
    target = tmp_path / "out.mkv"
    in_process(killed_run, "while joining", str(clip), str(target), style)
    target.write_text("mine")
    with pytest.raises(UserError, match="exists; use --overwrite to replace it"):
        paint(str(clip), str(target), style, resume=True)
    assert target.read_text() == "mine"


def test_a_joined_file_that_lacks_frames_is_refused(
    clips: Callable[[int], tuple[Path, bytes, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip, whole, style = clips(2 * PIECE)
    target = tmp_path / "out.mkv"
    items = muxing._video_items
    monkeypatch.setattr(muxing, "_video_items", lambda *given: list(items(*given))[:-1])
    with pytest.raises(UserError, match="holds 7 of 8 frames after writing; the pieces are kept"):
        paint(str(clip), str(target), style)
    assert not target.exists()
    monkeypatch.undo()
    paint(str(clip), str(target), style, resume=True)
    assert target.read_bytes() == whole
    assert len(read_frames(target)) == 8
