"""The parts of a data set, which workers process one at a time, and the pictures in them."""

import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from brushwork import images
from brushwork.dataset.places import Place
from brushwork.errors import UserError

Kind = Literal["folder", "tar", "parquet"]
KINDS: tuple[Kind, ...] = ("folder", "tar", "parquet")
ENDINGS: dict[str, Kind] = {".tar": "tar", ".parquet": "parquet"}


@dataclass(frozen=True)
class Part:
    """Some files of a folder, or one tar or Parquet file.

    Attributes:
        index: Index of the part, from 0.
        kind: Format of its files.
        names: Names of its files.
    """

    index: int
    kind: Kind
    names: tuple[str, ...]

    @property
    def stem(self) -> str:
        """The name, without extension, of the shard that is written for it."""
        return self.names[0].rpartition(".")[0] if self.kind != "folder" else f"part-{self.index:06d}"


@dataclass(frozen=True)
class Sample:
    """One picture of a part, still encoded.

    Attributes:
        key: Its path in the data set without the extension; in a tar up to the first dot, as in WebDataset.
        ending: The extension, such as ``jpg``; empty in Parquet.
        data: Its bytes; None if they cannot be read.
        fields: Further data of the sample: bytes by extension in a tar, values by column in Parquet.
        error: The error if it cannot be read.
    """

    key: str
    ending: str
    data: bytes | None
    fields: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None

    @property
    def name(self) -> str:
        """Its path in the data set."""
        return f"{self.key}.{self.ending}" if self.ending else self.key


def find_parts(names: Sequence[str], together: int) -> tuple[list[Part], list[str]]:
    """Return the parts of a data set, and its files that are not pictures, such as labels.

    Args:
        names: All files of the data set.
        together: Number of files of a folder in a part.

    Raises:
        UserError: If there is no picture, tar or Parquet file.
    """
    kinds = {name: _kind(name) for name in names}
    pictures = [name for name in names if kinds[name] == "folder"]
    found: list[tuple[Kind, tuple[str, ...]]] = [
        ("folder", tuple(pictures[start : start + together])) for start in range(0, len(pictures), together)
    ]
    found += [(kind, (name,)) for name, kind in kinds.items() if kind in ("tar", "parquet")]
    if not found:
        raise UserError("no pictures, tars or Parquet files")
    return [Part(index, *each) for index, each in enumerate(found)], [name for name in names if kinds[name] is None]


def _kind(name: str) -> Kind | None:
    suffix = PurePosixPath(name).suffix.lower()
    return "folder" if suffix in images.EXTENSIONS else ENDINGS.get(suffix)


def read_part(place: Place, part: Part) -> Iterator[Sample]:
    """Yield the pictures of a part in their order.

    Raises:
        UserError: If a tar or Parquet file is damaged or has no column of pictures.
    """
    if part.kind == "folder":
        yield from (_read_file(place, name) for name in part.names)
        return
    try:
        with place.open(part.names[0]) as file:
            yield from _read_tar(file, part.stem) if part.kind == "tar" else _read_parquet(file, part.stem)
    except (tarfile.TarError, pa.ArrowException, OSError) as error:
        raise UserError(f"{part.names[0]}: {error}") from None


def _read_file(place: Place, name: str) -> Sample:
    key, _, ending = name.rpartition(".")
    try:
        return Sample(key, ending, place.read(name))
    except OSError as error:
        return Sample(key, ending, None, error=f"cannot read {name}: {error.strerror or error}")


def _read_tar(file: Any, stem: str) -> Iterator[Sample]:
    """Yield the samples of a tar as in WebDataset: consecutive files with the same name up to the first dot."""
    with tarfile.open(fileobj=file, mode="r|*") as tar:
        key, held = "", dict[str, bytes]()
        for member in tar:
            path = PurePosixPath(member.name)
            if not member.isfile() or path.name.startswith("."):
                continue
            stem_of, _, ending = path.name.partition(".")
            this = str(path.parent / stem_of)
            if this != key:
                yield from _grouped(stem, key, held)
                key, held = this, {}
            content = tar.extractfile(member)
            held[ending] = content.read() if content else b""
        yield from _grouped(stem, key, held)


def _grouped(stem: str, key: str, held: Mapping[str, bytes]) -> Iterator[Sample]:
    """Yield a sample for each picture of a group; the other files of the group belong to each of them."""
    pictures = [ending for ending in held if f".{ending.rpartition('.')[2].lower()}" in images.EXTENSIONS]
    fields = {ending: data for ending, data in held.items() if ending not in pictures}
    yield from (Sample(f"{stem}/{key}", ending, held[ending], fields) for ending in pictures)


def _read_parquet(file: Any, stem: str) -> Iterator[Sample]:
    """Yield the rows of a Parquet file, whose pictures are bytes, or structs with bytes as on Hugging Face."""
    opened = pq.ParquetFile(file)
    column = _picture_column(opened.schema_arrow)
    row = 0
    for batch in opened.iter_batches(batch_size=64):
        for values in batch.to_pylist():
            picture = values.pop(column)
            data = picture.get("bytes") if isinstance(picture, dict) else picture
            error = None if data else f"row {row} of {stem} has no picture"
            yield Sample(f"{stem}/{row:08d}", "", data, {"column": column, **values}, error)
            row += 1


def _picture_column(schema: pa.Schema) -> str:
    for each in sorted(schema, key=lambda each: each.name != "image"):
        if pa.types.is_binary(each.type) or pa.types.is_large_binary(each.type):
            return str(each.name)
        if pa.types.is_struct(each.type) and "bytes" in [inner.name for inner in each.type]:
            return str(each.name)
    raise UserError(f"a Parquet file has no column of pictures; its columns are {', '.join(schema.names)}")
