"""The HTTP API of pictures, version 1."""

import json
import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Path, Request, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from brushwork.batch.options import Options, parse_region, parse_stroke, parse_weights
from brushwork.errors import UserError
from brushwork.styles.words import PREFIX
from brushwork.web.api.clients import client_of
from brushwork.web.api.metrics import Metrics
from brushwork.web.api.progress import ProgressBoard
from brushwork.web.api.service import SentRegion, Service, Style
from brushwork.web.api.work_queue import Ticket

CONTENT = File(description="The photo: JPEG, PNG, WebP, TIFF, AVIF, GIF or BMP.")
STYLES = File(description="Style pictures; several are blended.")
NAMES = Form(description="Names of styles in the gallery; they follow the pictures.")
WORDS = Form(description="Styles in words, such as `stormy sea, dark blue`; they follow the names. Only for models "
             "with words, see /v1/models.")  # fmt: skip
WEIGHTS = Form(description="Weights of the blended styles, such as 0.7,0.3.")
STYLE_SIZE = Form(description="Short side of the styles in pixels; smaller values give finer strokes.", ge=80, le=2048)
DETAIL = Form(description="Detail of the photo, in tenths: 1 keeps most of the photo, 0 adopts most of the style. Only "
              "for models with several details, see /v1/models.", ge=0, le=1)  # fmt: skip
MASKS = File(description="Masks of regions, white inside the region. Their file names must differ.")
REGIONS = Form(description="Style of a region: MASK=STYLE or MASK=STYLE:STRENGTH. MASK is the file name of a `mask`, "
               "STYLE a name in the gallery or the file name of a `region_style`.")  # fmt: skip
KEY = r"[A-Za-z0-9_-]{8,64}"
PROGRESS = Form(description="A key chosen by the client; GET /v1/progress/KEY then sends the progress of the request.",
                pattern=f"^{KEY}$")  # fmt: skip
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": description}
    for status, description in {
        400: "A part of the request cannot be used.",
        401: "A token is needed.",
        403: "The request comes from a page of another site.",
        408: "It took longer than allowed.",
        413: "The request is larger than allowed.",
        421: "The host name is not one of the server's.",
        429: "Too many requests at once; Retry-After states when to try again.",
    }.items()
}
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events: `progress` with {\"fraction\": 0..1}, then `done`.",
          "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}  # fmt: skip
NOTICES = "Brushwork-Notices"  # header
LARGEST_HEADER, LONGEST_LINE = 4000, 1000  # characters; a proxy may refuse answers with more than 8 KB of headers
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The pastiche.",
        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            NOTICES: {
                "description": "Lines for the user, such as the interpretation of words: a JSON array of "
                "strings in ASCII, at most 4,000 characters: long lines are cut, and the last ones may be "
                "missing. Absent if there are none.",
                "schema": {"type": "string"},
            }
        },
    }
}


def as_header(notices: Sequence[str]) -> str:
    """Return lines as a JSON array in ASCII of at most `LARGEST_HEADER` characters; what is too long is left out."""
    kept: list[str] = []
    for notice in notices:
        line = notice
        while len(json.dumps(line)) > LONGEST_LINE:
            line = f"{line[: len(line) * 3 // 4]}\u2026"
        if len(json.dumps([*kept, line])) > LARGEST_HEADER:
            break
        kept.append(line)
    return json.dumps(kept)


class Embedding(BaseModel):
    """An embedding of a style; `notices` are lines for the user, such as the interpretation of words."""

    model: str
    embedding: list[float]
    notices: list[str]


def router(service: Service, metrics: Metrics, model: str, board: ProgressBoard) -> APIRouter:
    """Return the routes of pictures."""
    api = APIRouter(responses=PROBLEMS)
    api.add_api_route("/v1/stylize", _stylize(service, metrics, board), methods=["POST"], response_class=Response,
                      responses=PICTURE, name="stylize", summary="A photo in the style of pictures.")  # fmt: skip
    api.add_api_route("/v1/embed", _embed(service, model), methods=["POST"], name="embed",
                      summary="The embedding of a style.")  # fmt: skip

    @api.get("/v1/progress/{key}", summary="Progress of a request until it ends.", response_class=Response,
             responses=EVENTS)  # fmt: skip
    def progress(key: Annotated[str, Path(pattern=f"^{KEY}$")]) -> StreamingResponse:
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(board.events(key), media_type="text/event-stream", headers=headers)

    return api


