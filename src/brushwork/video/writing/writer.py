"""What every writer of pastiches has in common."""

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
        """Take a pastiche (H, W, 3) in [0, 1] and its alpha (H, W), shown at a tick for a number of ticks."""
        ...

    def end_piece(self) -> int | None:
        """Complete the open piece.

        Returns:
            The number of whole pieces; None if an interrupted run cannot continue.
        """
        ...

    def finish(self, span: TimeRange) -> None:
        """Write the target from all frames so far, with the sound of a time range."""
        ...

    def abort(self) -> None:
        """Close what is open and leaves the target as it was."""
        ...

    def resume(self, pieces: int) -> None:
        """Continue after the whole pieces of an interrupted run."""
        ...


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Turn FFmpeg's errors into one line that names the file."""
    try:
        yield
    except FFmpegError as error:
        number = getattr(error, "errno", None)
        known = number in errno.errorcode and isinstance(error, OSError)
        reason = os.strerror(number) if known and number else str(error.strerror or error)
        raise UserError(f"cannot write {path}: {reason.lower()}") from None
