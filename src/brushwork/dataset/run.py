"""Carries out a plan, on this machine or with another runner."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import pyarrow.parquet as pq

from brushwork.dataset.parts import Part
from brushwork.dataset.plan import Plan, Report

# Makes parts and yields the report of each when it is done, in any order.
Runner = Callable[[Plan, Sequence[Part]], Iterable[Report]]


def run_here(threads: int | None = None, device: str = "auto") -> Runner:
    """Return a runner that makes one part after the other in this process."""

    def run(plan: Plan, parts: Sequence[Part]) -> Iterator[Report]:
        make = plan.make(threads, device)
        yield from (make(part) for part in parts)

    return run


def run_plan(plan: Plan, runner: Runner) -> Iterator[Report]:
    """Copy the files that are not pictures, make all parts that are not done, and yield a report of each.

    Args:
        plan: See `brushwork.dataset.plan.open_plan`.
        runner: Runner that makes the parts.
    """
    existing = set(plan.target.find()) if plan.others else set()
    for name in plan.others:
        if name in existing:
            continue
        plan.source.copy(name, plan.target)
    if parts := plan.remaining():
        yield from runner(plan, parts)


def join_parts(plan: Plan, name: str) -> int:
    """Join the Parquet files of all parts to one, and return the number of its rows; 0 if parts are missing.

    Args:
        plan: The plan, whose markers are Parquet files with the same schema.
        name: Name of the joined file.
    """
    if plan.remaining():
        return 0
    rows = 0
    with plan.target.writing(name) as path:
        writer: pq.ParquetWriter | None = None
        try:
            for part in plan.parts:
                with plan.target.open(plan.task.marker(part)) as file:
                    table = pq.read_table(file)
                writer = writer or pq.ParquetWriter(path, table.schema)
                writer.write_table(table)
                rows += table.num_rows
        finally:
            if writer is not None:
                writer.close()
    return rows
