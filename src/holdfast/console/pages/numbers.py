"""Figures of the work: how long it waits, how fast it goes, how often it is right, how little was seen."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from statistics import median
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.console import charts
from holdfast.console.pages import precision
from holdfast.console.render import page, texts_for
from holdfast.console.texts import Texts
from holdfast.console.times import span
from holdfast.records.tables.base import now
from holdfast.records.tables.review import case_decisions, cases
from holdfast.records.tables.viewing import exposures
from holdfast.review.clusters import avoided
from holdfast.review.sampling import agreement

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

PERIODS: Final = (7, 30, 90, 365)
MOST: Final = 50_000  # decisions that a median is taken of: the newest
AGES_S: Final = (3600, 4 * 3600, 24 * 3600, 72 * 3600, 168 * 3600)
_OPEN = sa.literal("open", literal_execute=True)


@router.get("/console/numbers")
def numbers(
    caller: Annotated[Caller, Guard(Permission.METRICS_READ)], days: Annotated[str, Query(max_length=4)] = ""
) -> Response:
    """The page for one period."""
    t = texts_for(caller)
    period = int(days) if days in map(str, PERIODS) else 30
    at = now()
    since = at - timedelta(days=period)
    with caller.runtime.database.read() as connection:
        decided = _decided(connection, since)
        figures = _figures(connection, decided, since, at, t)
        waiting = list(
            connection.scalars(sa.select(cases.c.opened_at).where(cases.c.state == _OPEN).limit(MOST))
        )
        rows = precision.by_technology(connection, since=since)
    return page(
        caller,
        "numbers.html",
        here="numbers",
        days=str(period),
        periods=[(str(one), t("numbers.days", count=one)) for one in PERIODS],
        figures=figures,
        charts=[_per_day(decided, since, period, t), _by_age(waiting, at, t)],
        precision=[
            {
                "bank": one.bank,
                "technology": one.technology.upper(),
                "upheld": one.upheld,
                "reviewed": one.reviewed,
                "precision": precision.share_words(one.share, t),
                "share": one.share or 0.0,
            }
            for one in rows
        ],
    )


def _decided(connection: sa.Connection, since: datetime) -> list[tuple[datetime, float]]:
    """Moment, and seconds since the case was opened, of decisions that took effect; the newest first."""
    d, c = case_decisions.c, cases.c
    query = sa.select(d.ended_at, c.opened_at).join(cases, c.id == d.case_id)
    query = query.where(d.state == "in_force", d.ended_at >= since).order_by(d.id.desc()).limit(MOST)
    return [(ended, (ended - opened).total_seconds()) for ended, opened in connection.execute(query)]


def _figures(
    connection: sa.Connection,
    decided: list[tuple[datetime, float]],
    since: datetime,
    at: datetime,
    t: Texts,
) -> list[dict[str, Any]]:
    oldest = connection.scalar(sa.select(sa.func.min(cases.c.opened_at)).where(cases.c.state == _OPEN))
    seen = sa.select(sa.func.sum(exposures.c["items"])).where(exposures.c.day >= since.date())
    d = case_decisions.c
    wrong = sa.select(sa.func.count()).where(d.state == "overturned", d.ended_at >= since)
    saved = sum(avoided(connection, since=since.date(), until=at.date()).values())
    kappa = agreement(connection, since=since, until=at).kappa
    unmeasured = t("numbers.unmeasured")
    values = {
        "queue_age": unmeasured if oldest is None else span(t, (at - oldest).total_seconds()),
        "to_action": span(t, median(age_s for _, age_s in decided)) if decided else unmeasured,
        "decided": t.number(len(decided)),
        "avoided": t.number(saved),
        "exposures": t.number(connection.scalar(seen) or 0),
        "overturned": t.number(connection.scalar(wrong) or 0),
        "agreement": unmeasured if kappa is None else t.number(kappa, 2),
    }
    return [
        {"title": t(f"numbers.{name}"), "value": value, "means": t(f"numbers.{name}_means")}
        for name, value in values.items()
    ]


def _per_day(decided: list[tuple[datetime, float]], since: datetime, period: int, t: Texts) -> dict[str, Any]:
    """Columns of days; of weeks where there are many."""
    step = 1 if period <= 30 else 7
    counts = Counter((ended.date() - since.date()).days // step for ended, _ in decided)
    starts = [since.date() + timedelta(days=index * step) for index in range(-(-(period + 1) // step))]
    rows = [(f"{day:%m-%d}", float(counts.get(index, 0))) for index, day in enumerate(starts)]
    return _chart("per_day", rows, t("numbers.day"), t)


def _by_age(waiting: list[datetime], at: datetime, t: Texts) -> dict[str, Any]:
    ages = [(at - opened).total_seconds() for opened in waiting]
    rows, before = [], 0.0
    for limit in AGES_S:
        label = t("numbers.under", span=span(t, limit))
        rows.append((label, float(sum(before <= age_s < limit for age_s in ages))))
        before = limit
    rows.append((t("queue.older_than", span=span(t, before)), float(sum(age_s >= before for age_s in ages))))
    return _chart("age_chart", rows, t("queue.age"), t)


def _chart(name: str, rows: list[tuple[str, float]], head: str, t: Texts) -> dict[str, Any]:
    return {
        "title": t(f"numbers.{name}"),
        "chart": charts.columns(rows),
        "label_head": head,
        "value_head": t("numbers.cases"),
        "shown": t.number,
    }
