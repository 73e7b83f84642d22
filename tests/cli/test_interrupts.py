"""Ctrl-C, SIGTERM and a closed terminal end a run in the same way, even if Python loses the interrupt."""

import signal
import subprocess
import sys

import pytest

from brushwork.cli import interrupts

SIGNALS = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Finalised:
    """Ctrl-C comes while this is cleared away: Python prints the KeyboardInterrupt and goes on."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_ends_the_run_at_once(name: str) -> None:
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), interrupts.raised():
        signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_an_interrupt_lost_by_python_is_raised_by_the_next_check(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lambda thrown: lost.append(thrown.exc_type))
    with pytest.raises(KeyboardInterrupt), interrupts.raised() as check:
        check()
        Finalised()
        assert lost == [KeyboardInterrupt]
        check()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_a_command_under_nohup_outlives_its_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts.raised() as check, interrupts.deferred() as stop:
            signal.raise_signal(signal.SIGHUP)
            check()
            assert not stop()
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("name", SIGNALS)
def test_a_deferred_signal_is_only_reported(name: str) -> None:
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with interrupts.deferred() as stop:
        assert not stop()
        signal.raise_signal(number)
        assert stop()
    assert signal.getsignal(number) is before


HANGING = """
import signal, threading
from brushwork.cli import interrupts
with interrupts.deferred():
    threading.Thread(target=threading.Event().wait).start()  # like a thread that never comes back
    signal.raise_signal(signal.{})
    signal.raise_signal(signal.{})
    print("still here")
"""


@pytest.mark.parametrize("pair", [*((name, name) for name in SIGNALS), ("SIGINT", "SIGTERM")])
def test_a_second_signal_ends_a_program_that_hangs(pair: tuple[str, str]) -> None:
    ended = subprocess.run([sys.executable, "-c", HANGING.format(*pair)], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr == "\nbrushwork: interrupted at once; completed files are intact\n"
