"""A folder for the files of one server, which does not outlive it, and goes at the next start where it did."""

import os
import shutil
import tempfile
from http import HTTPStatus
from pathlib import Path

import psutil

from brushwork.web.api.problems import RefusedError

PREFIX = "brushwork-clips-"
FULL = {"Retry-After": "60"}


class ScratchFolder:
    """A temporary folder with a limit.

    Args:
        limit: Most bytes of all files in it.
    """

    def __init__(self, limit: int) -> None:
        remove_orphans(Path(tempfile.gettempdir()))
        self._limit = limit
        self._folder = tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-")
        self.path = Path(self._folder.name)

    def check(self, coming: int = 0) -> None:
        """Check that so many bytes more have room.

        Raises:
            RefusedError: 507 where they have not.
        """
        used = sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file())
        if used + coming > self._limit:
            raise RefusedError(HTTPStatus.INSUFFICIENT_STORAGE, "no room for more clips; remove some", FULL)

    def remove(self) -> None:
        """Delete the folder and what is in it."""
        self._folder.cleanup()


def remove_orphans(folder: Path) -> None:
    """Delete the folders of servers that ended without doing so."""
    for left in folder.glob(f"{PREFIX}*"):
        owner = left.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
