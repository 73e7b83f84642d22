"""Impossible options and missing requirements are one clear line and an exit code of 1."""

from pathlib import Path

import pytest

from brushwork import extras
from tests.cli.conftest import Run, refused

pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--strength", "1.7"], "the strength is 1.7; it must be between 0"),
        (["--strength=-0.1"], "the strength is -0.1; it must be between 0"),
        (["--strength", "nan"], "the strength is nan; it must be between 0"),
        (["--weights", "0.5,0.5"], "2 weights for 1 styles"),
        (["--weights", "1"], "--weights does nothing with one style"),
        (["-s", "waves.png", "--weights", "1"], "1 weights for 2 styles"),
        (
            ["-s", "waves.png", "--weights", "0,0"],
            "weights must be finite and not negative",
        ),
        (
            ["-s", "waves.png", "--weights=-1,2"],
            "weights must be finite and not negative",
        ),
        (
            ["-s", "waves.png", "--weights", "nan,1"],
            "weights must be finite and not negative",
        ),
        (
            ["-s", "waves.png", "--weights", "inf,1"],
            "weights must be finite and not negative",
        ),
        (["-s", "waves.png", "--weights", "a,b"], "weights 'a,b' are not numbers separated by commas"),
        (["-s", "waves.png", "--weights", ""], "weights '' are not numbers separated by commas"),
        (
            ["-s", "waves.png", "--weights", "1,1", "--each"],
            "--weights blends styles, but --each",
        ),
        (["--model", "magenta-mobil"], "did you mean 'magenta-mobile'?"),
        (["--model", "."], ". is not a model folder: it has no config.json"),
        (["--device", "tpu"], "unknown device 'tpu'; did you mean 'gpu'? known: auto, cpu, gpu, cuda, mps"),
        (["--precision", "f8"], "unknown precision 'f8'; known: auto, f32, bf16, f16, int8"),
        (["--threads", "0"], "threads is 0; it must be at least 1"),
        (["--format", "jpgg"], "unknown output format 'jpgg'; did you mean 'jpg'?"),
        (["-o", "pastiche.xyz"], "unknown output format 'xyz'; known: jpg"),
        (["--keep-colors", "hue"], "unknown way to keep colours 'hue'; known: luma, histogram"),
        (["--size", "0"], "the size is 0; it must be between 16 and 100000"),
        (["--style-size", "8"], "the style size is 8; it must be between 80 and 2048"),
        (["--quality", "101"], "the quality is 101; it must be between 1 and 100"),
        (["--depth", "12"], "the depth is 12; it must be 8 or 16 bits per channel"),
        (["--depth", "16"], "JPEG holds 8 bits per channel; choose PNG or TIFF"),
        (["-o", ""], "the output has an empty name"),
        (["-o", "x.png", "--format", "jpeg"], "x.png has the extension of PNG, but the format is JPEG; leave out one"),
        (["--page", "two"], "the page is 'two'; it must be all or a number from 1"),
        (["--page", "0"], "the page is 0; pages are counted from 1"),
        (["--skip-existing", "--overwrite"], "--skip-existing and --overwrite exclude each other; leave out one"),
        (["-s", "waves.png", "--each", "-o", "-"], "standard output takes one pastiche, not 2"),
        (["-", "-"], "standard input can be read only once"),
    ],
)
def test_invalid_option_values_are_one_line_errors(
    brushwork: Run, photo: str, style: str, options: list[str], expected: str
) -> None:
    assert expected in refused(brushwork, photo, "-s", style, *options)


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_missing_extra_names_its_install_command(
    brushwork: Run, photo: str, style: str, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(extras.EXTRAS, "torch", ("missing_module",))
    line = refused(brushwork, photo, "-s", style, "--device", device)
    assert line == f"device '{device}' needs an optional extra: pip install 'brushwork[torch]'"


def test_a_device_that_torch_lacks_is_a_one_line_error(
    brushwork: Run, photo: str, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    line = refused(brushwork, photo, "-s", style, "--device", "cuda")
    assert "torch finds no device 'cuda'" in line


def test_exporting_a_file_that_is_not_a_checkpoint_is_a_one_line_error(brushwork: Run, here: Path) -> None:
    (here / "notes.pt").write_text("words")
    for checkpoint, expected in (("gone.pt", "no checkpoint gone.pt"), ("notes.pt", "not a checkpoint")):
        ended = brushwork("export", checkpoint, "model")
        assert ended.code == 1
        (line,) = ended.lines
        assert expected in line


def test_too_little_memory_is_a_one_line_error(
    brushwork: Run, photo: str, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("brushwork.stylizer.paint", full)
    assert refused(brushwork, photo, "-s", style) == f"{photo}: not enough memory; try --size"


def test_a_full_disk_is_a_one_line_error(
    brushwork: Run, photo: str, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("brushwork.atomic.write_bytes", full)
    assert refused(brushwork, photo, "-s", style) == "cannot write photo-waves.jpg: no space left on device"


@pytest.mark.parametrize(("arguments", "line"), [
    (("--output", "window", "--port", 9000), "--port is for the page; --output window has none"),
    (("--camera", 1, "--input", "clip.mkv"), "--camera and --input name two sources; leave one of them out"),
])  # fmt: skip
def test_live_refuses_options_without_effect(arguments: tuple[object, ...], line: str, brushwork: Run) -> None:
    ended = brushwork("live", "-s", "ukiyo-e", *arguments)
    assert (ended.code, ended.lines) == (1, [f"brushwork: {line}"])
