"""The queue of a server: one request is worked on after the other, and no more may wait than limits allow."""

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import TypeVar

from brushwork.web.api.limits import Limits
from brushwork.web.api.problems import RefusedError

T = TypeVar("T")
LOOK = 0.2  # seconds between two looks at whether a client is still there


class Ticket:
    """A request's place in the queue; the work asks it now and then whether anybody still waits."""

    def __init__(self) -> None:
        self._given_back = threading.Event()

    def give_back(self) -> None:
        """Let the work stop where it next asks."""
        self._given_back.set()

    def check(self) -> None:
        """Raise `RefusedError` where nobody waits any more."""
        if self._given_back.is_set():
            raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, "stopped")


class WorkQueue:
    """A thread that works for clients, one request at a time: the runtime uses all cores for one picture.

    Args:
        limits: How many requests may wait, and how long each may take.
    """

    def __init__(self, limits: Limits) -> None:
        self.waiting = 0
        self._by_client: Counter[str] = Counter()
        self._limits = limits
        self._pool = ThreadPoolExecutor(1, "paint")

    async def run(self, work: Callable[[Ticket], T], gone: Callable[[], Awaitable[bool]], client: str = "") -> T:
        """Return what the work returns, once it was its turn.

        Args:
            work: Called with its ticket, in the thread of the queue.
            gone: Tells whether the client has left; then the work stops.
            client: Who asks, see `client_of`.

        Raises:
            RefusedError: 429 where the queue is full, 408 where it took too long or nobody waits any more.
        """
        if self.waiting >= self._limits.queue or self._by_client[client] >= self._limits.client_queue:
            raise RefusedError(
                HTTPStatus.TOO_MANY_REQUESTS, "too many requests at once; try again", {"Retry-After": "1"}
            )
        self.waiting += 1
        self._by_client[client] += 1
        ticket = Ticket()
        loop = asyncio.get_running_loop()
        late = loop.time() + self._limits.seconds

        def begin() -> T:
            ticket.check()
            return work(ticket)

        painted = loop.run_in_executor(self._pool, begin)
        painted.add_done_callback(partial(self._leave, client))
        while not (await asyncio.wait({painted}, timeout=LOOK))[0]:
            if loop.time() > late:
                ticket.give_back()
                raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, f"more than {self._limits.seconds} seconds")
            if await gone():
                ticket.give_back()
                break
        return await painted

    def close(self) -> None:
        """End the thread, once it has nothing left to do."""
        self._pool.shutdown()

    def _leave(self, client: str, painted: "asyncio.Future[T]") -> None:
        self.waiting -= 1
        self._by_client[client] -= 1
        if not self._by_client[client]:
            del self._by_client[client]
        if not painted.cancelled():
            painted.exception()  # somebody has looked: nobody may be left who waits for it
