"""Fixtures for data sets: a folder of photos, and models that are loaded once."""

import functools
from pathlib import Path

import pytest

from brushwork import stylizer
from tests.augment.conftest import model, random_styles  # noqa: F401  # fixtures
from tests.dataset.samples import write_folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of two splits and two classes, with labels and a broken picture."""
    return write_folder(tmp_path / "photos")


@pytest.fixture(autouse=True)
def loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every model is loaded once for all tests of a process."""
    monkeypatch.setattr(stylizer, "load", load_once)


@functools.cache
def load_once(name: str, **choices: object) -> stylizer.Stylizer:
    return LOAD(name, **choices)  # type: ignore[arg-type]


LOAD = stylizer.load
