"""Runs the program like a user: arguments in; files, lines and an exit code out."""

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import brushwork.__main__ as program
from brushwork import stylizer
from brushwork.cli.interrupts import SIGNALS


@dataclass
class Ended:
    """How a run of the program ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.err.splitlines()


Run = Callable[..., Ended]
Paint = Callable[..., Path]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def paint(here: Path) -> Paint:
    """Make a picture file of soft random colours: `paint("photo.jpg", 64, 48)`."""

    def make(name: str, width: int = 64, height: int = 48, *, seed: int = 0, alpha: bool = False) -> Path:
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(colours(height, width, 4 if alpha else 3, seed)).save(path)
        return path

    return make


def colours(height: int, width: int, bands: int = 3, seed: int = 0) -> NDArray[np.uint8]:
    """Random colours in soft spots, (height, width, bands)."""
    blots = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    soft = np.asarray(Image.fromarray(blots).resize((width, height), Image.Resampling.BILINEAR))
    if bands == 3:
        return soft
    alpha = np.broadcast_to(np.linspace(0, 255, width).astype(np.uint8), (height, width))
    return np.dstack((soft, alpha))


@pytest.fixture
def brushwork(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run `brushwork` with arguments, in this process."""

    def leave(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", leave)
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["brushwork", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            program.main()
        out, err = capfd.readouterr()
        assert isinstance(end.value.code, int)
        return Ended(end.value.code, out, err)

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def loaded() -> stylizer.Stylizer:
    """The shipped model, loaded once for all tests."""
    return stylizer.load()


@pytest.fixture
def quick(loaded: stylizer.Stylizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped model without its start-up time, unless another one is requested."""
    load = stylizer.load

    @functools.wraps(load)
    def reuse(model: str | None = None, **choices: object) -> stylizer.Stylizer:
        plain = model is None and not choices
        return loaded if plain else load(model, **choices)  # type: ignore[arg-type]

    monkeypatch.setattr(stylizer, "load", reuse)


@pytest.fixture
def photo(paint: Paint) -> str:
    return paint("photo.jpg").name


@pytest.fixture
def style(paint: Paint) -> str:
    return paint("waves.png", seed=1).name


def refused(brushwork: Run, *arguments: object) -> str:
    """The one-line error of a refused run."""
    ended = brushwork("stylize", *arguments)
    assert ended.code == 1
    assert ended.out == ""
    (line,) = ended.lines
    assert line.startswith("brushwork: ")
    return line.removeprefix("brushwork: ")


def environment(home: Path) -> dict[str, str]:
    """The environment variables for a subprocess whose user has the home folder `home`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "PYTEST"))}
    return kept | {"HOME": str(home)}


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`brushwork` with arguments in a subprocess, which is ended with the test."""
    command = [sys.executable, "-m", "brushwork", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
