"""`/m`: which banks hold a hash or a content?"""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from starlette.datastructures import QueryParams
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.bodies import streams
from holdfast.api.guard import Caller, Guard
from holdfast.api.hma.bodies import read_form, read_json
from holdfast.api.hma.errors import HmaDirectRoute, HmaError, HmaRoute, responses
from holdfast.api.hma.hashing import FILE
from holdfast.api.hma.lookups import (
    ByBank,
    Question,
    enabled,
    known_ratios,
    look_up_hash,
    look_up_media,
    raw_matches,
)
from holdfast.api.hma.media import fetch_media, uploaded
from holdfast.api.hma.signals import SIGNAL_TYPES, SignalType, signal_type
from holdfast.api.v1.uploads import in_threads
from holdfast.api.writes import json_response
from holdfast.banks.models import VPDQ
from holdfast.records.tables.banks import entries, fingerprints
from holdfast.screening.lookup import GivenHash

__all__ = ["counted", "hot", "router"]

PDQ_MATCH_BITS = 31  # "confident match" of PDQ's authors, and HMA's threshold

router = APIRouter(tags=["HMA: matching"], route_class=HmaRoute)
hot = APIRouter(tags=["HMA: matching"], route_class=HmaDirectRoute)


def _parameter(name: str, description: str, kind: str = "string") -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": {"type": kind}}


_COMMON = [
    _parameter("banks", "Only these banks: a comma list."),
    _parameter("seed", "Makes the coin of enabled ratios repeatable."),
    _parameter("bypass_coinflip", "Ask every bank, whatever its enabled ratio.", "boolean"),
    _parameter("types", "Only these signal types of a content: a comma list."),
    _parameter("context", "What you know of an upload, as JSON; its surface decides how far to look."),
]
_LOOKUP: Any = {
    "parameters": [
        _parameter("signal_type", "Kind of the ready hash: pdq, video_md5, md5, sha1, sha256, vpdq."),
        _parameter("signal", "The ready hash, in hexadecimal; vpdq as JSON text."),
        _parameter("url", "Or: a content to fetch, hash and look up."),
        _parameter("content_type", "photo or video, for a URL; by default what the server says."),
        *_COMMON,
    ]
}
_COMPARE: Any = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {"type": "object"},
                "example": {"pdq": ["f" * 64, "0" * 64]},
            }
        }
    }
}


@hot.get("/m/lookup", responses=responses(400, 413), openapi_extra=_LOOKUP)
async def look_up(caller: Annotated[Caller, Guard(Permission.HMA_MATCH)]) -> Response:
    """Matches of a ready hash (`signal_type` and `signal`) or of what lies at a `url`, by bank."""
    asked = caller.request.query_params
    question = await _question(caller, asked)
    if url := asked.get("url"):
        return await _look_up_url(caller, asked, url, question)
    signal, name = asked.get("signal"), asked.get("signal_type")
    if not signal or not name:
        raise HmaError(400, "Either url or both signal and signal_type are required")
    kind = signal_type(name, question.ratios.enabled_types())
    return json_response(await look_up_hash(caller, kind, _given(kind, signal), question))


async def _look_up_url(caller: Caller, asked: QueryParams, url: str, question: Question) -> Response:
    caller.principal.require(Permission.HMA_HASH)
    able = question.ratios.enabled_types()
    kind, types, only = asked.get("content_type"), asked.get("types"), asked.get("signal_type")
    found = await in_threads(
        caller, lambda: look_up_media(caller, fetch_media(caller, url, kind, types, able), question)
    )
    body: Any = found.by_type if only is None else found.by_type.get(only, {})
    return _with_headers(body, found.headers)


@router.post("/m/lookup", responses=responses(400, 408, 413), openapi_extra={**FILE, "parameters": _COMMON})
@streams
async def look_up_upload(caller: Annotated[Caller, Guard(Permission.HMA_MATCH)]) -> Response:
    """Matches of an uploaded file, by signal type and bank."""
    asked = caller.request.query_params
    question = await _question(caller, asked)
    async with read_form(caller) as form:
        media = uploaded(form, asked.get("types"), question.ratios.enabled_types())
        found = await in_threads(caller, lambda: look_up_media(caller, media, question))
    return _with_headers(found.by_type, found.headers)


@router.get("/m/raw_lookup", responses=responses(400))
async def raw_lookup(
    caller: Annotated[Caller, Guard(Permission.HMA_MATCH)],
    signal: Annotated[str, Query(description="The ready hash, in hexadecimal.")],
    signal_type_name: Annotated[str, Query(alias="signal_type", description="pdq, md5, ...")],
    banks: Annotated[str | None, Query(description="Only these banks: a comma list.")] = None,
    include_distance: Annotated[bool, Query(description="Distances as well.")] = False,
    include_disabled: Annotated[bool, Query(description="Content that is switched off as well.")] = False,
) -> Response:
    """Ids of all content near a ready hash, nearest first, whatever the banks' enabled ratios."""
    kind = signal_type(signal_type_name, await enabled(caller))
    found = await raw_matches(
        caller, kind, _given(kind, signal), _banks(banks), include_disabled=include_disabled
    )
    if not include_distance:
        return json_response({"matches": [entry for entry, _ in found]})
    pairs = [{"bank_content_id": entry, "distance": distance} for entry, distance in found]
    return json_response({"matches": pairs})


