"""Nothing is lost, whenever a run is killed or the disk is full: `--resume` completes the file or says that it is."""

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from brushwork.errors import UserError
from brushwork.stylizer import Stylizer
from brushwork.video import pipeline
from brushwork.video.frame_state import FrameState
from brushwork.video.reading.video_file import VideoSource
from brushwork.video.run import RunOptions, run
from brushwork.video.settings import Settings
from brushwork.video.writing import muxing, resume
from brushwork.video.writing.resume import ResumeFolder
from brushwork.video.writing.video_file import VideoFileWriter
from tests.video.conftest import Negative, make_clip, make_frames, read_frames

PIECE = 4
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])


def paint(clip: str, target: str, style: str, *, resume: bool = False) -> None:
    # Without loss, so that no encoder's habits matter, and with something to be carried from frame to frame.
    settings = Settings((style,), codec="ffv1", strength=0.7)
    load: Callable[[], Stylizer] = lambda: Stylizer(Negative())  # noqa: E731
    for _ in run(clip, Path(target), load, settings, RunOptions(resume=resume, piece=PIECE)):
        pass


def die(*_: Any, **__: Any) -> None:
    os._exit(9)  # as after SIGKILL: no handler runs


def die_at_frame(number: int) -> None:
    write = VideoFileWriter.write

    def dying(self: VideoFileWriter, *frame: Any) -> None:
        if len(self._times) == number:
            die()
        write(self, *frame)

    VideoFileWriter.write = dying  # type: ignore[method-assign, assignment]  # of a process that is about to die


def die_within_record() -> None:
    """The last state is saved, and the record does not know it yet."""
    record = ResumeFolder._record

    def dying(self: ResumeFolder, pieces: int, frames: int) -> None:
        if list(self.folder.glob("last-*")):
            die()
        record(self, pieces, frames)

    ResumeFolder._record = dying  # type: ignore[method-assign]


def die_while_joining() -> None:
    mux, count = muxing.heapq.merge, [0]  # type: ignore[attr-defined]

    def dying(*inputs: Any, **keys: Any) -> Any:
        for item in mux(*inputs, **keys):
            yield item
            count[0] += 1
            if count[0] == 2:
                die()

    muxing.heapq.merge = dying  # type: ignore[attr-defined]


def die_before_publishing() -> None:
    muxing._verify = die


def die_between_record_and_target() -> None:
    replace = Path.replace
    Path.replace = lambda self, to: die() if self.name == "joined" else replace(self, to)  # type: ignore[method-assign, assignment, return-value]


def die_before_removing() -> None:
    ResumeFolder.remove = die  # type: ignore[method-assign]


def die_while_removing() -> None:
    def dying(folder: Path, **_: Any) -> None:
        if folder.exists():
            next(folder.glob("*.piece")).unlink()
            die()

    resume.shutil.rmtree = dying  # type: ignore[attr-defined]


PHASES: dict[str, Callable[[], None]] = {
    "before the first frame": lambda: die_at_frame(0),
    "in the first piece": lambda: die_at_frame(2),
    "in the second piece": lambda: die_at_frame(5),
    "before a piece is recorded": lambda: setattr(ResumeFolder, "reached", die),
    "while a piece is recorded": die_within_record,
    "while joining": die_while_joining,
    "before the joined file is verified": die_before_publishing,
    "before it takes the target's place": die_between_record_and_target,
    "before the pieces are removed": die_before_removing,
    "while the pieces are removed": die_while_removing,
}


def killed_run(phase: str, clip: str, target: str, style: str) -> None:
    PHASES[phase]()
    paint(clip, target, style)


def full_disk_run(limit: int, clip: str, target: str, style: str) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        paint(clip, target, style)
    except (UserError, OSError):
        os._exit(1)


