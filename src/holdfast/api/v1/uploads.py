"""Bytes of uploads: taken in under limits, worked on in the upload threads, whichever way they come."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from holdfast.api.bodies import read_body, too_large
from holdfast.api.forms import Part, parse_form
from holdfast.api.problems import Problem, http_problem
from holdfast.errors import FetchRefusedError

if TYPE_CHECKING:
    from holdfast.api.guard import Caller

__all__ = ["BINARY", "FORM", "Form", "in_threads", "require_bare", "with_body", "with_form", "with_url"]

T = TypeVar("T")
Form = Mapping[str, Part]

FORM_BYTES = 1024 * 1024  # of everything in a form beside the file

# For OpenAPI: the body is the file itself.
BINARY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "context": {"type": "string", "description": "What you know of the upload, as JSON."},
                    },
                }
            }
        },
    }
}


def require_bare(caller: Caller) -> None:
    """Raises `Problem` 415 where the body is not the file itself.

    An envelope or a compressed form around a file has other hashes: it would be checked, match nothing and
    be allowed.
    """
    kind = caller.request.headers.get("content-type", "").strip().lower()
    if kind.startswith("multipart/"):
        words = "The body is a form, and this route takes the file itself (curl --data-binary, not -F)"
        raise http_problem(415, f"{words}. Nothing was done.")
    _require_plain(caller)


def _require_plain(caller: Caller) -> None:
    coding = caller.request.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        words = "The body has a content encoding. Nothing was done. Send it as it is, without one."
        raise http_problem(415, words)


async def with_body(caller: Caller, work: Callable[[bytes], T]) -> T:
    """``work`` done on the request's own body. Raises what `require_bare` raises."""
    require_bare(caller)
    state, settings = caller.request.app.state, caller.runtime.settings
    with state.budget.reserve() as reservation:
        data = await read_body(
            caller.request,
            reservation,
            most_bytes=settings.media.max_bytes,
            wait_s=settings.server.max_body_wait_s,
        )
        if "content-length" not in caller.request.headers:  # else the gate has counted it
            principal = caller.principal
            caller.runtime.limiter.charge(principal.subject, principal.limits, size_bytes=len(data))
        return await in_threads(caller, lambda: work(data))


async def with_form(caller: Caller, work: Callable[[bytes, Form], T]) -> T:
    """``work`` done on the part ``file`` of a form, and on all of it.

    Raises `Problem` 422 without one, and where two parts have one name: only one of them would be checked.
    """
    _require_plain(caller)
    settings = caller.runtime.settings
    most = settings.media.max_bytes
    with caller.request.app.state.budget.reserve() as reservation:
        body = await read_body(
            caller.request,
            reservation,
            most_bytes=most + FORM_BYTES,
            wait_s=settings.server.max_body_wait_s,
        )
        form = _parts(body, caller.request.headers.get("content-type", ""))
        data = form["file"].data
        if len(data) > most:
            raise too_large(most)
        return await in_threads(caller, lambda: work(data, form))


def _parts(body: bytes, content_type: str) -> Form:
    """The parts of a form by name, with exactly one ``file`` among them."""
    parts = parse_form(body, content_type)
    form = {part.name: part for part in parts}
    if "file" not in form:
        words = "The form has no part `file`. Nothing was checked."
        raise Problem(422, "bad-request", "The form has no file", words)
    if len(form) < len(parts):
        words = "The form has two parts of one name. Nothing was checked. Send one file with each request."
        raise Problem(422, "bad-request", "The form has a part twice", words)
    return form


async def with_url(caller: Caller, url: str, work: Callable[[bytes], T]) -> T:
    """``work`` done on what lies at a URL that may be fetched."""

    def fetched() -> T:
        into = io.BytesIO()
        try:
            caller.runtime.fetcher.fetch(url, into)
        except FetchRefusedError as error:
            if error.reason == "too_large":
                raise too_large(caller.runtime.settings.media.max_bytes) from error
            raise
        return work(into.getvalue())

    with caller.request.app.state.budget.reserve() as reservation:
        reservation.grow(1)
        return await in_threads(caller, fetched)


async def in_threads(caller: Caller, work: Callable[[], T]) -> T:
    """``work`` done in the threads for uploads. Raises `Problem` 503 while there are none."""
    uploads = getattr(caller.request.app.state, "uploads", None)
    if uploads is None:
        raise http_problem(503, "The service is starting or stopping. Nothing was checked.")
    return await asyncio.get_running_loop().run_in_executor(uploads, work)
