"""Ctrl-C ends a run, even where Python would lose it."""

import signal
import sys

import pytest

from brushwork.cli import interrupts


class Finalised:
    """Ctrl-C comes while this is cleared away: Python prints the KeyboardInterrupt and goes on."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_ends_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), interrupts.kept():
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_that_python_loses_ends_at_the_next_check(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lambda thrown: lost.append(thrown.exc_type))
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interrupts.kept() as check:
        check()
        Finalised()
        assert lost == [KeyboardInterrupt]
        check()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_wish_to_stop_is_only_noted() -> None:
    with interrupts.noted() as stop:
        assert not stop()
        signal.raise_signal(signal.SIGTERM)
        assert stop()
