"""Folders on the local disk, S3, GCS or any other file system of fsspec (extra ``dataset``)."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from brushwork import atomic
from brushwork.errors import UserError


class Place:
    """A folder, or a single file in a folder.

    Args:
        url: A path, or an address such as ``s3://bucket/folder``.

    Raises:
        UserError: If fsspec does not support the file system, or a package for it is not installed.
    """

    def __init__(self, url: str | Path) -> None:
        self.url = str(url)
        try:
            self._files, root = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise UserError(f"{self.url}: {error}") from None
        self.root, self._only = str(root).rstrip("/"), ""
        self.local = isinstance(self._files, LocalFileSystem)
        if self.local:  # absolute, as other processes may have another current folder
            self.url = self.root
        if self._files.isfile(self.root):
            self.root, _, self._only = self.root.rpartition("/")

    @property
    def there(self) -> bool:
        """Whether the folder or file exists."""
        return bool(self._files.exists(self.root))

    def __reduce__(self) -> tuple[Any, ...]:
        return Place, (self.url,)

    def find(self, under: str = "") -> list[str]:
        """Return the sorted relative names of all files except hidden ones.

        Args:
            under: A subfolder to search; if it does not exist, the result is empty.

        Raises:
            UserError: If the folder does not exist, or cannot be read.
        """
        root = f"{self.root}/{under}".rstrip("/")
        if self._only:
            return [self._only]
        # fsspec caches listings of object stores, and workers in other processes have written files since.
        self._files.invalidate_cache()
        try:
            if not self._files.isdir(root):
                if under:
                    return []
                raise UserError(f"{self.url}: no such file or folder")
            found = self._files.find(root)
        except OSError as error:
            raise UserError(f"{self.url}: {error}") from None
        names = (path.removeprefix(self.root).lstrip("/") for path in found)
        return sorted(name for name in names if not any(part.startswith(".") for part in name.split("/")))

    def has(self, name: str) -> bool:
        """Return whether there is a file with this name; faster than `find` in a large data set."""
        if self._only:
            return name == self._only
        self._files.invalidate_cache()
        return bool(self._files.isfile(self._path(name)))

    def read(self, name: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            OSError: If it cannot be read.
        """
        return cast("bytes", self._files.cat_file(self._path(name)))

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open a file for reading."""
        with self._files.open(self._path(name), "rb") as file:
            yield file

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Yield a local path; the file written there becomes the file of this name if the block succeeds.

        It appears complete or not at all: it is renamed on the local disk, and sent as one object elsewhere.
        """
        if self.local:
            with atomic.write(Path(self._path(name))) as part:
                yield part
            return
        with tempfile.TemporaryDirectory(prefix="brushwork-") as folder:
            part = Path(folder) / "part"
            yield part
            self._files.makedirs(str(PurePosixPath(self._path(name)).parent), exist_ok=True)
            self._files.put_file(str(part), self._path(name))

    def write(self, name: str, data: bytes) -> None:
        """Write bytes to a file, completely or not at all."""
        with self.writing(name) as part:
            part.write_bytes(data)

    def copy(self, name: str, target: "Place") -> None:
        """Copy a file to the same name in another place."""
        with self.open(name) as source, target.writing(name) as part, part.open("xb") as copy:
            shutil.copyfileobj(source, copy)

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}"
