"""Ctrl-C and requests to end, taken as a wish to stop at the next good moment."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def noted() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C or a request to end has come, which then does no more than that."""
    come: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        come.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(come)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def kept() -> Iterator[Callable[[], None]]:
    """Ctrl-C ends at once, as ever; what this yields ends, too, if Ctrl-C came and was lost.

    Python drops a KeyboardInterrupt that comes while it runs a finaliser or a callback of foreign code.
    """
    come: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        come.append(number)
        raise KeyboardInterrupt

    def check() -> None:
        if come:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
