"""An application over a model whose answers can be worked out by hand: a pastiche is the style's mean colour."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import httpx2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.web.api.limits import Limits
from brushwork.web.api.origins import Names
from brushwork.web.app import build

Serve = Callable[..., tuple[subprocess.Popen[str], str]]
Response: TypeAlias = Any  # of httpx or of httpx2, whichever Starlette finds
STARTS_WITHIN, ANSWERS_WITHIN = 120, 60  # seconds
RED, BLUE = (255, 0, 0), (0, 0, 255)


def encode(colour: tuple[int, ...], kind: str = "PNG", size: tuple[int, int] = (32, 24), **options: object) -> bytes:
    """A picture of one colour, encoded."""
    buffer = BytesIO()
    Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour).save(buffer, kind, **options)
    return buffer.getvalue()


def pixels(data: bytes) -> np.ndarray:
    """The decoded pixels (H, W, 3) of 8 bits."""
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))


@pytest.fixture
def runtime() -> FakeRuntime:
    return FakeRuntime()


@pytest.fixture
def client(runtime: FakeRuntime) -> Iterator[TestClient]:
    limits = Limits(upload=1, pixels=1, frames=3, styles=3)
    with TestClient(
        build(Stylizer(runtime), "colours", limits=limits, names=Names.of(["testserver"]), page=False)
    ) as client:
        yield client


class Servers:
    """Servers in processes of their own, on free ports of 127.0.0.1; what they say goes to a file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[tuple[subprocess.Popen[str], str, Path]] = []

    def start(self, *arguments: str) -> tuple[subprocess.Popen[str], str]:
        """Start one; its process and its address."""
        said = self.folder / f"server-{len(self.started)}.txt"
        command = [sys.executable, "-X", "faulthandler", "-m", "brushwork", "serve", "--port", "0", *arguments]
        with said.open("w") as file:
            server = subprocess.Popen(command, stderr=file, text=True)
        late = time.monotonic() + STARTS_WITHIN
        while not (found := re.search(r"^(http://\S+)\n", said.read_text(), re.MULTILINE)):
            if server.poll() is not None or time.monotonic() > late:
                server.kill()
                raise AssertionError(f"the server does not listen; it said: {said.read_text()}")
            time.sleep(0.05)
        self.started.append((server, found[1], said))
        return server, found[1]

    def close(self) -> None:
        """End them all.

        Raises:
            AssertionError: If one does not answer any more, with the stacks of its threads.
        """
        hung = []
        for server, address, said in self.started:
            if server.poll() is None:
                try:
                    httpx2.get(f"{address}/healthz", timeout=ANSWERS_WITHIN)
                except httpx2.TimeoutException:
                    server.send_signal(signal.SIGABRT)
                    server.wait()
                    hung.append(said.read_text())
                server.kill()
            server.wait()
        assert not hung, "\n".join(hung)


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start servers for the tests of a file."""
    servers = Servers(tmp_path_factory.mktemp("servers"))
    yield servers.start
    servers.close()


@pytest.fixture(scope="session")
def page_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with the shipped model, one for all tests of the page."""
    servers = Servers(tmp_path_factory.mktemp("servers"))
    yield servers.start()[1]
    servers.close()
