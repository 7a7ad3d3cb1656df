"""The wellbeing of reviewers, for whoever answers for it: training, exposure, agreement. Never a ranking."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Form
from starlette.responses import Response

from holdfast.access.people import Person, list_people
from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.console import charts
from holdfast.console.pages.shared import see
from holdfast.console.render import page, texts_for
from holdfast.console.texts import Texts
from holdfast.console.times import span
from holdfast.records.tables.base import now
from holdfast.review import wellness
from holdfast.review.sampling import agreement

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

WEEKS = 8


@router.get("/console/wellbeing")
def show(caller: Annotated[Caller, Guard(Permission.CASE_ASSIGN)]) -> Response:
    """Everybody who may see media, by name."""
    t = texts_for(caller)
    with caller.runtime.database.read() as connection:
        rows = [
            _row(connection, person, caller, t) for person in list_people(connection) if _may_review(person)
        ]
    return page(caller, "wellbeing.html", here="people", rows=rows)


@router.post("/console/wellbeing/trained")
def note_training(
    caller: Annotated[Caller, Guard(Permission.CASE_ASSIGN)],
    person: Annotated[str, Form(pattern=r"^[0-9a-z]{1,12}$")],
) -> Response:
    """This person was trained; nobody notes it of themselves."""
    with caller.runtime.database.write() as connection:
        wellness.set_trained(connection, f"person:{person}", by=caller.subject)
    return see("/console/wellbeing")


def _may_review(person: Person) -> bool:
    return person.is_active and bool(person.roles & Permission.VAULT_OPEN.roles)


def _row(connection: sa.Connection, person: Person, caller: Caller, t: Texts) -> dict[str, Any]:
    known = wellness.get_reviewer(connection, person.subject)
    today = wellness.exposure_today(connection, person.subject)
    at = now()
    rules = caller.runtime.review
    weeks = _weeks(connection, person.subject, rules.hard_minutes * 5)
    kappa = agreement(connection, since=at - timedelta(days=90), until=at, person=person.subject).kappa
    return {
        "id": person.id,
        "name": person.name,
        "trained_at": known.trained_at,
        "can_note": known.trained_at is None and person.subject != caller.subject,
        "opted_out": known.opted_out,
        "paused_until": known.paused_until if known.paused_until and known.paused_until > at else None,
        "today": t("wellbeing.of_day", count=today.items, minutes=span(t, today.shown_ms / 1000)),
        "is_over": today.over_soft(rules),
        "weeks": charts.spark(weeks),
        "weeks_words": t(
            "wellbeing.weeks_words", values=", ".join(f"{(share or 0) * 100:.0f} %" for share in weeks)
        ),
        "agreement": t("numbers.unmeasured") if kappa is None else t.number(kappa, 2),
    }


def _weeks(connection: sa.Connection, person: str, most_minutes: float) -> list[float | None]:
    """The unblurred time of each of the last weeks, as a share of what five days allow."""
    today = now().date()
    minutes = [0.0] * WEEKS
    since = today - timedelta(weeks=WEEKS) + timedelta(days=1)
    for day in wellness.exposure_days(connection, person, since=since):
        minutes[WEEKS - 1 - (today - day.day).days // 7] += day.shown_ms / 60_000
    return [one / most_minutes for one in minutes]
