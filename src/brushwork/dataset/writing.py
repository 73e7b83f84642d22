"""Writes the results of a part as files, a tar or a Parquet file, which appear complete or not at all."""

import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from brushwork.dataset.parts import Kind
from brushwork.dataset.places import Place

ROWS = 64  # rows of a row group, so that few pictures are in memory


class Output(NamedTuple):
    """A result: its path in the data set with the extension, its bytes, and further data of the sample."""

    name: str
    data: bytes
    fields: Mapping[str, Any]


Add: TypeAlias = Callable[[Output], None]


@contextmanager
def open_writer(place: Place, kind: Kind, stem: str) -> Iterator[Add]:
    """Yield a function that adds a picture; a shard appears when the block ends without an error.

    Args:
        place: The target.
        kind: ``folder`` writes each picture to a file, ``tar`` and ``parquet`` write a shard.
        stem: Name of the shard without extension.
    """
    if kind == "folder":
        yield lambda output: place.write(output.name, output.data)
        return
    with place.writing(f"{stem}.{kind}") as path:
        if kind == "tar":
            with tarfile.open(path, "x") as tar:
                yield lambda output: _add_to_tar(tar, output, stem)
        else:
            with _ParquetShard(path) as shard:
                yield shard.add


def write_rows(place: Place, name: str, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    """Write rows to a Parquet file, which appears complete or not at all."""
    with place.writing(name) as path:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def _add_to_tar(tar: tarfile.TarFile, output: Output, stem: str) -> None:
    path = PurePosixPath(output.name)
    within = path.relative_to(stem) if path.is_relative_to(stem) else path
    key = within.parent / within.name.partition(".")[0]
    for name, data in [(str(within), output.data), *((f"{key}.{end}", each) for end, each in output.fields.items())]:
        if isinstance(data, bytes):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, BytesIO(data))


class _ParquetShard:
    """Writer of a Parquet file whose schema is that of its first rows."""

    def __init__(self, path: Any) -> None:
        self._path, self._rows = path, list[dict[str, Any]]()
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> "_ParquetShard":
        return self

    def add(self, output: Output) -> None:
        fields = dict(output.fields)
        column = fields.pop("column", "image")
        self._rows.append({"name": output.name, column: output.data, **fields})
        if len(self._rows) >= ROWS:
            self._flush()

    def _flush(self) -> None:
        table = pa.Table.from_pylist(self._rows) if self._writer is None else None
        if self._writer is None:
            assert table is not None
            self._writer = pq.ParquetWriter(self._path, table.schema)
        self._writer.write_table(table or pa.Table.from_pylist(self._rows, schema=self._writer.schema))
        self._rows = []

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self._flush()
        if self._writer is not None:
            self._writer.close()
