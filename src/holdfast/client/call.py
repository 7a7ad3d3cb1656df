"""One call of the API, without any input or output: what is sent, and what its answer means."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from holdfast.client import errors
from holdfast.client.body import Body

__all__ = ["Call", "Reply", "json_body", "json_of", "part", "query", "read_call", "write_call"]

T = TypeVar("T")
Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Header names are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """``read`` makes the answer from the JSON of a 2xx, or of a status in ``also``.

    ``headers`` hold the idempotency key: made with the call, so that every try carries the same.
    """

    method: str
    path: str
    read: Callable[[Any], T]
    query: Query = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    also: frozenset[int] = frozenset()

    @property
    def can_repeat(self) -> bool:
        """Whether the call can be sent again: its key makes that it happens once."""
        return self.body is None or self.body.can_repeat

    def answer(self, reply: Reply) -> T:
        """What the reply says. Raises RefusedError or UnexpectedAnswerError."""
        if not (200 <= reply.status < 300 or reply.status in self.also):
            raise refusal(reply)
        if reply.status == 204 or not reply.body:
            return self.read(None)
        try:
            value = json.loads(reply.body)
        except ValueError:
            raise errors.UnexpectedAnswerError(
                f"{self.method} {self.path} was answered {reply.status} without JSON. Nothing is known about "
                "the content. Is the address that of Holdfast itself?"
            ) from None
        return self.read(value)


def read_call(path: str, read: Callable[[Any], T], **asked: Any) -> Call[T]:
    """A call that changes nothing; ``asked`` are query parameters, without those that are None."""
    return Call("GET", path, read, query(**asked))


def write_call(
    method: str,
    path: str,
    read: Callable[[Any], T],
    body: Body | None = None,
    *,
    key: str | None = None,
    headers: Mapping[str, str] | None = None,
    asked: Query = (),
) -> Call[T]:
    """A call that may be sent twice and happens once. ``key`` is its idempotency key, else a new one."""
    together = {"idempotency-key": key or uuid.uuid4().hex, **(headers or {})}
    return Call(method, path, read, asked, together, body)


def json_body(**values: Any) -> Body:
    """The values that are not None, as a JSON object."""
    return json_of({name: value for name, value in values.items() if value is not None})


def json_of(values: Any) -> Body:
    """The values as they are, as JSON."""
    return Body(json.dumps(values, ensure_ascii=False).encode(), "application/json")


def query(**asked: Any) -> Query:
    """Query parameters; a list gives one each, None gives none."""
    found: list[tuple[str, str]] = []
    for name, value in asked.items():
        values = value if isinstance(value, list | tuple) else [value]
        found += [(name, str(one)) for one in values if one is not None]
    return tuple(found)


def part(text: str | int) -> str:
    """``text`` as one part of a path."""
    return quote(str(text), safe="")


_KINDS: dict[int, type[errors.RefusedError]] = {
    401: errors.NotAuthenticatedError,
    403: errors.NotAllowedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    410: errors.NotFoundError,
    413: errors.TooLargeError,
    429: errors.OverLimitError,
    502: errors.FetchFailedError,
    503: errors.UnavailableError,
    504: errors.UnavailableError,
}
_PREFIX = "urn:holdfast:problem:"


def refusal(reply: Reply) -> errors.RefusedError:
    """The error that a reply other than 2xx stands for."""
    problem = _problem(reply)
    kind = _KINDS.get(reply.status)
    if reply.status == 502 and not problem:
        kind = errors.UnavailableError  # a gateway without connection, not a URL that we were to fetch
    if kind is None:
        kind = errors.ServiceFailedError if reply.status >= 500 else errors.BadRequestError
    found = kind(
        reply.status,
        str(problem.get("type", "")).removeprefix(_PREFIX),
        str(problem.get("detail") or "It was refused, and the answer does not say why. Nothing is known."),
        str(problem.get("request_id") or reply.headers.get("x-request-id", "")),
        tuple((str(one.get("field")), str(one.get("problem"))) for one in _fields(problem)),
    )
    if isinstance(found, errors.TryLaterError):
        found.retry_after_s = _seconds(reply.headers.get("retry-after", ""))
    return found


def _problem(reply: Reply) -> Mapping[str, Any]:
    if not reply.headers.get("content-type", "").startswith("application/problem+json"):
        return {}
    try:
        value = json.loads(reply.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _fields(problem: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = problem.get("errors", ())
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _seconds(text: str) -> float:
    """Seconds of a Retry-After; the service sends no dates."""
    is_number = text.isascii() and text.isdigit() and len(text) < 9
    return float(text) if is_number else errors.TryLaterError.retry_after_s
