"""API keys: make, list, rotate, revoke. A key's text is shown once."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, Self

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from holdfast.access import keys
from holdfast.access.keys import KeyRecord, NewKey
from holdfast.access.limits import KeyLimits
from holdfast.access.principal import BankScope
from holdfast.access.roles import Permission, Role
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.fields import Answer, Limit, Line, Page, Request, page
from holdfast.api.writes import Write, Writing
from holdfast.errors import NotFoundError
from holdfast.records.tables.base import now

__all__ = ["router"]

router = APIRouter(tags=["keys"])

MAX_DAYS = 3650
KeyId = Annotated[str, Path(pattern=r"^[A-Za-z0-9]{1,12}$", examples=["4k8wz0qd2m1x"])]
Patterns = Annotated[list[Annotated[Line, Field(min_length=1, max_length=200)]], Field(max_length=1000)]
Days = Annotated[float, Field(gt=0, le=MAX_DAYS)]
Amount = Annotated[float, Field(gt=0, le=1e15)]


class Scope(Request):
    """Banks by name; a trailing * stands for any ending. What may be changed may be seen."""

    see: Patterns = Field(default=["*"], examples=[["KNOWN", "COOP_*"]])
    change: Patterns = Field(default=["*"], examples=[["COOP_*"]])


class LimitsModel(Request):
    """Limits of one key over all processes of a host; null is no limit."""

    requests_per_s: Amount | None = 200.0
    burst_requests: float = Field(default=400.0, ge=1, le=1e9)
    concurrent_requests: int | None = Field(default=64, ge=1, le=1_000_000)
    bytes_per_minute: Amount | None = 6e9
    hash_lookups_per_minute: Amount | None = 60_000.0


class NewKeyRequest(Request):
    """A key of one service or person."""

    name: Line = Field(min_length=1, max_length=200, examples=["upload service"])
    roles: list[Role] = Field(default_factory=list, max_length=len(Role), examples=[["uploader"]])
    grants: list[Permission] = Field(
        default_factory=list,
        max_length=len(Permission),
        examples=[[]],
        description="Single permissions: see docs/api.md.",
    )
    banks: Scope = Field(default_factory=Scope)
    networks: list[Annotated[str, Field(max_length=50)]] = Field(
        default_factory=list, max_length=100, examples=[["192.0.2.0/24"]], description="Empty: from anywhere."
    )
    limits: LimitsModel | None = Field(default=None, description="Null: those of the settings.")
    lifetime_days: Days | None = Field(default=365, description="Null: it never expires.")


class RotateKey(Request):
    """For how long the old secret stays valid, and whether the key lives longer."""

    overlap_hours: float = Field(default=24.0, ge=0, le=30 * 24, description="0: it got out.")
    lifetime_days: Days | None = Field(default=None, description="From now; null keeps the old end.")


class KeyAnswer(Answer):
    """A key, all but its secret."""

    id: str = Field(examples=["4k8wz0qd2m1x"])
    name: str = Field(examples=["upload service"])
    state: str = Field(examples=["active"], description="active, expired or revoked.")
    roles: list[str] = Field(examples=[["uploader"]])
    grants: list[str] = Field(examples=[[]])
    banks: Scope
    networks: list[str] = Field(examples=[["192.0.2.0/24"]])
    limits: LimitsModel | None
    created_at: datetime
    created_by: str = Field(examples=["key:crimwjm0a0nw"], description="Who made it.")
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="The hour, no finer.")
    revoked_at: datetime | None
    revoked_by: str | None

    @classmethod
    def of(cls, record: KeyRecord) -> Self:
        banks = Scope(see=list(record.banks.see), change=list(record.banks.change))
        return cls(
            id=record.key_id,
            name=record.name,
            state=record.state(now()),
            roles=sorted(record.roles),
            grants=sorted(record.grants),
            banks=banks,
            networks=list(record.networks),
            limits=None if record.limits is None else LimitsModel(**asdict(record.limits)),
            created_at=record.created_at,
            created_by=record.created_by,
            expires_at=record.expires_at,
            last_used_at=record.last_used_at,
            revoked_at=record.revoked_at,
            revoked_by=record.revoked_by,
        )


class ShownKey(Answer):
    """The key's id and its text, which is shown once: not in the answer to a repeated request."""

    id: str = Field(examples=["4k8wz0qd2m1x"])
    key: str | None = Field(examples=["hf_4k8wz0qd2m1x_..."])


