"""CUDA is chosen only with a driver, the extra torch, and a GPU that torch can use."""

import shutil
import sys
from pathlib import Path

import pytest

from brushwork import extras
from brushwork.runtime import opening

torch = pytest.importorskip("torch")


@pytest.mark.parametrize(
    ("program", "device_file", "installed", "usable", "expected"),
    [
        (True, False, True, True, True),
        (False, True, True, True, True),
        (False, False, True, True, False),
        (True, True, False, True, False),
        (True, True, True, False, False),
    ],
)
def test_cuda_needs_a_driver_torch_and_a_gpu(
    program: bool,
    device_file: bool,
    installed: bool,
    usable: bool,
    expected: bool,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if program else None)
    monkeypatch.setattr(opening, "DEVICE_FILE", tmp_path if device_file else tmp_path / "gone")
    monkeypatch.setattr(extras, "installed", lambda extra: installed)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: usable)
    assert opening.has_cuda() is expected


def test_without_a_driver_torch_is_not_imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(opening, "DEVICE_FILE", tmp_path / "gone")
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it raises
    assert not opening.has_cuda()
