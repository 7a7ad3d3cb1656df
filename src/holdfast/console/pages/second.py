"""Second reviews: a file that somebody else labelled is seen and labelled again, without their label."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.v1.case_media import session_of
from holdfast.api.v1.fields import Id
from holdfast.api.writes import json_response
from holdfast.console.pages.case import LABEL_KEYS
from holdfast.console.pages.case_groups import Piece, seen_words
from holdfast.console.pages.media import blurred_as_wanted
from holdfast.console.pages.shared import names_of, see
from holdfast.console.pages.stop import stop_of
from holdfast.console.render import page, texts_for
from holdfast.console.texts import Texts
from holdfast.review import grants, sampling
from holdfast.review.ledger import views_of_items

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/console/second-reviews")
def show_open(caller: Annotated[Caller, Guard(Permission.CASE_WRITE)]) -> Response:
    """Files that wait for a second label by this person."""
    t = texts_for(caller)
    with caller.runtime.database.read() as connection:
        found = sampling.open_second_reviews(connection, caller.subject)
    rows = [{"id": one.id, "medium": t.or_plain("medium", one.medium), "at": one.asked_at} for one in found]
    return page(caller, "second_reviews.html", here="queue", rows=rows)


@router.get("/console/second-reviews/{review}")
def show(caller: Annotated[Caller, Guard(Permission.CASE_WRITE)], review: Id) -> Response:
    """One file, blurred until it is held. Nothing of the case and of its first label is told."""
    t = texts_for(caller)
    with caller.runtime.database.read() as connection:
        found = sampling.get_second_review(connection, review, caller.subject)
        piece = _piece(connection, found, caller, t)
        stop = stop_of(connection, caller, t)
    return page(
        caller,
        "second_review.html",
        here="queue",
        review=found,
        piece=piece,
        stop=stop,
        case={"can_work": caller.allows(Permission.VAULT_OPEN), "fence": 0},
        label_codes=LABEL_KEYS,
    )


@router.get("/console/second-reviews/{review}/blurred")
def blurred(
    caller: Annotated[Caller, Guard(Permission.CASE_WRITE)],
    review: Id,
    sheet: Annotated[bool, Query()] = False,
) -> Response:
    """As before every reveal: no clearer than the organisation's floor."""
    with caller.runtime.database.read() as connection:
        found = sampling.get_second_review(connection, review, caller.subject)
    return blurred_as_wanted(caller, found.case_id, found.case_item_id, sheet)


@router.post("/console/second-reviews/{review}/reveal")
def reveal(caller: Annotated[Caller, Guard(Permission.VAULT_OPEN)], review: Id) -> Response:
    """A grant to see this file. It counts, and it is in the audit log."""
    rules, session = caller.runtime.review, session_of(caller)
    with caller.runtime.database.write() as connection:
        grant = grants.reveal_second(connection, review, person=caller.subject, session=session, rules=rules)
    return json_response({"grant": grant.id})


@router.post("/console/second-reviews/{review}")
def label(
    caller: Annotated[Caller, Guard(Permission.CASE_WRITE)],
    review: Id,
    label: Annotated[str, Form(max_length=10)],
) -> Response:
    """The second label, once."""
    with caller.runtime.database.write() as connection:
        sampling.second_label(connection, review, person=caller.subject, label=label)
    return see("/console/second-reviews")


def _piece(connection: sa.Connection, found: sampling.SecondReview, caller: Caller, t: Texts) -> Piece:
    is_held = found.item_id is not None and sampling.can_be_shown(connection, found.item_id)
    views = views_of_items(connection, [found.item_id])[found.item_id] if found.item_id and is_held else None
    people = {served.person for served in views.served} if views else set()
    names = names_of(connection, people, caller, t)
    return Piece(
        case_item=found.case_item_id,
        medium=found.medium,
        files=f"/console/second-reviews/{found.id}" if is_held else "",
        seen=seen_words(views, names, t) if is_held else t("view.gone"),
    )
