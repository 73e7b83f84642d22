"""Programs that some tests need: without them a test is skipped with one line, and fails in CI."""

import importlib.util
import os
import shutil
from typing import NoReturn

import pytest


def need(program: str, package: str) -> str:
    """The path of a program that a Debian package installs."""
    path = shutil.which(program)
    return path if path else missing(f"{program} is missing; install it with: apt-get install {package}")


def need_tk() -> None:
    """Require Python's Tk, which is a separate package in Debian."""
    if importlib.util.find_spec("tkinter") is None:
        missing("this Python has no Tk; for Debian's install it with: apt-get install python3-tk")


def missing(line: str) -> NoReturn:
    """Skip a test with a reason that says how to install what is missing; in CI, fail."""
    if os.environ.get("CI"):
        pytest.fail(line)
    pytest.skip(line)
