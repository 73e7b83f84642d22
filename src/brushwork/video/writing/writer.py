"""The interface of writers of pastiches, and their errors."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from av.error import FFmpegError

from brushwork.errors import UserError
from brushwork.images import Image
from brushwork.video.reading.frames import Pixels
from brushwork.video.times import TimeRange


class Writer(Protocol):
    """Takes pastiches in order and writes them to a target."""

    def write(self, pastiche: Image, pts: int, duration: int, alpha: Pixels | None = None) -> None:
        """Write a pastiche (H, W, 3) in [0, 1] and its alpha (H, W), shown at tick `pts` for `duration` ticks."""
        ...

    def end_piece(self) -> int | None:
        """Complete the open piece.

        Returns:
            The number of complete pieces; None if an interrupted run cannot continue.
        """
        ...

    def finish(self, span: TimeRange) -> None:
        """Write the target from all frames so far, with the sound of a time range."""
        ...

    def abort(self) -> None:
        """Close open files and leave the target as it was."""
        ...

    def resume(self, pieces: int) -> None:
        """Continue after the complete pieces of an interrupted run."""
        ...


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Turn FFmpeg's errors into a `UserError` of one line that names the file."""
    try:
        yield
    except FFmpegError as error:
        number = getattr(error, "errno", None)
        known = number in errno.errorcode and isinstance(error, OSError)
        reason = os.strerror(number) if known and number else str(error.strerror or error)
        raise UserError(f"cannot write {path}: {reason.lower()}") from None
