"""Counters: how often something happened, by label and time, and nothing about anybody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.fields import Answer, Moment
from holdfast.errors import UsageError
from holdfast.records.counters import LABELS, totals
from holdfast.records.tables.base import now

__all__ = ["router"]

router = APIRouter(tags=["counters"])

DAY = timedelta(days=1)
MAX_DAYS = 400
MAX_SUMS = 10_000


class CountAnswer(Answer):
    """One sum. ``labels`` are those that were asked for; one without a value is ""."""

    labels: dict[str, str] = Field(examples=[{"outcome": "no_match"}])
    bucket: datetime | None = Field(description="Beginning of the hour or day, UTC.")
    count: int


class CountsAnswer(Answer):
    """The sums, in the order of time and labels."""

    name: str = Field(examples=["screened"])
    since: datetime
    until: datetime
    items: list[CountAnswer]


@router.get("/v1/counters", summary="Read a counter", responses=responses(422))
def get_counter(
    caller: Annotated[Caller, Guard(Permission.METRICS_READ)],
    name: Annotated[str, Query(pattern=r"^[a-z][a-z0-9_.]{0,99}$", examples=["screened"])],
    since: Annotated[Moment | None, Query(description="A day before `until`, where it is absent.")] = None,
    until: Annotated[Moment | None, Query(description="Now, where it is absent.")] = None,
    by: Annotated[list[str], Query(max_length=len(LABELS), description="Labels to tell apart.")] = [],  # noqa: B006
    per: Annotated[Literal["hour", "day"] | None, Query(description="One sum an hour or day.")] = None,
) -> CountsAnswer:
    """Sums over the hours that begin in the period. What was counted within the last 2 seconds may lack."""
    unknown = sorted(set(by) - LABELS)
    if unknown:
        raise UsageError(f"{unknown[0][:40]!r} is no label: {', '.join(sorted(LABELS))}. Nothing was read.")
    end = until or now()
    begin = since or end - DAY
    if not timedelta(0) < end - begin <= MAX_DAYS * DAY:
        raise UsageError(f"The period must have a length, of up to {MAX_DAYS} days. Nothing was read.")
    with caller.runtime.database.read() as connection:
        sums = totals(connection, name, since=begin, until=end, by=by, per=per)
    if len(sums) > MAX_SUMS:
        raise UsageError(
            f"These are {len(sums)} sums, more than {MAX_SUMS}. Ask for a shorter period or for fewer labels."
        )
    items = [CountAnswer.model_validate(one) for one in sums]
    return CountsAnswer(name=name, since=begin, until=end, items=items)
