"""Watches a folder and stylises pictures in it once they are completely written."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from brushwork import images
from brushwork.batch.options import Options
from brushwork.batch.plan import Job, check_format, make_plan
from brushwork.batch.record import Record
from brushwork.batch.run import run
from brushwork.batch.session import KnownStyles
from brushwork.errors import UserError, in_one_line
from brushwork.images import ImageError
from brushwork.stylizer import Stylizer

State = tuple[int, int]  # size in bytes and modification time in nanoseconds of a file
PAUSE = 1.0  # seconds between two scans of the folder
# Bytes that must find room before pictures are made again for a target that could not be written.
ROOM = 2**20


def watch(
    folder: Path,
    target: Path,
    styles: list[str],
    stylizer: Stylizer,
    options: Options,
    *,
    stop: Callable[[], bool],
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Record]:
    """Stylise the pictures of a folder as they arrive and yield a record for each.

    A picture is processed when two scans a second apart find it unchanged, so that no partly copied file is read. It is
    processed again when it changes and its pastiche may be overwritten. Pictures with a newer pastiche are skipped.
    While the folder is missing or the target cannot be written, as on a full disk, the watch says so once and waits.

    Args:
        folder: Folder to watch.
        target: Folder for pastiches; created if it does not exist.
        styles: Style pictures or names.
        stylizer: The model.
        options: Options of rendering and writing.
        stop: Returns whether to end; called before every scan.
        wait: Sleeps for a number of seconds.

    Raises:
        UserError: At once, if a folder or a style cannot be used.
    """
    if options.format is not None:
        check_format(options.format, options)
    if not folder.is_dir():
        raise UserError(f"no folder {folder}")
    if target.exists() and not target.is_dir():
        raise UserError(f"{target} is a file, not a folder to write to")
    if target.resolve() == folder.resolve():
        raise UserError("pastiches in the watched folder would be stylised again; choose another folder to write to")
    target.mkdir(parents=True, exist_ok=True)
    images.find(folder)
    if refusal := _refusal(target):
        raise UserError(refusal)
    for style in styles:
        stylizer.embed(style, options.style_size)
    return _Watch(folder, target, styles, stylizer, options).records(stop, wait)


@dataclass
class _Watch:
    """What is known of a watched folder: how files looked at the last scan, and when they were done."""

    folder: Path
    target: Path
    styles: list[str]
    stylizer: Stylizer
    options: Options
    seen: dict[Path, State] = field(default_factory=dict)
    done: dict[Path, State] = field(default_factory=dict)
    jobs: dict[Path, Job] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    known: KnownStyles = field(default_factory=KnownStyles)
    waiting: set[Path] = field(default_factory=set)

    def records(self, stop: Callable[[], bool], wait: Callable[[float], None]) -> Iterator[Record]:
        """Yield a record of each picture that is made, and of each that cannot be, until it is told to stop."""
        first = True
        while not stop():
            try:
                now = {path: state for path in images.find(self.folder) if (state := _state(path))}
            except ImageError as error:  # an unplugged disk comes back
                yield from self._wait(self.folder, f"{error}; waiting for it")
            else:
                self.waiting.discard(self.folder)
                yield from self._scan(now, first, stop)
                self.seen, first = now, False
            wait(PAUSE)

    def _scan(self, now: dict[Path, State], first: bool, stop: Callable[[], bool]) -> Iterator[Record]:
        """Make the pastiches of what has not changed since the last scan."""
        self._plan([path for path in now if path not in self.jobs])
        for path, state in now.items():
            if stop():
                return
            if self.done.get(path) == state or (self.seen.get(path) != state and not first):
                continue
            job = self.jobs[path]
            if first:
                made = _state(job.target) if job.target else None
                if made and made[1] >= state[1]:
                    self.done[path] = state
            elif refusal := _refusal(self.target):
                yield from self._wait(self.target, f"{refusal}; waiting until it does")
                return
            else:
                self.waiting.discard(self.target)
                self.done[path] = state
                yield from self._make(job, path)

    def _plan(self, new: list[Path]) -> None:
        """Plan pictures together with the files of earlier plans, so that two of them never share a pastiche."""
        for path in new:
            try:
                (job,) = make_plan([str(path)], self.styles, f"{self.target}/", options=self.options, taken=self.taken)
            except UserError as error:
                job = Job(path, (), None, (in_one_line(error),))
            self.jobs[path] = job

    def _make(self, job: Job, path: Path) -> Iterator[Record]:
        """Make one pastiche; nothing that goes wrong with it ends the watch."""
        if job.target is None:
            yield _failed(path, job.notices[0])
            return
        try:
            (record,) = run([job], lambda: self.stylizer, self.options, known=self.known)
        except (UserError, OSError) as error:
            record = _failed(path, in_one_line(error))
        if record.error and not path.exists():
            return  # renamed or removed meanwhile; under another name it is found again
        if record.error and _refusal(self.target):
            self.done.pop(path)  # once there is room
        yield record

    def _wait(self, place: Path, reason: str) -> Iterator[Record]:
        """Report once why a folder cannot be used."""
        if place not in self.waiting:
            self.waiting.add(place)
            yield _failed(place, reason)


def _failed(path: Path, reason: str) -> Record:
    return Record(str(path), [], "", error=reason)


def _refusal(target: Path) -> str | None:
    """Return why a folder cannot take files; None if it can. A removed folder is created again."""
    probe = target / f".brushwork-{secrets.token_hex(8)}.part"
    try:
        target.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(bytes(ROOM))
    except OSError as error:
        return f"{target} takes no files: {(error.strerror or str(error)).lower()}"
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return None


def _state(path: Path) -> State | None:
    """Return size and modification time of a file; None if it no longer exists."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
