"""The program in its own process: pipes, terminals, Ctrl-C, and imports."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Paint, environment, started

PROGRAM = [sys.executable, "-m", "brushwork"]


@pytest.fixture
def pictures(paint: Paint) -> Path:
    """A folder with `photo.jpg` and `waves.png`."""
    paint("waves.png", seed=1)
    return paint("photo.jpg").parent


def test_a_picture_goes_from_standard_input_to_standard_output(pictures: Path) -> None:
    command = [*PROGRAM, "stylize", "-", "-s", "waves.png"]
    ended = subprocess.run(command, input=(pictures / "photo.jpg").read_bytes(), capture_output=True, check=True)
    (pictures / "piped.jpg").write_bytes(ended.stdout)
    with Image.open(pictures / "piped.jpg") as pastiche:
        assert (pastiche.format, pastiche.size) == ("JPEG", (64, 48))
    assert ended.stderr.decode().startswith("-  64 x 48  ")


def test_standard_input_can_be_rendered_in_several_styles(pictures: Path, paint: Paint) -> None:
    command = [
        *PROGRAM,
        "stylize",
        "-",
        "-s",
        "waves.png",
        "-s",
        str(paint("stars.png", seed=2)),
        "--each",
        "-o",
        "out",
    ]
    subprocess.run(command, input=(pictures / "photo.jpg").read_bytes(), capture_output=True, check=True)
    assert {path.name for path in (pictures / "out").iterdir()} == {"pastiche-waves.png", "pastiche-stars.png"}


def test_an_unwritable_standard_output_is_a_one_line_error(pictures: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        for arguments in (["stylize", "photo.jpg", "-s", "waves.png", "-o", "-"], ["models", "--json"]):
            ended = subprocess.run([*PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
            assert ended.returncode == 1
            (line,) = ended.stderr.splitlines()
            assert line.startswith("brushwork: ") and line.endswith(": no space left on device")


def test_a_progress_bar_does_not_mix_with_the_records(pictures: Path) -> None:
    screen, terminal = os.openpty()
    command = [*PROGRAM, "stylize", "photo.jpg", "waves.png", "-s", "waves.png", "-o", "out", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=terminal, env={**os.environ, "TERM": "xterm"}
    ) as process:
        os.close(terminal)
        assert process.stdout is not None
        records = [json.loads(line) for line in process.stdout]
        shown = b""
        try:
            while part := os.read(screen, 4096):
                shown += part
        except OSError:  # how a terminal ends on Linux
            pass
    os.close(screen)
    assert process.returncode == 0
    assert [record["pastiche"] for record in records] == ["out/photo.jpg", "out/waves.png"]
    assert b"2/2" in shown and b"{" not in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_complete_files_and_one_line(pictures: Path, here: Path, number: int) -> None:
    (here / "many").mkdir()
    for index in range(400):
        (here / f"many/{index}.jpg").symlink_to(pictures / "photo.jpg")
    with started("stylize", "many", "-s", "waves.png", "-o", "out") as process:
        assert process.stderr is not None
        begun = [process.stderr.readline() for _ in range(3)]
        process.send_signal(number)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    *done, last = ("".join(begun) + rest).splitlines()
    assert last == "brushwork: interrupted; completed files are intact"
    assert all(line.startswith("out/") for line in done)
    written = list((here / "out").iterdir())
    assert 3 <= len(written) < 400
    for path in written:
        with Image.open(path) as pastiche:
            pastiche.load()


def imported(command: str, folder: Path) -> set[str]:
    """The modules that a Python program has imported at its end."""
    script = f"{command}\nimport sys\nprint(*sys.modules, sep='\\n', file=sys.stderr)"
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env=environment(folder), capture_output=True, text=True, check=True
    )
    return set(ended.stderr.split())


def test_importing_the_package_does_nothing(tmp_path: Path) -> None:
    modules = imported("import brushwork", tmp_path)
    assert not modules & {"numpy", "torch", "openvino", "PIL", "typer"}
    assert {name for name in modules if name.startswith("brushwork")} == {"brushwork"}
    assert list(tmp_path.iterdir()) == []  # not even a cache folder


def test_stylising_imports_neither_torch_nor_other_unneeded_packages(pictures: Path) -> None:
    arguments = ["brushwork", "stylize", "photo.jpg", "-s", "waves.png"]
    modules = imported(
        "import sys, brushwork.__main__ as program\n"
        f"sys.argv = {arguments}\n"
        "assert program._run() == 0\n"
        "sys.stderr.flush()",
        pictures,
    )
    assert (pictures / "photo-waves.jpg").exists()
    assert not modules & {"torch", "pyvips", "openvino.tools.ovc.convert", "rich.console", "onnx", "safetensors"}
    families = ("brushwork.losses", "brushwork.networks", "brushwork.training", "brushwork.export.model")
    assert not [name for name in modules if name.startswith(families)]
