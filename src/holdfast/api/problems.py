"""Errors as answers: problem+json (RFC 9457), one status and one stable type for each kind of error."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from starlette.responses import Response

from holdfast import errors
from holdfast.access.limits import retry_after_header
from holdfast.records.worker import describe

__all__ = ["PROBLEMS", "Problem", "detail_of", "problem_body", "problem_of", "problem_response", "responses"]

MEDIA_TYPE = "application/problem+json"

log = structlog.get_logger(__name__)

# The first class that fits decides. (class, status, type, title)
PROBLEMS: Sequence[tuple[type[Exception], int, str, str]] = (
    (errors.NotAuthenticatedError, 401, "not-authenticated", "A valid API key is needed"),
    (errors.NotAllowedError, 403, "not-allowed", "The key does not carry the permission"),
    (errors.ProviderError, 502, "provider", "The identity provider cannot be used"),
    (errors.HandlingError, 403, "sharing-terms", "The sharing terms forbid it"),
    (errors.LimitError, 429, "over-limit", "Over a limit"),
    (errors.NotFoundError, 404, "not-found", "There is no such thing"),
    (errors.IdempotencyConflictError, 422, "idempotency-conflict", "The idempotency key came before"),
    (errors.ConflictError, 409, "conflict", "It exists already, or changed in between"),
    (errors.LeaseLostError, 409, "conflict", "It exists already, or changed in between"),
    (errors.HeldError, 409, "must-be-kept", "It must be kept"),
    (errors.ObjectDestroyedError, 410, "destroyed", "It was destroyed"),
    (errors.FetchRefusedError, 422, "fetch-refused", "The URL may not be fetched"),
    (errors.FetchFailedError, 502, "fetch-failed", "The URL could not be fetched"),
    (errors.OverloadedError, 503, "overloaded", "Too much is in work"),
    (errors.RecordsUnavailableError, 503, "unavailable", "The service cannot do it at the moment"),
    (errors.SchemaVersionError, 503, "unavailable", "The service cannot do it at the moment"),
    (errors.WorkerError, 503, "unavailable", "The service cannot do it at the moment"),
    (errors.IndexFileError, 503, "unavailable", "The service cannot do it at the moment"),
    (errors.VaultError, 503, "vault", "Held content could not be kept or opened"),
    (errors.InvalidDocumentError, 422, "invalid-report", "The report breaks rules of its destination"),
    (errors.DestinationError, 409, "destination", "The destination cannot be used"),
    (errors.SettingsError, 422, "bad-file", "The file cannot be used"),
    (errors.InputError, 422, "bad-input", "The input cannot be used"),
    (errors.UsageError, 422, "bad-request", "The request cannot be understood"),
    (errors.HoldfastError, 500, "internal", "The service failed"),
)

# Failures whose messages are written for callers.
_TOLD = (errors.OverloadedError, errors.FetchFailedError, errors.ProviderError)

_TITLES = {
    400: "The request cannot be understood",
    404: "There is no such path",
    405: "The path has no such method",
    406: "No such form of answer",
    411: "The body has no length",
    413: "The body is too large",
    415: "The body has another type",
    422: "The request cannot be understood",
}


class Problem(Exception):  # noqa: N818  (the RFC's word)
    """An answer with a status of its own, where no error of the rooms below says it."""

    def __init__(self, status: int, kind: str, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.kind, self.title, self.detail = status, kind, title, detail


def problem_of(error: Exception) -> tuple[int, str, str]:
    """Status, type and title for an error that one of the rooms raised."""
    for known, status, kind, title in PROBLEMS:
        if isinstance(error, known):
            return status, kind, title
    return 500, "internal", "The service failed"


def detail_of(error: Exception, request_id: str) -> str:
    """What a caller hears of an error. Of what failed inside it is a fixed sentence.

    Such a message is for whoever runs the service, names its database, files and programs, and is logged.
    """
    status = problem_of(error)[0]
    if not isinstance(error, errors.HoldfastError):
        return _UNEXPECTED
    if status < 500 or isinstance(error, _TOLD):
        return str(error)
    log.warning("the service failed", error=describe(error), status=status, request_id=request_id)
    return _NOT_NOW if status == 503 else _UNEXPECTED


def problem_body(error: Exception, request_id: str) -> dict[str, Any]:
    """What a problem says (RFC 9457). Only our own messages are shown: another's text could quote content."""
    if isinstance(error, Problem):
        status, kind, title, detail = error.status, error.kind, error.title, error.detail
    else:
        status, kind, title = problem_of(error)
        detail = detail_of(error, request_id)
    return {"type": f"urn:holdfast:problem:{kind}", "title": title, "status": status, "detail": detail}


def problem_response(error: Exception, request_id: str, extra: Mapping[str, Any] | None = None) -> Response:
    """The answer for an error."""
    headers = {"x-request-id": request_id}
    body = problem_body(error, request_id)
    status = body["status"]
    if isinstance(error, errors.LimitError):
        headers["retry-after"] = retry_after_header(error)
    elif status == 503:
        headers["retry-after"] = "1"
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    said = {**body, "request_id": request_id, **(extra or {})}
    # A message may name what came in, and half of a character has no bytes.
    text = json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
    return Response(text, status, headers, MEDIA_TYPE)


def http_problem(status: int, detail: str = "") -> Problem:
    """A problem for a bare HTTP status (unknown path, wrong method, ...)."""
    title = _TITLES.get(status, "The request failed")
    return Problem(status, "http", title, detail or f"{title}. Nothing was done.")


def responses(*statuses: int, any_key: bool = True) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: the problems that a route answers, beside those that every route can."""
    always = (401, 403, 429, 500, 503) if any_key else (500, 503)
    wanted = sorted({*statuses, *always})
    reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": _DESCRIPTIONS[status], "content": {MEDIA_TYPE: reference}}
        for status in wanted
    }


_UNEXPECTED = (
    "Something unforeseen happened; the request was not answered, and nothing is known about the content. "
    "Send it again; if it happens again, give the request id to whoever runs the service."
)
_NOT_NOW = (
    "The service cannot do it at the moment. Nothing was done, and nothing is known about the content. "
    "Send it again; if it happens again, give the request id to whoever runs the service."
)
_DESCRIPTIONS = {
    400: "The request cannot be read",
    401: "No key, or none that is valid here and now",
    403: "The key does not carry the permission, or its scope or the sharing terms forbid it",
    404: "There is no such thing",
    405: "The path has no such method",
    408: "The body did not arrive in time",
    409: "It exists already, changed in between, or must be kept",
    410: "It was destroyed",
    411: "The body has no length",
    413: "The body is too large",
    415: "The body has another type than the route takes",
    422: "Something in the request cannot be used; it says what",
    429: "Over a limit; `Retry-After` says when to come back",
    500: "The service failed; nothing is known about the content",
    502: "The URL was allowed and could not be fetched",
    503: "The service cannot do it at the moment; `Retry-After` says when to come back",
}
