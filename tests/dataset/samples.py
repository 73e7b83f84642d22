"""Small data sets of every kind."""

import io
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from tests.cli.conftest import colours

NAMES = [f"{split}/{label}/{number}.jpg" for split in ("train", "val") for label in ("cat", "dog") for number in (1, 2)]
BROKEN = "train/cat/broken.jpg"


def encoded(seed: int, kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(colours(32, 40, seed=seed)).save(buffer, kind)
    return buffer.getvalue()


def write_folder(folder: Path) -> Path:
    """Eight pictures in two splits of two classes, one broken file, a list of labels."""
    for number, name in enumerate(NAMES):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(number))
    (folder / BROKEN).write_bytes(b"no picture")
    (folder / "labels.csv").write_text("cat,0\ndog,1\n")
    return folder


def write_tar(path: Path, count: int, first: int = 0) -> Path:
    """A WebDataset tar: pictures with classes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for number in range(first, first + count):
            for ending, data in (("png", encoded(number, "PNG")), ("cls", str(number % 2).encode())):
                member = tarfile.TarInfo(f"{number:04d}.{ending}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return path


def write_parquet(path: Path, count: int) -> Path:
    """Rows in the form of Hugging Face: a struct of bytes and path, and a label."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"image": {"bytes": encoded(n), "path": f"{n}.jpg"}, "label": n % 2} for n in range(count)]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def rows_of(path: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(path).to_pylist()
    return rows
