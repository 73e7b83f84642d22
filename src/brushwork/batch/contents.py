"""Contents of a run, decoded: in memory, or of large ones the header alone."""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from brushwork import images
from brushwork.batch.options import Options
from brushwork.batch.output import check_sides, check_target, fit_frames, kind_of
from brushwork.batch.plan import Job
from brushwork.batch.record import Record
from brushwork.images import Picture

# Pixels from which the header is read before the picture is decoded: it may not fit into memory.
LARGE = 4_000_000


@dataclass(frozen=True)
class Undecoded:
    """A large content, of which only the header was read."""

    path: Path
    height: int
    width: int


Decoded: TypeAlias = tuple[Record, Picture | Undecoded | None]


class Contents:
    """Reads contents: standard input once, and a picture that several jobs in a row ask for once."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._standard_input: bytes | None = None
        self._spooled: tempfile.TemporaryDirectory[str] | None = None
        self._last: tuple[Path | None, Picture] | None = None

    def decode(self, job: Job) -> Decoded:
        """Return the record of a job, and its content; None if that failed, and the record holds the error."""
        record = Record.of(job)
        with record.recording_errors():
            check_target(job, self._options)
            if large := self._measure(job.content):
                check_sides(large.height, large.width, kind_of(job, self._options))
                return record, large
            return record, self.decode_whole(job, record)
        return record, None

    def decode_whole(self, job: Job, record: Record) -> Picture | None:
        """Return the content of a job, in memory; None if that failed, and the record holds the error."""
        with record.recording_errors(), record.timed("decode"):
            picture = self._open(job.content)
            record.notices.extend(picture.notices)
            picture, notice = fit_frames(picture, kind_of(job, self._options, picture.format))
            record.notices.extend([notice] if notice else [])
            record.height, record.width = picture.image.shape[:2]
            record.frames = len(picture.frames)
            return picture
        return None

    def _measure(self, content: Path | None) -> Undecoded | None:
        """Return a content that may not fit into memory; None if it surely does, or cannot be read by strips."""
        options = self._options
        if options.size is not None or options.tile == "never" or options.page is None:
            return None
        content = content or self._spool()
        size = images.measure(content, options.page)
        return Undecoded(content, *size) if size and size[0] * size[1] > LARGE else None

    def _spool(self) -> Path:
        """Return standard input as a file, which can be read by strips."""
        if self._spooled is None:
            self._spooled = tempfile.TemporaryDirectory(prefix="brushwork-")
            (Path(self._spooled.name) / "standard-input").write_bytes(self._read_standard_input())
        return Path(self._spooled.name) / "standard-input"

    def _read_standard_input(self) -> bytes:
        if self._standard_input is None:
            self._standard_input = sys.stdin.buffer.read()
        return self._standard_input

    def close(self) -> None:
        """Remove the file of standard input."""
        if self._spooled is not None:
            self._spooled.cleanup()

    def _open(self, content: Path | None) -> Picture:
        # The frames of an animation come from an open file, which two threads cannot read at once.
        if self._last and self._last[0] == content and not self._last[1].animated:
            return self._last[1]
        source = content or self._read_standard_input()
        picture = images.open(source, size=self._options.size, page=self._options.page)
        self._last = content, picture
        return picture
