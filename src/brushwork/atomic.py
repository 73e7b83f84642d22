"""Files that appear whole or not at all."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def write(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Yield a name beside a path; the file written there becomes the path when the block ends without an error.

    Otherwise it is removed, and whatever was at the path stays. A symbolic link stays, and the file it leads to is
    replaced; it keeps its permissions, and if they forbid to write it is not. Missing folders are made.

    Args:
        path: The file to write.
        overwrite: Whether a file that exists may be replaced, also one that appears meanwhile.

    Raises:
        FileExistsError: If the path is taken and `overwrite` is false.
        OSError: If the system cannot write there.
    """
    path = Path(os.path.realpath(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)) from None
    if overwrite and path.exists() and not is_writable(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    # A random name, for others may be writing here, too; not by tempfile, whose files only their owner may read.
    part = path.with_name(f".brushwork-{secrets.token_hex(8)}.part")
    try:
        yield part
        if overwrite:
            with suppress(OSError):  # nothing was there, or a disk knows no permissions
                part.chmod(stat.S_IMODE(path.stat().st_mode))
            part.replace(path)
        else:
            _claim(part, path)
    finally:
        part.unlink(missing_ok=True)


def is_writable(path: Path) -> bool:
    """Return whether whoever runs the program may write a file, or into a folder."""
    effective = os.access in os.supports_effective_ids
    return os.access(path, os.W_OK | (os.X_OK if path.is_dir() else 0), effective_ids=effective)


def write_bytes(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """Write a file of these bytes; see `write`."""
    with write(path, overwrite=overwrite) as part, part.open("xb") as file:
        file.write(data)


def write_text(path: Path, text: str, *, overwrite: bool = True) -> None:
    """Write a file of this text in UTF-8; see `write`."""
    write_bytes(path, text.encode(), overwrite=overwrite)


def _claim(part: Path, path: Path) -> None:
    """Give a file its name, which must be free, in one step."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links, such as a memory card: take the name first, then fill it
        path.open("xb").close()
        part.replace(path)
