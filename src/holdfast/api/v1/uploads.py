"""Bytes of uploads: taken in under limits, worked on in the upload threads, whichever way they come."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from holdfast.api.bodies import read_body, too_large
from holdfast.api.problems import http_problem
from holdfast.errors import FetchRefusedError

if TYPE_CHECKING:
    from fastapi import UploadFile

    from holdfast.api.guard import Caller

__all__ = ["BINARY", "in_threads", "with_body", "with_file", "with_url"]

T = TypeVar("T")

# For OpenAPI: the body is the file itself.
BINARY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
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


async def with_file(caller: Caller, file: UploadFile, work: Callable[[bytes], T]) -> T:
    """``work`` done on one part of a form."""
    most = caller.runtime.settings.media.max_bytes
    if file.size is not None and file.size > most:
        raise too_large(most)
    with caller.request.app.state.budget.reserve() as reservation:
        reservation.grow(file.size or 0)
        data = await file.read()
        return await in_threads(caller, lambda: work(data))


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
