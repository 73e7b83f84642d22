"""An application whose model can be worked out by hand: a pastiche is the style's mean colour."""

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from io import BytesIO
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


class Server:
    """A server in its own process, on a free port of 127.0.0.1; a thread reads its output."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-X", "faulthandler", "-m", "brushwork", "serve", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.address: Future[str] = Future()
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        """Collect the output until the process ends; the first line with an address is the server's."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.append(line)
            if not self.address.done() and (found := re.match(r"(http://\S+)\n", line)):
                self.address.set_result(found[1])
        if not self.address.done():
            self.address.set_exception(AssertionError(f"the server does not listen; its output: {self.output}"))

    @property
    def output(self) -> str:
        """All output so far."""
        return "".join(self._lines)

    def end(self) -> str | None:
        """End the server; return its output, with the stacks of its threads, if it no longer answers."""
        hung = None
        if self.process.poll() is None and self.address.done():
            try:
                httpx2.get(f"{self.address.result()}/healthz", timeout=ANSWERS_WITHIN)
            except httpx2.TimeoutException:
                self.process.send_signal(signal.SIGABRT)
                self.process.wait()
                self._reader.join()
                hung = self.output
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
        return hung


class Servers:
    """Servers that tests start."""

    def __init__(self) -> None:
        self.started: list[Server] = []

    def start(self, *arguments: str) -> tuple[subprocess.Popen[str], str]:
        """Start a server; return its process and its address once it listens."""
        server = Server(*arguments)
        self.started.append(server)
        return server.process, server.address.result(STARTS_WITHIN)

    def close(self) -> None:
        """End all servers.

        Raises:
            AssertionError: If one no longer answers, with the stacks of its threads.
        """
        hung = [output for server in self.started if (output := server.end())]
        assert not hung, "\n".join(hung)


@pytest.fixture(scope="module")
def serve() -> Iterator[Serve]:
    """Start servers for the tests of a file."""
    servers = Servers()
    yield servers.start
    servers.close()


@pytest.fixture(scope="session")
def page_address() -> Iterator[str]:
    """A server with the shipped model, one for all tests of the page."""
    servers = Servers()
    yield servers.start()[1]
    servers.close()
