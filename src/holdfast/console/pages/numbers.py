"""Figures of the work: how long it waits, how fast it goes, how often it is right, how little was seen."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
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
MOST: Final = 5_000  # decisions that a median is taken of: the newest
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
        ages = _ages(connection, at)
        rows = precision.by_technology(connection, since=since)
    return page(
        caller,
        "numbers.html",
        here="numbers",
        days=str(period),
        periods=[(str(one), t("numbers.days", count=one)) for one in PERIODS],
        figures=figures,
        charts=[_per_day(decided, since, period, t), _by_age(ages, t)],
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


def _decided(connection: sa.Connection, since: datetime) -> Counter[date]:
    """Day -> decisions that took effect."""
    d = case_decisions.c
    day = sa.func.date(d.ended_at, type_=sa.String)
    query = sa.select(day, sa.func.count()).where(d.state == "in_force", d.ended_at >= since).group_by(day)
    return Counter({date.fromisoformat(str(row[0])): row[1] for row in connection.execute(query)})


def _to_action_s(connection: sa.Connection, since: datetime) -> float | None:
    """The median time from opening to the decision in force, in seconds."""
    d, c = case_decisions.c, cases.c
    query = sa.select(d.ended_at, c.opened_at).join(cases, c.id == d.case_id)
    query = query.where(d.state == "in_force", d.ended_at >= since).order_by(d.id.desc()).limit(MOST)
    took_s = [(ended - opened).total_seconds() for ended, opened in connection.execute(query)]
    return median(took_s) if took_s else None


def _ages(connection: sa.Connection, at: datetime) -> list[int]:
    """How many open cases are younger than each of `AGES_S`, and how many there are."""
    opened = cases.c.opened_at
    counts = [sa.func.count(sa.case((opened > at - timedelta(seconds=limit), 1))) for limit in AGES_S]
    query = sa.select(*counts, sa.func.count()).where(cases.c.state == _OPEN)
    return [int(one) for one in connection.execute(query).one()]


def _figures(
    connection: sa.Connection,
    decided: Counter[date],
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
    took_s = _to_action_s(connection, since)
    unmeasured = t("numbers.unmeasured")
    values = {
        "queue_age": unmeasured if oldest is None else span(t, (at - oldest).total_seconds()),
        "to_action": unmeasured if took_s is None else span(t, took_s),
        "decided": t.number(decided.total()),
        "avoided": t.number(saved),
        "exposures": t.number(connection.scalar(seen) or 0),
        "overturned": t.number(connection.scalar(wrong) or 0),
        "agreement": unmeasured if kappa is None else t.number(kappa, 2),
    }
    return [
        {"title": t(f"numbers.{name}"), "value": value, "means": t(f"numbers.{name}_means")}
        for name, value in values.items()
    ]


def _per_day(decided: Counter[date], since: datetime, period: int, t: Texts) -> dict[str, Any]:
    """Columns of days; of weeks where there are many."""
    step = 1 if period <= 30 else 7
    first = since.date()
    counts: Counter[int] = Counter()
    for day, count in decided.items():
        counts[(day - first).days // step] += count
    starts = [first + timedelta(days=index * step) for index in range(-(-(period + 1) // step))]
    rows = [(f"{day:%m-%d}", float(counts[index])) for index, day in enumerate(starts)]
    return _chart("per_day", rows, t("numbers.day"), t)


def _by_age(ages: list[int], t: Texts) -> dict[str, Any]:
    labels = [t("numbers.under", span=span(t, limit)) for limit in AGES_S]
    labels.append(t("queue.older_than", span=span(t, AGES_S[-1])))
    rows = [
        (label, float(up_to - before)) for label, before, up_to in zip(labels, [0, *ages], ages, strict=False)
    ]
    return _chart("age_chart", rows, t("queue.age"), t)


def _chart(name: str, rows: list[tuple[str, float]], head: str, t: Texts) -> dict[str, Any]:
    return {
        "title": t(f"numbers.{name}"),
        "chart": charts.columns(rows),
        "label_head": head,
        "value_head": t("numbers.cases"),
        "shown": t.number,
    }
