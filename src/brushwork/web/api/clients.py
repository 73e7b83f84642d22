"""Tells clients apart, so that one sees its own clips and cannot fill the queue of all."""

import secrets

from starlette.requests import HTTPConnection

from brushwork.web.api.origins import is_local

COOKIE = "brushwork_client"


def client_of(connection: HTTPConnection) -> str:
    """The name of a client: its address, and the cookie that the page gave its browser.

    Browsers on the machine itself are told apart by the cookie alone. From elsewhere a cookie that is made up would
    give as many places in the queue as one likes, so there the address counts.
    """
    origin = getattr(connection.state, "origin", None)
    address: str = origin.client if origin else "unknown"
    named = connection.cookies.get(COOKIE, "")
    return f"{address} {named}" if is_local(address) else address


def new_cookie() -> str:
    """The value of a ``Set-Cookie`` header for a browser that comes for the first time."""
    return f"{COOKIE}={secrets.token_urlsafe(16)}; Path=/; HttpOnly; SameSite=Strict"
