"""Work that runs ahead of its consumer, in threads, with results in order."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice, repeat
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
END = object()


def map_ahead(
    function: Callable[[T], R], items: Iterable[T], *, workers: int = 1, ahead: int = 1
) -> Generator[R, None, None]:
    """Yield ``function(item)`` of every item, in order, computed in threads; the first is begun at once.

    Once another item has been begun, a result that is ready is yielded, so a slow iterator of items delays none for
    long. An error is raised where its result would have come. Closing the generator cancels what has not begun and
    waits for the rest.

    Args:
        function: The function to run in the threads.
        items: Its arguments, taken one at a time in the consumer's thread.
        workers: Number of threads.
        ahead: Items that may be begun before the oldest result is asked for; at least `workers` - 1 keeps all busy.
    """
    pool, remaining = ThreadPoolExecutor(workers), iter(items)
    pending: deque[Future[R]] = deque()

    def begin() -> bool:
        """Begin the next item; False where there is none."""
        for item in islice(remaining, 1):
            pending.append(pool.submit(function, item))
            return True
        return False

    def results() -> Generator[R, None, None]:
        try:
            while pending or begin():
                while len(pending) <= ahead and begin() and not pending[0].done():
                    pass  # there is room for more, and nothing to yield
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    begin()
    return results()


def prefetch(items: Iterator[T], count: int = 1) -> Generator[T, None, None]:
    """Yield the same items in the same order, produced in a thread of its own.

    An error of the iterator is raised where its item would have come. Closing the generator ends the thread after the
    item it is working on, and closes the iterator.

    Args:
        items: The iterator to run in the thread.
        count: Items that may be produced before they are asked for.
    """

    def take(_: None) -> object:
        return next(items, END)

    try:
        with closing(map_ahead(take, repeat(None), ahead=count)) as produced:
            for item in produced:
                if item is END:
                    return
                yield item  # type: ignore[misc]  # END is the only object here that is no item
    finally:
        if hasattr(items, "close"):
            items.close()
