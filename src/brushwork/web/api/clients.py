"""Identifies clients, so that each sees only its own clips and cannot fill the queue."""

import secrets

from starlette.requests import HTTPConnection

from brushwork.web.api.origins import is_local

COOKIE = "brushwork_client"


def client_of(connection: HTTPConnection) -> str:
    """Return the name of a client: its address and, on this machine, the cookie that the page set.

    Browsers on this machine differ only by the cookie. Other clients are identified by their address alone, because
    with invented cookies they could get any number of places in the queue.
    """
    origin = getattr(connection.state, "origin", None)
    address: str = origin.client if origin else "unknown"
    named = connection.cookies.get(COOKIE, "")
    return f"{address} {named}" if is_local(address) else address


def new_cookie() -> str:
    """Return the value of a ``Set-Cookie`` header for a new browser."""
    return f"{COOKIE}={secrets.token_urlsafe(16)}; Path=/; HttpOnly; SameSite=Strict"
