"""The WebSocket of a camera: frames in, pastiches out. The newest frame is painted, older ones are dropped."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from brushwork.errors import UserError, in_one_line
from brushwork.web.api.camera import Camera, CameraSettings
from brushwork.web.api.clients import client_of
from brushwork.web.api.metrics import Metrics
from brushwork.web.api.problems import RefusedError, answer
from brushwork.web.api.service import Service
from brushwork.web.api.work_queue import Ticket

PATH = "/v1/camera"
NUMBER = 4  # bytes before a frame and its pastiche: the frame's number, big-endian
LEFT, SILENT, ODD = 0, 1000, 1003  # close codes of RFC 6455: nothing more came, a message of the wrong kind
UPGRADE: dict[int | str, dict[str, Any]] = {
    101: {"description": "Switched to a WebSocket, see the guide."},
    426: {"description": "It is a WebSocket."},
}


class Inbox:
    """The newest settings and the newest frame that have come; whoever is slower than the client misses the others."""

    def __init__(self) -> None:
        self.closed: int | None = None  # the code with which to close; 0 where the client has left
        self._text: str | None = None
        self._frame: bytes | None = None
        self._news = asyncio.Event()

    def put(self, *, text: str | None = None, frame: bytes | None = None) -> None:
        """Take what has come, in place of the last of its kind."""
        self._text, self._frame = text or self._text, frame or self._frame
        self._news.set()

    def close(self, code: int) -> None:
        """Let whoever waits know that nothing more comes."""
        self.closed = code
        self._news.set()

    async def take(self) -> tuple[str | None, bytes | None]:
        """Wait for something to come; both kinds at once where both have."""
        await self._news.wait()
        self._news.clear()
        found = self._text, self._frame
        self._text = self._frame = None
        return found


class Cameras:
    """The cameras of a server, no more than allowed in all, and of one client no more than half of them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._of: Counter[str] = Counter()

    @contextmanager
    def place(self, client: str) -> Iterator[bool]:
        """Hold a place for a client's camera; False if there is none."""
        free = self._of.total() < self.most and self._of[client] < max(1, self.most // 2)
        self._of[client] += free
        try:
            yield free
        finally:
            self._of[client] -= free
            if not self._of[client]:
                del self._of[client]


def router(service: Service, metrics: Metrics) -> APIRouter:
    """The path of cameras."""
    api = APIRouter()
    cameras = Cameras(service.limits.cameras)

    @api.get(PATH, summary="A camera, as a WebSocket.", responses=UPGRADE, status_code=426)
    def plain() -> JSONResponse:
        return answer(HTTPStatus.UPGRADE_REQUIRED, "this is a WebSocket", {"Upgrade": "websocket"})

    @api.websocket(PATH)
    async def camera(socket: WebSocket) -> None:
        client = client_of(socket)
        with cameras.place(client) as free:
            if not free:
                refusal = answer(HTTPStatus.TOO_MANY_REQUESTS, "too many cameras at once", {"Retry-After": "5"})
                await socket.send_denial_response(refusal)
                return
            await socket.accept()
            inbox = Inbox()
            reading = asyncio.create_task(_read(socket, inbox, service.limits.idle))
            try:
                with suppress(WebSocketDisconnect):  # it left while something was sent
                    await _answer(socket, inbox, service, metrics, client)
            finally:
                reading.cancel()

    return api


async def _read(socket: WebSocket, inbox: Inbox, idle: float) -> None:
    """Put what comes into the inbox, until the client leaves, is silent for too long, or sends what is not expected."""
    while inbox.closed is None:
        try:
            message = await asyncio.wait_for(socket.receive(), idle)
        except TimeoutError:
            return inbox.close(SILENT)
        text, data = message.get("text"), message.get("bytes")
        if message["type"] == "websocket.disconnect":
            inbox.close(LEFT)
        elif text:
            inbox.put(text=text)
        elif data and len(data) > NUMBER:
            inbox.put(frame=data)
        else:
            inbox.close(ODD)


async def _answer(socket: WebSocket, inbox: Inbox, service: Service, metrics: Metrics, client: str) -> None:
    """Paint what comes. Whatever is wrong with it is told, and the next may be right."""
    camera = Camera(service)

    async def gone() -> bool:
        return inbox.closed is not None

    while True:
        text, frame = await inbox.take()
        if inbox.closed is not None:
            break
        try:
            work = partial(_work, camera, metrics, text, frame)
            painted = await service.queue.run(work, gone, client)
        except (UserError, RefusedError, MemoryError, ValidationError) as error:
            if inbox.closed is None:
                await socket.send_text(_problem(error, frame))
        else:
            if frame is not None:
                await socket.send_bytes(frame[:NUMBER] + painted)
    if inbox.closed != LEFT:
        await socket.close(inbox.closed)


def _work(camera: Camera, metrics: Metrics, text: str | None, frame: bytes | None, ticket: Ticket) -> bytes:
    """Heed settings, paint a frame; whichever has come."""
    if text is not None:
        camera.use(CameraSettings.model_validate_json(text))
    if frame is None:
        return b""
    with metrics.painting.time():
        return camera.paint(frame[NUMBER:], ticket)


def _problem(error: Exception, frame: bytes | None) -> str:
    """A problem as text; it names the frame that is not painted, if there was one."""
    status = error.status if isinstance(error, RefusedError) else HTTPStatus.BAD_REQUEST
    number = None if frame is None else int.from_bytes(frame[:NUMBER])
    return json.dumps({"number": number, "status": status, "detail": _line(error)})


def _line(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return in_one_line(error)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the settings"
    return f"{where}: {first['msg'].lower()}"
