"""Devices by name, on a machine with and without simulated GPUs."""

import pytest

from brushwork.errors import UserError
from brushwork.runtime.devices import find_device


def pretend(monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: cuda)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "auto", "training"),
    [
        (False, False, "cpu", "cpu"),
        (True, False, "cuda", "cuda"),
        (False, True, "mps", "cpu"),
        (True, True, *["cuda"] * 2),
    ],
)
def test_auto_is_the_best_available_device(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, auto: str, training: str
) -> None:
    pretend(monkeypatch, cuda, mps)
    assert find_device("auto") == auto
    assert find_device("auto", auto=("cuda",)) == training
    assert find_device("cpu") == "cpu"


def test_unavailable_and_unknown_devices_are_one_line_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, cuda=False, mps=True)
    assert find_device("mps") == "mps"
    with pytest.raises(UserError, match="torch finds no device 'cuda'; use --device cpu"):
        find_device("cuda")
    with pytest.raises(UserError, match=r"unknown device 'cda'; did you mean 'cuda'\? known: auto, cpu, cuda, mps"):
        find_device("cda")
