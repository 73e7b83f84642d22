"""An application over a model whose answers can be worked out by hand: a pastiche is the style's mean colour."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any, TypeAlias

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


@pytest.fixture(scope="module")
def serve() -> Iterator[Serve]:
    """Starts a server in a process of its own, on a free port of 127.0.0.1; gives its process and its address."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "brushwork", "serve", "--port", "0", *arguments]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        started.append(server)
        assert server.stderr is not None
        for line in server.stderr:
            if found := re.fullmatch(r"(http://\S+)", line.strip()):
                return server, found[1]
        raise AssertionError("the server ended before it listened")

    yield start
    for server in started:
        server.kill()
        server.wait()
        assert server.stderr is not None
        server.stderr.close()
