"""Bars, percentages and status lines on a terminal and elsewhere."""

import io
import sys

import pytest

from brushwork.cli import progress


class Terminal(io.StringIO):
    """A standard error that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def watch(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make standard error a terminal; called in the test, because pytest replaces it after fixtures."""
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    return shown


def test_a_bar_shows_count_and_text_below_printed_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch(monkeypatch)
    with progress.bar(4) as bar:
        bar.print("a.jpg  64 x 48")
        bar.update(3, words="2.5 frames/s")
    assert "a.jpg  64 x 48\n" in terminal.getvalue()
    assert "3/4" in terminal.getvalue() and "2.5 frames/s" in terminal.getvalue()


def test_a_total_can_be_set_later(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch(monkeypatch)
    with progress.bar() as bar:
        bar.update(1)
        bar.update(2, 9)
    assert "2/9" in terminal.getvalue()


def test_tracked_items_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch(monkeypatch)
    assert list(progress.track("abc", 3)) == ["a", "b", "c"]
    assert "3/3" in terminal.getvalue()


def test_a_hidden_bar_prints_only_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch(monkeypatch)
    with progress.bar(1, hidden=True) as bar:
        bar.print("line")
        bar.update(1)
    progress.percentage(hidden=True)(0.5)
    assert terminal.getvalue() == "line\n"


def test_a_percentage_is_cleared_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch(monkeypatch)
    show = progress.percentage()
    show(0.25)
    show(1)
    assert terminal.getvalue() == "\r 25%\033[K\r\033[K\r"
    progress.status("20 frames/s")
    assert terminal.getvalue().endswith("\r20 frames/s\033[K")


def test_a_pipe_gets_only_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.bar(2) as bar:
        bar.print("line")
        bar.update(2)
    progress.percentage()(0.5)
    progress.status("line")
    assert list(progress.track([1], 1)) == [1]
    assert capsys.readouterr().err == "line\n"


def test_a_closed_terminal_does_not_end_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    class Closed(Terminal):
        def write(self, text: str) -> int:
            tried.append(text)
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stderr", Closed())
    progress.percentage()(0.5)
    progress.status("half")
    assert ["50%" in tried[0], "half" in tried[1], len(tried)] == [True, True, 2]
