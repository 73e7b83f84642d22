"""A temporary folder of a server, which is removed at its end, or at the next start after a crash."""

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
        limit: Largest total size of its files in bytes.
    """

    def __init__(self, limit: int) -> None:
        remove_orphans(Path(tempfile.gettempdir()))
        self._limit = limit
        self._folder = tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-")
        self.path = Path(self._folder.name)

    def check(self, coming: int = 0) -> None:
        """Check that `coming` more bytes fit.

        Raises:
            RefusedError: 507 if they do not fit.
        """
        used = sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file())
        if used + coming > self._limit:
            raise RefusedError(HTTPStatus.INSUFFICIENT_STORAGE, "no space for more clips; remove some", FULL)

    def remove(self) -> None:
        """Delete the folder and its contents."""
        self._folder.cleanup()


def remove_orphans(folder: Path) -> None:
    """Delete the folders of servers that have crashed."""
    for left in folder.glob(f"{PREFIX}*"):
        owner = left.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
