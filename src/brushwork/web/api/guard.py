"""Checks host, origin, token, size and speed of every request, and adds headers to every response."""

import asyncio
import re
import time
from collections.abc import MutableMapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brushwork.web.api.origins import Names, Origin, host_name
from brushwork.web.api.problems import answer
from brushwork.web.api.tokens import COOKIE, Tokens, login_form

LOGIN = "/login"
# Paths without a token: health checks, and the files of the login form.
OPEN = ("/healthz", LOGIN, "/page/style.css", "/page/icon.svg", "/favicon.ico")
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
LONGEST_TOKEN = 4096  # bytes of a login form
SLOWEST = 2000  # least average speed of a request in bytes per second; a slow modem has twice as many
# The page loads everything from this server; its own pictures and clips are blobs.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


class Guard:
    """ASGI middleware that checks host, origin, token, size and speed of requests, and adds headers to responses.

    Args:
        app: The application.
        names: Host names that the server accepts.
        tokens: Tokens that clients need.
        upload: Largest size of a request in bytes.
        disk: Largest size in bytes of all requests in progress.
        idle: Seconds for which an incomplete request may send nothing.
    """

    def __init__(
        self, app: ASGIApp, *, names: Names, tokens: Tokens, upload: int, disk: int, idle: float
    ) -> None:  # fmt: skip
        self.app, self.names, self.tokens = app, names, tokens
        self.upload, self.disk, self.idle = upload, disk, idle
        self._held = 0  # bytes of requests in progress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, or respond to it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        websocket = scope["type"] == "websocket"
        if not websocket:
            send = _with_headers(send, scope["method"] == "HEAD")
        headers = Headers(scope=scope)
        client = scope["client"][0] if scope.get("client") else "unknown"
        origin = self.names.origin(headers, client, scope.get("scheme", "http"))
        scope.setdefault("state", {})["origin"] = origin
        refused = self._refuse(scope, headers, origin)
        if websocket:
            refused = refused or self._unknown(headers)
            await (refused or self.app)(scope, receive, send)
            return
        refused = refused or await self._log_in(scope, receive, origin) or _no_form(scope, headers)
        if refused is not None:
            await refused(scope, receive, send)
            return
        if scope["method"] == "HEAD":  # processed as GET, without the body
            scope = {**scope, "method": "GET"}
        await self._bounded(scope, receive, send)

    def _refuse(self, scope: Scope, headers: Headers, origin: Origin) -> Response | None:
        """Return the response to a request that is refused; None if it is accepted."""
        if origin.host is None:
            return answer(HTTPStatus.BAD_REQUEST, "the Host header is missing or malformed")
        if not self.names.accept(origin.name):
            return answer(HTTPStatus.MISDIRECTED_REQUEST, f"{origin.name} is not a name of this server; see --name")
        if not _well_formed(headers.get("origin")):
            return answer(HTTPStatus.BAD_REQUEST, "the Origin header is malformed")
        # Browsers let a page of any site open a WebSocket to this server, and send its cookies.
        if scope.get("method") not in ("GET", "HEAD") and not _same_site(headers.get("origin"), origin.host):
            return answer(HTTPStatus.FORBIDDEN, "the request comes from a page of another site")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self.upload:
            return answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the request has more than {self.upload:,} bytes")
        return None

    async def _log_in(self, scope: Scope, receive: Receive, origin: Origin) -> Response | None:
        """Return the response to a login, or to a request without a valid token; None if the request is accepted."""
        if not self.tokens:
            return None
        path, headers = scope["path"], Headers(scope=scope)
        given = ""
        if path == "/":
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        elif path == LOGIN and scope["method"] == "POST":
            given = parse_qs((await self._small_body(receive)).decode("utf-8", "replace")).get("token", [""])[0]
        if given and (cookie := self.tokens.cookie_for(given.encode())):
            response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
            response.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", secure=origin.scheme == "https")
            return response
        if path == LOGIN:
            wrong = "The token is not valid." if scope["method"] == "POST" else ""
            return HTMLResponse(login_form(wrong), HTTPStatus.UNAUTHORIZED if wrong else HTTPStatus.OK)
        if path in OPEN:
            return None
        unknown = self._unknown(headers)
        if unknown and "text/html" in headers.get("accept", ""):
            return HTMLResponse(login_form(), HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})
        return unknown

    def _unknown(self, headers: Headers) -> Response | None:
        """Return the response to a request without a valid token, if one is needed."""
        if not self.tokens or self.tokens.admit(headers):
            return None
        return answer(HTTPStatus.UNAUTHORIZED, "a token is needed", {"WWW-Authenticate": "Bearer"})

    async def _small_body(self, receive: Receive) -> bytes:
        body = b""
        more = True
        while more and len(body) <= LONGEST_TOKEN:
            message = await asyncio.wait_for(receive(), self.idle)
            body, more = body + message.get("body", b""), message.get("more_body", False)
        return body[:LONGEST_TOKEN]

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, and end it if it is too large or too slow."""
        received, complete, begun = 0, False, False
        refusal: Response | None = None
        start = time.monotonic()

        async def count() -> Message:
            nonlocal received, complete, refusal
            try:
                left = min(self.idle, start + self.idle + received / SLOWEST - time.monotonic())
                message = await asyncio.wait_for(receive(), None if complete else max(left, 0))
            except TimeoutError:
                refusal = answer(HTTPStatus.REQUEST_TIMEOUT, f"too few bytes were sent for {self.idle:g} seconds")
                raise _RefusedError from None
            size = len(message.get("body", b""))
            received, self._held = received + size, self._held + size
            complete = not message.get("more_body", False)
            if self._held > self.disk:
                refusal = answer(HTTPStatus.SERVICE_UNAVAILABLE, "too many uploads at once", {"Retry-After": "5"})
                raise _RefusedError
            if received > self.upload:
                refusal = answer(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the request has more than {self.upload:,} bytes"
                )
                raise _RefusedError
            return message

        async def send_on(message: Message) -> None:
            nonlocal begun
            if refusal is None or begun:
                begun = True
                await send(message)

        try:
            with suppress(_RefusedError):
                await self.app(scope, count, send_on)
        finally:
            self._held -= received
        if refusal is not None and not begun:  # a response of the application after the refusal was not sent
            await refusal(scope, receive, send)


class _RefusedError(Exception):
    """A request that is too large or too slow."""


def _no_form(scope: Scope, headers: Headers) -> Response | None:
    """Return the response to a request of the API that is not a form; None if it is one."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if scope["method"] != "POST" or not scope["path"].startswith("/v1/") or not kind or kind in FORMS:
        return None
    return answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send a form ({FORMS[0]}), not {kind[:80]!r}")


def _well_formed(origin: str | None) -> bool:
    """Return whether an Origin header, if any, is ``null`` or a scheme and a host (RFC 6454)."""
    if origin in (None, "null"):
        return True
    scheme, separator, rest = (origin or "").partition("://")
    return bool(separator and SCHEME.fullmatch(scheme)) and host_name(rest) is not None


def _same_site(origin: str | None, host: str) -> bool:
    """Return whether an Origin header, if any, is that of the host itself."""
    if origin is None:
        return True
    scheme, _, rest = origin.partition("://")
    return scheme in ("http", "https") and host_name(rest) is not None and urlsplit(f"//{rest}").netloc == host


def _with_headers(send: Send, without_body: bool) -> Send:
    """Return a `send` that adds the security headers to responses, and removes the body of those to HEAD."""

    async def send_on(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        elif without_body:
            message = {**message, "body": b""}
        await send(message)

    return send_on
