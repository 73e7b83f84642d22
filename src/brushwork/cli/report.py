"""What a run says while it goes: a line or a JSON record a picture, and a progress bar where there are many."""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from brushwork.batch.run import Record

Item = TypeVar("Item")


def report(records: Iterator["Record"], count: int, *, as_json: bool) -> bool:
    """Shows the records as they come; True if no job failed.

    Everything but JSON records goes to standard error, so that a pastiche can go to standard output.
    """
    failed = 0
    with _lines(count) as show:
        for record in records:
            if as_json:
                print(json.dumps(dataclasses.asdict(record)), flush=True)
            for notice in () if as_json else record.notices:
                print(f"note: {notice}", file=sys.stderr)
            if record.error is not None:
                failed += 1
                show(f"brushwork: {record.error}")
            else:
                show(None if as_json else _line(record))
    if failed and count > 1:
        print(f"brushwork: {failed} of {count} pictures could not be done", file=sys.stderr)
    return not failed


def _line(record: "Record") -> str:
    frames = f", {record.frames} frames" if record.frames > 1 else ""
    return f"{record.pastiche}  {record.width} x {record.height}{frames}  {sum(record.seconds.values()):.2f} s"


@contextmanager
def _lines(count: int) -> Iterator[Callable[[str | None], None]]:
    """What shows the line of each picture, if it has one; above a progress bar where a person waits for many."""
    if count == 1 or not sys.stderr.isatty():
        yield lambda line: print(line, file=sys.stderr) if line else None
        return
    # rich takes 30 ms to import, so one picture does without.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Standard output is left alone: records may be on their way into a file.
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("", total=count)

        def show(line: str | None) -> None:
            if line:
                console.print(line, markup=False)
            bar.advance(task)

        yield show


def watch(items: Iterator[Item], count: int) -> Iterator[Item]:
    """The items as they come, under a progress bar where a person waits for them."""
    from rich.console import Console
    from rich.progress import track

    quiet = not sys.stderr.isatty()
    return iter(track(items, "", count, console=Console(stderr=True), transient=True, disable=quiet))


def percent(count: int) -> Callable[[float], None]:
    """What shows how much of a large picture is done, where a person waits for it alone."""
    if count > 1 or not sys.stderr.isatty():
        return lambda share: None
    # The last one is wiped away: the line of the picture takes its place.
    return lambda share: print(f"\r{share:4.0%}" if share < 1 else "\r    \r", end="", file=sys.stderr, flush=True)
