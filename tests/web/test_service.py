"""The queue: it is bounded, drops abandoned requests, and ends late work."""

import asyncio
import threading
from http import HTTPStatus
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from brushwork.batch.options import Options
from brushwork.images import Picture, encoding, files
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.web.api.limits import Limits
from brushwork.web.api.origins import Names
from brushwork.web.api.problems import RefusedError
from brushwork.web.api.service import KEPT, SentRegion, Service, Style
from brushwork.web.api.work_queue import Ticket
from brushwork.web.app import build
from tests.web.conftest import BLUE, RED, encode


async def stays() -> bool:
    return False


async def left() -> bool:
    return True


def service(**limits: int) -> Service:
    return Service(Stylizer(FakeRuntime()), Limits(**limits))


def test_a_full_queue_states_when_to_retry() -> None:
    async def run() -> None:
        full, go = service(queue=2), threading.Event()
        waiting = [asyncio.create_task(full.queue.run(lambda _: go.wait(), stays)) for _ in range(2)]
        await asyncio.sleep(0)
        assert full.queue.waiting == 2
        with pytest.raises(RefusedError) as refused:
            await full.queue.run(lambda _: True, stays)
        assert (refused.value.status, refused.value.headers) == (HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": "1"})
        go.set()
        assert await asyncio.gather(*waiting) == [True, True]
        assert await full.queue.run(lambda _: "room again", stays) == "room again"
        assert full.queue.waiting == 0
        full.close()

    asyncio.run(run())


def test_one_client_cannot_fill_the_queue() -> None:
    async def run() -> None:
        shared, go = service(queue=4, client_queue=2), threading.Event()
        greedy = [asyncio.create_task(shared.queue.run(lambda _: go.wait(), stays, "a")) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(RefusedError):
            await shared.queue.run(lambda _: True, stays, "a")
        other = asyncio.create_task(shared.queue.run(lambda _: "served", stays, "b"))
        await asyncio.sleep(0)
        go.set()
        assert await other == "served"
        await asyncio.gather(*greedy)
        assert await shared.queue.run(lambda _: "room again", stays, "a") == "room again"
        shared.close()

    asyncio.run(run())


def test_work_stops_when_its_client_leaves() -> None:
    async def run() -> None:
        busy, stopped = service(), threading.Event()

        def work(ticket: Ticket) -> None:
            while True:  # as the frames of an animation, each of which asks
                try:
                    ticket.check()
                except RefusedError:
                    stopped.set()
                    raise

        with pytest.raises(RefusedError):
            await busy.queue.run(work, left)
        assert stopped.is_set() and busy.queue.waiting == 0
        busy.close()

    asyncio.run(run())


def test_work_that_takes_too_long_is_aborted() -> None:
    async def run() -> None:
        slow, go = service(seconds=1), threading.Event()
        with pytest.raises(RefusedError, match="took more than 1 seconds") as refused:
            await slow.queue.run(lambda _: go.wait(), stays)
        assert refused.value.status == HTTPStatus.REQUEST_TIMEOUT
        go.set()
        slow.close()

    asyncio.run(run())


def test_the_oldest_embeddings_are_dropped_from_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brushwork.web.api.service.KEPT", 2)
    assert KEPT > 2
    keeping = service()
    red, green, blue = (Style("s", encode(colour)) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255)))
    for style in (red, green, red, blue, red, green):
        keeping.embed(style)
    assert (keeping.hits, keeping.misses) == (2, 4)  # blue pushed green out, red had been used since
    assert np.array_equal(keeping.embed(blue), [[0, 0, 1]])


def test_a_region_has_its_own_style_in_the_same_pass() -> None:
    painting, left = service(), BytesIO()
    Image.fromarray(np.repeat(np.array([[255, 0]], np.uint8), 8, axis=1).repeat(12, axis=0)).save(left, "PNG")
    red, blue = Style("red", encode((255, 0, 0))), Style("blue", encode((0, 0, 255)))
    regions = [SentRegion(left.getvalue(), blue, 1.0)]
    pastiche = painting.paint(encode((9, 9, 9)), [red], Options(), Ticket(), regions=regions).image
    assert np.allclose(pastiche[:, :10], [0, 0, 1], atol=1e-6)  # a few pixels at the border of the mask are soft
    assert np.allclose(pastiche[:, 22:], [1, 0, 0], atol=1e-6)


def test_an_encoded_file_is_returned_without_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of a large file holds the interpreter lock, so that nobody else is answered meanwhile."""
    written: list[bytes] = []

    def record(*given: Any, **options: Any) -> bytes:
        written.append(encoding.encode(*given, **options))
        return written[-1]

    monkeypatch.setattr(files, "encode", record)
    picture = Picture.of(np.zeros((8, 8, 3), np.float32))
    data, kind = service().encode(picture, Options(format="png"))
    assert kind == "image/png"
    assert data is written[0]


def test_pictures_are_read_rendered_and_written_in_the_thread_of_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never in the event loop, which answers all other requests."""
    threads: dict[str, set[str]] = {"open": set(), "paint": set(), "encode": set()}
    for name, met in threads.items():
        plain = getattr(Service, name)

        def record(*given: Any, plain: Any = plain, met: set[str] = met, **options: Any) -> Any:
            met.add(threading.current_thread().name)
            return plain(*given, **options)

        monkeypatch.setattr(Service, name, record)
    app = build(Stylizer(FakeRuntime()), "colours", names=Names.of(["testserver"]), page=False)
    with TestClient(app) as client:
        sent = [("content", ("c.png", encode(RED))), ("style", ("s.png", encode(BLUE)))]
        assert client.post("/v1/stylize", files=sent).status_code == HTTPStatus.OK
    assert threads == {name: {"paint_0"} for name in threads}
