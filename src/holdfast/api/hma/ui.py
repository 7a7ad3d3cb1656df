"""`/ui`: the JSON calls behind HMA's pages. The pages themselves are not offered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.bodies import streams
from holdfast.api.guard import Caller, Guard
from holdfast.api.hma.banks import bank_or_404
from holdfast.api.hma.bodies import Form, read_form
from holdfast.api.hma.errors import HmaError, HmaRoute, responses
from holdfast.api.hma.hashing import FILE
from holdfast.api.hma.lookups import ByBank, Question, known_ratios, look_up_hash, look_up_media
from holdfast.api.hma.media import Media, fetch_media, hash_media, signals_of, uploaded
from holdfast.api.hma.signals import signal_type
from holdfast.api.hma.store import metadata_of
from holdfast.api.v1.uploads import in_threads
from holdfast.api.writes import json_response
from holdfast.banks.entries import get_entry
from holdfast.errors import NotFoundError

__all__ = ["router"]

NEITHER = "Either 'url' with 'content_type' or 'signal_type' with 'signal_value' required"

router = APIRouter(tags=["HMA: UI"], route_class=HmaRoute)


def _form(*names: str) -> dict[str, Any]:
    """For OpenAPI: a form with these fields."""
    properties = {name: {"type": "string"} for name in (*names, "bypass_enabled_ratio")}
    schema = {"type": "object", "properties": properties}
    return {"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": schema}}}}


class Find(BaseModel):
    """Either ``url`` with ``content_type``, or ``signal_type`` with ``signal_value``."""

    url: str | None = Field(default=None, max_length=8192)
    content_type: str | None = None
    signal_type: str | None = None
    signal_value: str | None = Field(default=None, max_length=200)


@router.post("/ui/query", responses=responses(400, 408, 413), openapi_extra=FILE)
@streams
async def query(caller: Annotated[Caller, Guard(Permission.HMA_MATCH)]) -> Response:
    """Matches of an uploaded file, with metadata and notes."""
    async with read_form(caller) as form:
        question = await _question(caller, form)
        types = caller.request.query_params.get("types")
        media = uploaded(form, types, question.ratios.enabled_types())
        return await in_threads(caller, lambda: _of_media(caller, media, question))


@router.post(
    "/ui/query_url",
    responses=responses(400, 408, 413),
    openapi_extra=_form("url", "content_type"),
)
async def query_url(caller: Annotated[Caller, Guard(Permission.HMA_MATCH)]) -> Response:
    """The same for what lies at a URL."""
    caller.principal.require(Permission.HMA_HASH)
    async with read_form(caller) as form:
        url, kind = form.fields.get("url"), form.fields.get("content_type")
        if not url:
            raise HmaError(400, "URL is required")
        if not kind:
            raise HmaError(400, "Content type is required")
        question = await _question(caller, form)

        def work() -> Response:
            return _of_media(caller, _fetched(caller, url, kind, question), question)

        return await in_threads(caller, work)


@router.post(
    "/ui/query_hash",
    responses=responses(400, 408, 413),
    openapi_extra=_form("signal_type", "signal_value"),
)
async def query_hash(caller: Annotated[Caller, Guard(Permission.HMA_MATCH)]) -> Response:
    """The same for a ready hash."""
    async with read_form(caller) as form:
        name, text = form.fields.get("signal_type"), form.fields.get("signal_value")
        question = await _question(caller, form)
    if not name:
        raise HmaError(400, "Signal type is required")
    if not text:
        raise HmaError(400, "Signal value is required")
    found = {name: await _by_hash(caller, name, text, question)}
    return json_response(await run_in_threadpool(_details, caller, {name: text}, found))


@router.post("/ui/bank/{bank_name}/content/find", responses=responses(400, 404, 413))
async def find(
    caller: Annotated[Caller, Guard(Permission.HMA_MATCH)], bank_name: str, body: Find
) -> Response:
    """Which contents of a bank match a URL's content or a ready hash?"""
    await run_in_threadpool(_bank, caller, bank_name)
    known = await known_ratios(caller)
    question = Question(known, frozenset({bank_name}), bypass_coinflip=True)
    if url := body.url:
        if not (kind := body.content_type):
            raise HmaError(400, "content_type required when searching by URL")
        caller.principal.require(Permission.HMA_HASH)

        def work() -> Response:
            media = _fetched(caller, url, kind, question)
            hashes = signals_of(hash_media(caller.runtime, media), media.types)
            return _contents(bank_name, hashes, look_up_media(caller, media, question).by_type)

        return await in_threads(caller, work)
    if not body.signal_type or not body.signal_value:
        raise HmaError(400, NEITHER)
    found = await _by_hash(caller, body.signal_type, body.signal_value, question)
    return _contents(bank_name, {body.signal_type: body.signal_value}, {body.signal_type: found})


