"""Serves the files of the page, which are read once at start, so that paths from clients never name a file."""

import hashlib
from functools import partial
from importlib.resources import files

from fastapi import APIRouter, Request, Response

from brushwork.web.api.clients import COOKIE, new_cookie

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml", ".jpg": "image/jpeg",
}  # fmt: skip
# Files with other paths than /page/NAME; browsers request /favicon.ico on their own.
PATHS = {"index.html": ("/",), "icon.svg": ("/page/icon.svg", "/favicon.ico")}


def router() -> APIRouter:
    """Return the routes of the page: ``/``, and ``/page/NAME`` for each of its files."""
    routes = APIRouter(include_in_schema=False)
    for file in files("brushwork.web.page").iterdir():
        suffix = "." + file.name.rpartition(".")[2]
        if suffix in MEDIA_TYPES:
            endpoint = partial(_respond, file.read_bytes(), MEDIA_TYPES[suffix])
            for path in PATHS.get(file.name, (f"/page/{file.name}",)):
                routes.add_route(path, endpoint, methods=["GET", "HEAD"], include_in_schema=False)
    return routes


async def _respond(data: bytes, media_type: str, request: Request) -> Response:
    """Return a file, or 304 if the browser has it already."""
    tag = f'"{hashlib.sha256(data).hexdigest()[:24]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}  # browsers revalidate each time, and get 304
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if request.url.path == "/" and COOKIE not in request.cookies:
        headers["Set-Cookie"] = new_cookie()
    return Response(data, media_type=media_type, headers=headers)
