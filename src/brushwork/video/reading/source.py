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


def read_packets(container: Any, *streams: Any) -> Iterator[Any]:
    """Yield the packets of some streams of an open file, or of all; the last packet of each is empty.

    In formats without a header, such as MPEG-PS, streams may appear later than in the part that is read at opening.
    PyAV has no such streams, and fails when it comes to their last packets, after those of all others.
    """
    try:
        yield from container.demux(*streams)
    except IndexError:
        return
