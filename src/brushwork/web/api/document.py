"""The OpenAPI document of the API: what FastAPI finds out by itself, and what it cannot know."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from brushwork.web.api.problems import MEDIA_TYPE, Problem
from brushwork.web.api.tokens import COOKIE

OPEN_PATHS = ("/healthz",)  # answered without a token
SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of the server's, where it asks for one."},
    "browser": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "Set by POST /login."},
}
TEXT = {"schema": {"type": "string"}}
HEADERS: dict[str, dict[str, Any]] = {
    "429": {"Retry-After": {"description": "Seconds after which to come back.", **TEXT}},
    "503": {"Retry-After": {"description": "Seconds after which to come back.", **TEXT}},
    "507": {"Retry-After": {"description": "Seconds after which to come back.", **TEXT}},
    "202": {"Location": {"description": "Where the clip is.", **TEXT}},
    "401": {"WWW-Authenticate": {"description": "Bearer.", **TEXT}},
}
# Refusals that come before any route is asked.
ANYWHERE = (400, 401, 403, 408, 413, 421, 503)


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document; every error in it is a problem (RFC 9457)."""
    made: dict[str, Any] = FastAPI.openapi(app)
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = Problem.model_json_schema()
    made["components"]["securitySchemes"] = SECURITY
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            if method == "post":
                operation["responses"].setdefault("415", {"description": "It is no form."})
            _complete(operation["responses"])
            operation["security"] = [] if path in OPEN_PATHS else [{}, {"bearer": []}, {"browser": []}]
    return made


def _complete(responses: dict[str, Any]) -> None:
    """Give every error its one shape and every answer its headers, in place."""
    responses.pop("422", None)
    for code in ANYWHERE:
        responses.setdefault(str(code), {"description": HTTPStatus(code).phrase})
    for status, response in responses.items():
        if status >= "400":
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": {
                "type": "about:blank", "title": HTTPStatus(int(status)).phrase, "status": int(status),
                "detail": "One line that says what to do.",
            }}}  # fmt: skip
        if status in HEADERS:
            response["headers"] = HEADERS[status]
