"""Decodes the contents of a run: small ones in memory, of large ones only the header."""

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from brushwork import images
from brushwork.batch import memory
from brushwork.batch.options import Options
from brushwork.batch.output import check_sides, check_target, fit_frames, kind_of
from brushwork.batch.plan import Job
from brushwork.batch.record import Record
from brushwork.images import ImageError, Picture, costs


@dataclass(frozen=True)
class Undecoded:
    """A large content, of which only the header was read.

    Attributes:
        path: The file.
        height, width: Of what is painted.
        encoding: Bytes of memory that are taken while the pastiche is encoded.
    """

    path: Path
    height: int
    width: int
    encoding: int


_STANDARD_INPUT = "standard-input"
_SPOOLED = re.compile(rf"\S*brushwork-\S*{_STANDARD_INPUT}")
Decoded: TypeAlias = tuple[Record, Picture | Undecoded | None]


class Contents:
    """Reads contents. Standard input, and a picture that several consecutive jobs need, are read once."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._spooled: tempfile.TemporaryDirectory[str] | None = None
        self._last: tuple[Path | None, Picture] | None = None

    def decode(self, job: Job) -> Decoded:
        """Return the record of a job and its content; after an error the content is None and the record holds it."""
        record = Record.of(job)
        with record.recording_errors():
            check_target(job, self._options)
            if large := self._measure(job):
                return record, large
            return record, self.decode_whole(job, record)
        return record, None

    def decode_whole(self, job: Job, record: Record) -> Picture | None:
        """Return the content of a job in memory; after an error None, and the record holds it."""
        with record.recording_errors(), record.timed("decode"):
            picture = self._open(job.content)
            record.notices.extend(picture.notices)
            picture, notice = fit_frames(picture, kind_of(job, self._options, picture.format))
            record.notices.extend([notice] if notice else [])
            record.height, record.width = picture.image.shape[:2]
            record.frames = len(picture.frames)
            return picture
        return None

    def _measure(self, job: Job) -> Undecoded | None:
        """Return a content that may not fit into memory; None if it does, or cannot be read by strips.

        Raises:
            UserError: If it cannot be decoded or encoded.
        """
        options, path = self._options, job.content or self._spool()
        extent = images.measure(path, options.page or 1)
        if extent is None:
            return None
        kind = kind_of(job, options, extent.format)
        memory.check_content(extent, kind, options)
        height, width = memory.painted_size(extent, options)
        if options.tile == "never" or options.page is None or extent.frames > 1:
            return None
        if not memory.is_large(height * width, options):
            return None
        check_sides(height, width, kind)
        return Undecoded(path, height, width, costs.encoding(kind, height * width, extent.alpha))

    def _spool(self) -> Path:
        """Return standard input as a file: it can be read more than once, and by strips."""
        if self._spooled is None:
            self._spooled = tempfile.TemporaryDirectory(prefix="brushwork-")
            with (Path(self._spooled.name) / _STANDARD_INPUT).open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
        return Path(self._spooled.name) / _STANDARD_INPUT

    def close(self) -> None:
        """Remove the copy of standard input."""
        if self._spooled is not None:
            self._spooled.cleanup()

    def _open(self, content: Path | None) -> Picture:
        # The frames of an animation come from an open file, which two threads cannot read at the same time.
        if self._last and self._last[0] == content and not self._last[1].animated:
            return self._last[1]
        with naming_standard_input():
            picture = images.open(content or self._spool(), size=self._options.size, page=self._options.page)
        self._last = content, picture
        return picture


@contextmanager
def naming_standard_input() -> Iterator[None]:
    """Replace the name of the temporary file by standard input in errors."""
    try:
        yield
    except ImageError as error:
        raise ImageError(_SPOOLED.sub("standard input", str(error))) from error
