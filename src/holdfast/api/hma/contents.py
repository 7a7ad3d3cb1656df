"""`/c/bank/<name>/content` and `/signal`: add, show, change and delete contents. Ids are our entries' ids."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.bodies import streams
from holdfast.api.guard import Caller, Guard
from holdfast.api.hma.adding import Said, add_media, add_signals
from holdfast.api.hma.banks import bank_or_404, take_effect
from holdfast.api.hma.bodies import Form, read_form, read_json
from holdfast.api.hma.errors import HmaError, HmaRoute, responses
from holdfast.api.hma.hashing import CONTENT_TYPE, FILE, TYPES
from holdfast.api.hma.lookups import enabled
from holdfast.api.hma.media import fetch_media, uploaded
from holdfast.api.hma.said import checked_note, metadata_in_form, metadata_in_json
from holdfast.api.hma.showing import changed_json, content_json, moment_of
from holdfast.api.hma.signals import SIGNAL_TYPES
from holdfast.api.v1.uploads import in_threads
from holdfast.api.writes import json_response
from holdfast.banks.entries import get_entry, remove_entry, update_entry
from holdfast.banks.models import Bank, Entry
from holdfast.errors import NotFoundError
from holdfast.records.tables.base import now

__all__ = ["router"]

FARTHEST = timedelta(days=365 * 5)
MAX_ID = 2**63 - 1


def _json_body(example: dict[str, Any]) -> dict[str, Any]:
    """For OpenAPI: a body that is read by hand, because HMA answers its errors in words of its own."""
    content = {"application/json": {"schema": {"type": "object"}, "example": example}}
    return {"requestBody": {"content": content}}


_SIGNALS: Any = _json_body({"pdq": "f8" * 32, "note": "seen in a report"})
_CHANGE: Any = _json_body({"disable_until_ts": 0, "note": "a false positive"})

router = APIRouter(tags=["HMA: contents"], route_class=HmaRoute)


class Added(BaseModel):
    id: int
    signals: dict[str, str] = Field(examples=[{"pdq": "f8" * 32}])


class Deleted(BaseModel):
    deleted: int = Field(examples=[1])


@router.post(
    "/c/bank/{bank_name}/content",
    response_model=Added,
    responses=responses(400, 404, 408, 413),
    openapi_extra=FILE,
)
@streams
async def add(
    caller: Annotated[Caller, Guard(Permission.HMA_ENTRY_WRITE)],
    bank_name: str,
    url: Annotated[str | None, Query(description="What to fetch; else send a file.")] = None,
    content_type: str | None = CONTENT_TYPE,
    types: str | None = TYPES,
) -> Response:
    """Adds a content by URL or upload. It is matched with at once.

    A note and metadata come in a JSON body, in form fields or in the query.
    """
    await run_in_threadpool(_bank, caller, bank_name, change=True)
    able = await enabled(caller)
    async with read_form(caller) as form:
        said = await _said(caller, form)
        if not url and not form.files:
            raise HmaError(400, "Neither `url` nor multipart file upload was received")

        def work() -> dict[str, Any]:
            if url:
                media = fetch_media(caller, url, content_type, types, able)
            else:
                media = uploaded(form, types, able)
            return add_media(caller, bank_name, media, said, types_named=types is not None)

        return json_response(await in_threads(caller, work))


@router.post(
    "/c/bank/{bank_name}/signal",
    response_model=Added,
    responses=responses(400, 404, 408, 413, 415),
    openapi_extra=_SIGNALS,
)
async def add_ready_signals(
    caller: Annotated[Caller, Guard(Permission.HMA_ENTRY_WRITE)], bank_name: str
) -> Response:
    """Adds a content by ready hashes, one a signal type."""
    await run_in_threadpool(_bank, caller, bank_name, change=True)
    body = await read_json(caller.request)
    said = Said(None, checked_note(body.pop("note", None) if isinstance(body, dict) else None))
    if not isinstance(body, dict) or not body:
        raise HmaError(400, "No signals given")
    given = {}
    for name, text in body.items():
        if name not in SIGNAL_TYPES:
            raise HmaError(400, f"No such signal type {name[:100]}")
        try:
            given[name] = SIGNAL_TYPES[name].parse(text)
        except ValueError as error:
            raise HmaError(400, f"Invalid {name} signal: {error}") from error
    return json_response(await run_in_threadpool(add_signals, caller, bank_name, given, said))


@router.get("/c/bank/{bank_name}/content/{content_id:int}", responses=responses(404))
def show(
    caller: Annotated[Caller, Guard(Permission.HMA_BANK_READ)],
    bank_name: str,
    content_id: int,
    include_signals: Annotated[
        str, Query(description="true: hashes too, where their terms allow.")
    ] = "false",
    include_metadata: Annotated[str, Query(description="false: without metadata.")] = "true",
) -> Response:
    """One content."""
    with caller.runtime.database.read() as connection:
        bank = bank_or_404(connection, caller, bank_name)
        entry = _content_or_404(connection, bank, content_id)
        shown = content_json(
            connection,
            bank,
            entry,
            signals=include_signals.lower() == "true",
            metadata=include_metadata.lower() == "true",
        )
    return json_response(shown)


@router.put(
    "/c/bank/{bank_name}/content/{content_id:int}",
    responses=responses(400, 404, 408, 413, 415),
    openapi_extra=_CHANGE,
)
async def update(
    caller: Annotated[Caller, Guard(Permission.HMA_ENTRY_WRITE)], bank_name: str, content_id: int
) -> Response:
    """Switches a content off until a time (0: for ever; 1: on again), or sets its note.

    Switching needs the permission `hma.entry_disable` as well.
    """
    body = await read_json(caller.request)
    if not isinstance(body, dict):
        raise HmaError(400, "this endpoint expects a json object payload")
    return json_response(await run_in_threadpool(_change, caller, bank_name, content_id, body))


@router.delete(
    "/c/bank/{bank_name}/content/{content_id:int}", response_model=Deleted, responses=responses(404)
)
def delete(
    caller: Annotated[Caller, Guard(Permission.HMA_ENTRY_DELETE)], bank_name: str, content_id: int
) -> Response:
    """Deletes a content of this bank. `deleted` is 0 when the bank holds no such content."""
    with caller.runtime.database.write() as connection:
        bank = bank_or_404(connection, caller, bank_name, change=True)
        entry = _content(connection, bank, content_id)
        if entry is not None:
            remove_entry(connection, entry.id)
    take_effect(caller)
    return json_response({"deleted": int(entry is not None)})


def _change(caller: Caller, bank_name: str, content_id: int, body: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    with caller.runtime.database.write() as connection:
        bank = bank_or_404(connection, caller, bank_name, change=True)
        entry = _content_or_404(connection, bank, content_id)
        if "disable_until_ts" in body:
            caller.principal.require(Permission.HMA_ENTRY_DISABLE)
            changes["disabled_until"] = moment_of(_until(body["disable_until_ts"]))
        if "note" in body:
            changes["note"] = checked_note(body["note"]) or ""
        return changed_json(connection, bank, update_entry(connection, entry.id, **changes))


def _until(value: Any) -> int:
    try:
        number = int(value)
    except (ValueError, TypeError, OverflowError):
        raise HmaError(400, f"Invalid int: '{str(value)[:100]}'") from None
    if number < 0:
        raise HmaError(400, "disable_until_ts must be a non-negative integer")
    if number > (now() + FARTHEST).timestamp():
        raise HmaError(400, "disable_until_ts must be less than 5 years in the future")
    return number


async def _said(caller: Caller, form: Form) -> Said:
    """Metadata and note, from wherever the client put them."""
    request = caller.request
    in_query = {name: request.query_params[name] for name in _COOP if name in request.query_params}
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        fields = {**in_query, **form.fields}
        return Said(metadata_in_form(fields), checked_note(fields.get("note")))
    body = await read_json(request)
    said = body if isinstance(body, dict) else {}
    metadata = metadata_in_json(said.get("metadata")) or metadata_in_form(in_query)
    return Said(metadata, checked_note(said.get("note")))


_COOP = ("content_id", "content_uri", "metadata")


def _bank(caller: Caller, name: str, *, change: bool) -> None:
    """Refuses early what could only be refused after the whole body: see `bank_or_404`."""
    with caller.runtime.database.read() as connection:
        bank_or_404(connection, caller, name, change=change)


def _content(connection: sa.Connection, bank: Bank, content_id: int) -> Entry | None:
    """The content, None when this bank holds none of that id."""
    if content_id > MAX_ID:
        return None
    try:
        entry = get_entry(connection, content_id)
    except NotFoundError:
        return None
    return entry if entry.bank_id == bank.id else None


def _content_or_404(connection: sa.Connection, bank: Bank, content_id: int) -> Entry:
    entry = _content(connection, bank, content_id)
    if entry is None:
        raise HmaError(404, f"content '{content_id}' not found")
    return entry
