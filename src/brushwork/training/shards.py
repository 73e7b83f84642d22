"""Sources of training pictures: folders, archives and lists of them, on disk or over HTTP. This module needs no torch.

A *shard* is a folder, an archive (see `archives`), a picture or the HTTP address of a `.tar`. An *entry* is one encoded
picture file of a shard.
"""

import glob
import http.client
import logging
import re
import tarfile
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from brushwork import images
from brushwork.errors import UserError, nearest
from brushwork.images.levels import quantise
from brushwork.training.archives import Entry, is_archive, list_archive, read_members

__all__ = ["DataError", "Entry", "Shard", "Source", "decode", "find_shards", "read_shard"]

Source: TypeAlias = str | Path | Sequence[str | Path]
LISTS = (".txt", ".tsv", ".list")
MAX_PIXELS = 100_000_000  # of a training picture, as a small file can claim any size
PAUSES = (1.0, 5.0, 25.0)  # seconds before each new attempt at an address

log = logging.getLogger(__name__)


class DataError(UserError):
    """An error of the sources of training pictures; its message is one line for the user."""


@dataclass(frozen=True)
class Shard:
    """A folder, archive, picture or remote tar.

    Attributes:
        address: A path, or an address that begins with http:// or https://.
        count: Number of its pictures, if a list states it.
        split: Name of a list in an archive that selects some of its pictures; empty for all.
    """

    address: str
    count: int | None = None
    split: str = ""

    @property
    def remote(self) -> bool:
        """Whether it must be fetched."""
        return self.address.startswith(("http://", "https://"))


def find_shards(source: Source) -> list[Shard]:
    """Return the shards of a source in order: of a folder, archive, picture, address or pattern, or of several of them.

    A pattern contains ``*``, or ``{000..012}`` for numbers with that many digits. After an archive, ``#NAME`` selects a
    split: ``dtd-r1.0.1.tar.gz#train1``.

    A text file (.txt, .tsv, .list) names one of these on each line, relative to its folder; lines that begin with ``#``
    are comments. An address may be followed by a tab and the number of its pictures; a resumed run then does not fetch
    earlier shards only to count their pictures.

    Raises:
        DataError: If one of them does not exist or is of another kind.
    """
    if not isinstance(source, str | Path):
        return [shard for part in source for shard in find_shards(part)]
    path = Path(source)
    if path.suffix in LISTS and path.is_file():
        lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
        return [shard for line in lines if line and line[0] != "#" for shard in _named(line, path.parent)]
    return _named(str(source), Path())


def _named(line: str, folder: Path) -> list[Shard]:
    address, _, count = (part.strip() for part in line.partition("\t"))
    if count and not count.isdecimal():
        raise DataError(f"{count!r} after {address} is not a number of pictures")
    if span := re.search(r"\{(\d+)\.\.(\d+)\}", address):
        first, last = span.groups()
        numbers = range(int(first), int(last) + 1)
        each = [f"{address[: span.start()]}{number:0{len(first)}d}{address[span.end() :]}" for number in numbers]
        return [shard for one in each for shard in _named(f"{one}\t{count}" if count else one, folder)]
    shard = Shard(address, int(count) if count else None)
    if shard.remote:
        return [shard]
    address, _, split = address.partition("#") if is_archive(Path(address.partition("#")[0])) else (address, "", "")
    path = folder / Path(address).expanduser()
    matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 (Path.glob takes no absolute pattern)
    found = [path] if path.exists() else [Path(match) for match in matches]
    if not found:
        near = nearest(path.name, [other.name for other in path.parent.glob("*")])
        raise DataError(f"no pictures at {path}" + (f"; did you mean {near!r}?" if near else ""))
    for path in found:
        if not path.is_dir() and not is_archive(path) and path.suffix.lower() not in images.EXTENSIONS:
            raise DataError(f"{path} is not a folder, an archive or a picture")
    return [Shard(str(path), shard.count, split) for path in found]


def read_shard(shard: Shard) -> list[Entry]:
    """Return the entries of a shard in their order; a remote shard is fetched into memory, a local one only listed.

    Raises:
        DataError: If the shard cannot be read, or does not contain the number of pictures that its list states.
    """
    entries = _fetch(shard.address) if shard.remote else _list(shard)
    if shard.count is not None and shard.count != len(entries):
        raise DataError(f"{shard.address} contains {len(entries)} pictures, not {shard.count} as its list states")
    return entries


def _list(shard: Shard) -> list[Entry]:
    path = Path(shard.address)
    if path.is_dir():
        return [Entry(str(file), str(file)) for file in images.find(path, recursive=True)]
    if not is_archive(path):
        return [Entry(str(path), str(path))]
    try:
        return list_archive(path, shard.split)
    except KeyError:
        raise DataError(f"{path} has no split {shard.split!r} (a list labels/{shard.split}.txt)") from None
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read {path}: {error}") from error


def _fetch(address: str) -> list[Entry]:
    """Fetch a `.tar` from front to back; try again after each of `PAUSES` unless the server refuses it (4xx)."""
    for pause in (*PAUSES, None):
        try:
            with (
                urllib.request.urlopen(address, timeout=60) as response,
                tarfile.open(fileobj=response, mode="r|*") as tar,
            ):
                return list(read_members(tar, address))
        except (tarfile.TarError, OSError, http.client.HTTPException) as error:
            if pause is None or (isinstance(error, urllib.error.HTTPError) and error.code < 500):
                raise DataError(f"cannot fetch {address}: {error}") from error
            log.warning("cannot fetch %s: %s; trying again in %g s", address, error, pause)
            time.sleep(pause)
    raise AssertionError("unreachable")


def decode(entry: Entry, short_side: int) -> NDArray[np.uint8]:
    """Return the picture (3, H, W), uint8, upright, in sRGB, on white, its short side at most `short_side`.

    Raises:
        images.ImageError: If the file is missing, broken or not a picture, or has more than 100 million pixels.
    """
    try:
        data = entry.read()
    except OSError as error:
        raise images.ImageError(f"cannot read {entry.name}: {error.strerror}") from error
    try:
        picture = images.open(data, size=_long_side(data, short_side), max_pixels=MAX_PIXELS)
    except ModuleNotFoundError as error:  # TIFF and 16-bit PNG need pyvips, which training machines may lack
        raise images.ImageError(f"cannot read {entry.name} without {error.name}") from error
    return np.ascontiguousarray(quantise(picture.on_white).transpose(2, 0, 1))


def _long_side(data: bytes, short_side: int) -> int | None:
    """Return the long side to decode to, from the header alone, so that a large photo is never decoded in full."""
    try:
        with Pillow.open(BytesIO(data)) as header:
            short, long = sorted(header.size)
    except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError):
        return None  # images.open reports the error
    return long * short_side // short if short > short_side else None
