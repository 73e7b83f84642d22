"""Attacks: reading files, bombs, playlists, traversal, malformed requests."""

import os
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path

import psutil
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.web.api import scratch
from brushwork.web.api.limits import Limits
from brushwork.web.api.problems import RefusedError
from brushwork.web.app import build
from tests.web.conftest import RED, encode

PATHS = (
    "/gradio_api/file=/etc/passwd", "/file=/etc/passwd", "/page/%2e%2e/%2e%2e/app.py", "/page/..%2fapp.py",
    "/static/../../etc/passwd", "//etc/passwd", "/v1/styles/..%2f..%2fconfig.json/thumbnail",
    "/v1/styles/%2fetc%2fpasswd/thumbnail", "/v1/clips/..%2f..%2fetc%2fpasswd/pastiche", "/docs", "/redoc",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_no_path_reads_a_file_or_shows_an_undocumented_route(path: str) -> None:
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


def _animation(frames: int, side: int) -> bytes:
    buffer = BytesIO()
    images = [Image.new("L", (side, side), 5 * shade) for shade in range(frames)]
    images[0].save(buffer, "GIF", save_all=True, append_images=images[1:], duration=20)
    return buffer.getvalue()


def _scans() -> bytes:
    """A JPEG whose last scan is repeated a thousand times; each covers all pixels and takes a few bytes."""
    buffer = BytesIO()
    Image.new("L", (640, 480), 128).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    return data[:-2] + 1000 * data[data.rindex(b"\xff\xda") : -2] + data[-2:]


def _bomb() -> bytes:
    buffer = BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: _animation(50, 300), "frames"),  # a few kilobytes that would become 4.5 megapixels
        (_bomb, "exceed the limit"),
        (_scans, "scans"),
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


def test_a_file_name_from_a_client_never_names_a_file_of_the_server(tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    name = f"../../../..{tmp_path}/written.png"
    with TestClient(build(Stylizer(FakeRuntime()), "colours"), base_url="http://localhost") as client:
        files = {"content": (name, encode(RED)), "style": (name, encode(RED))}
        assert client.post("/v1/stylize", files=files).status_code == 200
        assert client.post("/v1/stylize", files={"content": encode(RED)}, data={"style_name": name}).status_code == 400
    assert sorted(tmp_path.rglob("*")) == before


def test_files_of_a_crashed_server_are_deleted_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "pid_exists", lambda pid: pid == os.getpid())
    dead, own = (tmp_path / f"{scratch.PREFIX}{pid}-abc" for pid in (999_999, os.getpid()))
    foreign = tmp_path / "brushwork-clips-notes"
    for folder in (dead, own, foreign):
        folder.mkdir()
        (folder / "clip.mp4").write_bytes(b"x")
    scratch.remove_orphans(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([own, foreign])


def test_clips_cannot_exceed_their_quota() -> None:
    folder = scratch.ScratchFolder(1000)
    folder.check(1000)
    (folder.path / "clip.mp4").write_bytes(bytes(600))
    with pytest.raises(RefusedError, match="no space for more clips"):
        folder.check(401)
    folder.remove()
    assert not folder.path.exists()
