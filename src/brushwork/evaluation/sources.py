"""Finds and reads the pictures of an evaluation, from a folder and its subfolders, or from a `.tar` in place."""

import tarfile
from pathlib import Path, PurePosixPath

from brushwork import images
from brushwork.errors import UserError


def find_pictures(source: Path) -> list[Path]:
    """Return the pictures of a folder and its subfolders, or those of a `.tar`, as ``NAME.tar/MEMBER``.

    Raises:
        UserError: If it cannot be read or contains no picture.
    """
    if source.suffix.lower() == ".tar" and source.is_file():
        found = [source / name for name in _members(source)]
    else:
        found = images.find(source, recursive=True)
    if not found:
        raise UserError(f"no pictures in the folder {source}")
    return found


def read_source(path: Path) -> Path | bytes:
    """Return the path of a picture unchanged, or the bytes of one in a `.tar`.

    Raises:
        UserError: If the tar or its member cannot be read.
    """
    if path.is_file():
        return path
    tar = next((parent for parent in path.parents if parent.suffix.lower() == ".tar" and parent.is_file()), None)
    if tar is None:
        return path
    try:
        with tarfile.open(tar) as file:
            # Compared as paths: tar writes the members of "." as ./NAME.
            wanted = PurePosixPath(path.relative_to(tar))
            member = next((member for member in file if PurePosixPath(member.name) == wanted), None)
            stream = file.extractfile(member) if member else None
            if stream is None:
                raise UserError(f"cannot read {path}: {tar} does not contain it")
            return stream.read()
    except (tarfile.TarError, OSError) as error:
        raise UserError(f"cannot read {path}: {error}") from None


def _members(tar: Path) -> list[str]:
    try:
        with tarfile.open(tar) as file:
            names = [member.name for member in file if member.isfile()]
    except (tarfile.TarError, OSError) as error:
        raise UserError(f"cannot read {tar}: {error}") from None
    pictures = (PurePosixPath(name) for name in names)
    chosen = [path for path in pictures if path.suffix.lower() in images.EXTENSIONS and not path.name.startswith(".")]
    return [str(path) for path in sorted(chosen)]
