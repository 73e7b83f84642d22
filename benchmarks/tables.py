"""Tables of measurements: medians, differences of values in [0, 1], and ratios of slower to faster."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from rich.table import Table

from benchmarks.commands import PEER, PEER_SIDE, STARTS, Command, brushwork
from benchmarks.engines import AUTO, F32, ONNXRUNTIME, TORCH, Cell

T = TypeVar("T")
RATIOS = ((ONNXRUNTIME, AUTO), (ONNXRUNTIME, F32), (TORCH, AUTO), (TORCH, F32))


class Timed(Protocol):
    """A measurement at a size."""

    @property
    def size(self) -> int:
        """Side of the square in pixels."""
        ...

    @property
    def median(self) -> float | None:
        """Median seconds, if there were any."""
        ...


def of_engines(cells: Sequence[Cell]) -> Iterable[Table]:
    """Yield tables for each model: milliseconds with their ratios, and differences of the engines' pastiches."""
    for model in dict.fromkeys(cell.model for cell in cells):
        rows = _by(lambda cell: cell.engine, (cell for cell in cells if cell.model == model))
        speed = _table(f"{model}: milliseconds", rows)
        for name, row in rows.items():
            label = f"{name} ({row[0].precision})" if name == AUTO else name
            speed.add_row(label, *(_number(cell.median, 1000, ".0f") for cell in row))
        speed.add_section()
        for slow, fast in RATIOS:
            speed.add_row(f"{slow} / {fast}", *_ratios(rows[slow], rows[fast]))
        yield speed
        agreement = _table(f"{model}: largest (mean) difference from {next(iter(rows))}", rows)
        for name, row in list(rows.items())[1:]:
            distances = (cell.difference for cell in row)
            agreement.add_row(name, *(f"{each[0]:.1e} ({each[1]:.1e})" if each else "-" for each in distances))
        yield agreement


def of_commands(commands: Sequence[Command]) -> Iterable[Table]:
    """Yield tables of seconds from command to file with their ratios, and of peak memory."""
    rows = _by(lambda command: f"{command.tool}, {command.start} start", commands)
    caption = f"{PEER} renders any style at {PEER_SIDE} px and scales the pastiche to the photo's size"
    speed = _table("command to file: seconds", rows, caption)
    for name, row in rows.items():
        speed.add_row(name, *(_number(command.median, 1, ".2f") for command in row))
    speed.add_section()
    for start in STARTS:
        peer, ours = (rows.get(f"{tool}, {start} start") for tool in (PEER, brushwork))
        if peer and ours:
            speed.add_row(f"{PEER} / {brushwork}, {start} start", *_ratios(peer, ours))
    yield speed
    memory = _table("command to file: peak resident memory, MB", rows)
    for name, row in rows.items():
        memory.add_row(name, *(_number(max(command.peaks), 1e-6, ".0f") for command in row))
    yield memory


def _by(name: Callable[[T], str], records: Iterable[T]) -> dict[str, list[T]]:
    """Return records by name, both in the order of their first occurrence."""
    rows: dict[str, list[T]] = {}
    for record in records:
        rows.setdefault(name(record), []).append(record)
    return rows


def _table(title: str, rows: Mapping[str, Sequence[Timed]], caption: str | None = None) -> Table:
    """Return an empty table with a column for each size."""
    table = Table(title, caption=caption, caption_justify="left")
    for record in next(iter(rows.values())):
        table.add_column(f"{record.size}²", justify="right")
    return table


def _ratios(slow: Sequence[Timed], fast: Sequence[Timed]) -> Iterable[str]:
    """Yield the ratios of the first times to the second ones, at each size."""
    for one, other in zip(slow, fast, strict=True):
        yield f"{one.median / other.median:.1f}x" if one.median and other.median else "-"


def _number(value: float | None, scale: float, form: str) -> str:
    """Return a number as text; a dash if there is none."""
    return "-" if value is None else format(value * scale, form)
