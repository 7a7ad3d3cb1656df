"""A legal hold on everything that is held of a case: nothing of it is destroyed until the hold is lifted."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.v1.fields import Id
from holdfast.console.pages.shared import see
from holdfast.errors import NotFoundError
from holdfast.records import audit
from holdfast.review.cases import items_of, lock_case
from holdfast.vault import listing, retention

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

MOST = 100_000
_Words = Annotated[str, Form(max_length=200)]


@router.post("/console/cases/{case}/legal-hold")
def place(
    caller: Annotated[Caller, Guard(Permission.VAULT_HOLD)], case: Id, reference: _Words, agency: _Words = ""
) -> Response:
    """All of it or nothing. Where nothing is held any more there is nothing to keep."""
    with caller.runtime.database.write() as connection:
        lock_case(connection, case)
        items = sorted({one.item_id for one in items_of(connection, case, limit=MOST) if one.item_id})
        kept = [one for one in items if listing.get_item(connection, one).state != "destroyed"]
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
