"""What strangers try: reading files, slow and surplus connections, bombs, playlists, traversal, malformed requests."""

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path

import httpx2
import numpy as np
import psutil
import pytest
import uvicorn
from fastapi.testclient import TestClient
from PIL import Image

from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.web import connections
from brushwork.web.api import scratch
from brushwork.web.api.limits import Limits
from brushwork.web.api.problems import RefusedError
from brushwork.web.app import build
from tests.web.conftest import RED, encode

Address = tuple[str, int]
PATHS = (
    "/gradio_api/file=/etc/passwd", "/file=/etc/passwd", "/page/%2e%2e/%2e%2e/app.py", "/page/..%2fapp.py",
    "/static/../../etc/passwd", "//etc/passwd", "/v1/styles/..%2f..%2fconfig.json/thumbnail",
    "/v1/styles/%2fetc%2fpasswd/thumbnail", "/v1/clips/..%2f..%2fetc%2fpasswd/pastiche", "/docs", "/redoc",
)  # fmt: skip


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[Address]:
    """A real server with little patience: connections that send nothing are closed after a tenth of a second."""
    monkeypatch.setattr(connections, "HEADERS_WITHIN", 0.1)
    monkeypatch.setattr(connections, "MOST", 8)
    app = build(Stylizer(FakeRuntime()), "colours", limits=Limits(idle=1))
    config = uvicorn.Config(app, http=connections.GuardedProtocol, ws="none", log_level="error")
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield listener.getsockname()
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("path", PATHS)
def test_no_path_reads_a_file_or_shows_more_than_is_documented(path: str) -> None:
    with TestClient(build(Stylizer(FakeRuntime()), "colours"), base_url="http://localhost") as client:
        answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "root:" not in answer.text


def test_every_route_is_documented_or_a_file_of_the_page() -> None:
    app = build(Stylizer(FakeRuntime()), "colours")
    documented = set(app.openapi()["paths"])
    served = set(_paths(app.routes))
    page = {path for path in served if path.startswith("/page/")} | {"/", "/favicon.ico", "/openapi.json"}
    assert len(page) > 20 and served - page == documented
    assert not any("{" in path for path in page)


def _paths(routes: Iterable[object]) -> Iterator[str]:
    """The paths of routes, and of those that they include."""
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        if hasattr(route, "path"):
            yield route.path
        elif inner is not None:
            yield from _paths(inner.routes)
        else:
            raise AssertionError(f"a route of an unknown kind: {route!r}")


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"POST /v1/embed HTT"])
def test_a_connection_without_a_whole_request_is_closed(address: Address, sent: bytes) -> None:
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(sent)
        assert connection.recv(100) == b""  # closed by the server; a patient one would let this time out


def test_a_second_request_on_a_connection_is_not_waited_for_either(address: Address) -> None:
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = connection.recv(10_000)
        assert answer.startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /healthz HT")
        rest = b"".join(iter(lambda: connection.recv(10_000), b""))
        assert b"HTTP/1.1" not in rest


def test_a_body_that_stops_coming_is_given_up(address: Address) -> None:
    head = b"POST /v1/embed HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(head + b"Content-Length: 1000\r\n\r\n--x\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 408")


def test_idle_connections_do_not_end_service(address: Address) -> None:
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


def _animation(frames: int, side: int) -> bytes:
    buffer = BytesIO()
    images = [Image.new("L", (side, side), 5 * shade) for shade in range(frames)]
    images[0].save(buffer, "GIF", save_all=True, append_images=images[1:], duration=20)
    return buffer.getvalue()


def _bomb() -> bytes:
    buffer = BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: _animation(50, 300), "frames"),  # a few kilobytes that would become 4.5 megapixels
        (_bomb, "more than the limit"),
        (lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "not a picture"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>", "not a picture"),
        (lambda: b"%PDF-1.4", "not a picture"),
    ],
)
def test_bombs_and_disguises_are_refused_before_they_cost_anything(content: Callable[[], bytes], words: str) -> None:
    limits = Limits(upload=8, pixels=50, animation=2)
    data = content()
    with TestClient(build(Stylizer(FakeRuntime()), "colours", limits=limits), base_url="http://localhost") as client:
        answer = client.post("/v1/stylize", files={"content": data, "style": encode(RED)})
    assert answer.status_code == 400
    assert words in answer.json()["detail"]


MALFORMED = (
    ("multipart/form-data", b"--x\r\n"),
    ("multipart/form-data; boundary=x", b"--y\r\n\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\n" + b"A" * 100_000),
    ("multipart/form-data; boundary=" + "x" * 5000, b""),
    ("application/json", b'{"content": "/etc/passwd"}'),
    ("text/plain", b"content=/etc/passwd"),
)


@pytest.mark.parametrize(("kind", "body"), MALFORMED)
def test_malformed_requests_are_problems(kind: str, body: bytes) -> None:
    with TestClient(build(Stylizer(FakeRuntime()), "colours"), base_url="http://localhost") as client:
        answer = client.post("/v1/stylize", content=body, headers={"Content-Type": kind})
    assert answer.status_code in (400, 415, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_file_name_from_a_client_names_nothing_on_the_machine(tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    name = f"../../../..{tmp_path}/written.png"
    with TestClient(build(Stylizer(FakeRuntime()), "colours"), base_url="http://localhost") as client:
        files = {"content": (name, encode(RED)), "style": (name, encode(RED))}
        assert client.post("/v1/stylize", files=files).status_code == 200
        assert client.post("/v1/stylize", files={"content": encode(RED)}, data={"style_name": name}).status_code == 400
    assert sorted(tmp_path.rglob("*")) == before


def test_what_a_crashed_server_left_goes_at_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "pid_exists", lambda pid: pid == os.getpid())
    dead, own = (tmp_path / f"{scratch.PREFIX}{pid}-abc" for pid in (999_999, os.getpid()))
    foreign = tmp_path / "brushwork-clips-notes"
    for folder in (dead, own, foreign):
        folder.mkdir()
        (folder / "clip.mp4").write_bytes(b"x")
    scratch.remove_orphans(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([own, foreign])


def test_clips_have_no_more_room_than_they_are_given() -> None:
    folder = scratch.ScratchFolder(1000)
    folder.check(1000)
    (folder.path / "clip.mp4").write_bytes(bytes(600))
    with pytest.raises(RefusedError, match="no room for more clips"):
        folder.check(401)
    folder.remove()
    assert not folder.path.exists()


def test_noise_as_requests_does_not_end_service(address: Address) -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        with socket.create_connection(address, timeout=30) as connection:
            connection.sendall(random.bytes(2000))
            connection.recv(1000)
    with httpx2.Client() as client:
        assert _until_served(client, f"http://127.0.0.1:{address[1]}/healthz").status_code == 200
