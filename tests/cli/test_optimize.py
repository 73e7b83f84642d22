"""`brushwork optimize`: the written file, Ctrl-C, and one-line errors."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from brushwork import extras
from brushwork.cli import app
from brushwork.training import optimize as training
from brushwork.training.optimize_settings import OptimizeSettings
from tests.cli.conftest import Ended, Paint, Run

PROGRAM = [sys.executable, "-m", "brushwork"]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """At 48 pixels a second thread waits for the first."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def photo(paint: Paint) -> str:
    return paint("photo.png", 48, 36, alpha=True).name


@pytest.fixture
def style(paint: Paint) -> str:
    return paint("waves.png", seed=1).name


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as file:
        return np.asarray(file)


def quickly(brushwork: Run, *arguments: object) -> Ended:
    return brushwork("optimize", *arguments, "--steps", 3)


def test_the_pastiche_has_the_alpha_of_the_content(brushwork: Run, here: Path, photo: str, style: str) -> None:
    ended = quickly(brushwork, photo, "-s", style)
    assert (ended.code, ended.out) == (0, "")
    (line,) = ended.lines
    assert re.fullmatch(r"photo-waves\.png  48 x 36  [\d.]+% of the style loss left  [\d.]+ s", line)
    before, after = pixels(here / photo), pixels(here / "photo-waves.png")
    assert np.array_equal(before[..., 3], after[..., 3])
    assert np.abs(before[..., :3].astype(int) - after[..., :3]).mean() > 1


def test_size_several_styles_and_json_are_respected(
    brushwork: Run, paint: Paint, here: Path, photo: str, style: str
) -> None:
    other = paint("stars.png", seed=2).name
    arguments = (photo, "-s", style, "-s", other, "--weights", "0.7,0.3", "--size", 32, "-o", "new/pastiche.webp")
    ended = quickly(brushwork, *arguments, "--json")
    assert (ended.code, ended.err) == (0, "")
    record = json.loads(ended.out)
    assert (record["content"], record["styles"], record["pastiche"]) == (photo, [style, other], "new/pastiche.webp")
    assert (record["width"], record["height"], record["step"], record["steps"]) == (32, 24, 3, 3)
    assert 0 < record["share"] < 1 and record["terms"]["content"] > 0 and record["seconds"] > 0
    with Image.open(here / "new/pastiche.webp") as pastiche:
        assert (pastiche.format, pastiche.size) == ("WEBP", (32, 24))


def test_every_option_is_passed_to_the_optimisation(
    brushwork: Run, monkeypatch: pytest.MonkeyPatch, here: Path, photo: str, style: str
) -> None:
    chosen = []
    real = training.optimize

    def note(*arguments: object) -> Iterator[training.OptimizeProgress]:
        chosen.append(arguments[-1])
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(training, "optimize", note)
    options: dict[str, Any] = {
        "size": 40, "style_size": 20, "steps": 2, "style_weight": 3.0,
        "optimizer": "adam", "start": "noise", "seed": 7, "device": "cpu",
    }  # fmt: skip
    written = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
    assert brushwork("optimize", photo, "-s", style, *written).code == 0
    assert chosen == [OptimizeSettings(**options)]


def test_the_help_states_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = CliRunner().invoke(app, ["optimize", "--help"]).output
    told = dict(re.findall(r"--([a-z-]+) .* default ([\w.]+)\.", text))
    defaults = OptimizeSettings()
    assert told == {
        "size": str(defaults.size), "steps": str(defaults.steps), "style-weight": f"{defaults.style_weight:g}",
        "optimizer": defaults.optimizer, "start": defaults.start, "seed": str(defaults.seed),
    }  # fmt: skip


def test_ctrl_c_writes_the_best_so_far_at_the_whole_size(
    brushwork: Run, monkeypatch: pytest.MonkeyPatch, here: Path, photo: str, style: str
) -> None:
    def stop(*_: object) -> Iterator[training.OptimizeProgress]:
        yield training.OptimizeProgress(
            5, 90, {"total": 1.0, "content": 1.0, "style": 1.0}, 0.5, np.full((18, 24, 3), 0.5, np.float32)
        )  # a coarser size
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "optimize", stop)
    ended = brushwork("optimize", photo, "-s", style, "-o", "pastiche.png")
    assert ended.code == 130
    assert ended.lines[0].startswith("pastiche.png  48 x 36  50.0% of the style loss left")
    assert ended.lines[1:] == ["brushwork: interrupted; completed files are intact"]
    assert pixels(here / "pastiche.png").shape == (36, 48, 4)
    assert np.abs(pixels(here / "pastiche.png")[..., :3].astype(int) - 128).max() <= 1


