"""Iterators that work ahead of their consumer."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
END = object()


def prefetch(items: Iterator[T], count: int = 1) -> Generator[T, None, None]:
    """Yields the same items in the same order, produced in a thread of its own.

    An error of the iterator is raised where its item would have come. Closing the generator ends the thread after the
    item it is working on.

    Args:
        items: The iterator to run in the thread.
        count: Items that may be produced before they are asked for.
    """
    with ThreadPoolExecutor(1) as worker:
        pending: deque[Future[object]] = deque(worker.submit(next, items, END) for _ in range(count))
        try:
            while (item := pending.popleft().result()) is not END:
                pending.append(worker.submit(next, items, END))
                yield item  # type: ignore[misc]  # END is the only object here that is no item
        finally:
            worker.shutdown(wait=True, cancel_futures=True)
            if hasattr(items, "close"):
                items.close()
