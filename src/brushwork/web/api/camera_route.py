"""The WebSocket of a camera, which receives frames and sends pastiches. Frames that arrive too fast are dropped."""

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
DISCONNECTED, IDLE, UNSUPPORTED = 0, 1000, 1003  # the last two are close codes of RFC 6455
UPGRADE: dict[int | str, dict[str, Any]] = {
    101: {"description": "Switched to a WebSocket, see the guide."},
    426: {"description": "The path needs a WebSocket."},
}


class Inbox:
    """The latest settings and the latest frame of a client; older ones are dropped."""

    def __init__(self) -> None:
        self.closed: int | None = None  # the close code; 0 if the client has disconnected
        self._text: str | None = None
        self._frame: bytes | None = None
        self._changed = asyncio.Event()

    def put(self, *, text: str | None = None, frame: bytes | None = None) -> None:
        """Replace the settings or the frame."""
        self._text, self._frame = text or self._text, frame or self._frame
        self._changed.set()

    def close(self, code: int) -> None:
        """Mark the end of the messages, with a close code."""
        self.closed = code
        self._changed.set()

    async def take(self) -> tuple[str | None, bytes | None]:
        """Wait for settings or a frame, and return those that have arrived."""
        await self._changed.wait()
        self._changed.clear()
        found = self._text, self._frame
        self._text = self._frame = None
        return found


class Cameras:
    """The number of open cameras of a server, limited in total, and for one client to half of that.

    Args:
        limit: Largest number of cameras.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._open: Counter[str] = Counter()

    @contextmanager
    def opened(self, client: str) -> Iterator[bool]:
        """Count a client's camera as open within the block, and yield whether it is allowed."""
        allowed = self._open.total() < self.limit and self._open[client] < max(1, self.limit // 2)
        self._open[client] += allowed
        try:
            yield allowed
        finally:
            self._open[client] -= allowed
            if not self._open[client]:
                del self._open[client]


def router(service: Service, metrics: Metrics) -> APIRouter:
    """Return the route of cameras."""
    api = APIRouter()
    cameras = Cameras(service.limits.cameras)

    @api.get(PATH, summary="A camera, as a WebSocket.", responses=UPGRADE, status_code=426)
    def plain() -> JSONResponse:
        return answer(HTTPStatus.UPGRADE_REQUIRED, "this is a WebSocket", {"Upgrade": "websocket"})

    @api.websocket(PATH)
    async def camera(socket: WebSocket) -> None:
        client = client_of(socket)
        with cameras.opened(client) as allowed:
            if not allowed:
                refusal = answer(HTTPStatus.TOO_MANY_REQUESTS, "too many cameras at once", {"Retry-After": "5"})
                await socket.send_denial_response(refusal)
                return
            await socket.accept()
            inbox = Inbox()
            reading = asyncio.create_task(_read(socket, inbox, service.limits.idle))
            try:
                with suppress(WebSocketDisconnect):  # the client disconnected while a message was sent
                    await _respond(socket, inbox, service, metrics, client)
            finally:
                reading.cancel()

    return api


async def _read(socket: WebSocket, inbox: Inbox, idle: float) -> None:
    """Put messages into the inbox until the client disconnects, is idle too long, or sends an unsupported message."""
    while inbox.closed is None:
        try:
            message = await asyncio.wait_for(socket.receive(), idle)
        except TimeoutError:
            return inbox.close(IDLE)
        text, data = message.get("text"), message.get("bytes")
        if message["type"] == "websocket.disconnect":
            inbox.close(DISCONNECTED)
        elif text:
            inbox.put(text=text)
        elif data and len(data) > NUMBER:
            inbox.put(frame=data)
        else:
            inbox.close(UNSUPPORTED)


async def _respond(socket: WebSocket, inbox: Inbox, service: Service, metrics: Metrics, client: str) -> None:
    """Send the pastiches of frames; errors are sent as text, and the connection stays open."""
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
    if inbox.closed != DISCONNECTED:
        await socket.close(inbox.closed)


def _work(camera: Camera, metrics: Metrics, text: str | None, frame: bytes | None, ticket: Ticket) -> bytes:
    """Use settings and render a frame, as far as they are given."""
    if text is not None:
        camera.use(CameraSettings.model_validate_json(text))
    if frame is None:
        return b""
    with metrics.painting.time():
        return camera.paint(frame[NUMBER:], ticket)


def _problem(error: Exception, frame: bytes | None) -> str:
    """Return an error as JSON text with the number of its frame, if any."""
    status = error.status if isinstance(error, RefusedError) else HTTPStatus.BAD_REQUEST
    number = None if frame is None else int.from_bytes(frame[:NUMBER])
    return json.dumps({"number": number, "status": status, "detail": _line(error)})


def _line(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return in_one_line(error)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the settings"
    return f"{where}: {first['msg'].lower()}"
