"""Request bodies as HMA takes them: JSON, multipart forms and urlencoded ones."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from holdfast.api.bodies import read_body
from holdfast.api.forms import parse_form
from holdfast.api.hma.errors import TOO_LARGE, HmaError
from holdfast.api.problems import Problem

if TYPE_CHECKING:
    from starlette.requests import Request

    from holdfast.api.guard import Caller

__all__ = ["Form", "Upload", "read_form", "read_json"]

MAX_JSON_BYTES = 1024 * 1024
FORM_BYTES = 1024 * 1024  # what a form may have around its file
MAX_FIELDS = 50

NOT_JSON = "Did not attempt to load JSON data because the request Content-Type was not 'application/json'."
NOT_READ = "The browser (or proxy) sent a request that this server could not understand."


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form: the name of its field, and its bytes."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """A form's fields (of one sent twice the last counts) and files."""

    fields: dict[str, str]
    files: tuple[Upload, ...]


async def read_json(request: Request) -> Any:
    """The JSON value in the body. Raises HmaError 415 for another type, 400 for what is no JSON."""
    if _type(request) != "application/json":
        raise HmaError(415, NOT_JSON)
    with request.app.state.budget.reserve() as reservation:
        body = await _body(request, reservation, MAX_JSON_BYTES)
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise HmaError(400, NOT_READ) from None


@asynccontextmanager
async def read_form(caller: Caller) -> AsyncIterator[Form]:
    """The form in the body; its bytes count against the process's budget until the block ends."""
    request = caller.request
    most = caller.runtime.settings.media.max_bytes + FORM_BYTES
    with request.app.state.budget.reserve() as reservation:
        kind = _type(request)
        if kind == "multipart/form-data":
            body = await _body(request, reservation, most)
            if "content-length" not in request.headers:  # else the gate has counted it
                principal = caller.principal
                caller.runtime.limiter.charge(principal.subject, principal.limits, size_bytes=len(body))
            yield _multipart(body, request.headers["content-type"])
        elif kind == "application/x-www-form-urlencoded":
            yield _urlencoded(await _body(request, reservation, FORM_BYTES))
        else:
            yield Form({}, ())


async def _body(request: Request, reservation: Any, most_bytes: int) -> bytes:
    wait_s = request.app.state.runtime.settings.server.max_body_wait_s
    try:
        return await read_body(request, reservation, most_bytes=most_bytes, wait_s=wait_s)
    except Problem as problem:
        raise HmaError(problem.status, TOO_LARGE if problem.status == 413 else problem.detail) from None


def _multipart(body: bytes, content_type: str) -> Form:
    try:
        parts = parse_form(body, content_type)
    except Problem:
        raise HmaError(400, NOT_READ) from None
    files = tuple(Upload(part.name, part.data) for part in parts if part.filename is not None)
    return Form({part.name: part.text for part in parts if part.filename is None}, files)


def _urlencoded(body: bytes) -> Form:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise HmaError(400, NOT_READ) from None
    return Form(dict(pairs), ())


def _type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
