"""Progress of requests, which clients can follow by a key of their choice."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable

KEPT = 256  # requests whose progress is stored
INTERVAL = 0.1  # seconds between two checks
HEARTBEAT = 15.0  # seconds of silence after which a comment keeps the connection open


class ProgressBoard:
    """The completed fractions of running requests."""

    def __init__(self) -> None:
        self._fractions: OrderedDict[str, float] = OrderedDict()

    def reporter(self, key: str | None) -> Callable[[float], None]:
        """Return a function that stores the completed fraction of the request with a key, if there is one."""
        if key is None:
            return lambda fraction: None
        self._fractions[key] = 0.0
        while len(self._fractions) > KEPT:
            self._fractions.popitem(last=False)

        def report(fraction: float) -> None:
            if key in self._fractions:
                self._fractions[key] = fraction

        return report

    def forget(self, key: str | None) -> None:
        """End the progress of a request."""
        if key is not None:
            self._fractions.pop(key, None)

    async def events(self, key: str) -> AsyncIterator[str]:
        """Yield server-sent events: ``progress`` with the fraction as it changes, then ``done``.

        If the request has not started, the stream ends without events, and browsers reconnect automatically.
        """
        silent, last = 0.0, -1.0
        yield "retry: 500\n\n"
        if key not in self._fractions:
            return
        while (fraction := self._fractions.get(key)) is not None:
            if fraction != last:
                last, silent = fraction, 0.0
                yield f'event: progress\ndata: {{"fraction": {fraction:.3f}}}\n\n'
            elif silent >= HEARTBEAT:
                silent = 0.0
                yield ": still here\n\n"
            await asyncio.sleep(INTERVAL)
            silent += INTERVAL
        yield "event: done\ndata: {}\n\n"
