"""A folder that is watched: what is dropped into it is stylised once it is whole."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from brushwork import images
from brushwork.batch.options import Options
from brushwork.batch.plan import Job, make_plan
from brushwork.batch.run import Record, run
from brushwork.errors import UserError
from brushwork.stylizer import Stylizer

State = tuple[int, int]  # of a file: its size and when it was last written, in nanoseconds
PAUSE = 1.0  # seconds between two looks


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
    """Stylises the pictures of a folder as they come, and yields a record of each.

    A picture is taken when two looks a second apart find it the same, so that none is read half-copied, and again when
    it changes and may be overwritten. Those whose pastiches are there from before are left alone.

    Args:
        folder: Where pictures are dropped.
        target: Where pastiches are written; made if need be.
        styles: Style pictures or names.
        stylizer: What paints.
        options: How.
        stop: Asked before every look whether to end.
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
        # Planned together, and with what earlier ones have taken: two pictures never share a pastiche.
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
    """How a file is now; None where it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
