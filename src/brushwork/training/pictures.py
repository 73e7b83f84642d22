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
from functools import lru_cache
from typing import Protocol, TypeAlias

import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from torch import Tensor

from brushwork.images import ImageError
from brushwork.prefetch import map_ahead
from brushwork.training.shards import DataError, Entry, Source, decode, find_shards, read_shard

Device: TypeAlias = str | torch.device

GROUP = 1 << 32  # the numbers of a source's n-th shard begin at n times this, so that no two pictures have the same
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
        """Ends what runs in the background."""


@lru_cache(maxsize=16)
def permutation(count: int, *seed: int) -> NDArray[np.int64]:
    """A permutation of 0 to `count` that only the seed settles."""
    return np.random.default_rng(seed).permutation(count)


class Order:
    """The order of pictures: which one is in which slot.

    Shards on disk are listed and shuffled together; shards of which any is remote, one by one.

    Args:
        source: Where the pictures are, see `shards.find_shards`.
        seed: Numbers that settle the order.
        limit: Where it is not 0, so many pictures are taken, which ones the seed settles: a larger limit takes the
            same and more.

    Raises:
        DataError: If a source is missing, or a limit is set and a source is remote.
    """

    def __init__(self, source: Source, seed: tuple[int, ...], limit: int = 0) -> None:
        shards = find_shards(source)
        self._limit = limit
        self.seed = seed
        self.remote = any(shard.remote for shard in shards)
        if limit and self.remote:
            raise DataError("a limit of pictures needs all of them on disk, and some are remote")
        self.groups = [[shard] for shard in shards] if self.remote else [shards]
        self._counts = [group[0].count if len(group) == 1 and not limit else None for group in self.groups]
        self._pool = ThreadPoolExecutor(1, "fetch")
        self._read: dict[int, Future[list[Entry]]] = {}  # entries by group
        self._position, self._first = 0, 0  # where the last slot was: its group counted from the start, and its slots

    def read(self, group: int) -> list[Entry]:
        """All entries of a group, or those that the limit leaves."""
        entries = [entry for shard in self.groups[group] for entry in read_shard(shard)]
        if self._limit:
            entries = [entries[number] for number in sorted(permutation(len(entries), *self.seed)[: self._limit])]
        self._counts[group] = len(entries)
        return entries

    def locate(self, slot: int) -> tuple[list[Entry], int, int]:
        """The entries among which the picture of a slot is, its number there, and the number of the first of them.

        Raises:
            DataError: If a shard cannot be read, or none holds a picture.
        """
        if slot < self._first:
            self._position, self._first = 0, 0
        while True:
            group = self._group(self._position)
            count = self._counts[group]
            if count is None:
                count = len(self._entries(self._position))
            if slot < self._first + count:
                epoch = self._position // len(self.groups)
                number = permutation(count, *self.seed, group, epoch)[slot - self._first]
                return self._entries(self._position), int(number), group * GROUP
            if not any(count is None or count > 0 for count in self._counts):
                raise nothing_readable(self)
            self._position, self._first = self._position + 1, self._first + count

    def close(self) -> None:
        """Waits for what is being fetched and ends."""
        self._pool.shutdown(cancel_futures=True)

    def _group(self, position: int) -> int:
        epoch, place = divmod(position, len(self.groups))
        return int(permutation(len(self.groups), *self.seed, epoch)[place])

    def _entries(self, position: int) -> list[Entry]:
        """The entries at a position; those of the next are fetched meanwhile, all others forgotten."""
        wanted = [self._group(position), self._group(position + 1)]
        self._read = {group: self._read.get(group) or self._pool.submit(self.read, group) for group in wanted}
        return self._read[wanted[0]].result()


def nothing_readable(order: Order) -> DataError:
    """The error where not one picture can be read; it names the places."""
    places = [shard.address for group in order.groups for shard in group]
    more = f" and {len(places) - 1} more places" if len(places) > 1 else ""
    return DataError(f"not one readable picture in {places[0] if places else 'an empty list'}{more}")


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
        """Ends the threads."""
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
