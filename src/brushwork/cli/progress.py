"""Shows progress on standard error if it is a terminal: bars with lines above them, percentages, and a status line."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Update(Protocol):
    """Updates a bar."""

    def __call__(self, completed: int, total: int | None = None, words: str = "") -> None:
        """Show the completed part of the total, with a text after the numbers."""


@dataclass(frozen=True)
class Bar:
    """A progress bar, and a function that prints a line above it."""

    print: Callable[[str], None]
    update: Update


def watched() -> bool:
    """Return whether standard error is a terminal."""
    return sys.stderr.isatty()


@contextmanager
def bar(total: int | None = None, *, hidden: bool = False, time_left: bool = True) -> Iterator[Bar]:
    """Yield a progress bar; if standard error is not a terminal, only its lines are printed.

    Args:
        total: Total of the bar; None if it is not yet known.
        hidden: Whether to print only lines even in a terminal.
        time_left: Whether the bar estimates the time left; False if the text contains it.
    """
    if hidden or not watched():
        yield Bar(lambda line: print(line, file=sys.stderr), lambda completed, total=None, words="": None)
        return
    # Importing rich takes 30 ms, so it is imported only if a bar is shown.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    remaining = (TimeRemainingColumn(),) if time_left else ()
    columns = (BarColumn(), MofNCompleteColumn(), *remaining, TextColumn("{task.description}"))
    # Standard output is not redirected, because records may be written to it.
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as shown:
        task = shown.add_task("", total=total)

        def update(completed: int, total: int | None = None, words: str = "") -> None:
            shown.update(task, completed=completed, total=total, description=words)

        yield Bar(lambda line: console.print(line, markup=False), update)


def track(items: Iterable[Item], count: int) -> Iterator[Item]:
    """Yield items under a bar that counts them."""
    with bar(count) as shown:
        for number, item in enumerate(items, start=1):
            shown.update(number)
            yield item


def percentage(*, hidden: bool = False) -> Callable[[float], None]:
    """Return a function that shows the fraction completed, 0 to 1; at 1 it clears the line."""
    if hidden or not watched():
        return lambda fraction: None
    return lambda fraction: _overwrite(f"{fraction:4.0%}" if fraction < 1 else "")


def status(line: str) -> None:
    """Show a line in place of the previous one."""
    if watched():
        _overwrite(line)


def _overwrite(line: str) -> None:
    with suppress(OSError):  # the terminal was closed; SIGHUP ends the work as is best for it
        print(f"\r{line}\033[K", end="" if line else "\r", file=sys.stderr, flush=True)
