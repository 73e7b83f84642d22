"""A real server in its own process on 127.0.0.1."""

import contextlib
import gc
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import httpx2
import numpy as np
import pytest
import uvicorn
from PIL import Image

from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.web.api.limits import Limits
from brushwork.web.server import Access, run
from tests.web.conftest import Serve, encode


def test_sigterm_finishes_running_requests(serve: Serve) -> None:
    server, address = serve("--no-page")
    noise = np.random.default_rng(0).integers(0, 255, (24, 32, 3), dtype=np.uint8)
    buffer = BytesIO()
    frames = [Image.fromarray(np.roll(noise, shift, axis=1)).resize((256, 192)) for shift in range(24)]
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], duration=40, lossless=True)

    with httpx2.Client(base_url=address, timeout=100) as client, ThreadPoolExecutor(1) as pool:
        files = {"content": buffer.getvalue(), "style": encode((200, 30, 30), size=(96, 96))}
        running = pool.submit(client.post, "/v1/stylize", files=files)
        with httpx2.Client(base_url=address) as other:
            while other.get("/healthz").json()["waiting"] == 0:
                pass
        server.send_signal(signal.SIGTERM)
        answer = running.result()
    assert answer.status_code == 200
    assert getattr(Image.open(BytesIO(answer.content)), "n_frames", 1) == 24
    assert server.wait(30) in (0, -signal.SIGTERM)
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(address)


def test_a_picture_of_the_largest_allowed_size_fits_into_the_memory_limit(serve: Serve) -> None:
    """In a control group a server uses 0.7 of what is left; here --memory sets it, and the picture is scaled down."""
    group = 860  # MB
    server, address = serve("--no-page", "--pixels", "1", "--memory", f"{round(0.7 * group)}M", "--seconds", "600")
    noise = np.random.default_rng(0).integers(0, 255, (1000, 1000, 3), dtype=np.uint8)
    buffer = BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    data = {"style_name": "ukiyo-e", "strength": "0.5"}
    answer = httpx2.post(f"{address}/v1/stylize", files={"content": buffer.getvalue()}, data=data, timeout=600)
    assert answer.status_code == 200
    status = dict(line.split(":", 1) for line in Path(f"/proc/{server.pid}/status").read_text().splitlines())
    assert int(status["VmHWM"].split()[0]) / 1024 < group


def test_temporary_files_are_deleted_when_the_server_ends(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    server, address = serve()
    assert httpx2.get(address, timeout=60).status_code == 200
    assert list(tmp_path.glob("brushwork-*"))
    server.send_signal(signal.SIGTERM)
    server.wait(60)
    assert list(tmp_path.glob("brushwork-*")) == []


def test_listening_on_all_addresses_prints_a_warning(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "brushwork", "serve", "--port", "0", "--no-page", "--host", "0.0.0.0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        said = [server.stderr.readline() for _ in range(4)]
        server.kill()
    assert "every machine that can reach it" in said[0]
    assert "set --token" in said[1]


def test_a_port_in_use_is_a_one_line_error(serve: Serve) -> None:
    _, address = serve("--no-page")
    port = address.rpartition(":")[2]
    ended = subprocess.run(
        [sys.executable, "-m", "brushwork", "serve", "--port", port, "--no-page"], capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert f"cannot listen on 127.0.0.1, port {port}" in ended.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="another process's limits can be set on Linux alone")
def test_more_connections_than_file_handles_do_not_stop_the_server(serve: Serve) -> None:
    resource = pytest.importorskip("resource")
    server, address = serve("--model", "brushwork-mobile")
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (256, 256))  # as a program begins on macOS
    port = int(address.rpartition(":")[2])
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
    transport = httpx2.HTTPTransport(retries=100)
    with httpx2.Client(transport=transport, timeout=60) as client:
        assert client.get(f"{address}/healthz").status_code == 200


def test_what_is_loaded_before_the_start_is_left_out_of_garbage_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collection holds the interpreter lock, so that all answers wait; with everything loaded it takes 60 ms."""
    counts: list[int] = []

    def record(server: uvicorn.Server, sockets: list[socket.socket]) -> None:
        counts.append(gc.get_freeze_count())
        sockets[0].close()

    monkeypatch.setattr(uvicorn.Server, "run", record)
    try:
        run(Stylizer(FakeRuntime()), "fake", Access(port=0), Limits(), page=False)
    finally:
        gc.unfreeze()
    assert counts[0] > len(sys.modules)  # a module has at least a dictionary of its own
