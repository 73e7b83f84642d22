"""Hostile connections: slow to send, slow to read, idle, too many, and noise."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import numpy as np
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.web import connections
from brushwork.web.api.limits import Limits
from brushwork.web.app import build

Address = tuple[str, int]
HEAD = b"POST /v1/embed HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
DROPPED_WITHIN = 60  # seconds


class Connections(set[Any]):
    """The connections of a server, whose end can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def discard(self, connection: object) -> None:
        """Remove a connection that has ended, as uvicorn does."""
        with self._changed:
            super().discard(connection)
            self._changed.notify_all()

    def remove(self, connection: object) -> None:
        """Remove a WebSocket that has ended, as uvicorn does."""
        with self._changed:
            super().remove(connection)
            self._changed.notify_all()

    def all_end(self) -> bool:
        """Wait until all connections have ended; return whether they have."""
        with self._changed:
            return self._changed.wait_for(lambda: not self, DROPPED_WITHIN)


@contextlib.contextmanager
def serving(app: Callable[..., object]) -> Iterator[tuple[Connections, Address]]:
    """A real server of an application: its connections and its address."""
    config = uvicorn.Config(app, **connections.PROTOCOLS, log_level="critical", lifespan="off")
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(config)
    server.server_state.connections = open_connections = Connections()
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield open_connections, listener.getsockname()
    server.should_exit = True
    thread.join()


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[Address]:
    """A real server with short limits: connections that send nothing are closed after a tenth of a second."""
    monkeypatch.setattr(connections, "HEADERS_WITHIN", 0.1)
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 8)
    with serving(build(Stylizer(FakeRuntime()), "colours", limits=Limits(idle=1))) as (_, address):
        yield address


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"POST /v1/embed HTT"])
def test_a_connection_without_a_whole_request_is_closed(address: Address, sent: bytes) -> None:
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(sent)
        assert connection.recv(100) == b""  # closed by the server; a patient one would let this time out


def test_the_time_limit_also_applies_to_a_second_request(address: Address) -> None:
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = connection.recv(10_000)
        assert answer.startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /healthz HT")
        rest = b"".join(iter(lambda: connection.recv(10_000), b""))
        assert b"HTTP/1.1" not in rest


def test_a_body_that_stops_is_answered_with_408(address: Address) -> None:
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n--x\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 408")


def test_a_body_sent_byte_by_byte_is_answered_with_408(address: Address) -> None:
    """Each byte arrives in time, but the whole body would never end."""
    with socket.create_connection(address, timeout=0.1) as connection:
        connection.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n--x\r\n")
        for _ in range(1000):
            with contextlib.suppress(TimeoutError):
                answer = connection.recv(100)
                break
            connection.sendall(b"-")
    assert answer.startswith(b"HTTP/1.1 408")


def test_a_client_that_does_not_read_its_answer_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "READS_WITHIN", 0.1)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(64):
            await send({"type": "http.response.body", "body": bytes(2**20), "more_body": True})

    with serving(app) as (open_connections, address), socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(address)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(10).startswith(b"HTTP/1.1")  # it is being answered, and no more is read
        assert open_connections.all_end()


def test_idle_connections_do_not_stop_the_server(address: Address) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(64):
            stack.enter_context(socket.create_connection(address, timeout=30))
        transport = httpx2.HTTPTransport(retries=100)  # while there are too many, a new one is closed at once
        with httpx2.Client(transport=transport) as client:
            answer = _until_served(client, f"http://127.0.0.1:{address[1]}/healthz")
    assert answer.json()["status"] == "ok"


def _until_served(client: httpx2.Client, address: str) -> httpx2.Response:
    for _ in range(1000):
        with contextlib.suppress(httpx2.TransportError):
            return client.get(address)
    raise AssertionError("not served in a thousand tries")


def test_noise_as_requests_does_not_stop_the_server(address: Address) -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        with socket.create_connection(address, timeout=30) as connection:
            connection.sendall(random.bytes(2000))
            connection.recv(1000)
    with httpx2.Client() as client:
        assert _until_served(client, f"http://127.0.0.1:{address[1]}/healthz").status_code == 200


def _websocket(address: Address) -> socket.socket:
    """A connection that has become a WebSocket."""
    connection = socket.create_connection(address, timeout=30)
    connection.sendall(
        b"GET /v1/camera HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    assert head.startswith(b"HTTP/1.1 101") and b"deflate" not in head
    return connection


def _message(length: int) -> bytes:
    """The head of a binary message of so many bytes, 65,536 or more; they go as they are, for their mask is 0."""
    return b"\x82\xff" + length.to_bytes(8) + bytes(4)


def _close_code(connection: socket.socket) -> int:
    """The code with which a WebSocket is closed (RFC 6455, section 5.5.1)."""
    head = connection.recv(2)
    assert head[0] == 0x88
    return int.from_bytes(connection.recv(2))


def test_a_websocket_is_closed_by_silence_and_not_by_the_limit_for_headers(address: Address) -> None:
    with _websocket(address) as connection:
        assert _close_code(connection) == 1000  # after a second, ten times as long


def test_an_incomplete_message_ends_the_websocket(address: Address) -> None:
    with _websocket(address) as connection:
        connection.sendall(_message(100_000) + bytes(10))
        assert _close_code(connection) == 1000


def test_a_message_larger_than_allowed_ends_the_websocket(address: Address) -> None:
    with _websocket(address) as connection:
        connection.sendall(_message(2 * connections.MESSAGE) + bytes(connections.MESSAGE + 1))
        assert _close_code(connection) == 1009


def test_a_client_that_does_not_read_a_websocket_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "READS_WITHIN", 0.1)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        for _ in range(64):
            await send({"type": "websocket.send", "bytes": bytes(2**20)})

    with serving(app) as (open_connections, address), _websocket(address):
        assert open_connections.all_end()
