"""Pictures in slots: decoded as they are needed by threads, or all at once into the memory of a device.

Picture n of a run, its *slot*, is a pure function of the seed: epoch after epoch, each a permutation of the pictures.
Where a picture cannot be read, the next readable one of its source replaces it.

Where a source names addresses, its shards are fetched one after another in a seeded order, each shuffled within itself.
Two shards are in memory at a time, and every process fetches all of them. To begin late, whole shards are skipped where
their list gives their counts; the others are fetched once to be counted.

Threads, not processes: Pillow lets go of the interpreter while it decodes, and two threads decode twice as much as one.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeAlias

import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from torch import Tensor

from brushwork.images import ImageError
from brushwork.prefetch import map_ahead
from brushwork.training.order import Order, nothing_readable, permutation
from brushwork.training.shards import DataError, Entry, Source, decode

Device: TypeAlias = str | torch.device

SAMPLE = 200  # pictures after which the memory of all is estimated
SAID = 1000  # pictures between two lines about how many are decoded
WINDOW = 255  # pictures that are decoded before they are taken, so that memory holds no more than those
log = logging.getLogger(__name__)


class Pictures(Protocol):
    """The readable pictures of a source, in a seeded order without end."""

    seed: tuple[int, ...]
    skipped: dict[str, str]  # the names of unreadable pictures, and what is wrong with them

    def take(self, slots: Sequence[int], ahead: Sequence[int] = ()) -> list[tuple[int, Tensor]]:
        """Number in its source and pixels (3, h, w), uint8, of the picture in each slot; `ahead` are wanted soon."""

    def close(self) -> None:
        """End what runs in the background."""


class DecodedPictures:
    """Pictures decoded when they are needed.

    Args:
        source: Where they are, see `shards.find_shards`.
        seed: Numbers that settle their order.
        short_side: Pixels of the short side above which a picture is shrunk.
        workers: Threads that decode.
        limit: See `Order`.

    Raises:
        DataError: If a source is missing or holds no picture; when they are taken, if not one can be read.
    """

    def __init__(
        self, source: Source, seed: tuple[int, ...], *, short_side: int = 512, workers: int = 2, limit: int = 0
    ) -> None:
        self.seed = seed
        self.skipped: dict[str, str] = {}
        self._short_side = short_side
        self._order = Order(source, seed, limit)
        if not self._order.remote:
            self._order.locate(0)
        self._pool = ThreadPoolExecutor(max(1, workers), "decode")
        self._pending: dict[int, tuple[Future[NDArray[np.uint8]], list[Entry], int, int]] = {}

    def take(self, slots: Sequence[int], ahead: Sequence[int] = ()) -> list[tuple[int, Tensor]]:
        """Number in its source and pixels (3, h, w), uint8, of the picture in each slot; `ahead` are wanted soon."""
        self._pending = {slot: self._pending.get(slot) or self._begin(slot) for slot in (*slots, *ahead)}
        return [self._finish(*self._pending[slot]) for slot in slots]

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)
        self._order.close()

    def _begin(self, slot: int) -> tuple[Future[NDArray[np.uint8]], list[Entry], int, int]:
        entries, number, first = self._order.locate(slot)
        return self._pool.submit(decode, entries[number], self._short_side), entries, number, first

    def _finish(
        self, decoded: Future[NDArray[np.uint8]], entries: list[Entry], number: int, first: int
    ) -> tuple[int, Tensor]:
        for attempt in range(len(entries)):
            stand_in = (number + attempt) % len(entries)
            try:
                pixels = decode(entries[stand_in], self._short_side) if attempt else decoded.result()
            except ImageError as error:
                skip(self.skipped, entries[stand_in], error)
            else:
                return first + stand_in, torch.from_numpy(pixels)
        raise nothing_readable(self._order)


class ResidentPictures:
    """All readable pictures, decoded once and kept as uint8 in the memory of a device: 3 H W bytes each.

    Args:
        source: Where they are, see `shards.find_shards`.
        seed: Numbers that settle their order.
        short_side: Pixels of the short side above which a picture is shrunk.
        workers: Threads that decode.
        device: Device that holds them.
        limit: See `Order`.

    Raises:
        DataError: If a source is missing, not one of its pictures can be read, or they do not fit into memory.
    """

    def __init__(
        self,
        source: Source,
        seed: tuple[int, ...],
        *,
        short_side: int = 512,
        workers: int = 2,
        device: Device = "cpu",
        limit: int = 0,
    ) -> None:
        self.skipped: dict[str, str] = {}
        self.seed = seed
        self.pixels: list[Tensor] = []
        order = Order(source, seed, limit)

        def attempt(entry: Entry) -> NDArray[np.uint8] | ImageError:
            try:
                return decode(entry, short_side)
            except ImageError as error:
                return error

        for group in range(len(order.groups)):
            entries = order.read(group)
            decoded = map_ahead(attempt, entries, workers=max(1, workers), ahead=WINDOW)
            for number, (entry, pixels) in enumerate(zip(entries, decoded, strict=True), start=1):
                if isinstance(pixels, ImageError):
                    skip(self.skipped, entry, pixels)
                else:
                    self.pixels.append(torch.from_numpy(pixels).to(device))
                if number == SAMPLE and str(device) == "cpu":
                    check_room(self.pixels, len(entries) - number)
                if number % SAID == 0:
                    log.info("%d of %d pictures decoded", number, len(entries))
        if not self.pixels:
            raise nothing_readable(order)
        log.info("%d pictures in memory, %d skipped", len(self.pixels), len(self.skipped))

    def take(self, slots: Sequence[int], ahead: Sequence[int] = ()) -> list[tuple[int, Tensor]]:
        """Number in memory and pixels (3, h, w), uint8, of the picture in each slot."""
        count = len(self.pixels)
        places = [divmod(slot, count) for slot in slots]
        numbers = [int(permutation(count, *self.seed, 0, epoch)[place]) for epoch, place in places]
        return [(number, self.pixels[number]) for number in numbers]

    def close(self) -> None:
        """Nothing runs in the background."""


def check_room(decoded: Sequence[Tensor], left: int) -> None:
    """Check that as many more pictures as are left fit into the memory that is free.

    Args:
        decoded: The pictures so far, whose mean size is taken for that of the others.
        left: Pictures to come.

    Raises:
        DataError: If they do not.
    """
    needed = left * sum(pixels.numel() for pixels in decoded) / max(1, len(decoded))
    free = psutil.virtual_memory().available
    if needed > free:
        raise DataError(
            f"the pictures would take {needed / 1e9:,.1f} GB more and {free / 1e9:,.1f} GB of memory are free:"
            " set data.resident=false, or a smaller data.short_side"
        )


def skip(skipped: dict[str, str], entry: Entry, error: ImageError) -> None:
    """Notes and logs an unreadable picture, the first time it is met."""
    if entry.name not in skipped:
        skipped[entry.name] = str(error)
        log.warning("skipped %s: %s (%d so far)", entry.name, error, len(skipped))
