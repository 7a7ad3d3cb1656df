"""An original outside a case: asked for with a reason, answered by another person, opened once by who asked.

Before it is opened nothing of the file is on the page, not even blurred. The second person answers on the
page of what waits (`decide`); what is sent and seen is recorded as for every reveal (`media`).
"""

from __future__ import annotations

import re
from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.v1.case_media import session_of
from holdfast.api.v1.fields import Id
from holdfast.api.v1.holds import require_scope
from holdfast.api.writes import json_response
from holdfast.console.pages.case_groups import Piece, seen_words
from holdfast.console.pages.shared import names_of, see
from holdfast.console.pages.stop import stop_of
from holdfast.console.render import page, texts_for
from holdfast.console.texts import Texts
from holdfast.errors import NotFoundError, UsageError
from holdfast.records.tables.base import now
from holdfast.records.tables.review import case_items
from holdfast.review import approvals, grants
from holdfast.review.approvals import Approval
from holdfast.review.ledger import views_of_items
from holdfast.service.showing import learn_shape
from holdfast.vault import listing

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

KIND: Final = "open_outside_case"
_ITEM = re.compile(r"[0-9a-f]{32}")


@router.get("/console/originals")
def show_mine(
    caller: Annotated[Caller, Guard(Permission.VAULT_OPEN_OUTSIDE_CASE)],
    hold: Annotated[str, Query(max_length=32)] = "",
) -> Response:
    """What the caller asked for, and the form that asks."""
    t = texts_for(caller)
    with caller.runtime.database.read() as connection:
        found = approvals.list_approvals(connection, is_open=False, kind=KIND, asked_by=caller.subject)
    rows = [{"one": one, "hold": _item(one), "state": t(f"originals.{_state(one)}")} for one in found]
    return page(caller, "originals.html", here="queue", rows=rows, hold=hold)


@router.post("/console/originals")
def ask(
    caller: Annotated[Caller, Guard(Permission.VAULT_OPEN_OUTSIDE_CASE)],
    hold: Annotated[str, Form(max_length=60)],
    why: Annotated[str, Form(max_length=approvals.MAX_WHY + 100)],
) -> Response:
    """Asks a second person. Nothing is shown by it."""
    item = hold.strip()
    if not _ITEM.fullmatch(item):
        raise UsageError("A held item is named by its identifier of 32 characters. Nothing was asked for.")
    with caller.runtime.database.write() as connection:
        if listing.get_item(connection, item).state == "destroyed":
            raise UsageError(f"Item {item} was destroyed; there is nothing to open. Nothing was asked for.")
        require_scope(caller, connection, item)
        rules = caller.runtime.review
        approvals.ask(connection, KIND, f"item:{item}", by=caller.subject, why=why, rules=rules)
    return see("/console/originals")


@router.get("/console/originals/{approval}")
def show(caller: Annotated[Caller, Guard(Permission.VAULT_OPEN_OUTSIDE_CASE)], approval: Id) -> Response:
    """What was asked and answered; with an approval that was not used, the step that opens the file."""
    t = texts_for(caller)
    with caller.runtime.database.read() as connection:
        asked = _own(connection, approval, caller)
        piece = _piece(connection, asked, caller, t)
        names = names_of(connection, [asked.answered_by], caller, t)
        stop = stop_of(connection, caller, t)
    facts = [
        (t("originals.hold"), _item(asked)),
        (t("case.reason"), asked.why),
        (t("originals.state"), t(f"originals.{_state(asked)}")),
    ]
    if asked.answered_by is not None:
        facts.append((t("originals.answered_by"), names(asked.answered_by)))
    return page(
        caller,
        "original.html",
        here="queue",
        asked=asked,
        facts=facts,
        piece=piece,
        stop=stop,
        once=True,
        case={"can_work": caller.allows(Permission.VAULT_OPEN), "fence": 0},
    )


@router.post("/console/originals/{approval}/reveal")
def reveal(caller: Annotated[Caller, Guard(Permission.VAULT_OPEN_OUTSIDE_CASE)], approval: Id) -> Response:
    """A grant to see this file, which uses the approval up. It counts, and it is in the audit log."""
    rules, session = caller.runtime.review, session_of(caller)
    with caller.runtime.database.write() as connection:
        item = _item(_own(connection, approval, caller))
        grant = grants.reveal_outside(connection, item, person=caller.subject, session=session, rules=rules)
    learn_shape(caller.runtime, grant.id, person=caller.subject, session=session)
    return json_response({"grant": grant.id})


def _own(connection: sa.Connection, approval: int, caller: Caller) -> Approval:
    asked = approvals.get_approval(connection, approval)
    if asked.kind != KIND or asked.asked_by != caller.subject:
        raise NotFoundError(f"You asked no question {approval} about an original. Nothing was shown.")
    return asked


def _item(asked: Approval) -> str:
    """The held item that it is about: `_own` lets no other question through."""
    return approvals.item_of(asked) or ""


def _state(asked: Approval) -> str:
    if asked.verdict == "refused":
        return "refused"
    if asked.used_at is not None:
        return "opened"
    if asked.expires_at is not None and asked.expires_at <= now():
        return "over"
    return "waits" if asked.verdict is None else "approved"


def _piece(connection: sa.Connection, asked: Approval, caller: Caller, t: Texts) -> Piece:
    item = _item(asked)
    is_held = listing.get_item(connection, item).state != "destroyed"
    medium = connection.scalar(sa.select(case_items.c.medium).where(case_items.c.item_id == item).limit(1))
    views = views_of_items(connection, [item])[item] if is_held else None
    names = names_of(connection, {one.person for one in views.served} if views else (), caller, t)
    may_open = is_held and _state(asked) == "approved"
    return Piece(
        case_item=0,
        medium=medium or "unknown",
        files=f"/console/originals/{asked.id}" if may_open else "",
        seen=seen_words(views, names, t) if is_held else t("view.gone"),
    )
