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

__all__ = ["BINARY", "FORM", "Form", "in_threads", "with_body", "with_form", "with_url"]

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


async def with_body(caller: Caller, work: Callable[[bytes], T]) -> T:
    """``work`` done on the request's own body."""
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
    """``work`` done on the part ``file`` of a form, and on all of it. Raises `Problem` 422 without one."""
    settings = caller.runtime.settings
    most = settings.media.max_bytes
    with caller.request.app.state.budget.reserve() as reservation:
        body = await read_body(
            caller.request,
            reservation,
            most_bytes=most + FORM_BYTES,
            wait_s=settings.server.max_body_wait_s,
        )
        form = {part.name: part for part in parse_form(body, caller.request.headers.get("content-type", ""))}
        if "file" not in form:
            raise Problem(
                422,
                "bad-request",
                "The form has no file",
                "The form has no part `file`. Nothing was checked.",
            )
        data = form["file"].data
        if len(data) > most:
            raise too_large(most)
        return await in_threads(caller, lambda: work(data, form))


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
