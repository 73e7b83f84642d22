"""The plan of a run over a data set: its settings and parts, stored with the results, so that a run can go on."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from brushwork.dataset.parts import Part, find_parts
from brushwork.dataset.places import Place
from brushwork.dataset.writing import write_rows
from brushwork.errors import UserError

SETTINGS, PARTS = "plan.json", "plan.parquet"
SCHEMA = pa.schema([("part", pa.int64()), ("kind", pa.string()), ("name", pa.string())])


@dataclass(frozen=True)
class Report:
    """What became of a part.

    Attributes:
        index: Of the part.
        made: Pictures that were written, or embedded.
        bad: A line for each picture that could not be read or painted; the others are there.
        failed: Why the part was not written at all; None if it was.
        seconds: How long it took.
    """

    index: int
    made: int
    bad: tuple[str, ...] = ()
    failed: str | None = None
    seconds: float = 0.0


class Task(Protocol):
    """What is done with each part. It is pickled for other machines, and opened there once."""

    @property
    def settings(self) -> dict[str, Any]:
        """Plain values that settle the results; a run goes on under the same ones alone."""
        ...

    def marker(self, part: Part) -> str:
        """Return the name of the file that is written last: where it is, the part is done."""
        ...

    def open(self, threads: int | None, device: str) -> Callable[[Place, Place, Part], Report]:
        """Load the model, and return what makes a part: from a place to another."""
        ...


@dataclass(frozen=True)
class Plan:
    """Where a data set is read and written, what is done with it, and its parts."""

    source: Place
    target: Place
    task: Task
    parts: Sequence[Part]
    others: Sequence[str] = ()

    def remaining(self) -> list[Part]:
        """Return the parts that are not done."""
        folder = PurePosixPath(self.task.marker(self.parts[0])).parent
        done = set(self.target.find(str(folder)))
        return [part for part in self.parts if self.task.marker(part) not in done]

    def make(self, threads: int | None = None, device: str = "auto") -> Callable[[Part], Report]:
        """Load the model and return what makes one part; a part that cannot be written is reported."""
        make = self.task.open(threads, device)

        def attempt(part: Part) -> Report:
            try:
                return make(self.source, self.target, part)
            except (UserError, OSError) as error:
                return Report(part.index, 0, failed=f"{part.names[0]}: {error}")

        return attempt


def open_plan(source: str, target: str, task: Task, *, together: int = 256) -> Plan:
    """Return the plan of a run: that which lies in the target where a run was stopped, else a new one.

    The parts of a run that goes on are those of its beginning, whatever was added since.

    Args:
        source: A folder, tar or Parquet file; a path or an address.
        target: A folder; a path or an address.
        task: What is done.
        together: Files of a folder that make a part.

    Raises:
        UserError: If the source holds no pictures, or the target something else than this run.
    """
    if together < 1:
        raise UserError(f"the pictures of a part are {together}; give at least 1")
    read, written = Place(source), Place(target)
    settings = {"source": read.url, **task.settings}
    if written.has(SETTINGS):
        before = json.loads(written.read(SETTINGS))
        if before != settings:
            changed = sorted(key for key in {*before, *settings} if before.get(key) != settings.get(key))
            raise UserError(f"{target} holds a run with another {', '.join(changed)}; choose another folder")
        return Plan(read, written, task, _read_parts(written), find_parts(read.find(), together)[1])
    if written.there and written.find():
        raise UserError(f"{target} is not empty, and holds no run that could go on")
    parts, others = find_parts(read.find(), together)
    rows = [{"part": part.index, "kind": part.kind, "name": name} for part in parts for name in part.names]
    write_rows(written, PARTS, rows, SCHEMA)
    written.write(SETTINGS, (json.dumps(settings, indent=1) + "\n").encode())  # last: with it the plan is whole
    return Plan(read, written, task, parts, others)


def _read_parts(place: Place) -> list[Part]:
    with place.open(PARTS) as file:
        table = pq.read_table(file)
    names: dict[tuple[int, Any], list[str]] = {}
    for part, kind, name in zip(*(table[column].to_pylist() for column in SCHEMA.names), strict=True):
        names.setdefault((part, kind), []).append(name)
    return [Part(index, kind, tuple(found)) for (index, kind), found in names.items()]
