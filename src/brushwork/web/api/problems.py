"""Errors of the API as problem+json (RFC 9457), each with a detail of one line."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from brushwork.errors import UserError, in_one_line

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """An error in the form of RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class RefusedError(Exception):
    """A refused request.

    Args:
        status: The HTTP status.
        detail: One line for the user.
        headers: Further headers of the response.
    """

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})


def answer(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return a response with a problem."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return JSONResponse(problem.model_dump(), status, dict(headers or {}), MEDIA_TYPE)


def handle(app: FastAPI) -> None:
    """Return all errors of requests as problems."""

    @app.exception_handler(RefusedError)
    def refused(_: Request, error: RefusedError) -> JSONResponse:
        return answer(error.status, error.detail, error.headers)

    @app.exception_handler(UserError)
    def wrong(_: Request, error: UserError) -> JSONResponse:
        return answer(HTTPStatus.BAD_REQUEST, str(error))

    @app.exception_handler(MemoryError)
    def too_large(_: Request, error: MemoryError) -> JSONResponse:
        return answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, in_one_line(error))

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or "the request"
        return answer(HTTPStatus.BAD_REQUEST, f"{where}: {first['msg'].lower()}")

    @app.exception_handler(HTTPException)
    def unknown(_: Request, error: HTTPException) -> JSONResponse:
        return answer(error.status_code, str(error.detail), error.headers)