async def _question(caller: Caller, form: Form) -> Question:
    """HMA's pages ask every bank unless they say otherwise."""
    bypass = form.fields.get("bypass_enabled_ratio", "true").lower() == "true"
    return Question(await known_ratios(caller), bypass_coinflip=bypass)


async def _by_hash(caller: Caller, name: str, text: str, question: Question) -> ByBank:
    kind = signal_type(name, question.ratios.enabled_types())
    try:
        given = kind.parse(text)
    except ValueError as error:
        raise HmaError(400, f"invalid signal: {error}") from error
    return await look_up_hash(caller, kind, given, question)


def _fetched(caller: Caller, url: str, kind: str, question: Question) -> Media:
    try:
        return fetch_media(caller, url, kind, None, question.ratios.enabled_types())
    except HmaError as error:
        message = f"Failed to hash URL content: {error.message}"
        raise HmaError(error.status, message, error.headers) from error


def _of_media(caller: Caller, media: Media, question: Question) -> Response:
    found = look_up_media(caller, media, question)
    hashes = signals_of(hash_media(caller.runtime, media), media.types)
    response = json_response(_details(caller, hashes, found.by_type))
    response.headers.update(found.headers)
    return response


def _details(caller: Caller, hashes: Mapping[str, str], found: Mapping[str, ByBank]) -> dict[str, Any]:
    """All matches in one list, nearest first, digests after PDQ; with what is known of each content."""
    matches: list[dict[str, Any]] = [
        {
            "bank_name": bank,
            "content_id": match["bank_content_id"],
            "distance": match["distance"],
            "signal_type": name,
            "signal_value": hashes[name],
        }
        for name, by_bank in found.items()
        for bank, of_bank in by_bank.items()
        for match in of_bank
    ]
    matches.sort(key=lambda one: int(one["distance"]) if one["distance"].isdigit() else 257)
    with caller.runtime.database.read() as connection:
        said = metadata_of(connection, {one["content_id"] for one in matches})
        for one in matches:
            if one["content_id"] in said:
                own = said[one["content_id"]].to_json()
                one["metadata"] = {name: part for name, part in own.items() if part is not None}
            if note := _note(connection, one["content_id"]):
                one["note"] = note
    banks = sorted({one["bank_name"] for one in matches})
    return {"hashes": dict(hashes), "banks": banks, "matches": matches}


def _contents(bank: str, hashes: Mapping[str, str], found: Mapping[str, ByBank]) -> Response:
    matches = [
        {
            "signal_type": name,
            "signal_value": hashes[name],
            "content_id": match["bank_content_id"],
            "distance": match["distance"],
        }
        for name, by_bank in found.items()
        for match in by_bank.get(bank, [])
    ]
    ids = {match["bank_content_id"] for by_bank in found.values() for match in by_bank.get(bank, [])}
    return json_response({"bank_name": bank, "content_ids": sorted(ids), "matches": matches})


def _note(connection: sa.Connection, entry_id: int) -> str:
    try:
        return get_entry(connection, entry_id).note
    except NotFoundError:  # deleted since it was found
        return ""


def _bank(caller: Caller, name: str) -> None:
    with caller.runtime.database.read() as connection:
        bank_or_404(connection, caller, name)
