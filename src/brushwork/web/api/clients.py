"""Tells clients apart, so that one sees its own clips and cannot fill the queue of all."""

import secrets

from starlette.requests import HTTPConnection

COOKIE = "brushwork_client"


def client_of(connection: HTTPConnection) -> str:
    """The name of a client: the cookie that the page gave its browser, else the address it comes from."""
    named = connection.cookies.get(COOKIE)
    if named:
        return named
    return connection.client.host if connection.client else "unknown"


def new_cookie() -> str:
    """The value of a ``Set-Cookie`` header for a browser that comes for the first time."""
    return f"{COOKIE}={secrets.token_urlsafe(16)}; Path=/; HttpOnly; SameSite=Strict"
