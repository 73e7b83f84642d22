"""The HTTP API about the server itself: its styles, models, health and metrics."""

import hashlib
from http import HTTPStatus
from io import BytesIO
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import generate_latest
from pydantic import BaseModel

from brushwork import extras, model_folder
from brushwork.styles.embeddings import plain_parts
from brushwork.styles.plane import positions
from brushwork.stylizer import Stylizer
from brushwork.web.api.metrics import Metrics
from brushwork.web.api.problems import RefusedError
from brushwork.web.api.service import Service

MAP_SIZE = 256  # style size in pixels at which named styles are compared
NO_STYLE: dict[int | str, dict[str, Any]] = {404: {"description": "No such style."}}


class StyleEntry(BaseModel):
    """A named style."""

    name: str
    kind: str
    about: str
    thumbnail: str | None
    position: tuple[float, float] | None


class ModelEntry(BaseModel):
    """A shipped model, or the model in use (`paints`).

    `detail` is the default detail of requests; null if requests cannot choose it. `words` is whether styles can be
    given in words.
    """

    name: str
    title: str
    licence: str
    paints: bool
    detail: float | None
    words: bool


class Health(BaseModel):
    """Health of the server: its model, and the number of requests that wait or run."""

    status: Literal["ok"]
    model: str
    waiting: int


def router(service: Service, metrics: Metrics, model: str) -> APIRouter:
    """Return the routes with information on the server."""
    api = APIRouter()

    @api.get("/v1/styles", summary="Named styles.")
    def styles() -> list[StyleEntry]:
        return list_styles(service.stylizer)

    @api.get("/v1/styles/{name}/thumbnail", response_class=Response,
             responses=NO_STYLE,
             summary="Thumbnail of a named style, as WebP.")  # fmt: skip
    def thumbnail(request: Request, name: str) -> Response:
        data = _thumbnail(service, name)
        caching = "max-age=86400" if name in service.stylizer.gallery.shipped else "no-cache"  # own styles may change
        headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()[:24]}"', "Cache-Control": f"private, {caching}"}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(data, media_type="image/webp", headers=headers)

    @api.get("/v1/models", summary="Shipped models and the model in use.")
    def models() -> list[ModelEntry]:
        detail = service.details.detail if service.details.several else None
        words = service.stylizer.gallery.words is not None and extras.installed("words")
        found = [model_folder.find(each) for each in model_folder.names()]
        return [
            ModelEntry(name=each.name, title=each.card.title, licence=each.card.licence, paints=each.name == model,
                       detail=detail if each.name == model else None, words=words and each.name == model)
            for each in found
        ]  # fmt: skip

    # Not in a thread like the others, so that it responds even if all threads are busy.
    @api.get("/healthz", summary="Whether the server works.")
    async def health() -> Health:
        return Health(status="ok", model=model, waiting=service.queue.waiting)

    @api.get("/metrics", response_class=PlainTextResponse, summary="Counters for Prometheus.")
    def numbers() -> PlainTextResponse:
        return PlainTextResponse(generate_latest(metrics.registry).decode(), media_type="text/plain; version=0.0.4")

    return api


def list_styles(stylizer: Stylizer) -> list[StyleEntry]:
    """Return the named styles of a model in the gallery's order, own styles first."""
    gallery = stylizer.gallery
    known = gallery.styles
    embeddings = plain_parts([style.at(MAP_SIZE) for style in known.values()])
    places = positions([each[0] for each in embeddings]).tolist() if known else []
    entries = [
        StyleEntry(
            name=name, kind=style.kind, about=style.about, position=tuple(place),
            thumbnail=f"/v1/styles/{name}/thumbnail" if style.thumbnail or shipped else None,
        )
        for (name, style), place in zip(known.items(), places, strict=True)
        for shipped in [gallery.thumbnails is not None and gallery.shipped.get(name) is style]
    ]  # fmt: skip
    return entries or [
        StyleEntry(name=name, kind="table", about="", thumbnail=None, position=None) for name in stylizer.names
    ]


def _thumbnail(service: Service, name: str) -> bytes:
    """Return the square picture of a style as a WebP file."""
    square = service.stylizer.gallery.thumbnail(name)
    if square is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, f"no thumbnail of a style {name!r}")
    buffer = BytesIO()
    square.save(buffer, "WEBP", quality=85)
    return buffer.getvalue()
