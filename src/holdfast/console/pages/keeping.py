"""Legal holds on what is held of a case: which there are, placing one on all of it, lifting one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Form
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.v1.fields import Id
from holdfast.console.pages.shared import names_of, see
from holdfast.console.texts import Texts
from holdfast.errors import NotFoundError
from holdfast.records import audit
from holdfast.review.cases import items_of, lock_case
from holdfast.vault import listing, retention
from holdfast.vault.models import LegalHold

__all__ = ["HoldOnCase", "holds_on_case", "router"]

router = APIRouter(include_in_schema=False)

MOST = 100_000
_Words = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True, slots=True)
class HoldOnCase:
    """One order, on ``files`` files of a case. ``until``: over by itself then; None: until it is lifted."""

    reference: str
    agency: str
    until: datetime | None
    placed_at: datetime
    by: str
    files: int


def holds_on_case(connection: sa.Connection, items: list[str], caller: Caller, t: Texts) -> list[HoldOnCase]:
    """The legal holds in force on held items, one row for each reference and agency, oldest first."""
    gathered: dict[tuple[str, str], list[LegalHold]] = {}
    for holds in retention.active_legal_holds(connection, items).values():
        for hold in holds:
            gathered.setdefault((hold.reference, hold.agency or ""), []).append(hold)
    names = names_of(connection, {one.placed_by for found in gathered.values() for one in found}, caller, t)
    rows = []
    for (reference, agency), found in gathered.items():
        first = min(found, key=lambda one: one.id)
        row = HoldOnCase(reference, agency, first.until, first.placed_at, names(first.placed_by), len(found))
        rows.append(row)
    return sorted(rows, key=lambda row: row.placed_at)


@router.post("/console/cases/{case}/legal-hold")
def place(
    caller: Annotated[Caller, Guard(Permission.VAULT_HOLD)], case: Id, reference: _Words, agency: _Words = ""
) -> Response:
    """All of it or nothing. Where nothing is held any more there is nothing to keep."""
    with caller.runtime.database.write() as connection:
        lock_case(connection, case)
        kept = [
            one for one in _items(connection, case) if listing.get_item(connection, one).state != "destroyed"
        ]
        if not kept:
            raise NotFoundError(f"Nothing of case {case} is held; no hold was placed.")
        for item in kept:
            retention.place_legal_hold(
                connection,
                item,
                reference=reference,
                actor=caller.subject,
                agency=agency.strip() or None,
            )
            facts = {"reference": reference, "case": case}
            target = f"item:{item}"
            audit.append(
                connection, actor=caller.subject, action="vault.legal_hold", target=target, facts=facts
            )
    return see(f"/console/cases/{case}")


@router.post("/console/cases/{case}/legal-hold/lift")
def lift(
    caller: Annotated[Caller, Guard(Permission.VAULT_HOLD)],
    case: Id,
    reference: _Words,
    purpose: _Words,
    agency: _Words = "",
) -> Response:
    """From all files of the case on which that order lies. Other holds stay."""
    with caller.runtime.database.write() as connection:
        lock_case(connection, case)
        in_force = retention.active_legal_holds(connection, _items(connection, case))
        meant = [
            (item, hold.id)
            for item, holds in sorted(in_force.items())
            for hold in holds
            if (hold.reference, hold.agency or "") == (reference, agency)
        ]
        if not meant:
            raise NotFoundError(f"No such legal hold is in force on case {case}; nothing was lifted.")
        for item, hold in meant:
            retention.lift_legal_hold(connection, hold, actor=caller.subject, purpose=purpose)
            facts = {"legal_hold": hold, "purpose": purpose, "case": case}
            target = f"item:{item}"
            audit.append(
                connection, actor=caller.subject, action="vault.lift_legal_hold", target=target, facts=facts
            )
    return see(f"/console/cases/{case}")


def _items(connection: sa.Connection, case: int) -> list[str]:
    """What is or was held of the case."""
    return sorted({one.item_id for one in items_of(connection, case, limit=MOST) if one.item_id})