def in_process(work: Callable[..., None], *arguments: Any) -> int:
    """The exit code of a piece of work in a process of its own."""
    process = PROCESSES.Process(target=work, args=arguments)
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], tuple[Path, bytes, str]]:
    """A clip of so many frames, the file an uninterrupted run makes of it, and the style."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("clips")
    style = folder / "grey.png"
    Image.new("RGB", (96, 96), (128, 128, 128)).save(style)
    made: dict[int, tuple[Path, bytes, str]] = {}

    def clip(count: int) -> tuple[Path, bytes, str]:
        if count not in made:
            path = make_clip(folder / f"{count}.mkv", make_frames(count), sound="pcm_s16le")
            paint(str(path), str(folder / f"whole-{count}.mkv"), str(style))
            made[count] = path, (folder / f"whole-{count}.mkv").read_bytes(), str(style)
        return made[count]

    return clip


def complete(clip: Path, target: Path, style: str) -> None:
    """What a person does after a run has died."""
    try:
        paint(str(clip), str(target), style, resume=True)
    except UserError as error:
        assert str(error) == f"nothing to resume: no unfinished {target}"
        if not target.exists():
            paint(str(clip), str(target), style)


@pytest.mark.parametrize("count", [1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE])
@pytest.mark.parametrize("phase", PHASES)
def test_a_killed_run_is_completed(
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


def test_a_run_that_died_twice_is_completed(clips: Callable[[int], tuple[Path, bytes, str]], tmp_path: Path) -> None:
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
    """No file may grow beyond a part of the finished one: pieces, records or the joined file fail to be written."""
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


def test_a_file_of_somebody_else_is_not_replaced(
    clips: Callable[[int], tuple[Path, bytes, str]], tmp_path: Path
) -> None:
    """A run dies, somebody puts another file in the target's place, and the run is resumed."""
    clip, _, style = clips(2 * PIECE)
    target = tmp_path / "out.mkv"
    in_process(killed_run, "while joining", str(clip), str(target), style)
    target.write_text("mine")
    with pytest.raises(UserError, match="exists; use --overwrite to replace it"):
        paint(str(clip), str(target), style, resume=True)
    assert target.read_text() == "mine"


def test_a_frame_that_is_lost_on_the_way_is_an_error_with_both_counts(
    clips: Callable[[int], tuple[Path, bytes, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip, whole, style = clips(2 * PIECE)
    target = tmp_path / "out.mkv"
    stylize = pipeline.stylize_frames

    def without_the_last(*given: Any) -> Iterator[FrameState]:
        yield from islice(stylize(*given), 2 * PIECE - 1)

    monkeypatch.setattr(pipeline, "stylize_frames", without_the_last)
    with pytest.raises(UserError, match="7 frames were painted of 8 that were decoded; what was written is kept"):
        paint(str(clip), str(target), style)
    assert not target.exists()
    monkeypatch.undo()
    paint(str(clip), str(target), style, resume=True)
    assert target.read_bytes() == whole


def test_a_seek_that_leads_past_the_last_frame_loses_none(
    clips: Callable[[int], tuple[Path, bytes, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run is left after its first piece; on `--resume` the decoder begins late, as in streams without an index."""
    clip, whole, style = clips(2 * PIECE)
    target = tmp_path / "out.mkv"
    in_process(killed_run, "in the second piece", str(clip), str(target), style)
    after_seek = VideoSource._after_seek
    monkeypatch.setattr(VideoSource, "_after_seek", lambda *given: islice(after_seek(*given) or (), PIECE + 1, None))
    paint(str(clip), str(target), style, resume=True)
    assert target.read_bytes() == whole


def test_a_clip_that_has_changed_under_its_name_is_not_continued(
    clips: Callable[[int], tuple[Path, bytes, str]], tmp_path: Path
) -> None:
    """The file has the same size and time, and other frames."""
    original, _, style = clips(2 * PIECE)
    clip = tmp_path / "clip.mkv"
    clip.write_bytes(original.read_bytes())
    target = tmp_path / "out.mkv"
    in_process(killed_run, "in the second piece", str(clip), str(target), style)
    stamp = clip.stat()
    make_clip(tmp_path / "other.mkv", make_frames(2 * PIECE)[::-1], sound="pcm_s16le")
    clip.write_bytes((tmp_path / "other.mkv").read_bytes()[: stamp.st_size].ljust(stamp.st_size, b"\0"))
    os.utime(clip, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    with pytest.raises(UserError, match="no longer has the frame at which it was left; start again with --overwrite"):
        paint(str(clip), str(target), style, resume=True)


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
