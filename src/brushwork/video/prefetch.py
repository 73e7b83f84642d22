"""Iterators that work ahead of whoever consumes them."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
END = object()


def prefetch(items: Iterator[T], count: int = 1) -> Generator[T, None, None]:
    """The same items, made in a thread of their own, at most so many before they are asked for.

    What goes wrong is raised where the item would have come. Closing this ends the thread after the item it is at.
    """
    with ThreadPoolExecutor(1) as worker:
        coming: deque[Future[object]] = deque(worker.submit(next, items, END) for _ in range(count))
        try:
            while (item := coming.popleft().result()) is not END:
                coming.append(worker.submit(next, items, END))
                yield item  # type: ignore[misc]  # END is the one thing that is no item
        finally:
            worker.shutdown(wait=True, cancel_futures=True)
            if hasattr(items, "close"):
                items.close()
