"""The plan of a run over a data set, its settings and parts, which is stored with the results to continue the run."""

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
# Folders of the markers of tasks, and names of what these are joined to.
MARKERS = MANIFEST, EMBEDDINGS = "manifest", "embeddings"
SCHEMA = pa.schema([("part", pa.int64()), ("kind", pa.string()), ("name", pa.string())])


@dataclass(frozen=True)
class Report:
    """The result of a part.

    Attributes:
        index: Index of the part.
        made: Number of pictures that were written or embedded.
        bad: A line for each picture that could not be read or rendered; the others are written.
        failed: The error if the part was not written at all, otherwise None.
        seconds: Time taken in seconds.
    """

    index: int
    made: int
    bad: tuple[str, ...] = ()
    failed: str | None = None
    seconds: float = 0.0


class Task(Protocol):
    """The work that is done for each part. It is pickled for other machines, and opened there once."""

    @property
    def settings(self) -> dict[str, Any]:
        """Plain values that determine the results; a run continues only with the same ones."""
        ...

    def marker(self, part: Part) -> str:
        """Return the name of the file that is written last, whose existence marks the part as done."""
        ...

    def open(self, threads: int | None, device: str) -> Callable[[Place, Place, Part], Report]:
        """Load the model, and return a function that makes a part from a source in a target."""
        ...


@dataclass(frozen=True)
class Plan:
    """Source and target of a data set, the task, the parts, and further files that are copied."""

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
        """Load the model, and return a function that makes a part; errors of a part are in its report."""
        make = self.task.open(threads, device)

        def attempt(part: Part) -> Report:
            try:
                return make(self.source, self.target, part)
            except (UserError, OSError) as error:
                return Report(part.index, 0, failed=f"{part.names[0]}: {error}")

        return attempt


def open_plan(source: str, target: str, task: Task, *, together: int = 256) -> Plan:
    """Return the plan of a run: that of an interrupted run in the target, or a new one.

    A continued run keeps its parts, even if files were added to the source meanwhile.

    Args:
        source: Path or address of a folder, tar or Parquet file.
        target: Path or address of a folder.
        task: The task.
        together: Number of files of a folder in a part.

    Raises:
        UserError: If the source contains no pictures, or the target contains anything but this run.
    """
    if together < 1:
        raise UserError(f"the number of pictures in a part is {together}; it must be at least 1")
    read, written = Place(source), Place(target)
    settings = {"source": read.url, **task.settings}
    if written.has(SETTINGS):
        before = json.loads(written.read(SETTINGS))
        if before != settings:
            changed = sorted(key for key in {*before, *settings} if before.get(key) != settings.get(key))
            raise UserError(f"{target} contains a run with another {', '.join(changed)}; choose another folder")
        return Plan(read, written, task, _read_parts(written), find_parts(_data(read), together)[1])
    if written.there and written.find():
        raise UserError(f"{target} is not empty, and contains no run to continue; choose another folder")
    parts, others = find_parts(_data(read), together)
    rows = [{"part": part.index, "kind": part.kind, "name": name} for part in parts for name in part.names]
    write_rows(written, PARTS, rows, SCHEMA)
    written.write(SETTINGS, (json.dumps(settings, indent=1) + "\n").encode())  # last, as it marks the plan as complete
    return Plan(read, written, task, parts, others)


def _data(place: Place) -> list[str]:
    """Return the names of all files of a data set, without those that a run of brushwork adds to what it makes."""
    names = place.find()
    if SETTINGS not in names or PARTS not in names:
        return names
    own = {SETTINGS, PARTS, *(f"{each}.parquet" for each in MARKERS)}
    return [name for name in names if name not in own and name.partition("/")[0] not in MARKERS]


def _read_parts(place: Place) -> list[Part]:
    with place.open(PARTS) as file:
        table = pq.read_table(file)
    names: dict[tuple[int, Any], list[str]] = {}
    for part, kind, name in zip(*(table[column].to_pylist() for column in SCHEMA.names), strict=True):
        names.setdefault((part, kind), []).append(name)
    return [Part(index, kind, tuple(found)) for (index, kind), found in names.items()]
