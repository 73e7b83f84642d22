"""Arrays larger than memory: their rows are stored in a file and read and written a few at a time.

The file is not mapped, because pages of a mapped file count as resident memory.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Rows(Protocol):
    """An array (H, W, C) or a canvas: an object whose rows can be sliced."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and channels."""
        ...

    def __getitem__(self, rows: slice, /) -> Any:
        """Return rows (h, W, C); the slice must have a start and an end."""
        ...

    def __setitem__(self, rows: slice, pixels: Any, /) -> None:
        """Replace rows."""
        ...


class Canvas:
    """An array (H, W, C) that is stored in a file and accessed as float32.

    Integers of 8 and 16 bits in the file represent values in [0, 1].
    """

    def __init__(self, path: Path, shape: tuple[int, int, int], dtype: str) -> None:
        self.path = path
        self.shape: tuple[int, ...] = shape
        self.dtype = np.dtype(dtype)
        self._top = np.float32(np.iinfo(self.dtype).max) if self.dtype.kind == "u" else None
        self._row = shape[1] * shape[2] * self.dtype.itemsize
        self._file = path.open("r+b")

    def __getitem__(self, rows: slice) -> NDArray[np.float32]:
        start, stop, _ = rows.indices(self.shape[0])
        self._file.seek(start * self._row)
        stored = np.frombuffer(self._file.read((stop - start) * self._row), self.dtype)
        stored = stored.reshape(stop - start, *self.shape[1:])
        return stored.astype(np.float32) if self._top is None else np.divide(stored, self._top, dtype=np.float32)

    def __setitem__(self, rows: slice, pixels: NDArray[np.float32]) -> None:
        start, _, _ = rows.indices(self.shape[0])
        if self._top is not None:
            pixels = np.clip(pixels, 0, 1) * self._top + np.float32(0.5)
        self._file.seek(start * self._row)
        self._file.write(np.ascontiguousarray(pixels, self.dtype).data)

    def stored(self) -> NDArray[Any]:
        """Return the whole array (H, W, C) with the numbers stored in the file."""
        self._file.seek(0)
        return np.fromfile(self._file, self.dtype).reshape(self.shape)

    def close(self) -> None:
        """Write pending data and close the file."""
        self._file.close()


@contextmanager
def canvas(height: int, width: int, channels: int, dtype: str = "float32") -> Iterator[Canvas]:
    """Create an empty canvas in the folder for temporary files (TMPDIR), and delete it at the end of the `with` block.

    Raises:
        OSError: If it does not fit on the disk.
    """
    with tempfile.TemporaryDirectory(prefix="brushwork-") as folder:
        path = Path(folder) / "rows"
        with path.open("wb") as file:
            file.truncate(height * width * channels * np.dtype(dtype).itemsize)
        made = Canvas(path, (height, width, channels), dtype)
        try:
            yield made
        finally:
            made.close()
