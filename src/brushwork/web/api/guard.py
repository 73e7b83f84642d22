"""What stands before every request: who may come in, how much may come in, and what browsers are told."""

import hmac
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brushwork.web.api.problems import answer

COOKIE = "brushwork_token"
OPEN = ("/healthz",)  # answered without a token, so that a supervisor can ask
# Everything a page needs comes from this server; pictures and clips that it made itself are blobs.
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
    """ASGI middleware: hosts and origins, the token, the size of a request, and headers of every answer.

    Args:
        app: What is guarded.
        hosts: Names by which the server may be called; empty for any. A page elsewhere whose name is made to point
            here (DNS rebinding) comes with its own name.
        token: What a client must show: ``Authorization: Bearer``, or once ``/?token=``, which leaves a cookie.
        upload: Most bytes of a request.
    """

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str], token: str | None, upload: int) -> None:
        self.app, self.hosts, self.token, self.upload = app, tuple(hosts), token, upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or answers it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        refused = self._refuse(scope, headers)
        if refused is not None:
            await refused(scope, receive, with_headers)
            return
        if shown := self._shown_once(scope):
            response = RedirectResponse(scope["path"], HTTPStatus.SEE_OTHER)
            response.set_cookie(COOKIE, shown, httponly=True, samesite="strict")
            await response(scope, receive, with_headers)
            return
        await self._bounded(scope, receive, with_headers)

    def _refuse(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        host = headers.get("host", "")
        if self.hosts and _name(host) not in self.hosts:
            return answer(HTTPStatus.MISDIRECTED_REQUEST, f"this server is not {_name(host) or 'without a name'}")
        origin = headers.get("origin")
        if scope["method"] not in ("GET", "HEAD") and origin and urlsplit(origin).netloc != host:
            return answer(HTTPStatus.FORBIDDEN, "a page of another site may not send requests here")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self.upload:
            return answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {self.upload:,} bytes")
        if self.token and scope["path"] not in OPEN and not self._known(headers) and not self._shown_once(scope):
            return answer(HTTPStatus.UNAUTHORIZED, "a token is needed", {"WWW-Authenticate": "Bearer"})
        return None

    def _known(self, headers: Headers) -> bool:
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._right(shown.strip()):
            return True
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        return COOKIE in cookies and self._right(cookies[COOKIE].value)

    def _shown_once(self, scope: Scope) -> str:
        """The token in the address of the page, if it is the right one."""
        if not self.token or scope["path"] != "/":
            return ""
        shown = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return shown if self._right(shown) else ""

    def _right(self, shown: str) -> bool:
        return hmac.compare_digest(shown.encode(), (self.token or "").encode())

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The request, of no more bytes than allowed even where it does not say how many will come."""
        received = 0
        begun = False

        async def count() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.upload:
                raise _TooMuchError
            return message

        async def note(message: Message) -> None:
            nonlocal begun
            if received <= self.upload or begun:
                begun = True
                await send(message)

        with suppress(_TooMuchError):
            await self.app(scope, count, note)
        if not begun:  # whoever read the request may have answered something else, which was not sent
            await answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {self.upload:,} bytes")(scope, receive, send)


class _TooMuchError(Exception):
    """More came than a request may hold."""


def _name(host: str) -> str:
    """The name in a Host header, without the port."""
    return urlsplit(f"//{host}").hostname or ""
