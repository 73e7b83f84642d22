"""Handles Ctrl-C and SIGTERM alike in all commands: stop, clean up, and leave completed files intact."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130  # exit code of shells for Ctrl-C
SIGNALS = (signal.SIGINT, signal.SIGTERM)
Handler = Callable[[int, FrameType | None], object]


@contextmanager
def deferred(*, cleaning: bool = False) -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether Ctrl-C or SIGTERM was received; the signals have no other effect.

    For work that ends by itself at the next good point, and that loses nothing when it is killed: a second signal ends
    the program at once, so that it ends even where work hangs. Work that leaves temporary files is cleaned up by
    KeyboardInterrupt at a second signal (`cleaning`), and ended by a third.
    """
    received: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        if cleaning and len(received) == 1:
            received.append(number)
            raise KeyboardInterrupt
        if received:
            os.write(2, b"\nbrushwork: interrupted at once; completed files are intact\n")
            os._exit(INTERRUPTED)  # no thread is waited for
        received.append(number)

    with _handler(note):
        yield lambda: bool(received)


@contextmanager
def raised() -> Iterator[Callable[[], None]]:
    """Raise KeyboardInterrupt on Ctrl-C and SIGTERM.

    Python discards a KeyboardInterrupt that is raised in a finaliser or in a callback from C. So this yields a function
    that raises it again, to be called between two pieces of work.
    """
    received: list[int] = []

    def interrupt(number: int, _: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    def check() -> None:
        if received:
            raise KeyboardInterrupt

    with _handler(interrupt):
        yield check


@contextmanager
def _handler(handler: Handler) -> Iterator[None]:
    """Install a handler for both signals during the `with` block."""
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