def _stylize(service: Service, metrics: Metrics, board: ProgressBoard) -> Any:
    async def stylize(
        request: Request,
        content: Annotated[UploadFile, CONTENT],
        style: Annotated[list[UploadFile] | None, STYLES] = None,
        style_name: Annotated[list[str] | None, NAMES] = None,
        words: Annotated[list[str] | None, WORDS] = None,
        weights: Annotated[str | None, WEIGHTS] = None,
        strength: Annotated[float, Form(description="0 is the photo, 1 the full pastiche.", ge=0, le=1)] = 1.0,
        style_size: Annotated[int | None, STYLE_SIZE] = None,
        stroke: Annotated[str, Form(description="Brush size: auto, own, or a number from 0.25 to 8.")] = "auto",
        keep_colors: Annotated[
            Literal["luma", "histogram"] | None, Form(description="Keep the photo's colours.")
        ] = None,
        detail: Annotated[float | None, DETAIL] = None,
        mask: Annotated[list[UploadFile] | None, MASKS] = None,
        region: Annotated[list[str] | None, REGIONS] = None,
        region_style: Annotated[list[UploadFile] | None, File(description="Pictures for regions.")] = None,
        protect: Annotated[UploadFile | None, File(description="A mask, white where the photo stays.")] = None,
        size: Annotated[int | None, Form(description="Limit of the long side in pixels.", ge=16, le=100_000)] = None,
        format: Annotated[  # noqa: A002
            Literal["jpeg", "png", "webp", "tiff", "avif", "gif"] | None,
            Form(description="Default: the photo's format."),
        ] = None,
        quality: Annotated[int | None, Form(description="For JPEG, WebP and AVIF.", ge=1, le=100)] = None,
        depth: Annotated[Literal["8", "16"] | None, Form(description="Bits per channel, PNG and TIFF.")] = None,
        strip: Annotated[Literal["all", "gps"] | None, Form(description="Remove metadata or the place.")] = None,
        tile: Annotated[
            Literal["auto", "fast", "exact"], Form(description="Statistics in tiles; auto decides by memory.")
        ] = "auto",
        progress: Annotated[str | None, PROGRESS] = None,
    ) -> Response:
        least = 0 if strength == 0 or region else 1
        styles = await read_styles(service, style, named(style_name, words), least=least)
        regions = await _read_regions(service, region, mask, region_style)
        options = Options(
            weights=parse_weights(weights, len(styles)), strength=strength, keep_colors=keep_colors, size=size,
            style_size=style_size, stroke=parse_stroke(stroke), format=format, quality=quality,
            depth=int(depth) if depth else None, strip=strip, tile=tile,
        )  # fmt: skip
        photo, protected = await content.read(), await protect.read() if protect else None
        report = board.reporter(progress)

        def work(ticket: Ticket) -> Response:
            start = time.perf_counter()
            pastiche = service.paint(
                photo, styles, options, ticket, regions=regions, protect=protected, progress=report, detail=detail
            )
            data, kind = service.encode(pastiche, options)
            metrics.painting.observe(time.perf_counter() - start)
            notices = [*service.notices([*styles, *(each.style for each in regions)], detail), *pastiche.notices]
            # Headers are ASCII, and JSON escapes what is not.
            return Response(data, media_type=kind, headers={NOTICES: as_header(notices)} if notices else None)

        try:
            return await service.queue.run(work, request.is_disconnected, client_of(request))
        finally:
            board.forget(progress)

    return stylize


async def _read_regions(
    service: Service,
    texts: Sequence[str] | None,
    masks: Sequence[UploadFile] | None,
    pictures: Sequence[UploadFile] | None,
) -> list[SentRegion]:
    """Return the regions of a request; their names are those of its files and of the gallery only."""
    files = {file.filename: await file.read() for file in masks or ()}
    styles = {file.filename or "": await file.read() for file in pictures or ()}
    if len(texts or ()) > service.limits.styles:
        raise UserError(f"{len(texts or ())} regions; at most {service.limits.styles} are allowed")
    found = []
    for text in texts or ():
        parsed = parse_region(text, files.__contains__)
        if parsed.mask not in files:
            raise UserError(f"region {text!r}: no `mask` of the request has the file name {parsed.mask!r}")
        style = Style(parsed.style, styles.get(parsed.style))
        found.append(SentRegion(files[parsed.mask], style, parsed.strength))
    return found


def _embed(service: Service, model: str) -> Any:
    async def embed(
        request: Request,
        style: Annotated[UploadFile | None, File(description="A style picture.")] = None,
        style_name: Annotated[str | None, Form(description="A name in the gallery instead.")] = None,
        words: Annotated[str | None, Form(description="Words instead.")] = None,
        style_size: Annotated[int | None, STYLE_SIZE] = None,
    ) -> Embedding:
        names = named([style_name] if style_name else None, [words] if words else None)
        (wanted,) = await read_styles(service, [style] if style else None, names, 1)

        def work(_: Ticket) -> Embedding:
            embedding = service.embed(wanted, style_size)[0].tolist()
            return Embedding(model=model, embedding=embedding, notices=service.notices([wanted]))

        return await service.queue.run(work, request.is_disconnected, client_of(request))

    return embed


def named(names: Sequence[str] | None, words: Sequence[str] | None) -> list[str]:
    """Return names of styles for `brushwork.styles.resolve`, those in words last."""
    return [*(names or ()), *(f"{PREFIX} {text}" for text in words or ())]


async def read_styles(
    service: Service,
    files: list[UploadFile] | None,
    names: Sequence[str],
    most: int | None = None,
    *,
    least: int = 1,
) -> list[Style]:
    """Return the styles of a request, pictures first.

    Raises:
        UserError: If there are fewer or more than allowed.
    """
    most = most or service.limits.styles
    found = [Style(file.filename or "style", await file.read()) for file in files or ()]
    found += [Style(name) for name in names]
    if not least <= len(found) <= most:
        several = f"1 to {most} styles" if most > 1 else "one style"
        raise UserError(f"{len(found)} styles; send {several} as files `style`, names `style_name` or `words`")
    return found
