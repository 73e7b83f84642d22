"""Order of the pictures of a source: a pure function of the seed, epoch after epoch, shard after shard."""

from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from brushwork.training.shards import DataError, Entry, Source, find_shards, read_shard

GROUP = 1 << 32  # the numbers of a source's n-th shard begin at n times this, so that no two pictures have the same


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
        """Wait for what is being fetched and ends."""
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
