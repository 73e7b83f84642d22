"""The OpenAPI document of the API: FastAPI's, completed with errors, headers and security."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from brushwork.web.api.problems import MEDIA_TYPE, Problem
from brushwork.web.api.tokens import COOKIE

OPEN_PATHS = ("/healthz",)  # answered without a token
SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of the server, if it needs one."},
    "browser": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "Set by POST /login."},
}
TEXT = {"schema": {"type": "string"}}
HEADERS: dict[str, dict[str, Any]] = {
    "429": {"Retry-After": {"description": "Seconds after which to try again.", **TEXT}},
    "503": {"Retry-After": {"description": "Seconds after which to try again.", **TEXT}},
    "507": {"Retry-After": {"description": "Seconds after which to try again.", **TEXT}},
    "202": {"Location": {"description": "Path of the clip.", **TEXT}},
    "401": {"WWW-Authenticate": {"description": "Bearer.", **TEXT}},
}
# Errors of the middleware, which any path may return.
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
                operation["responses"].setdefault("415", {"description": "The request is not a form."})
            _complete(operation["responses"])
            operation["security"] = [] if path in OPEN_PATHS else [{}, {"bearer": []}, {"browser": []}]
    return made


def _complete(responses: dict[str, Any]) -> None:
    """Add the schema of errors and the headers of responses, in place."""
    responses.pop("422", None)
    for code in ANYWHERE:
        responses.setdefault(str(code), {"description": HTTPStatus(code).phrase})
    for status, response in responses.items():
        if status >= "400":
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": {
                "type": "about:blank", "title": HTTPStatus(int(status)).phrase, "status": int(status),
                "detail": "One line with the error.",
            }}}  # fmt: skip
        if status in HEADERS:
            response["headers"] = HEADERS[status]
