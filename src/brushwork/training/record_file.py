"""A bounded file of numbered records, for results that are costly to compute."""

import json
import logging
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Record: TypeAlias = dict[str, NDArray[Any]]
Field: TypeAlias = tuple[Any, tuple[int, ...]]  # NumPy's type and the shape

log = logging.getLogger(__name__)


class RecordFile:
    """Records of arrays on disk; record n overwrites record n - capacity.

    The file stays readable if the process is killed: a record is valid only with its number and its checksum.

    Args:
        path: The file; it is created, sparse, if it does not exist.
        fields: The arrays of a record by name.
        capacity: Number of records in the file.
        key: Values that the records depend on; a file with another key is discarded.
    """

    def __init__(self, path: Path, fields: Mapping[str, Field], capacity: int, key: Mapping[str, Any]) -> None:
        self._fields = list(fields)
        arrays = [(name, kind, shape) for name, (kind, shape) in fields.items()]
        kind = np.dtype([("number", np.int64), ("checksum", np.uint32), *arrays])
        stated = json.dumps({"capacity": capacity, "bytes": kind.itemsize, **key}, sort_keys=True)
        self._claim(path, stated, capacity * kind.itemsize)
        self._records: np.memmap[Any, np.dtype[Any]] = np.memmap(path, kind, "r+", shape=(capacity,))

    @staticmethod
    def _claim(path: Path, key: str, size: int) -> None:
        """Create the file unless it exists with the same key."""
        sidecar = path.with_suffix(".json")
        exists = path.is_file() and path.stat().st_size == size
        if exists and sidecar.is_file() and sidecar.read_text(encoding="utf-8") == key:
            return
        if path.exists():
            log.warning("%s is of another recipe; it is created again", path)
            path.unlink()
        path.parent.mkdir(parents=True, exist_ok=True)
        sidecar.write_text(key, encoding="utf-8")
        with path.open("wb") as file:
            file.truncate(size)

    def take(self, numbers: Sequence[int], compute: Callable[[int], Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """Return the arrays of records, stacked, on the CPU; records that the file does not have are computed first."""
        records = []
        for number in numbers:
            record = self.get(number)
            if record is None:
                self.put(number, {name: value.cpu().numpy() for name, value in compute(number).items()})
                record = self.get(number)
                assert record is not None
            records.append(record)
        return {name: torch.from_numpy(np.stack([record[name] for record in records])) for name in self._fields}

    def get(self, number: int) -> Record | None:
        """Return a copy of a record, or None if it is not in the file."""
        record = self._records[number % len(self._records)]
        if int(record["number"]) != number + 1:  # 0 marks an empty record
            return None
        found = {name: np.array(record[name]) for name in self._fields}
        return found if self._checksum(found) == int(record["checksum"]) else None

    def put(self, number: int, values: Mapping[str, NDArray[Any]]) -> None:
        """Write a record, its number last, so that an incomplete one is not valid."""
        record = self._records[number % len(self._records)]
        record["number"] = 0
        for name in self._fields:
            record[name] = values[name]
        record["checksum"] = self._checksum({name: record[name] for name in self._fields})
        record["number"] = number + 1

    def _checksum(self, values: Mapping[str, NDArray[Any]]) -> int:
        checksum = 0
        for name in self._fields:
            checksum = zlib.crc32(np.ascontiguousarray(values[name]).data, checksum)
        return checksum
