"""`brushwork train` as a program: its folder, Ctrl-C, a kill, and resuming."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushwork import images
from brushwork.__main__ import _run
from brushwork.training import checkpoints
from tests.cli.conftest import started

RECIPE = """
steps = 8
log_every = 2
grid_every = 4
checkpoint_every = 2
[network]
styles = ["one"]
width = 0.125
encoder_norm = "instance"
[data]
batch = 2
content_sides = [32]
style_sides = [32]
short_side = 48
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name in ("contents", "styles"):
        (tmp_path / name).mkdir()
        coarse = random.integers(0, 255, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((64, 48)).save(tmp_path / name / "picture.png")
    data = "contents = ['contents']\nstyles = ['styles']\n"
    (tmp_path / "recipe.toml").write_text(RECIPE + data)
    return tmp_path


def brushwork(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "brushwork", *arguments]


def test_a_run_leaves_checkpoint_log_grids_and_weights_in_parts(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["brushwork", "train", "recipe.toml", "--set", "steps=4", "--slim"])
    assert _run() in (0, None)
    run = folder / "runs" / "recipe"
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4]
    assert {"content", "style", "style/relu1_2", "total", "learning_rate", "gradient", "pastiches_per_second"} <= set(
        lines[0]
    )
    # Two contents; the first batch has one style twice, which the grid shows once.
    assert images.open(run / "grid-0000004.png").image.shape == (2 * 132, 3 * 132, 3)
    network, _ = checkpoints.load_checkpoint(run)
    slim, _ = checkpoints.load_checkpoint(run / "weights.pt.part00")
    for key, value in network.state_dict().items():
        assert np.allclose(slim.state_dict()[key], value, atol=2e-3), key
    assert "step 4/4" in capsys.readouterr().err

    assert _run() == 1
    assert "holds a run; continue it with --resume" in capsys.readouterr().err


def test_a_killed_run_can_be_resumed(folder: Path) -> None:
    with started("train", "recipe.toml", "--set", "steps=100000", "-o", "run") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("step 4/"):  # the checkpoint of step 2 is whole
                break
        process.kill()
    done = checkpoints.load_checkpoint(folder / "run")[1]["step"]
    assert done >= 2
    steps = str(done + 2)
    finished = subprocess.run(
        brushwork("train", "recipe.toml", "--set", f"steps={steps}", "-o", "run", "--resume"),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"step {steps}/{steps}" in finished.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_with_a_checkpoint(folder: Path, number: int) -> None:
    settings = ("--set", "steps=100000", "--set", "checkpoint_every=100000")
    with started("train", "recipe.toml", *settings, "-o", "run") as process:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")  # how decoding goes, then the first step
        first = next(line for line in lines if line.startswith("step"))
        process.send_signal(number)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == 0
    assert first.startswith("step 2/100000")
    assert "(interrupted)" in rest and "Traceback" not in rest
    assert checkpoints.load_checkpoint(folder / "run")[1]["step"] >= 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["none.toml"], "cannot read recipe none.toml"),
        (["recipe.toml", "--set", "stpes=3"], "did you mean 'steps'?"),
        (["recipe.toml", "--resume"], "nothing to resume"),
        (["recipe.toml", "--set", "data.contents=['nowhere']", "-o", "new"], "nowhere"),
        (["recipe.toml", "--device", "tpu", "-o", "other"], "unknown device 'tpu'"),
    ],
)
def test_invalid_runs_are_one_line_errors(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    line: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["brushwork", "train", *arguments])
    assert _run() == 1
    said = capsys.readouterr().err
    assert line in said and said.count("\n") == 1
