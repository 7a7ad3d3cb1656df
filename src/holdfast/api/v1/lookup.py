"""Ready hashes looked up, one or thousands: which entries are near? Nothing is decided, nothing is kept."""

from __future__ import annotations

import asyncio
import binascii
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.direct import DirectRoute
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.screening import charge_lookups
from holdfast.api.writes import json_response
from holdfast.banks.models import ALGORITHMS
from holdfast.banks.resolve import BankMatch
from holdfast.errors import UsageError
from holdfast.screening.checked import Seen
from holdfast.screening.lookup import GivenHash
from holdfast.screening.sighting import Sighted

__all__ = ["router"]

router = APIRouter(tags=["look-up"], route_class=DirectRoute)

MAX_VALUES = 10_000


class Lookup(BaseModel):
    """Either ``value`` or ``values``. ``size_bytes`` of the file can make an MD5 *exact*."""

    model_config = ConfigDict(extra="forbid")

    algorithm: str = Field(examples=["pdq"], description="pdq, md5, sha1 or sha256.")
    value: str | None = Field(default=None, max_length=64, examples=["f" * 64])
    values: list[Annotated[str, Field(max_length=64)]] | None = Field(
        default=None, min_length=1, max_length=MAX_VALUES
    )
    size_bytes: int | None = Field(default=None, ge=0)


class LookupMatch(BaseModel):
    bank: str
    entry: int
    label: str
    kind: str = Field(examples=["known"], description="known or benign.")
    algorithm: str
    distance: int
    tier: str = Field(examples=["match"], description="match or possible.")
    view: str = Field(examples=["as is"], description="What of the entry's original it was compared with.")
    expected_false_alarms: float | None = Field(
        examples=[2.1e-19], description="How many strangers would be expected as near; null for digests."
    )
    extrapolation_decades: float | None = Field(
        examples=[11.4], description="Powers of ten by which that lies beyond the data it rests on."
    )
    exact: bool
    classification: str | None
    trusted: bool
    verdict: str = Field(examples=["positive"], description="What the sources say: positive, disputed, seed.")


class LookupAnswer(BaseModel):
    """``matches`` for one value, ``results`` (one list a value, in their order) for several."""

    matches: list[LookupMatch] | None = None
    results: list[list[LookupMatch]] | None = None
    list_version: int


@router.post("/v1/lookup", response_model=LookupAnswer, responses=responses(422))
async def look_up(caller: Annotated[Caller, Guard(Permission.SCREEN_HASH)], body: Lookup) -> Response:
    """Which entries are near these hashes. PDQ: within each bank's radius; digests: equal."""
    given = _given(body)
    charge_lookups(caller, len(given))
    screener = caller.runtime.screener
    version = screener.lists.position
    # One look into memory is quicker than handing it to a thread; what may be a match is not only memory.
    if len(given) > 1 or screener.may_match(given[0]):
        found = await asyncio.to_thread(screener.look_up, given)
    else:
        found = [Sighted([], {})]
    answers = [
        [
            _json(match, sighted.seen[match.fingerprint_id])
            for match in sighted.found
            if caller.principal.banks.may_see(match.bank)
        ]
        for sighted in found
    ]
    if body.values is None:
        return json_response({"matches": answers[0], "list_version": version})
    return json_response({"results": answers, "list_version": version})


def _given(body: Lookup) -> list[GivenHash]:
    if (body.value is None) == (body.values is None):
        raise UsageError("Give either value or values. Nothing was looked up.")
    if body.value is not None:
        return [GivenHash.parse(body.algorithm, body.value, body.size_bytes)]
    width = ALGORITHMS.get(body.algorithm, 0)
    texts = body.values or []
    try:  # all at once: ten times faster than one by one
        joined = binascii.unhexlify("".join(texts)) if all(len(text) == 2 * width for text in texts) else b""
    except ValueError:
        joined = b""
    if width == 0 or not joined:
        return [GivenHash.parse(body.algorithm, text, body.size_bytes) for text in texts]
    return [
        GivenHash(body.algorithm, joined[start : start + width], body.size_bytes)
        for start in range(0, len(joined), width)
    ]


def _json(match: BankMatch, seen: Seen) -> dict[str, Any]:
    return {
        "bank": match.bank,
        "entry": match.entry_id,
        "label": match.label,
        "kind": match.kind,
        "algorithm": match.algorithm,
        "distance": match.distance_bits,
        "tier": seen.tier,
        "view": seen.words,
        "expected_false_alarms": seen.expected_false_alarms,
        "extrapolation_decades": seen.extrapolation_decades,
        "exact": match.exact,
        "classification": match.classification,
        "trusted": match.trusted,
        "verdict": match.verdict,
    }
