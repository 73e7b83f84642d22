"""The HTTP API of clips: start a clip, follow its progress, fetch and delete it."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import FileResponse, StreamingResponse

from brushwork.batch.options import parse_weights
from brushwork.web.api.clients import client_of
from brushwork.web.api.clips import Clips, ClipState, PaintedClip
from brushwork.web.api.pictures import DETAIL, NAMES, PROBLEMS, STYLE_SIZE, STYLES, WEIGHTS, WORDS, named, read_styles
from brushwork.web.api.problems import RefusedError

CLIP = File(description="The clip: MP4, MOV, MKV, WebM or AVI. Its sound is kept.")
STEADY = Form(description="Weight of the previous pastiche in the next; 0 renders each frame by itself.", ge=0, le=1)
UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {"description": "No such clip."},
    409: {"description": "The clip is not finished, or failed."},
}
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events: `progress`, then `done`, `failed` or `stopped`, each with the state.",
          "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}  # fmt: skip
PASTICHE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The pastiche, MP4.", "content": {"video/mp4": {"schema": {"type": "string"}}}}
}
HEARTBEAT = 15.0  # seconds of silence after which a comment keeps the connection open
INTERVAL = 0.2  # seconds between two checks of a clip's progress


def router(clips: Clips) -> APIRouter:
    """Return the routes of clips."""
    api = APIRouter(prefix="/v1/clips", responses=PROBLEMS)
    api.add_api_route("", _start(clips), methods=["POST"], status_code=202, name="clip",
                      summary="Start to render a clip.")  # fmt: skip

    @api.get("", summary="The clips of this client, the newest first.")
    def list_clips(request: Request) -> list[ClipState]:
        return [clip.state for clip in clips.of(client_of(request))]

    @api.get("/{key}", summary="State of a clip.", responses=UNKNOWN)
    def state(key: str) -> ClipState:
        return clips.find(key).state

    @api.get("/{key}/events", summary="Progress of a clip until it ends.", response_class=Response,
             responses=EVENTS | UNKNOWN)  # fmt: skip
    def events(key: str) -> StreamingResponse:
        stream = _events(clips.find(key))
        return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    @api.get("/{key}/pastiche", summary="The rendered clip.", response_class=Response, responses=PASTICHE | UNKNOWN)
    def pastiche(key: str) -> FileResponse:
        clip = clips.find(key)
        if clip.state.state != "done":
            raise RefusedError(HTTPStatus.CONFLICT, clip.state.error or f"the clip is {clip.state.state}")
        return FileResponse(clip.pastiche, media_type="video/mp4", filename="pastiche.mp4")

    @api.delete("/{key}", status_code=204, summary="Stop and delete a clip.", responses=UNKNOWN)
    def remove(key: str) -> None:
        clips.remove(key)

    return api


def _start(clips: Clips) -> Any:
    service = clips.service

    async def start(
        request: Request,
        response: Response,
        clip: Annotated[UploadFile, CLIP],
        style: Annotated[list[UploadFile] | None, STYLES] = None,
        style_name: Annotated[list[str] | None, NAMES] = None,
        words: Annotated[list[str] | None, WORDS] = None,
        weights: Annotated[str | None, WEIGHTS] = None,
        strength: Annotated[float, Form(description="0 is the clip, 1 the full pastiche.", ge=0, le=1)] = 1.0,
        steady: Annotated[float | None, STEADY] = None,
        style_size: Annotated[int | None, STYLE_SIZE] = None,
        keep_colors: Annotated[Literal["luma"] | None, Form(description="Keep the clip's colours.")] = None,
        detail: Annotated[float | None, DETAIL] = None,
        size: Annotated[int | None, Form(description="Limit of the long side in pixels.", ge=16, le=10_000)] = None,
    ) -> ClipState:
        styles = await read_styles(service, style, named(style_name, words))
        settings: dict[str, Any] = {
            "weights": parse_weights(weights, len(styles)), "strength": strength, "style_size": style_size,
            "keep_colors": keep_colors, "size": size,
        }  # fmt: skip
        if steady is not None:
            settings["steady"] = steady
        data = await clip.read()
        started = await service.queue.run(
            lambda _: clips.start(data, styles, client_of(request), detail, **settings), request.is_disconnected
        )
        response.headers["Location"] = f"/v1/clips/{started.state.id}"
        return started.state

    return start


async def _events(clip: PaintedClip) -> AsyncIterator[str]:
    """Yield the states of a clip as events when they change; the last one is named after the final state."""
    sent, silent = "", 0.0
    while True:
        over = clip.state.over  # before the state is read, so that the last event has the final state
        now = clip.state.model_dump_json()
        if now != sent or over:
            yield f"event: {clip.state.state if over else 'progress'}\ndata: {now}\n\n"
            sent, silent = now, 0.0
        elif silent >= HEARTBEAT:
            yield ": still here\n\n"
            silent = 0.0
        if over:
            return
        await asyncio.sleep(INTERVAL)
        silent += INTERVAL
