"""Pictures in slots: decoded by threads when they are needed, or all at once into the memory of a device.

The picture of a slot is a pure function of the seed: each epoch is a permutation of the pictures. If a picture cannot
be read, the next readable one of its source replaces it.

The shards of a remote source are fetched one after another in a seeded order, and each is shuffled separately. Two
shards are in memory at a time, and every process fetches all of them. A resumed run skips the shards before its slot if
their list states their counts; otherwise it fetches them once to count their pictures.

Threads suffice: Pillow releases the interpreter lock while it decodes, and two threads decode twice as much as one.
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
from brushwork.training.order import Order, permutation, unreadable_error
from brushwork.training.shards import DataError, Entry, Source, decode

Device: TypeAlias = str | torch.device

SAMPLE = 200  # pictures after which the memory for all is estimated
LOG_EVERY = 1000  # pictures between two lines of the log
AHEAD = 255  # pictures that may be decoded in advance, which bounds the memory
log = logging.getLogger(__name__)


class Pictures(Protocol):
    """The readable pictures of a source in a seeded, endless order."""

    seed: tuple[int, ...]
    skipped: dict[str, str]  # name of an unreadable picture -> error

    def take(self, slots: Sequence[int], ahead: Sequence[int] = ()) -> list[tuple[int, Tensor]]:
        """Return number and pixels (3, h, w), uint8, of the picture of each slot; slots `ahead` are needed soon."""

    def close(self) -> None:
        """End the background threads."""


class DecodedPictures:
    """Pictures decoded when they are needed.

    Args:
        source: Source of the pictures, see `shards.find_shards`.
        seed: Seed of their order.
        short_side: Short side in pixels above which a picture is shrunk.
        workers: Number of decoding threads.
        limit: See `Order`.

    Raises:
        DataError: If a source is missing or contains no picture; in `take`, if no picture can be read.
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
        """Return number and pixels (3, h, w), uint8, of the picture of each slot; slots `ahead` are needed soon."""
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
            replacement = (number + attempt) % len(entries)
            try:
                pixels = decode(entries[replacement], self._short_side) if attempt else decoded.result()
            except ImageError as error:
                record_skipped(self.skipped, entries[replacement], error)
            else:
                return first + replacement, torch.from_numpy(pixels)
        raise unreadable_error(self._order)


class ResidentPictures:
    """All readable pictures, decoded once and stored as uint8 in the memory of a device: 3 H W bytes each.

    Args:
        source: Source of the pictures, see `shards.find_shards`.
        seed: Seed of their order.
        short_side: Short side in pixels above which a picture is shrunk.
        workers: Number of decoding threads.
        device: Device that stores them.
        limit: See `Order`.

    Raises:
        DataError: If a source is missing, none of its pictures can be read, or they do not fit into memory.
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
            decoded = map_ahead(attempt, entries, workers=max(1, workers), ahead=AHEAD)
            for number, (entry, pixels) in enumerate(zip(entries, decoded, strict=True), start=1):
                if isinstance(pixels, ImageError):
                    record_skipped(self.skipped, entry, pixels)
                else:
                    self.pixels.append(torch.from_numpy(pixels).to(device))
                if number == SAMPLE and str(device) == "cpu":
                    check_memory(self.pixels, len(entries) - number)
                if number % LOG_EVERY == 0:
                    log.info("%d of %d pictures decoded", number, len(entries))
        if not self.pixels:
            raise unreadable_error(order)
        log.info("%d pictures in memory, %d skipped", len(self.pixels), len(self.skipped))

    def take(self, slots: Sequence[int], ahead: Sequence[int] = ()) -> list[tuple[int, Tensor]]:
        """Return number and pixels (3, h, w), uint8, of the picture of each slot."""
        count = len(self.pixels)
        positions = [divmod(slot, count) for slot in slots]
        numbers = [int(permutation(count, *self.seed, 0, epoch)[index]) for epoch, index in positions]
        return [(number, self.pixels[number]) for number in numbers]

    def close(self) -> None:
        """Do nothing; there are no background threads."""


def check_memory(decoded: Sequence[Tensor], left: int) -> None:
    """Check that the remaining pictures fit into free memory.

    Args:
        decoded: The pictures so far; the others are assumed to have the same mean size.
        left: Number of remaining pictures.

    Raises:
        DataError: If they do not fit.
    """
    needed = left * sum(pixels.numel() for pixels in decoded) / max(1, len(decoded))
    free = psutil.virtual_memory().available
    if needed > free:
        raise DataError(
            f"the pictures need {needed / 1e9:,.1f} GB more and {free / 1e9:,.1f} GB of memory are free;"
            " set data.resident=false or a smaller data.short_side"
        )


def record_skipped(skipped: dict[str, str], entry: Entry, error: ImageError) -> None:
    """Record and log an unreadable picture, unless it is recorded already."""
    if entry.name not in skipped:
        skipped[entry.name] = str(error)
        log.warning("skipped %s: %s (%d so far)", entry.name, error, len(skipped))
