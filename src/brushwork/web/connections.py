"""Connections of a server: no more than it has files for, and none that is held open without a request."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

# Seconds from opening a connection, or from the first byte of the next request on it, to the end of its headers.
HEADERS_WITHIN = 10.0
MOST = 200  # connections at once; the usual limit of open files is 256 on macOS and 1,024 on Linux


class GuardedProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it; slow and surplus connections are closed."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a connection, or closes it where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MOST:
            transport.close()
        else:
            self._watch()

    def data_received(self, data: bytes) -> None:
        """Takes data; a request must have all its headers in time, however slowly they come."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._watch()
        else:
            self._rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        self._rest()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEADERS_WITHIN, self.transport.close)

    def _rest(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
