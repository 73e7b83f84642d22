"""Computes items in threads ahead of their consumer and yields the results in order."""

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
    """Yield ``function(item)`` for every item in order, computed in threads; the first item is started immediately.

    A finished result is yielded as soon as one more item has been started, so a slow iterator of items delays results
    little. An error is raised in the place of its result. Closing the generator cancels items that have not been
    started and waits for the others.

    Args:
        function: Function to run in the threads.
        items: Its arguments, iterated in the consumer's thread.
        workers: Number of threads.
        ahead: Number of items that may be started before the oldest result is requested; `workers` - 1 or more keeps
            all threads busy.
    """
    pool, remaining = ThreadPoolExecutor(workers), iter(items)
    pending: deque[Future[R]] = deque()

    def begin() -> bool:
        """Start the next item; return False if there is none."""
        for item in islice(remaining, 1):
            pending.append(pool.submit(function, item))
            return True
        return False

    def results() -> Generator[R, None, None]:
        try:
            while pending or begin():
                while len(pending) <= ahead and begin() and not pending[0].done():
                    pass  # more items may be started, and no result is ready
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    begin()
    return results()


def prefetch(items: Iterator[T], count: int = 1) -> Generator[T, None, None]:
    """Yield the items of an iterator in order, produced in a separate thread.

    An error of the iterator is raised in the place of its item. Closing the generator ends the thread after the current
    item and closes the iterator.

    Args:
        items: Iterator to run in the thread.
        count: Number of items that may be produced before they are requested.
    """

    def take(_: None) -> object:
        return next(items, END)

    try:
        with closing(map_ahead(take, repeat(None), ahead=count)) as produced:
            for item in produced:
                if item is END:
                    return
                yield item  # type: ignore[misc]  # END is the only object that is not an item
    finally:
        if hasattr(items, "close"):
            items.close()
