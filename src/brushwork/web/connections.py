"""Limits of a server's connections: their number, and the time that clients may take to send and to read."""

import asyncio
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

try:
    import resource
except ImportError:  # on Windows, where sockets are not files
    resource = None  # type: ignore[assignment]

# Seconds from the opening of a connection, or from the first byte of a further request, to the end of its headers.
HEADERS_WITHIN = 10.0
READS_WITHIN = 30.0  # seconds within which a client must read a part of a waiting response
MESSAGE = 4 * 10**6  # largest message of a WebSocket in bytes
# Connections at once, at most half of the files that may be open; pictures and the model need the others.
MAX_CONNECTIONS = 200
BACKLOG = 32  # connections that the system accepts in advance
FILES = 1024  # files that the process may open, if the system permits; the default on macOS is 256


class GuardedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, which also closes surplus connections and those that do not send or do not read."""

    _headers_timer: asyncio.TimerHandle | None = None
    _read_timer: asyncio.TimerHandle | None = None
    _unread = 0  # bytes of the response that were unread at the last check

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection, or close it if there are too many."""
        super().connection_made(transport)
        if len(self.connections) > min(MAX_CONNECTIONS, _max_files() // 2):
            transport.close()
        else:
            self._start_headers_timer()
            self._read_timer = self.loop.call_later(READS_WITHIN, self._check_reader)

    def data_received(self, data: bytes) -> None:
        """Process data; all headers of a request must arrive in time."""
        super().data_received(data)
        if self.transport.get_protocol() is not self:  # a WebSocket, which has its own time limits
            self._stop_headers_timer()
        elif self.cycle is None or self.cycle.response_complete:
            self._start_headers_timer()
        else:
            self._stop_headers_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers of the connection."""
        self._stop_headers_timer()
        if self._read_timer is not None:
            self._read_timer.cancel()
        super().connection_lost(exc)

    def _start_headers_timer(self) -> None:
        if self._headers_timer is None:
            self._headers_timer = self.loop.call_later(HEADERS_WITHIN, self.transport.close)

    def _stop_headers_timer(self) -> None:
        if self._headers_timer is not None:
            self._headers_timer.cancel()
            self._headers_timer = None

    def _check_reader(self) -> None:
        """Abort a connection whose client read nothing since the last check; closing would wait for the client."""
        if self.transport.is_closing():  # a WebSocket ends without a call of this protocol
            return
        unread = self.transport.get_write_buffer_size()
        if unread and unread == self._unread:
            self.transport.abort()
            return
        self._unread = unread
        self._read_timer = self.loop.call_later(READS_WITHIN, self._check_reader)


def _max_files() -> int:
    """Return the number of files that this process may open."""
    if resource is None:
        return 2 * MAX_CONNECTIONS
    return int(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def raise_file_limit() -> None:
    """Raise the limit of open files of this process to `FILES`, or to the system's maximum."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


# Options of uvicorn. Compression of WebSockets is off because messages would be decompressed without a limit.
PROTOCOLS: dict[str, Any] = {
    "http": GuardedProtocol, "ws": "wsproto", "ws_max_size": MESSAGE, "ws_per_message_deflate": False,
    "backlog": BACKLOG,
}  # fmt: skip
