"""Connections of a server: no more than it has files for, and none that is held open without getting anywhere."""

import asyncio
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

try:
    import resource
except ImportError:  # on Windows, where sockets are no files
    resource = None  # type: ignore[assignment]

# Seconds from opening a connection, or from the first byte of the next request on it, to the end of its headers.
HEADERS_WITHIN = 10.0
READS_WITHIN = 30.0  # seconds in which a client must take something of the answer that waits for it
MESSAGE = 4 * 10**6  # bytes of a message of a WebSocket, the most
MOST = (
    200  # connections at once, no more than half of the files that may be open; the rest is for pictures and the model
)
BACKLOG = 32  # connections that are taken before any of them is looked at
FILES = 1024  # that the process may open, where the system lets it: on macOS a program begins with 256


class GuardedProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it; surplus connections are closed, and those that do not send or do not read."""

    _late: asyncio.TimerHandle | None = None
    _look: asyncio.TimerHandle | None = None
    _unread = 0  # bytes of the answer that had not been taken at the last look

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or closes it where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > min(MOST, _files() // 2):
            transport.close()
        else:
            self._watch()
            self._look = self.loop.call_later(READS_WITHIN, self._look_at_reader)

    def data_received(self, data: bytes) -> None:
        """Take data; a request must have all its headers in time, however slowly they come."""
        super().data_received(data)
        if self.transport.get_protocol() is not self:  # it has become a WebSocket, which has a clock of its own
            self._rest()
        elif self.cycle is None or self.cycle.response_complete:
            self._watch()
        else:
            self._rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._rest()
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEADERS_WITHIN, self.transport.close)

    def _rest(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _look_at_reader(self) -> None:
        """End a connection whose client took nothing since the last look; to close it would wait for the client."""
        if self.transport.is_closing():  # as a WebSocket it ends without a word to this protocol
            return
        unread = self.transport.get_write_buffer_size()
        if unread and unread == self._unread:
            self.transport.abort()
            return
        self._unread = unread
        self._look = self.loop.call_later(READS_WITHIN, self._look_at_reader)


def _files() -> int:
    """How many files this process may have open."""
    if resource is None:
        return 2 * MOST
    return int(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def raise_files() -> None:
    """Let this process open `FILES` files, or as many as the system lets it."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


# What uvicorn is told: compressed messages of a WebSocket would be unpacked without a limit.
PROTOCOLS: dict[str, Any] = {
    "http": GuardedProtocol, "ws": "wsproto", "ws_max_size": MESSAGE, "ws_per_message_deflate": False,
    "backlog": BACKLOG,
}  # fmt: skip