@router.get("/v1/keys", summary="List keys", responses=responses(404, 422))
def list_keys(
    caller: Annotated[Caller, Guard(Permission.KEY_MANAGE)],
    after: Annotated[
        str | None, Query(pattern=r"^[A-Za-z0-9]{1,12}$", description="The `next` of the page before.")
    ] = None,
    limit: Limit = 100,
) -> Page[KeyAnswer]:
    """Every key, oldest first, also expired and revoked ones. No secret is shown: none is kept."""
    with caller.runtime.database.read() as connection:
        found = keys.list_keys(connection)
    if after is not None:
        places = [place for place, record in enumerate(found) if record.key_id == after]
        if not places:
            raise NotFoundError(f"There is no key {after!r} to go on after. Nothing was listed.")
        found = found[places[0] + 1 :]
    items = [KeyAnswer.of(record) for record in found[:limit]]
    return page(items, limit, [item.id for item in items])


@router.post(
    "/v1/keys", status_code=201, summary="Make a key", response_model=ShownKey, responses=responses(422)
)
def create_key(body: NewKeyRequest, write: Annotated[Write, Writing(Permission.KEY_MANAGE)]) -> Response:
    """A new key. It is written down who made it. A key can be given roles that its maker does not have."""
    limits = None if body.limits is None else KeyLimits(**body.limits.model_dump())

    def work(connection: sa.Connection) -> NewKey:
        return keys.create_key(
            connection,
            name=body.name,
            roles=body.roles,
            created_by=write.subject,
            grants=body.grants,
            banks=BankScope(tuple(body.banks.see), tuple(body.banks.change)),
            networks=body.networks,
            limits=limits,
            lifetime=_days(body.lifetime_days),
        )

    return write.run(work, _shown, status=201, kept=_hidden)


@router.post(
    "/v1/keys/{key_id}/rotate",
    summary="Rotate a key",
    response_model=ShownKey,
    responses=responses(404, 409, 422),
)
def rotate_key(
    key_id: KeyId, body: RotateKey, write: Annotated[Write, Writing(Permission.KEY_MANAGE)]
) -> Response:
    """A new secret, valid at once and shown once; the old one stays valid for a while: no downtime."""

    def work(connection: sa.Connection) -> NewKey:
        return keys.rotate_key(
            connection,
            key_id,
            rotated_by=write.subject,
            overlap=timedelta(hours=body.overlap_hours),
            lifetime=_days(body.lifetime_days),
        )

    answer = write.run(work, _shown, kept=_hidden)
    write.caller.runtime.verifier.forget(key_id)
    return answer


@router.post(
    "/v1/keys/{key_id}/revoke",
    summary="Revoke a key",
    response_model=KeyAnswer,
    responses=responses(404, 422),
)
def revoke_key(key_id: KeyId, write: Annotated[Write, Writing(Permission.KEY_MANAGE)]) -> Response:
    """Ends a key with all its secrets: here at once, in other processes within 3 seconds."""

    def work(connection: sa.Connection) -> KeyAnswer:
        return KeyAnswer.of(keys.revoke_key(connection, key_id, revoked_by=write.subject))

    answer = write.run(work)
    write.caller.runtime.verifier.forget(key_id)
    return answer


def _days(days: float | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)


def _shown(new: NewKey) -> dict[str, Any]:
    return {"id": new.key_id, "key": new.text}


def _hidden(new: NewKey) -> dict[str, Any]:
    return {"id": new.key_id, "key": None}
