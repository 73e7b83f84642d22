"""Runs that are killed: in every phase, at a frame, or by a full disk."""

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from brushwork.errors import UserError, in_one_line
from brushwork.stylizer import Stylizer
from brushwork.video.run import RunOptions, run
from brushwork.video.settings import Settings
from brushwork.video.writing import muxing, resume
from brushwork.video.writing.resume import ResumeFolder
from brushwork.video.writing.video_file import VideoFileWriter
from tests.video.conftest import Negative

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
    """Die after the last state is saved and before the record contains it."""
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
    except (UserError, OSError) as error:
        os._exit(1 if Path(target).name in in_one_line(error) else 2)


def in_process(work: Callable[..., None], *arguments: Any) -> int:
    """The exit code of a function in a subprocess."""
    process = PROCESSES.Process(target=work, args=arguments)
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode
