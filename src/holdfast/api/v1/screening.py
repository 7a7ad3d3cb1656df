"""Is this upload known, and what is to be done with it? By bytes, form, URL or ready hash."""

from __future__ import annotations

import json
import re
import time
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from holdfast.access.limits import retry_after_header
from holdfast.access.roles import Permission
from holdfast.api.bodies import streams
from holdfast.api.direct import DirectRoute
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import problem_body, responses
from holdfast.api.v1 import uploads
from holdfast.api.v1.answers import ScreenAnswer, ScreenAnswers, ScreenLater
from holdfast.api.v1.context import ContextModel, context_of, parse_context
from holdfast.api.v1.shown import in_scope
from holdfast.api.writes import IDEMPOTENCY_KEY, JSON, REPLAYED, json_bytes, json_response
from holdfast.decisions.facts import Context
from holdfast.errors import LimitError, UsageError
from holdfast.screening.answer import Answer
from holdfast.screening.given import GivenItem, screen_hashes
from holdfast.screening.lookup import GivenHash

__all__ = ["charge_lookups", "direct", "router"]

router = APIRouter(tags=["screening"])
direct = APIRouter(tags=["screening"], route_class=DirectRoute)

MAX_ITEMS = 10_000
MAX_FRAMES = 6 * 3600
KEY_FORM = re.compile(r"[\x21-\x7e]{1,255}")
BANKS: Any = Query(alias="bank", default_factory=list, description="Only these banks; needs `match.detail`.")
PARAMETERS = [
    {
        "name": "Holdfast-Context",
        "in": "header",
        "description": "What you know of the upload, as JSON in ASCII.",
        "schema": {"type": "string"},
    },
    {
        "name": "context",
        "in": "query",
        "description": "The same, where a header cannot be set.",
        "schema": {"type": "string"},
    },
    {
        "name": "bank",
        "in": "query",
        "description": "Only these banks; needs `match.detail`.",
        "schema": {"type": "array", "items": {"type": "string"}},
    },
    {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "1 to 255 visible characters. The same key and upload again get the first answer.",
        "schema": {"type": "string", "maxLength": 255},
    },
]


LATER: dict[int | str, dict[str, Any]] = {
    202: {"model": ScreenLater, "description": "A video too long to wait for: follow its job."}
}


class ScreenUrl(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=8192, examples=["https://media.example.org/p/8f31.jpg"])
    context: ContextModel = Field(default_factory=ContextModel)


class Hashes(BaseModel):
    """Ready hashes of one content, as hexadecimal text, and vPDQ of a video. At least one."""

    model_config = ConfigDict(extra="forbid")

    pdq: str | None = Field(default=None, max_length=64, examples=["f" * 64])
    md5: str | None = Field(default=None, max_length=32)
    sha1: str | None = Field(default=None, max_length=40)
    sha256: str | None = Field(default=None, max_length=64)
    vpdq: list[Annotated[str, Field(max_length=120)]] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_FRAMES,
        description='Of a video: "hash,quality,seconds" of each frame, one a second.',
    )


class HashItem(BaseModel):
    model_config = ConfigDict(extra="forbid")

    hashes: Hashes
    quality: int | None = Field(default=None, ge=0, le=100, description="PDQ's quality, where you know it.")
    size_bytes: int | None = Field(default=None, ge=0, description="The file's size: makes an MD5 exact.")
    context: ContextModel = Field(default_factory=ContextModel)