def test_ctrl_c_before_the_first_result_writes_nothing(
    brushwork: Run, monkeypatch: pytest.MonkeyPatch, here: Path, photo: str, style: str
) -> None:
    def stop(*_: object) -> Iterator[training.OptimizeProgress]:
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(training, "optimize", stop)
    assert brushwork("optimize", photo, "-s", style, "-o", "pastiche.png").code == 130
    assert not (here / "pastiche.png").exists()


def test_ctrl_c_on_a_terminal_ends_with_one_line(here: Path, photo: str, style: str) -> None:
    screen, terminal = os.openpty()
    command = [*PROGRAM, "optimize", photo, "-s", style, "-o", "pastiche.png", "--steps", "100000"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "150", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stderr=terminal, env=environment) as process:
        os.close(terminal)
        shown = b""
        while b" left" not in shown:
            shown += os.read(screen, 4096)
        process.send_signal(signal.SIGINT)
        try:
            while part := os.read(screen, 4096):
                shown += part
        except OSError:  # how a terminal ends on Linux
            pass
    os.close(screen)
    assert process.returncode == 130
    assert b"48 x 36  total" in shown and b"interrupted; completed files are intact" in shown
    assert pixels(here / "pastiche.png").shape == (36, 48, 4)


REFUSED = {
    "cannot read gone.png: no such file": ["gone.png", "-s", "waves.png"],
    "cannot read gone.jpg: no such file": ["photo.png", "-s", "gone.jpg"],
    "unknown optimizer 'sgd'; known: lbfgs, adam": ["photo.png", "-s", "waves.png", "--optimizer", "sgd"],
    "unknown start 'photo'; known: recolored, content, noise": ["photo.png", "-s", "waves.png", "--start", "photo"],
    "the number of steps is 0; it must be between 1 and 1,000,000": ["photo.png", "-s", "waves.png", "--steps", "0"],
    "1 weights for 2 styles; give one weight per style": [
        "photo.png", "-s", "waves.png", "-s", "waves.png", "--weights", "1",
    ],
    "waves.png is also read; write the pastiche to another file": [
        "photo.png", "-s", "waves.png", "-o", "waves.png", "--overwrite",
    ],
    "there.png exists; use --overwrite to replace it": ["photo.png", "-s", "waves.png", "-o", "there.png"],
    "unknown output format 'doc'; known: jpg, jpeg, jfif, png, apng, webp, tif, tiff, avif, gif": [
        "photo.png", "-s", "waves.png", "-o", "pastiche.doc",
    ],
    "the content is 8 x 8 pixels; both sides must be at least 16": ["dot.png", "-s", "waves.png"],
    "optimize takes exactly one picture file": [".", "-s", "waves.png"],
    "moving.gif is an animation; optimize takes only still pictures": ["moving.gif", "-s", "waves.png"],
}  # fmt: skip


@pytest.mark.parametrize("line", REFUSED)
def test_invalid_requests_are_one_line_errors(
    brushwork: Run, here: Path, paint: Paint, photo: str, style: str, line: str
) -> None:
    paint("dot.png", 8, 8), paint("there.png")
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    frames[0].save(here / "moving.gif", save_all=True, append_images=frames[1:], duration=100)
    before = {path: path.read_bytes() for path in here.iterdir()}
    ended = brushwork("optimize", *REFUSED[line])
    assert (ended.code, ended.out, ended.lines) == (1, "", [f"brushwork: {line}"])
    assert {path: path.read_bytes() for path in here.iterdir()} == before


def test_without_torch_the_error_names_the_install_command(
    brushwork: Run, monkeypatch: pytest.MonkeyPatch, photo: str, style: str
) -> None:
    monkeypatch.setitem(extras.EXTRAS, "torch", ("missing_module",))
    ended = brushwork("optimize", photo, "-s", style)
    assert ended.code == 1
    assert ended.lines == [
        "brushwork: optimising pixels needs an optional extra: pip install 'brushwork[torch]'",
    ]
