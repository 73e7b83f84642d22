"""Reads the pictures of an experiment, with their names, from folders and tars."""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import torch
from torch import Tensor

from brushwork import atomic, images
from brushwork.training.augmentation import NOTHING, augment, draw
from brushwork.training.order import Order
from brushwork.training.shards import DataError, Entry, decode


class Named(NamedTuple):
    """A picture (3, h, w), uint8, and its name, the path of its file in its folder or tar: ``wikiart/0001.webp``."""

    name: str
    pixels: Tensor


def entries(source: Sequence[str], limit: int = 0, seed: int = 0) -> list[Entry]:
    """Return the encoded pictures of a source; with a limit not 0, only that many, which the seed selects.

    Raises:
        DataError: If a source is missing or contains no picture.
    """
    order = Order(tuple(source), (seed,), limit)
    found = [entry for group in range(len(order.groups)) for entry in order.read(group)]
    order.close()
    if not found:
        raise DataError(f"no pictures in {', '.join(source)}")
    return found


def read(source: Sequence[str], short_side: int, limit: int = 0, seed: int = 0) -> Iterator[Named]:
    """Yield the readable pictures of a source, their short side reduced to `short_side` pixels.

    Raises:
        DataError: If a source is missing or contains no picture.
    """
    for entry in entries(source, limit, seed):
        try:
            pixels = decode(entry, short_side)
        except images.ImageError:
            continue
        yield Named(entry.name, torch.from_numpy(pixels))


def squares(source: Sequence[str], side: int, limit: int = 0, seed: int = 0) -> Tensor:
    """Return the central squares (N, 3, side, side) in [0, 1] of the pictures of a source.

    Raises:
        DataError: If a source is missing, or no picture can be read.
    """
    found = [named.pixels for named in read(source, side, limit, seed)]
    if not found:
        raise DataError(f"no readable picture in {', '.join(source)}")
    return _squares(found, side)


def _squares(found: Sequence[Tensor], side: int) -> Tensor:
    middle = draw(1, torch.Generator()).expand(len(found), -1)
    return augment(found, side, NOTHING, middle, "cpu")


def store(entry: Entry, path: Path) -> Path:
    """Write an encoded picture to a separate file, for a run that trains on it alone, and return its path.

    Args:
        entry: The picture, which may be in a tar.
        path: The path without the extension, which is the picture's own.
    """
    path = path.with_suffix(PurePosixPath(entry.name).suffix)
    if not path.exists():
        atomic.write_bytes(path, entry.read())
    return path


def squares_of_run(source: Sequence[str], side: int, limit: int, seed: int = 0) -> Tensor:
    """Return the squares (N, 3, side, side) of the training styles of a run with ``data.styles_limit``."""
    order = Order(tuple(source), (seed, 1), limit)
    chosen = [entry for group in range(len(order.groups)) for entry in order.read(group)]
    order.close()
    return _squares([torch.from_numpy(decode(entry, side)) for entry in chosen], side)
