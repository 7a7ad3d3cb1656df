"""Errors in HMA's shape: ``{"message": ...}``, and a JSON list with 422 for a body of another schema.

What the gate refuses before any route (no valid key, over a limit, unknown path) stays problem+json.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic.version import version_short
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from holdfast.access.limits import retry_after_header
from holdfast.api.direct import DirectRoute
from holdfast.api.problems import MEDIA_TYPE as PROBLEM
from holdfast.api.problems import Problem, detail_of, problem_of
from holdfast.api.writes import JSON, json_bytes, json_response
from holdfast.errors import HoldfastError, LimitError
from holdfast.records.worker import describe

__all__ = ["TOO_LARGE", "HmaDirectRoute", "HmaError", "HmaRoute", "responses"]

UNEXPECTED = (
    "The server encountered an internal error and was unable to complete your request. Either the server "
    "is overloaded or there is an error in the application."
)
TOO_LARGE = "Content too large"
# Errors of the rooms below that say something about what was sent: 400 here, where the list is 422's alone.
_OURS_TO_THEIRS = {422: 400, 502: 400}

log = structlog.get_logger(__name__)


class HmaError(Exception):
    """An answer with this status and message. ``headers`` come on top."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}


class HmaRoute(APIRoute):
    """A route whose errors have HMA's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_and_answer(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:  # noqa: BLE001  (all of them have one shape)
                return _answer(error, request)

        return handle_and_answer


class HmaDirectRoute(DirectRoute):
    """The same for a route that is asked thousands of times a second."""

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super()._run(scope, receive, send)
        except Exception as error:  # noqa: BLE001
            await _answer(error, Request(scope))(scope, receive, send)


def _answer(error: Exception, request: Request) -> Response:
    if isinstance(error, RequestValidationError):
        return json_response([_schema_error(one) for one in error.errors()], 422)
    if isinstance(error, HmaError):
        status, message, headers = error.status, error.message, error.headers
    elif isinstance(error, Problem):
        status, message, headers = error.status, error.detail, {}
    elif isinstance(error, HTTPException):
        status, message, headers = error.status_code, str(error.detail), {}
    elif isinstance(error, HoldfastError):
        status, headers = problem_of(error)[0], {}
        message = detail_of(error, request.scope["holdfast.request_id"])
        status = _OURS_TO_THEIRS.get(status, status)
    else:
        request_id = request.scope["holdfast.request_id"]
        log.warning("unforeseen error", error=describe(error), request_id=request_id)
        status, message, headers = 500, UNEXPECTED, {}
    if isinstance(error, LimitError):
        headers = {**headers, "retry-after": retry_after_header(error)}
    elif status == 503:
        headers = {"retry-after": "1", **headers}
    return Response(json_bytes({"message": message}), status, headers, JSON)


def _schema_error(one: Any) -> dict[str, Any]:
    """As pydantic says it, without where in the request it was and without the value: it may be a hash."""
    loc = [part for part in one["loc"] if part not in ("body", "query", "path")]
    url = f"https://errors.pydantic.dev/{version_short()}/v/{one['type']}"
    return {"type": one["type"], "loc": loc, "msg": one["msg"], "input": {}, "url": url}


_MESSAGE = {
    "type": "object",
    "required": ["message"],
    "properties": {"message": {"type": "string", "example": "bank 'NOPE' not found"}},
}
_LIST = {"type": "array", "items": {"type": "object"}}
_DESCRIPTIONS = {
    400: "Something in the request cannot be used; the message says what",
    401: "No key, or none that is valid here and now",
    403: "The key does not carry the permission, or the name is taken",
    404: "There is no such bank, content or exchange",
    408: "The body did not arrive in time",
    409: "The home is more than a test",
    413: "The content is too large",
    415: "The body is not JSON",
    422: "The parameters or the body are not of the schema: one object an error",
    429: "Over a limit; `Retry-After` says when to come back",
    500: "The service failed; nothing is known about the content",
    503: "It cannot be done at the moment; `Retry-After` says when to come back",
}


def responses(*statuses: int, schemas: Sequence[int] = (422,)) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: the errors that a route answers, beside those that every one can."""
    return {
        status: {"description": _DESCRIPTIONS[status], "content": _content(status)}
        for status in sorted({*statuses, *schemas, 401, 403, 429, 500, 503})
    }


def _content(status: int) -> dict[str, Any]:
    ours = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    theirs = {JSON: {"schema": _LIST if status == 422 else _MESSAGE}}
    # These may also come from before the route: no key, no such path, too much in work.
    return {**theirs, **ours} if status in (401, 404, 413, 429, 503) else theirs
