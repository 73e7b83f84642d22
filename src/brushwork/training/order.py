"""Order of the pictures of a source, a pure function of the seed: epoch after epoch, shard after shard."""

from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from brushwork.training.shards import DataError, Entry, Source, find_shards, read_shard

GROUP = 1 << 32  # the numbers of a source's n-th shard begin at n times this, so that all pictures have different ones


@lru_cache(maxsize=16)
def permutation(count: int, *seed: int) -> NDArray[np.int64]:
    """Return a permutation of 0 to `count` - 1 that depends on the seed only."""
    return np.random.default_rng(seed).permutation(count)


class Order:
    """The order of pictures, which maps slots to pictures.

    Shards on disk are listed and shuffled together; if any shard is remote, they are shuffled one by one.

    Args:
        source: Source of the pictures, see `shards.find_shards`.
        seed: Seed of the order.
        limit: If not 0, the number of pictures to take, which the seed selects; a larger limit selects the same
            pictures and more.

    Raises:
        DataError: If a source is missing, or a limit is set and a source is remote.
    """

    def __init__(self, source: Source, seed: tuple[int, ...], limit: int = 0) -> None:
        shards = find_shards(source)
        self._limit = limit
        self.seed = seed
        self.remote = any(shard.remote for shard in shards)
        if limit and self.remote:
            raise DataError("some pictures are remote; a limit needs all of them on disk")
        self.groups = [[shard] for shard in shards] if self.remote else [shards]
        self._counts = [group[0].count if len(group) == 1 and not limit else None for group in self.groups]
        self._pool = ThreadPoolExecutor(1, "fetch")
        self._read: dict[int, Future[list[Entry]]] = {}  # entries by group
        self._position, self._first = 0, 0  # position of the last slot: its group, counted over epochs, and first slot

    def read(self, group: int) -> list[Entry]:
        """Return all entries of a group, or those that the limit selects."""
        entries = [entry for shard in self.groups[group] for entry in read_shard(shard)]
        if self._limit:
            entries = [entries[number] for number in sorted(permutation(len(entries), *self.seed)[: self._limit])]
        self._counts[group] = len(entries)
        return entries

    def locate(self, slot: int) -> tuple[list[Entry], int, int]:
        """Return the entries with the picture of a slot, its index in them, and the number of the first entry.

        Raises:
            DataError: If a shard cannot be read, or no shard contains a picture.
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
                raise unreadable_error(self)
            self._position, self._first = self._position + 1, self._first + count

    def close(self) -> None:
        """Wait for the running fetch and end the thread."""
        self._pool.shutdown(cancel_futures=True)

    def _group(self, position: int) -> int:
        epoch, place = divmod(position, len(self.groups))
        return int(permutation(len(self.groups), *self.seed, epoch)[place])

    def _entries(self, position: int) -> list[Entry]:
        """Return the entries at a position; start fetching those of the next one, and discard all others."""
        wanted = [self._group(position), self._group(position + 1)]
        self._read = {group: self._read.get(group) or self._pool.submit(self.read, group) for group in wanted}
        return self._read[wanted[0]].result()


def unreadable_error(order: Order) -> DataError:
    """Return the error if no picture can be read; it names the first shard."""
    shards = [shard.address for group in order.groups for shard in group]
    more = f" and {len(shards) - 1} more" if len(shards) > 1 else ""
    return DataError(f"no readable picture in {shards[0] if shards else 'an empty list'}{more}")
