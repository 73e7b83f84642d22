"""The queue of a server: requests run one after the other, and only a limited number may wait."""

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
INTERVAL = 0.2  # seconds between two checks whether a client is still connected


class Ticket:
    """A request in the queue, through which its work can be cancelled."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Stop the work at its next check."""
        self._cancelled.set()

    def check(self) -> None:
        """Raise `RefusedError` if the request was cancelled."""
        if self._cancelled.is_set():
            raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, "stopped")


class WorkQueue:
    """A thread that processes one request at a time, because the runtime uses all cores for one picture.

    Args:
        limits: Limits of waiting requests and of the time of each.
    """

    def __init__(self, limits: Limits) -> None:
        self.waiting = 0
        self._by_client: Counter[str] = Counter()
        self._limits = limits
        self._pool = ThreadPoolExecutor(1, "paint")

    async def run(self, work: Callable[[Ticket], T], gone: Callable[[], Awaitable[bool]], client: str = "") -> T:
        """Run work in the queue and return its result.

        Args:
            work: Called with its ticket, in the thread of the queue.
            gone: Returns whether the client has disconnected, which cancels the work.
            client: The client, see `client_of`.

        Raises:
            RefusedError: 429 if the queue is full, 408 if the work took too long or was cancelled.
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
        while not (await asyncio.wait({painted}, timeout=INTERVAL))[0]:
            if loop.time() > late:
                ticket.cancel()
                raise RefusedError(
                    HTTPStatus.REQUEST_TIMEOUT, f"the request took more than {self._limits.seconds} seconds"
                )
            if await gone():
                ticket.cancel()
                break
        return await painted

    def close(self) -> None:
        """End the thread after its last request."""
        self._pool.shutdown()

    def _leave(self, client: str, painted: "asyncio.Future[T]") -> None:
        self.waiting -= 1
        self._by_client[client] -= 1
        if not self._by_client[client]:
            del self._by_client[client]
        if not painted.cancelled():
            painted.exception()  # marks the error as retrieved, as there may be no client to receive it
