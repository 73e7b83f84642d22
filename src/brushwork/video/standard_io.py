"""Clips on standard input and output (``-``), copied through temporary files because FFmpeg needs seekable files."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from brushwork.errors import UserError

STANDARD = "-"


@contextmanager
def input_file(name: str) -> Iterator[str]:
    """Yield the name of a file with the clip; standard input is first copied to a temporary file.

    Raises:
        UserError: If standard input is empty.
    """
    if name != STANDARD:
        yield name
        return
    if sys.stdin is None or sys.stdin.isatty():
        raise UserError("no clip on standard input; pipe one into brushwork video -")
    with tempfile.TemporaryDirectory(prefix="brushwork-") as folder:
        path = Path(folder) / "standard-input"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        if not path.stat().st_size:
            raise UserError("standard input is empty")
        yield str(path)


@contextmanager
def output_file(path: Path) -> Iterator[Path]:
    """Yield the file to write; for standard output, a temporary Matroska file that is copied when it is finished.

    Raises:
        UserError: If standard output is a terminal.
    """
    if str(path) != STANDARD:
        yield path
        return
    if sys.stdout.isatty():
        raise UserError("a clip cannot be shown in a terminal; name a file with -o, or pipe it on")
    with tempfile.TemporaryDirectory(prefix="brushwork-") as folder:
        temporary = Path(folder) / "standard-output.mkv"
        yield temporary
        if temporary.exists():
            with temporary.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
