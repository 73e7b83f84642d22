"""Reads pictures from archives without unpacking them: tars, tars of tars, zips and compressed tars.

Data sets come in these: ImageNet is a tar of tars, Painter by Numbers a zip, DTD a compressed tar with lists of its
splits, WebDataset plain tars.
"""

import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from brushwork import images

COMPRESSED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
LOCAL_HEADER = struct.Struct("<26x2H")  # of a file in a zip: 26 bytes, then the lengths of its name and its extra field
READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True)
class Entry:
    """One encoded picture: a whole file, a part of one, or bytes in memory.

    Attributes:
        name: Name for messages and labels.
        path: The file that holds it; empty for bytes in memory.
        offset, size: Position in the file (in a zip, that of its local header) and length in bytes; -1 is to the end.
        zipped: Compression method in a zip; None outside of zips.
        data: The bytes in memory.
    """

    name: str
    path: str = ""
    offset: int = 0
    size: int = -1
    zipped: int | None = None
    data: bytes | None = None

    def read(self) -> bytes:
        """Return the encoded bytes.

        Raises:
            OSError: If the file is missing or damaged.
        """
        if self.data is not None:
            return self.data
        with Path(self.path).open("rb") as file:
            file.seek(self.offset)
            if self.zipped is None:
                return file.read(self.size)
            try:
                name, extra = LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))
                file.seek(name + extra, 1)
                stored = file.read(self.size)
                return zlib.decompress(stored, -zlib.MAX_WBITS) if self.zipped == zipfile.ZIP_DEFLATED else stored
            except (struct.error, zlib.error) as error:
                raise OSError(0, f"damaged in its zip: {error}") from error


def is_picture(name: str) -> bool:
    """Return whether a file in an archive is a picture, by its name."""
    path = PurePosixPath(name)
    return path.suffix.lower() in images.EXTENSIONS and not path.name.startswith((".", "__MACOSX"))


def is_archive(path: Path) -> bool:
    """Return whether a file is an archive, by its name."""
    return path.name.lower().endswith((".tar", ".zip", *COMPRESSED))


def list_archive(path: Path, split: str = "") -> list[Entry]:
    """Return the pictures of an archive in its order; those of a compressed tar with their bytes.

    Args:
        path: The archive.
        split: Name of a list in the archive, ``labels/NAME.txt`` with the last two parts of a picture's path in each
            line, as in DTD; empty for all pictures.

    Raises:
        OSError, tarfile.TarError, zipfile.BadZipFile: If it cannot be read.
        KeyError: If it has no such split.
    """
    name = path.name.lower()
    lists: dict[str, set[str]] = {}
    if name.endswith(".zip"):
        found = _zip(path)
    elif name.endswith(COMPRESSED):
        with tarfile.open(path, "r|*") as tar:
            found = list(read_members(tar, str(path), lists))
    else:
        with tarfile.open(path, "r:") as tar:
            found = list(_members(tar, path, 0, str(path)))
    if not split:
        return found
    if split not in lists:
        raise KeyError(split)
    chosen = lists[split]
    return [entry for entry in found if "/".join(PurePosixPath(entry.name).parts[-2:]) in chosen]


def read_members(tar: tarfile.TarFile, place: str, lists: dict[str, set[str]] | None = None) -> Iterator[Entry]:
    """Yield the pictures of a tar, read once from front to back, with their bytes; collect the lists of its splits."""
    for member in tar:
        if not member.isfile() or not (file := tar.extractfile(member)):
            continue
        path = PurePosixPath(member.name)
        if is_picture(member.name):
            yield Entry(f"{place}/{member.name}", data=file.read())
        elif lists is not None and path.suffix == ".txt" and path.parent.name == "labels":
            lists[path.stem] = set(file.read().decode("utf-8", "replace").split())


def _members(tar: tarfile.TarFile, path: Path, start: int, place: str) -> Iterator[Entry]:
    """Yield the pictures of a plain tar that begins at byte `start` of a file, and those of the tars in it."""
    for member in tar:
        offset = start + member.offset_data
        if member.isfile() and member.name.lower().endswith(".tar"):
            inner: IO[bytes] | None = tar.extractfile(member)
            assert inner is not None  # a file
            try:
                with tarfile.open(fileobj=inner, mode="r:") as nested:
                    yield from _members(nested, path, offset, f"{place}/{member.name}")
            except tarfile.TarError:  # a damaged one among many is reported like a damaged picture when it is read
                yield Entry(f"{place}/{member.name}", str(path), offset, member.size)
        elif member.isfile() and is_picture(member.name):
            yield Entry(f"{place}/{member.name}", str(path), offset, member.size)


def _zip(path: Path) -> list[Entry]:
    with zipfile.ZipFile(path) as file:
        members: Iterable[zipfile.ZipInfo] = file.infolist()
        return [
            Entry(
                f"{path}/{member.filename}", str(path), member.header_offset, member.compress_size, member.compress_type
            )
            for member in members
            if not member.is_dir() and is_picture(member.filename) and member.compress_type in READABLE
        ]