@router.post("/m/compare", responses=responses(400, 408, 413, 415, schemas=()), openapi_extra=_COMPARE)
async def compare(caller: Annotated[Caller, Guard(Permission.HMA_MATCH)]) -> Response:
    """Do two hashes match, and how far apart are they? One pair a signal type."""
    body = await read_json(caller.request)
    if not isinstance(body, dict):
        raise HmaError(400, "Request input was not a dict")
    able = await enabled(caller)
    return json_response({name: _compared(name, pair, able) for name, pair in body.items()})


def _compared(name: str, pair: Any, able: tuple[str, ...]) -> list[Any]:
    if not isinstance(pair, list):
        raise HmaError(400, f"Comparison hashes for {name[:100]} was not a list")
    if len(pair) != 2:
        raise HmaError(400, "Comparison hash list length must be exactly 2")
    kind = signal_type(name, able)
    try:
        left, right = (kind.parse(text).value for text in pair)
    except ValueError as error:
        raise HmaError(400, f"Invalid {name} hash: {error}") from error
    if kind.algorithm == VPDQ:
        return _compared_videos(left, right)
    if kind.algorithm != "pdq":
        return [left == right, {"distance": kind.distance(0)}]
    bits = (int.from_bytes(left) ^ int.from_bytes(right)).bit_count()
    return [bits <= PDQ_MATCH_BITS, {"distance": bits}]


def _compared_videos(left: bytes, right: bytes) -> list[Any]:
    """By the rule and in the words of the extension."""
    from holdfast.hashing.videoblob import unpack
    from holdfast.matching.video import classic_match  # with kernels of its own

    query, listed = unpack(left), unpack(right)
    classic = classic_match(query.codes, query.quality, listed.codes, listed.quality)
    percents = {
        "query_match_percent": classic.query_percent,
        "compared_match_percent": classic.reference_percent,
    }
    return [classic.by_hma, percents]


@router.get("/m/index/status", responses=responses(400))
def index_status(
    caller: Annotated[Caller, Guard(Permission.HMA_MATCH)],
    name: Annotated[str | None, Query(alias="signal_type", description="Only this one.")] = None,
) -> Response:
    """How many hashes are matched with, by signal type. Counts them: a second at a million."""
    held = counted(caller, name)
    return json_response(
        {
            one: {"present": size > 0, "built_to": newest if size else -1, "size": size}
            for one, (size, newest) in held.items()
        }
    )


def counted(caller: Caller, name: str | None) -> dict[str, tuple[int, int]]:
    """Signal type -> active hashes and when the newest content of them was added (unix seconds)."""
    if name is not None and name not in SIGNAL_TYPES:
        raise HmaError(400, f"No such signal type '{name[:100]}'")
    is_video = entries.c.medium == "video"
    statement = (
        sa.select(fingerprints.c.algorithm, is_video, sa.func.count(), sa.func.max(entries.c.created_at))
        .join(entries, entries.c.id == fingerprints.c.entry_id)
        .where(fingerprints.c.active)
        .group_by(fingerprints.c.algorithm, is_video)
    )
    sizes: dict[str, int] = defaultdict(int)
    newest: dict[str, int] = defaultdict(lambda: -1)
    with caller.runtime.database.read() as connection:
        for algorithm, video, count, at in connection.execute(statement):
            for one in [algorithm, "video_md5"] if algorithm == "md5" and video else [algorithm]:
                sizes[one] += count
                newest[one] = max(newest[one], int(at.timestamp()))
    return {one: (sizes[one], newest[one]) for one in SIGNAL_TYPES if name in (None, one)}


async def _question(caller: Caller, asked: QueryParams) -> Question:
    """The banks and the coin that a request asks for."""
    return Question(
        ratios=await known_ratios(caller),
        banks=_banks(asked.get("banks")),
        bypass_coinflip=_flag(asked.get("bypass_coinflip", "false")),
        seed=asked.get("seed"),
    )


def _flag(text: str) -> bool:
    if text.lower() in ("true", "1", "yes", "on"):
        return True
    if text.lower() in ("false", "0", "no", "off", ""):
        return False
    raise HmaError(400, "invalid boolean parameter - prefer true/false")


def _banks(text: str | None) -> frozenset[str] | None:
    return frozenset(text.split(",")) if text else None


def _given(kind: SignalType, text: str) -> GivenHash:
    try:
        return kind.parse(text)
    except ValueError as error:
        raise HmaError(400, f"invalid signal: {error}") from error


def _with_headers(body: dict[str, ByBank] | ByBank, headers: dict[str, str]) -> Response:
    response = json_response(body)
    response.headers.update(headers)
    return response