class ScreenHashes(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: list[HashItem] = Field(min_length=1, max_length=MAX_ITEMS)


@direct.post(
    "/v1/screen",
    response_model=ScreenAnswer,
    responses={**LATER, **responses(400, 404, 408, 413, 415, 422)},
    openapi_extra={**uploads.BINARY, "parameters": PARAMETERS},
)
@streams
async def screen_body(caller: Annotated[Caller, Guard(Permission.SCREEN_MEDIA)]) -> Response:
    """The request's body is the file. The fastest way: nothing is parsed, nothing touches a disk."""
    said, banks, key = context_of(caller.request), _banks(caller), _key(caller)
    return await uploads.with_body(caller, lambda data: _screen(caller, data, said, banks, key))


@direct.post(
    "/v1/screen/form",
    response_model=ScreenAnswer,
    responses={**LATER, **responses(400, 404, 408, 413, 415, 422)},
    openapi_extra={**uploads.FORM, "parameters": PARAMETERS[2:]},
)
@streams
async def screen_form(caller: Annotated[Caller, Guard(Permission.SCREEN_MEDIA)]) -> Response:
    """A file in a form, with its context as JSON text beside it."""
    banks, key = _banks(caller), _key(caller)

    def work(data: bytes, form: uploads.Form) -> Response:
        said = parse_context(form["context"].text if "context" in form else None)
        return _screen(caller, data, said, banks, key)

    return await uploads.with_form(caller, work)


@router.post(
    "/v1/screen/url",
    response_model=ScreenAnswer,
    responses={**LATER, **responses(404, 413, 422, 502)},
)
async def screen_url(
    caller: Annotated[Caller, Guard(Permission.SCREEN_URL)],
    body: ScreenUrl,
    bank: list[str] = BANKS,
    key: str | None = IDEMPOTENCY_KEY,
) -> Response:
    """What lies at a URL. Only hosts on the allow-list are fetched, never an address inside."""
    said = body.context.to_context()
    _allow_banks(caller, bank)
    return await uploads.with_url(caller, body.url, lambda data: _screen(caller, data, said, bank, key))


@router.post("/v1/screen/hashes", response_model=ScreenAnswers, responses=responses(422))
def screen_ready_hashes(
    caller: Annotated[Caller, Guard(Permission.SCREEN_HASH)],
    body: ScreenHashes,
    key: str | None = IDEMPOTENCY_KEY,
) -> Response:
    """Ready hashes, up to 10,000 contents at once: for platforms that hash where the files are.

    An item whose account is held back for probing has a `problem` in the place of its answer, and no outcome:
    hold that content back. The other items are answered all the same.
    """
    charge_lookups(caller, sum(max(1, len(item.hashes.vpdq or ())) for item in body.items))
    items = [_given(item) for item in body.items]
    in_detail = caller.allows(Permission.MATCH_DETAIL)
    answers = screen_hashes(
        caller.runtime.intake, items, by=caller.subject, in_detail=in_detail, idempotency_key=_valid(key)
    )
    request_id = caller.request.scope["holdfast.request_id"]
    scope = caller.principal.banks
    said = [in_scope(_item_json(answer, request_id, in_detail=in_detail), scope) for answer in answers]
    return json_response({"answers": said, "list_version": caller.runtime.screener.lists.position})


def _item_json(answer: Answer | LimitError, request_id: str, *, in_detail: bool) -> dict[str, Any]:
    if isinstance(answer, LimitError):
        retry_after_s = int(retry_after_header(answer))
        return {"problem": {**problem_body(answer, request_id), "retry_after_s": retry_after_s}}
    found: dict[str, Any] = (
        json.loads(answer.stored) if answer.stored else answer.to_json(in_detail=in_detail)
    )
    return found


def charge_lookups(caller: Caller, count: int) -> None:
    """Takes look-ups off the key's limit. Raises LimitError: nothing was looked up then."""
    principal = caller.principal
    caller.runtime.limiter.spend_lookups(principal.subject, principal.limits, count)


def _screen(caller: Caller, data: bytes, context: Context, banks: list[str], key: str | None) -> Response:
    in_detail = caller.allows(Permission.MATCH_DETAIL)
    begun = time.perf_counter()
    answer = caller.runtime.intake.screen(
        data, context, by=caller.subject, banks=banks, in_detail=in_detail, idempotency_key=key
    )
    scope = caller.principal.banks
    if answer.stored:
        body = answer.stored if "*" in scope.seen else json_bytes(in_scope(json.loads(answer.stored), scope))
        return Response(body, answer.stored_status, {REPLAYED: "true"}, JSON)
    if answer.job is not None:
        return json_response(answer.to_json(in_detail=in_detail), 202)
    measures = caller.request.app.state.measures
    measures.screened.labels(answer.outcome.medium, str(answer.outcome.outcome)).inc()
    measures.screen_seconds.observe(time.perf_counter() - begun)
    return json_response(in_scope(answer.to_json(in_detail=in_detail), scope))


def _banks(caller: Caller) -> list[str]:
    banks = caller.request.query_params.getlist("bank")
    _allow_banks(caller, banks)
    return banks


def _key(caller: Caller) -> str | None:
    return _valid(caller.request.headers.get("idempotency-key"))


def _valid(key: str | None) -> str | None:
    if key is not None and not KEY_FORM.fullmatch(key):
        raise UsageError("The idempotency key is not 1 to 255 visible ASCII characters; nothing was done.")
    return key


def _allow_banks(caller: Caller, banks: list[str]) -> None:
    """Naming banks would tell an upload key which of them an upload matches."""
    if banks:
        caller.principal.require(Permission.MATCH_DETAIL)
    for bank in banks:
        caller.principal.require_bank(bank)


def _given(item: HashItem) -> GivenItem:
    values: dict[str, Any] = item.hashes.model_dump(exclude_none=True)
    if not values:
        raise UsageError(
            "An item has no hash. Nothing was looked up. Give one of pdq, md5, sha1, sha256, vpdq."
        )
    frames = values.pop("vpdq", None)
    hashes = [GivenHash.parse(name, text, item.size_bytes) for name, text in values.items()]
    if frames is not None:
        hashes.append(GivenHash.of_video(frames))
    return GivenItem(hashes, item.context.to_context(), item.quality, item.size_bytes)
