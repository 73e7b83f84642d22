"""The camera's WebSocket: frames in, pastiches out, and refusals."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from starlette.testclient import WebSocketDenialResponse, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from brushwork import model_folder
from brushwork.errors import UserError
from brushwork.live.fade import Fade
from brushwork.networks.deep import parameters_size
from brushwork.styles import Gallery
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.web.api.camera import Camera, CameraSettings
from brushwork.web.api.camera_route import NUMBER, Inbox
from brushwork.web.api.limits import Limits
from brushwork.web.api.origins import Names
from brushwork.web.api.service import Service
from brushwork.web.api.tokens import Tokens
from brushwork.web.app import build
from tests.web.conftest import BLUE, RED, encode, pixels

PATH = "/v1/camera"
FRAME = encode(BLUE, "JPEG")
GREEN = [0.0, 1.0, 0.0]  # an embedding: the fake runtime's are mean colours


def client(**settings: Any) -> TestClient:
    names = Names.of(["testserver"])  # by which the test client asks for a WebSocket, whatever its base is
    return TestClient(build(Stylizer(FakeRuntime()), "colours", page=False, names=names, **settings))


@pytest.fixture
def camera() -> Iterator[WebSocketTestSession]:
    with client(limits=Limits(styles=2)) as web, web.websocket_connect(PATH) as session:
        yield session


def send(session: WebSocketTestSession, number: int, frame: bytes = FRAME) -> None:
    session.send_bytes(number.to_bytes(NUMBER) + frame)


def receive(session: WebSocketTestSession) -> tuple[int, bytes]:
    """The number of a frame, and its pastiche."""
    data = session.receive_bytes()
    return int.from_bytes(data[:NUMBER]), data[NUMBER:]


def use(session: WebSocketTestSession, **settings: Any) -> None:
    session.send_text(json.dumps(settings))


def test_frames_are_rendered_in_the_styles_sent_before_them(camera: WebSocketTestSession) -> None:
    send(camera, 7)
    assert receive(camera) == (7, FRAME)  # no style yet: the frame itself
    use(camera, styles=[GREEN])
    send(camera, 8)
    number, pastiche = receive(camera)
    assert number == 8
    with Image.open(BytesIO(pastiche)) as image:
        assert (image.format, image.size) == ("JPEG", (32, 24))
    assert np.abs(pixels(pastiche).astype(int) - (0, 255, 0)).max() < 3  # as near as JPEG comes


def test_strength_0_returns_the_frame(camera: WebSocketTestSession) -> None:
    use(camera, styles=[GREEN], strength=0)
    send(camera, 1)
    assert np.abs(pixels(receive(camera)[1]).astype(int) - BLUE).max() < 3


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"styles": ["nothing"]}, "nothing"),
    ({"styles": [GREEN] * 3}, "at most 2"),
    ({"styles": [GREEN], "strength": 2}, "strength"),
    ({"styles": [GREEN], "weights": [1, 2]}, "weights"),
    ({"styles": [[1e9, 0, 0]]}, "styles"),
    ({"styles": [[float("nan"), 0, 0]]}, "styles"),
    ({"styles": [GREEN], "stroke": "fat"}, "stroke"),
    ({"styles": [GREEN], "detail": 0.5}, "detail"),
    ({"styles": ["/etc/passwd"]}, "passwd"),
    ({"file": "/etc/passwd"}, "file"),
    ({"styles": [[0.0] * 10_001]}, "styles"),
)


@pytest.mark.parametrize(("settings", "words"), WRONG)
def test_invalid_settings_are_reported_and_can_be_corrected(
    camera: WebSocketTestSession, settings: dict[str, Any], words: str
) -> None:
    use(camera, **settings)
    problem = camera.receive_json()
    assert (problem["number"], problem["status"]) == (None, 400)
    assert words in problem["detail"] and "\n" not in problem["detail"]
    use(camera, styles=[GREEN])
    send(camera, 2)
    assert pixels(receive(camera)[1])[0, 0, 1] > 250


@pytest.mark.parametrize(
    ("frame", "words"), [(b"no picture", "not a picture"), (FRAME[:300], "damaged"),
                         (encode(RED, size=(1500, 1400)), "megapixels")]
)  # fmt: skip
def test_an_unusable_frame_is_reported_by_its_number(camera: WebSocketTestSession, frame: bytes, words: str) -> None:
    use(camera, styles=[GREEN])
    send(camera, 3, frame)
    problem = camera.receive_json()
    assert (problem["number"], problem["status"]) == (3, 400)
    assert words in problem["detail"]


@pytest.mark.parametrize("data", [b"", b"abc", bytes(NUMBER)])
def test_a_message_without_a_frame_ends_the_connection(camera: WebSocketTestSession, data: bytes) -> None:
    camera.send_bytes(data)
    with pytest.raises(WebSocketDisconnect) as ended:
        camera.receive_bytes()
    assert ended.value.code == 1003


def test_a_camera_that_is_silent_for_too_long_is_closed() -> None:
    with client(limits=Limits(idle=1)) as web, web.websocket_connect(PATH) as session:
        with pytest.raises(WebSocketDisconnect) as ended:
            session.receive_bytes()
        assert ended.value.code == 1000


def test_the_newest_frame_is_rendered_and_older_ones_are_dropped() -> None:
    async def run() -> None:
        inbox = Inbox()
        for number in range(100):
            inbox.put(frame=bytes([number]))
        inbox.put(text="settings")
        assert await inbox.take() == ("settings", bytes([99]))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(inbox.take(), 0)
        inbox.close(1000)
        await inbox.take()
        assert inbox.closed == 1000

    asyncio.run(run())


def refused(web: TestClient, headers: dict[str, str] | None = None) -> int:
    """The status with which a camera is refused."""
    with pytest.raises(WebSocketDenialResponse) as denied, web.websocket_connect(PATH, headers=headers or {}):
        pass
    assert denied.value.headers["content-type"] == "application/problem+json"
    return int(denied.value.status_code)


def test_cameras_are_limited_and_one_client_gets_half_of_them() -> None:
    with client(limits=Limits(cameras=4)) as web, ExitStack() as open_ones:
        for _ in range(2):
            open_ones.enter_context(web.websocket_connect(PATH))
        assert refused(web) == 429
        open_ones.pop_all().close()
        open_ones.enter_context(web.websocket_connect(PATH))  # a place is free again


def test_a_page_of_another_site_cannot_open_a_camera() -> None:
    for origin in ("https://evil.example", "null", "http://testserver:7861"):
        assert refused(client(), {"Origin": origin}) == 403
    assert refused(client(), {"Host": "evil.example"}) == 421
    with client().websocket_connect(PATH, headers={"Origin": "http://testserver"}):
        pass


def test_a_camera_needs_the_token_of_the_server() -> None:
    guarded = client(tokens=Tokens(["secret"]))
    assert refused(guarded) == 401
    assert refused(guarded, {"Authorization": "Bearer wrong"}) == 401
    with guarded.websocket_connect(PATH, headers={"Authorization": "Bearer secret"}):
        pass
    guarded.get("/?token=secret")  # a browser has the cookie from here on
    with guarded.websocket_connect(PATH):
        pass


def test_a_request_that_is_not_a_websocket_is_refused() -> None:
    answer = client().get(PATH)
    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")


def test_embeddings_of_deep_styles_are_accepted() -> None:
    folder = model_folder.find("brushwork-mobile")
    deep = folder.embedding_size + parameters_size(model_folder.load_network(folder).transfer)
    camera = Camera(Service(Stylizer(FakeRuntime(), gallery=Gallery(folder)), Limits()))
    for size in (deep, folder.embedding_size):
        camera.use(CameraSettings.model_validate({"styles": [[0.5] * size]}))
    with pytest.raises(UserError, match=f"has {deep + 1} numbers; those of this model have 256, deep ones {deep}"):
        camera.use(CameraSettings.model_validate({"styles": [[0.5] * (deep + 1)]}))


def test_a_cross_fade_starts_from_the_current_embedding() -> None:
    now = [0.0]
    fade = Fade(np.zeros((1, 1), np.float32), lambda: now[0])
    fade.to(np.ones((1, 1), np.float32))
    assert fade.now() == 0
    now[0] = 0.25
    assert fade.now() == pytest.approx(0.5)  # half of the time, half of the way
    fade.to(np.full((1, 1), 2, np.float32))
    assert fade.now() == pytest.approx(0.5)
    now[0] = 1
    assert fade.now() == 2
