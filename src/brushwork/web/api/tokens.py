"""Access tokens of a server, and the login form."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from html import escape
from importlib.resources import files

from starlette.datastructures import Headers

from brushwork.errors import UserError

COOKIE = "brushwork_token"
FORM = "login.html"


class Tokens:
    """The tokens of a server. Browsers store a digest in a cookie that only this run of the server accepts.

    Args:
        tokens: The tokens; if empty, every client is admitted.

    Raises:
        UserError: If one is empty.
    """

    def __init__(self, tokens: Sequence[str] = ()) -> None:
        if not all(tokens):
            raise UserError("a token is empty; omit --token, or give it a value")
        self._salt = secrets.token_bytes(16)
        self._tokens = [token.encode() for token in tokens]
        self._cookies = [self._digest(token) for token in self._tokens]

    def __bool__(self) -> bool:
        return bool(self._tokens)

    def _digest(self, token: bytes) -> str:
        return hmac.new(self._salt, token, hashlib.sha256).hexdigest()

    def cookie_for(self, given: bytes) -> str | None:
        """Return the cookie for a valid token, otherwise None."""
        # All tokens are compared, so that the time reveals nothing.
        valid = [cookie for token, cookie in zip(self._tokens, self._cookies, strict=True)
                 if hmac.compare_digest(token, given)]  # fmt: skip
        return valid[0] if valid else None

    def admit(self, headers: Headers) -> bool:
        """Return whether a request has a valid token, as ``Authorization: Bearer`` or as a cookie."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.cookie_for(given.strip().encode("latin-1")):
            return True
        sent = cookie_of(headers, COOKIE)
        return sent is not None and any(hmac.compare_digest(sent.encode(), cookie.encode()) for cookie in self._cookies)


def cookie_of(headers: Headers, name: str) -> str | None:
    """Return the value of a cookie, whatever the form of other cookies; None if it is missing."""
    for part in headers.get("cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return None


def login_form(message: str = "") -> str:
    """Return the login form, with an error message."""
    form = files("brushwork.web.page").joinpath(FORM).read_text(encoding="utf-8")
    return form.replace("{message}", escape(message))
