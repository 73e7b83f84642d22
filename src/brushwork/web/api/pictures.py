"""The HTTP API, version 1."""

import time
from http import HTTPStatus
from io import BytesIO
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import PlainTextResponse
from prometheus_client import generate_latest
from pydantic import BaseModel

from brushwork import model_folder
from brushwork.batch.options import Options, parse_weights
from brushwork.errors import UserError
from brushwork.web.api.metrics import Metrics
from brushwork.web.api.problems import MEDIA_TYPE, Problem, RefusedError
from brushwork.web.api.service import Service, Style, Ticket

CONTENT = File(description="The photo: JPEG, PNG, WebP, TIFF, AVIF, GIF or BMP.")
STYLES = File(description="Pictures whose style is taken; several blend.")
NAMES = Form(description="Names of the gallery's styles; they come after the pictures where both are given.")
WEIGHTS = Form(description="Shares of the blended styles, such as 0.7,0.3.")
STYLE_SIZE = Form(description="Short side in pixels at which styles are seen; less: finer strokes.", ge=80, le=2048)
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {MEDIA_TYPE: {}}, "description": description}
    for status, description in {
        400: "Something in the request cannot be used.",
        401: "A token is needed.",
        403: "The request comes from a page of another site.",
        408: "It took longer than allowed.",
        413: "The request is larger than allowed.",
        429: "Too many requests at once; Retry-After says when to come back.",
    }.items()
}
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The pastiche.", "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}
}


class Embedding(BaseModel):
    """A style as numbers."""

    model: str
    embedding: list[float]


class StyleEntry(BaseModel):
    """A named style."""

    name: str
    kind: str
    about: str
    thumbnail: str | None


class ModelEntry(BaseModel):
    """A model that came with the package, or the one that paints."""

    name: str
    title: str
    licence: str
    paints: bool


class Health(BaseModel):
    """Whether the server works, with what, and how much it has to do."""

    status: Literal["ok"]
    model: str
    waiting: int


def router(service: Service, metrics: Metrics, model: str) -> APIRouter:
    """The paths of the API for one service."""
    api = APIRouter(responses=PROBLEMS)
    api.add_api_route("/v1/stylize", _stylize(service, metrics), methods=["POST"], response_class=Response,
                      responses=PICTURE, name="stylize", summary="A photo in the style of pictures.")  # fmt: skip
    api.add_api_route("/v1/embed", _embed(service, model), methods=["POST"], name="embed",
                      summary="The embedding of a style.")  # fmt: skip

    @api.get("/v1/styles", summary="The styles with names.")
    def styles() -> list[StyleEntry]:
        gallery = service.stylizer.gallery
        known = gallery.styles
        return [
            StyleEntry(
                name=name,
                kind=known[name].kind if name in known else "table",
                about=known[name].about if name in known else "",
                thumbnail=f"/v1/styles/{name}/thumbnail" if name in known and gallery.thumbnails else None,
            )
            for name in service.stylizer.names
        ]

    @api.get("/v1/styles/{name}/thumbnail", response_class=Response,
             responses={404: {"model": Problem, "content": {MEDIA_TYPE: {}}, "description": "No such style."}},
             summary="A photo in the style of that name, as WebP.")  # fmt: skip
    def thumbnail(name: str) -> Response:
        return Response(_thumbnail(service, name), media_type="image/webp")

    @api.get("/v1/models", summary="The models that came with the package, and the one that paints.")
    def models() -> list[ModelEntry]:
        found = [model_folder.find(each) for each in model_folder.names()]
        return [
            ModelEntry(name=each.name, title=each.card.title, licence=each.card.licence, paints=each.name == model)
            for each in found
        ]

    @api.get("/healthz", summary="Whether the server works.")
    def health() -> Health:
        return Health(status="ok", model=model, waiting=service.waiting)

    @api.get("/metrics", response_class=PlainTextResponse, summary="Counters for Prometheus.")
    def numbers() -> PlainTextResponse:
        return PlainTextResponse(generate_latest(metrics.registry).decode(), media_type="text/plain; version=0.0.4")

    return api


def _stylize(service: Service, metrics: Metrics) -> Any:
    async def stylize(
        request: Request,
        content: Annotated[UploadFile, CONTENT],
        style: Annotated[list[UploadFile] | None, STYLES] = None,
        style_name: Annotated[list[str] | None, NAMES] = None,
        weights: Annotated[str | None, WEIGHTS] = None,
        strength: Annotated[float, Form(description="0 is the photo, 1 the full pastiche.", ge=0, le=1)] = 1.0,
        style_size: Annotated[int | None, STYLE_SIZE] = None,
        keep_colors: Annotated[
            Literal["luma", "histogram"] | None, Form(description="Keep the photo's colours.")
        ] = None,
        size: Annotated[int | None, Form(description="Limit of the long side in pixels.", ge=16, le=100_000)] = None,
        format: Annotated[  # noqa: A002
            Literal["jpeg", "png", "webp", "tiff", "avif", "gif"] | None, Form(description="Else the photo's own.")
        ] = None,
        quality: Annotated[int | None, Form(description="Of JPEG, WebP and AVIF.", ge=1, le=100)] = None,
        depth: Annotated[Literal["8", "16"] | None, Form(description="Bits a channel of PNG and TIFF.")] = None,
    ) -> Response:
        styles = await read_styles(service, style, style_name)
        options = Options(
            weights=parse_weights(weights, len(styles)), strength=strength, keep_colors=keep_colors, size=size,
            style_size=style_size, format=format, quality=quality, depth=int(depth) if depth else None,
        )  # fmt: skip
        photo = await content.read()

        def work(ticket: Ticket) -> tuple[bytes, str]:
            start = time.perf_counter()
            pastiche = service.encode(service.paint(photo, styles, options, ticket), options)
            metrics.painting.observe(time.perf_counter() - start)
            return pastiche

        data, kind = await service.run(work, request.is_disconnected)
        return Response(data, media_type=kind)

    return stylize


def _embed(service: Service, model: str) -> Any:
    async def embed(
        request: Request,
        style: Annotated[UploadFile | None, File(description="The picture.")] = None,
        style_name: Annotated[str | None, Form(description="Or a name of the gallery.")] = None,
        style_size: Annotated[int | None, STYLE_SIZE] = None,
    ) -> Embedding:
        (wanted,) = await read_styles(service, [style] if style else None, [style_name] if style_name else None, 1)
        embedding = await service.run(lambda _: service.embed(wanted, style_size), request.is_disconnected)
        return Embedding(model=model, embedding=embedding[0].tolist())

    return embed


async def read_styles(
    service: Service, files: list[UploadFile] | None, names: list[str] | None, most: int | None = None
) -> list[Style]:
    """The styles of a request, pictures first; one at least, and no more than allowed."""
    most = most or service.limits.styles
    found = [Style(file.filename or "style", await file.read()) for file in files or ()]
    found += [Style(name) for name in names or ()]
    if not 1 <= len(found) <= most:
        several = f"1 to {most} styles" if most > 1 else "one style"
        raise UserError(f"{len(found)} styles; send {several} as the files `style` or the names `style_name`")
    return found


def _thumbnail(service: Service, name: str) -> bytes:
    """The square of a style in the gallery's strip, as a WebP file."""
    square = service.stylizer.gallery.thumbnail(name)
    if square is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, f"no picture of a style {name!r}")
    buffer = BytesIO()
    square.save(buffer, "WEBP", quality=85)
    return buffer.getvalue()
