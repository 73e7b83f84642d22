"""Write files atomically: a file appears complete or not at all."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def write(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; the file written there replaces ``path`` if the block succeeds.

    After an error, the temporary file is removed and ``path`` is unchanged. A symbolic link stays and its target is
    replaced. The target keeps its permissions, and is not replaced if they forbid writing. Missing folders are created.

    Args:
        path: The file to write.
        overwrite: Whether an existing file may be replaced, including one that another process creates meanwhile.

    Raises:
        FileExistsError: If the file exists and `overwrite` is false.
        OSError: If the file cannot be written, or is a folder or a device; it names the file.
    """
    path = Path(os.path.realpath(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)) from None
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():  # the superuser could replace /dev/null by a file
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    if overwrite and path.exists() and not is_writable(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    # The name is random since other processes may write here, too. Files of tempfile are readable only by their owner.
    part = path.with_name(f".brushwork-{secrets.token_hex(8)}.part")
    try:
        yield part
        if overwrite:
            with suppress(OSError):  # nothing was there, or a disk knows no permissions
                part.chmod(stat.S_IMODE(path.stat().st_mode))
            part.replace(path)
        else:
            _claim(part, path)
    except OSError as error:
        if error.filename is None:  # as of a full disk: an open file does not know its name
            error.filename = str(path)
        raise
    finally:
        part.unlink(missing_ok=True)


def is_writable(path: Path) -> bool:
    """Return whether whoever runs the program may write a file, or into a folder."""
    effective = os.access in os.supports_effective_ids
    return os.access(path, os.W_OK | (os.X_OK if path.is_dir() else 0), effective_ids=effective)


def write_bytes(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """Write bytes to a file; see `write`."""
    with write(path, overwrite=overwrite) as part, part.open("xb") as file:
        file.write(data)


def write_text(path: Path, text: str, *, overwrite: bool = True) -> None:
    """Write text to a file in UTF-8; see `write`."""
    write_bytes(path, text.encode(), overwrite=overwrite)


def _claim(part: Path, path: Path) -> None:
    """Rename a file atomically, provided that the new name is free."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # no hard links on this file system (such as a memory card's): reserve the name, then replace it
        path.open("xb").close()
        part.replace(path)
