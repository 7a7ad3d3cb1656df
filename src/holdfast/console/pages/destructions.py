"""Destroying evidence: one person asks, a second one sees what and why, and approves or refuses."""

from __future__ import annotations

import re
from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Form
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.v1.fields import Id
from holdfast.console.pages.confirming import Confirmation
from holdfast.console.pages.shared import names_of, see
from holdfast.console.render import page, texts_for
from holdfast.console.texts import Texts
from holdfast.errors import UsageError
from holdfast.records.two_people import are_two_people
from holdfast.review import destructions
from holdfast.vault import destruction
from holdfast.vault.destruction import Destruction, Kind

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

MOST: Final = 1000
_ITEM = re.compile(r"[0-9a-f]{32}")
_Words = Annotated[str, Form(max_length=200)]


@router.get("/console/destructions")
def show_waiting(caller: Annotated[Caller, Guard(Permission.VAULT_DESTROY)]) -> Response:
    """What waits for a second person, and the form that asks."""
    t = texts_for(caller)
    with caller.runtime.database.read() as connection:
        found = destruction.list_destructions(connection, waiting=True)
        names = names_of(connection, [one.asked_by for one in found], caller, t)
    rows = [{"one": one, "words": _what(one, t), "by": names(one.asked_by)} for one in found]
    kinds = [(str(kind), t(f"destruction.{kind}")) for kind in Kind]
    return page(caller, "destructions.html", here="queue", rows=rows, kinds=kinds)


@router.post("/console/destructions")
def ask(
    caller: Annotated[Caller, Guard(Permission.VAULT_DESTROY)],
    kind: _Words,
    reference: _Words,
    holds: Annotated[str, Form(max_length=40 * MOST)],
    agency: _Words = "",
) -> Response:
    """Asks. Nothing is destroyed by it."""
    items = holds.split()
    if kind not in list(Kind) or len(items) > MOST or not all(_ITEM.fullmatch(one) for one in items):
        raise UsageError(f"Say why, and name up to {MOST} held items. Nothing was asked for.")
    with caller.runtime.database.write() as connection:
        destructions.ask(
            connection,
            items,
            kind=Kind(kind),
            reference=reference,
            actor=caller.subject,
            agency=agency.strip() or None,
        )
    return see("/console/destructions")


@router.get("/console/destructions/{number}")
def show(caller: Annotated[Caller, Guard(Permission.VAULT_DESTROY)], number: Id) -> Response:
    """The confirmation for the second person."""
    t = texts_for(caller)
    with caller.runtime.database.read() as connection:
        asked = destruction.get(connection, number)
        names = names_of(connection, [asked.asked_by], caller, t)
    facts = [
        (t("confirm.what"), _what(asked, t)),
        (t("confirm.files"), t.number(len(asked.items))),
        (t("destruction.reference"), asked.reference),
        (t("confirm.proposed_by"), names(asked.asked_by)),
    ]
    is_own = not are_two_people(asked.asked_by, caller.subject)
    told = Confirmation(
        title=t("confirm.approve_title"),
        follows=t("destruction.does"),
        facts=tuple(facts),
        warnings=(t("approval.own"),) if is_own else (),
        action=f"/console/destructions/{number}",
        fields=(),
        button=t("confirm.approve"),
        refuse=t("confirm.refuse"),
        is_final=True,
        back="/console/destructions",
    )
    return page(caller, "confirm.html", here="queue", confirm=told)


@router.post("/console/destructions/{number}")
def answer(
    caller: Annotated[Caller, Guard(Permission.VAULT_DESTROY)],
    number: Id,
    go: Annotated[str, Form(max_length=10)],
) -> Response:
    """Destroys the keys of all of it at once, or takes the request back."""
    with caller.runtime.database.write() as connection:
        _answer(connection, number, go, caller.subject)
    return see("/console/destructions")


def _answer(connection: sa.Connection, number: int, go: str, person: str) -> None:
    if go == "yes":
        destructions.approve(connection, number, actor=person)
    else:
        destructions.withdraw(connection, number, actor=person)


def _what(asked: Destruction, t: Texts) -> str:
    words = t(f"destruction.{asked.kind}")
    return f"{words} ({asked.agency})" if asked.agency else words
