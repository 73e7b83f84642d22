"""What a run says while it goes: a line or a JSON record a picture, and a progress bar where there are many."""

import dataclasses
import json as encoder
import sys
from collections.abc import Iterator
from contextlib import nullcontext

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from brushwork.batch import Record


def report(records: Iterator[Record], count: int, *, json: bool) -> bool:
    """Shows the records as they come; True if no job failed.

    Everything but JSON records goes to standard error, so that a pastiche can go to standard output.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    bar = Progress(*columns, console=console, transient=True) if count > 1 and console.is_terminal else None
    failed = 0
    with bar or nullcontext():
        task = bar.add_task("", total=count) if bar else None
        for record in records:
            failed += record.error is not None
            if json:
                print(encoder.dumps(dataclasses.asdict(record)), flush=True)
            elif record.error is None:
                console.print(_line(record), markup=False)
            if record.error is not None:
                console.print(f"brushwork: {record.error}", markup=False)
            if bar and task is not None:
                bar.advance(task)
    if failed and count > 1:
        print(f"brushwork: {failed} of {count} pictures could not be done", file=sys.stderr)
    return not failed


def _line(record: Record) -> str:
    frames = f", {record.frames} frames" if record.frames > 1 else ""
    return f"{record.pastiche}  {record.width} x {record.height}{frames}  {sum(record.seconds.values()):.2f} s"
