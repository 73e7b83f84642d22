"""Clips on standard input and output, called ``-``; FFmpeg needs files in which it can go back and forth."""

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
    """Yield the name of a file with the clip: standard input is first copied to a temporary one.

    Raises:
        UserError: If nothing is sent to standard input.
    """
    if name != STANDARD:
        yield name
        return
    if sys.stdin is None or sys.stdin.isatty():
        raise UserError("no clip comes on standard input; pipe one into brushwork video -")
    with tempfile.TemporaryDirectory(prefix="brushwork-") as folder:
        path = Path(folder) / "standard-input"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        if not path.stat().st_size:
            raise UserError("standard input is empty")
        yield str(path)


@contextmanager
def output_file(path: Path) -> Iterator[Path]:
    """Yield the file to write: that of standard output is a temporary Matroska file, sent when it is finished.

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
