"""Where training pictures come from: folders, archives, lists of them on disk or over http. No torch in here.

A *shard* is a folder, an archive (see `archives`), a picture or the http address of a `.tar`. An *entry* is one
picture file of it, still encoded.
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
MOST_PIXELS = 100_000_000  # of a picture to train on; a file of few bytes can claim any size
PAUSES = (1.0, 5.0, 25.0)  # seconds before each new attempt at an address

log = logging.getLogger(__name__)


class DataError(UserError):
    """Something is wrong with the sources of training pictures; one line, for the user."""


@dataclass(frozen=True)
class Shard:
    """A place of pictures.

    Attributes:
        address: A path, or an address that begins with http:// or https://.
        count: The pictures in it, where a list says so.
        split: Name of the list in an archive that says which of its pictures are meant; empty for all.
    """

    address: str
    count: int | None = None
    split: str = ""

    @property
    def remote(self) -> bool:
        """Whether it has to be fetched."""
        return self.address.startswith(("http://", "https://"))


def find_shards(source: Source) -> list[Shard]:
    """What a source names, in order: a folder, an archive, a picture, an address, a pattern, or several of these.

    A pattern has ``*``, or ``{000..012}`` for numbers of as many digits. After an archive, ``#NAME`` chooses the split
    of that name: ``dtd-r1.0.1.tar.gz#train1``.

    A text file (.txt, .tsv, .list) names one of these a line, relative to its own folder; one that begins with ``#`` is
    a comment. After an address, a tab and the number of its pictures may follow: then a resumed run need not fetch the
    shards it has seen to know how many pictures they held.

    Raises:
        DataError: If something named does not exist or is of another kind.
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
        raise DataError(f"not a number of pictures after {address}: {count!r}")
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
            raise DataError(f"neither a folder, a .tar nor a picture: {path}")
    return [Shard(str(path), shard.count, split) for path in found]


def read_shard(shard: Shard) -> list[Entry]:
    """The entries of a shard in their own order; a remote shard is fetched into memory, a local one only listed.

    Raises:
        DataError: If the shard cannot be read, or holds another number of pictures than its list says.
    """
    entries = _fetch(shard.address) if shard.remote else _list(shard)
    if shard.count is not None and shard.count != len(entries):
        raise DataError(f"{shard.address} holds {len(entries)} pictures, not {shard.count} as its list says")
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
        raise DataError(f"{path} has no split {shard.split!r}, a list labels/{shard.split}.txt") from None
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read {path}: {error}") from error


def _fetch(address: str) -> list[Entry]:
    """Fetch a `.tar` from front to back; again after each of PAUSES, unless the server says that it never will."""
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
    """The picture (3, H, W), upright, in sRGB, transparency laid on white, its short side at most `short_side`.

    Raises:
        images.ImageError: If the picture is missing, broken or none, or has more than 100 million pixels; the message
            is one line.
    """
    try:
        data = entry.read()
    except OSError as error:
        raise images.ImageError(f"cannot read {entry.name}: {error.strerror}") from error
    try:
        picture = images.open(data, size=_long_side(data, short_side), max_pixels=MOST_PIXELS)
    except ModuleNotFoundError as error:  # pyvips, which a training machine may well lack, for TIFF and 16-bit PNG
        raise images.ImageError(f"cannot read {entry.name} without {error.name}") from error
    return np.ascontiguousarray(quantise(picture.on_white).transpose(2, 0, 1))


def _long_side(data: bytes, short_side: int) -> int | None:
    """The long side to decode to. From the header alone, so that a photo of a camera is never decoded in full."""
    try:
        with Pillow.open(BytesIO(data)) as header:
            short, long = sorted(header.size)
    except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError):
        return None  # images.open will say what is wrong
    return long * short_side // short if short > short_side else None
