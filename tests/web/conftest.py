"""An application over a model whose answers can be worked out by hand: a pastiche is the style's mean colour."""

from collections.abc import Callable, Iterator
from io import BytesIO

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from brushwork.stylizer import Stylizer
from brushwork.web.app import build
from brushwork.web.limits import Limits
from tests.conftest import FakeRuntime

Encoded = Callable[..., bytes]
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
    with TestClient(build(Stylizer(runtime), "colours", limits=limits, hosts=("testserver",), page=False)) as client:
        yield client
