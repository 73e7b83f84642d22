"""Handles Ctrl-C, SIGTERM and SIGHUP alike in all commands: stop, clean up, and leave completed files intact."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

INTERRUPTED = 130  # exit code of shells for Ctrl-C
# SIGHUP comes when a terminal is closed; Windows has none.
SIGNALS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
Handler = Callable[[int, FrameType | None], object]


@contextmanager
def deferred(*, cleaning: bool = False) -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether one of the signals was received; the signals have no other effect.

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
            with suppress(OSError):  # the terminal was closed
                os.write(2, b"\nbrushwork: interrupted at once; completed files are intact\n")
            os._exit(INTERRUPTED)  # no thread is waited for
        received.append(number)

    with _handler(note):
        yield lambda: bool(received)


@contextmanager
def raised() -> Iterator[Callable[[], None]]:
    """Raise KeyboardInterrupt on each of the signals.

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
    """Install a handler for the signals during the `with` block; a command under nohup goes on ignoring SIGHUP."""
    heard = [number for number in SIGNALS if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
