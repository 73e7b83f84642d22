"""A watched folder: its pictures are stylised once they are completely written."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from brushwork import images
from brushwork.batch.options import Options
from brushwork.batch.plan import Job, make_plan
from brushwork.batch.record import Record
from brushwork.batch.run import run
from brushwork.errors import UserError
from brushwork.stylizer import Stylizer

State = tuple[int, int]  # of a file: its size and when it was last written, in nanoseconds
PAUSE = 1.0  # seconds between two scans of the folder


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
    """Stylise the pictures of a folder as they arrive, and yield a record of each.

    A picture is taken when two scans, a second apart, find it unchanged, so that none is read half-copied, and again
    when it changes and its pastiche may be overwritten. Pictures that already have a newer pastiche are left out.

    Args:
        folder: Where pictures are dropped.
        target: Where pastiches are written; created if it does not exist.
        styles: Style pictures or names.
        stylizer: The model.
        options: How pastiches are made and written.
        stop: Asked before every scan whether to end.
        wait: Waits so many seconds.

    Raises:
        UserError: At once if a folder cannot be used; later if a style cannot be.
    """
    if not folder.is_dir():
        raise UserError(f"no folder {folder}")
    if target.exists() and not target.is_dir():
        raise UserError(f"{target} is a file, not a folder to write to")
    if target.resolve() == folder.resolve():
        raise UserError("pastiches among the photos would be taken for photos; choose another folder to write to")
    target.mkdir(parents=True, exist_ok=True)
    return _watch(folder, target, styles, stylizer, options, stop, wait)


def _watch(
    folder: Path,
    target: Path,
    styles: list[str],
    stylizer: Stylizer,
    options: Options,
    stop: Callable[[], bool],
    wait: Callable[[float], None],
) -> Iterator[Record]:
    seen: dict[Path, State] = {}
    done: dict[Path, State] = {}
    jobs: dict[Path, Job] = {}
    taken: set[str] = set()
    first = True
    while not stop():
        now = {path: state for path in images.find(folder) if (state := _state(path))}
        new = [str(path) for path in now if path not in jobs]
        # Planned together with the files of earlier plans, so that two pictures never share a pastiche.
        planned = make_plan(new, styles, f"{target}/", options=options, taken=taken) if new else []
        jobs |= {job.content: job for job in planned if job.content}
        for path, state in now.items():
            if stop():
                return
            if done.get(path) == state or (seen.get(path) != state and not first):
                continue
            job = jobs[path]
            if first and job.target is not None and (made := _state(job.target)) and made[1] >= state[1]:
                done[path] = state
            elif not first:
                done[path] = state
                yield from run([job], lambda: stylizer, options)
        seen, first = now, False
        wait(PAUSE)


def _state(path: Path) -> State | None:
    """Size and time of a file; None if it no longer exists."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
