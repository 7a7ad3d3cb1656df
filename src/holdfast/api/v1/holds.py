"""Held content: what is held, for how long and why. The content itself is not given out here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.decisions import require_bank_of
from holdfast.api.v1.fields import Answer, Id, Limit, Page, Reason, Request, page, printable
from holdfast.api.writes import Write, Writing
from holdfast.decisions import records
from holdfast.errors import NotFoundError
from holdfast.review import held
from holdfast.vault import listing, retention

__all__ = ["Words", "require_scope", "router"]

router = APIRouter(tags=["holds"])

_ID = r"^[0-9a-f]{32}$"
ItemId = Annotated[str, Path(pattern=_ID, examples=["0f3c9d2ab17e44c6b1b5a1f0c2d4e6f8"])]


class LegalHoldAnswer(Answer):
    """Forbids destruction until it is lifted or over."""

    id: int
    reference: str = Field(examples=["court order 12/345"])
    agency: str | None = Field(examples=["Example State Police"])
    until: datetime | None = Field(description="Over by itself then; null: until it is lifted.")
    placed_at: datetime
    placed_by: str = Field(examples=["key:4k8wz0qd2m1x"])


class HoldAnswer(Answer):
    """One held item, or the tombstone of one: nothing about its content but the size."""

    id: str = Field(examples=["0f3c9d2ab17e44c6b1b5a1f0c2d4e6f8"])
    state: str = Field(examples=["held"], description="held, released or destroyed.")
    reason: str = Field(examples=["rule trusted-exact"])
    size_bytes: int = Field(examples=[482113])
    held_at: datetime
    held_by: str = Field(examples=["key:4k8wz0qd2m1x"])
    keep_until: datetime | None = Field(description="Never destroyed before.")
    destroy_at: datetime | None = Field(description="Destroyed then; null: when a person decides.")
    released_at: datetime | None
    destroyed_at: datetime | None
    destroyed_by: str | None
    destroyed_why: str | None
    legal_holds: list[LegalHoldAnswer]


class Purpose(Request):
    """Why: it is written down with who did it."""

    purpose: Reason = Field(examples=["the match was disputed: case 12"])


Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(printable),
]


class NewLegalHold(Request):
    """The request or order that forbids destruction."""

    reference: Words = Field(examples=["court order 12/345"])
    agency: Words | None = Field(
        None, description="The agency whose preservation request it is.", examples=["Example State Police"]
    )
    until: AwareDatetime | None = Field(None, description="When it ends by itself.")


@router.get("/v1/holds", summary="List held content", responses=responses(404, 422))
def list_holds(
    caller: Annotated[Caller, Guard(Permission.DECISION_READ)],
    state: Annotated[Literal["held", "released", "destroyed"] | None, Query()] = None,
    before: Annotated[str | None, Query(pattern=_ID, description="The `next` of the page before.")] = None,
    limit: Limit = 100,
) -> Page[HoldAnswer]:
    """What was held last comes first. Tombstones say when and why something was destroyed."""
    with caller.runtime.database.read() as connection:
        seen = caller.principal.banks.seen
        found = listing.list_items(connection, state=state, before_id=before, banks_seen=seen, limit=limit)
    return page([HoldAnswer.model_validate(item) for item in found], limit, [item.id for item in found])


@router.get("/v1/holds/{hold}", summary="Show held content", responses=responses(404, 422))
def get_hold(caller: Annotated[Caller, Guard(Permission.DECISION_READ)], hold: ItemId) -> HoldAnswer:
    """One item or its tombstone, without its content."""
    with caller.runtime.database.read() as connection:
        require_scope(caller, connection, hold)
        return HoldAnswer.model_validate(listing.get_item(connection, hold))


@router.post(
    "/v1/holds/{hold}/release",
    summary="Release held content",
    response_model=HoldAnswer,
    responses=responses(404, 409, 410, 422),
)
def release(
    hold: ItemId, body: Purpose, write: Annotated[Write, Writing(Permission.VAULT_RELEASE)]
) -> Response:
    """It is cleared, and destroyed after `vault.cleared_days`; until then it can be held again.

    Content that a trusted list named takes two people: one disputes the match, another releases.
    """
    window = timedelta(days=write.caller.runtime.settings.vault.cleared_days)

    def work(connection: sa.Connection) -> HoldAnswer:
        require_scope(write.caller, connection, hold)
        held.release_hold(connection, hold, actor=write.subject, purpose=body.purpose, cleared_window=window)
        write.note(connection, "vault.release", f"item:{hold}", purpose=body.purpose)
        return HoldAnswer.model_validate(listing.get_item(connection, hold))

    return write.run(work)


@router.post(
    "/v1/holds/{hold}/hold-again",
    summary="Hold released content again",
    response_model=HoldAnswer,
    responses=responses(404, 410, 422),
)
def hold_again(
    hold: ItemId, body: Purpose, write: Annotated[Write, Writing(Permission.VAULT_RELEASE)]
) -> Response:
    """The clearing was wrong: it is held as before, until a person decides."""

    def work(connection: sa.Connection) -> HoldAnswer:
        require_scope(write.caller, connection, hold)
        held.hold_again(connection, hold, actor=write.subject, purpose=body.purpose)
        write.note(connection, "vault.hold_again", f"item:{hold}", purpose=body.purpose)
        return HoldAnswer.model_validate(listing.get_item(connection, hold))

    return write.run(work)


@router.post(
    "/v1/holds/{hold}/legal-holds",
    status_code=201,
    summary="Place a legal hold",
    response_model=HoldAnswer,
    responses=responses(404, 410, 422),
)
def place_legal_hold(
    hold: ItemId, body: NewLegalHold, write: Annotated[Write, Writing(Permission.VAULT_HOLD)]
) -> Response:
    """Nothing destroys the content until the hold is lifted or over; several may lie on one item.

    A preservation request of law enforcement names its agency, and usually an end.
    """

    def work(connection: sa.Connection) -> HoldAnswer:
        require_scope(write.caller, connection, hold)
        retention.place_legal_hold(
            connection,
            hold,
            reference=body.reference,
            actor=write.subject,
            agency=body.agency,
            until=body.until,
        )
        write.note(connection, "vault.legal_hold", f"item:{hold}", reference=body.reference)
        return HoldAnswer.model_validate(listing.get_item(connection, hold))

    return write.run(work, status=201)


@router.post(
    "/v1/holds/{hold}/legal-holds/{legal_hold}/lift",
    summary="Lift a legal hold",
    response_model=HoldAnswer,
    responses=responses(404, 422),
)
def lift_legal_hold(
    hold: ItemId, legal_hold: Id, body: Purpose, write: Annotated[Write, Writing(Permission.VAULT_HOLD)]
) -> Response:
    """Other holds on the item stay."""

    def work(connection: sa.Connection) -> HoldAnswer:
        require_scope(write.caller, connection, hold)
        if legal_hold not in [one.id for one in listing.get_item(connection, hold).legal_holds]:
            raise NotFoundError(f"No legal hold {legal_hold} is in force on item {hold}; nothing was lifted.")
        retention.lift_legal_hold(connection, legal_hold, actor=write.subject, purpose=body.purpose)
        facts = {"legal_hold": legal_hold, "purpose": body.purpose}
        write.note(connection, "vault.lift_legal_hold", f"item:{hold}", **facts)
        return HoldAnswer.model_validate(listing.get_item(connection, hold))

    return write.run(work)


@router.delete(
    "/v1/holds/{hold}",
    summary="Destroy held content",
    response_model=HoldAnswer,
    responses=responses(404, 409, 410, 422),
)
def destroy(
    hold: ItemId,
    purpose: Annotated[Reason, Query(description="Why: it is written down with who did it.")],
    write: Annotated[Write, Writing(Permission.VAULT_DESTROY)],
) -> Response:
    """Its key is destroyed at once, and nothing opens it any more. A tombstone stays.

    Refused under a legal hold or a preservation duty. What a decision is about must have been released by
    somebody else before: two people.
    """

    def work(connection: sa.Connection) -> HoldAnswer:
        require_scope(write.caller, connection, hold)
        held.destroy_hold(connection, hold, actor=write.subject, purpose=purpose)
        write.note(connection, "vault.destroy", f"item:{hold}", purpose=purpose)
        return HoldAnswer.model_validate(listing.get_item(connection, hold))

    return write.run(work)


def require_scope(caller: Caller, connection: sa.Connection, item_id: str) -> None:
    """Raises where a decision is about the item whose bank the caller may not see."""
    decision = records.of_item(connection, item_id)
    if decision is not None:
        require_bank_of(caller, connection, decision)
