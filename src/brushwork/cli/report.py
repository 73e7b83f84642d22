"""Prints the records of a run, as text or JSON."""

import dataclasses
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from brushwork.cli import progress

if TYPE_CHECKING:
    from brushwork.batch.record import Record


def report(records: Iterator["Record"], count: int, *, json_to: TextIO | None = None) -> bool:
    """Print records as they arrive, and return whether all pictures succeeded.

    If ``json_to`` is given, JSON records are written to it, one per line. Text is written to standard error, because
    standard output may carry a pastiche.
    """
    failed = 0
    with progress.bar(count, hidden=count == 1) as bar:
        for number, record in enumerate(records, start=1):
            if json_to:
                print(json.dumps(dataclasses.asdict(record)), flush=True, file=json_to)
            for notice in () if json_to else record.notices:
                bar.print(f"note: {notice}")
            if record.error is not None:
                failed += 1
                bar.print(f"brushwork: {record.error}")
            elif not json_to:
                bar.print(_line(record))
            bar.update(number)
    if failed and count > 1:
        print(f"brushwork: {failed} of {count} pictures failed", file=sys.stderr)
    return not failed


def _line(record: "Record") -> str:
    frames = f", {record.frames} frames" if record.frames > 1 else ""
    return f"{record.pastiche}  {record.width} x {record.height}{frames}  {sum(record.seconds.values()):.2f} s"
