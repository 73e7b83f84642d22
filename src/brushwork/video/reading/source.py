"""Opens video files with FFmpeg."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from av.error import EOFError, FFmpegError, InvalidDataError  # noqa: A004

from brushwork.errors import UserError


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Convert FFmpeg's errors to a `UserError` that names the file."""
    try:
        yield
    except FFmpegError as error:
        known = {InvalidDataError: "not a video file, or truncated", EOFError: "it has no frames"}
        reason = known.get(type(error), str(error.strerror))
        raise UserError(f"cannot read {name}: {reason.lower()}") from None


def open_source(name: str | Path) -> Any:
    """Open a local file: a name such as ``12:30.mp4`` must not be interpreted as a protocol."""
    return av.open(f"file:{name}")
