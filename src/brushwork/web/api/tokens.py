"""Tokens: what a client must show where a server asks for one, and the form by which a person shows it."""

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
    """The tokens of a server. Browsers keep a digest in a cookie that only this run of the server takes.

    Args:
        tokens: The tokens; none lets everybody in.

    Raises:
        UserError: If one is empty.
    """

    def __init__(self, tokens: Sequence[str] = ()) -> None:
        if not all(tokens):
            raise UserError("a token is empty; leave --token out, or give it a value")
        self._salt = secrets.token_bytes(16)
        self._tokens = [token.encode() for token in tokens]
        self._cookies = [self._digest(token) for token in self._tokens]

    def __bool__(self) -> bool:
        return bool(self._tokens)

    def _digest(self, token: bytes) -> str:
        return hmac.new(self._salt, token, hashlib.sha256).hexdigest()

    def cookie_for(self, shown: bytes) -> str | None:
        """The cookie of a browser that shows a token; None if that is not one."""
        # All are compared, however early one fits: the time tells nothing.
        right = [cookie for token, cookie in zip(self._tokens, self._cookies, strict=True)
                 if hmac.compare_digest(token, shown)]  # fmt: skip
        return right[0] if right else None

    def admit(self, headers: Headers) -> bool:
        """Whether a request shows a token, as ``Authorization: Bearer`` or by its cookie."""
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.cookie_for(shown.strip().encode("latin-1")):
            return True
        kept = cookie_of(headers, COOKIE)
        return kept is not None and any(hmac.compare_digest(kept.encode(), cookie.encode()) for cookie in self._cookies)


def cookie_of(headers: Headers, name: str) -> str | None:
    """The value of a cookie; what other cookies look like does not matter."""
    for part in headers.get("cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return None


def login_form(message: str = "") -> str:
    """The form in which a person shows a token, with a line about what was wrong."""
    form = files("brushwork.web.page").joinpath(FORM).read_text(encoding="utf-8")
    return form.replace("{message}", escape(message))
