"""What `holdfast doctor` says of decisions that do not take effect and reports that cannot be drafted."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.records.tables.review import case_decisions
from holdfast.review.opening import gather
from holdfast.review.rules import ReviewRules
from holdfast.service.checks.cases import stuck
from holdfast.service.checks.finding import Finding, Look
from holdfast.settings import Settings

LATE, FRESH = timedelta(minutes=11), timedelta(minutes=9)


def found(database: Database) -> list[Finding]:
    with database.read() as connection:
        return list(stuck(Look(Settings(), Path("/nowhere"), connection)))


def decided(database: Database, state: str, ago: timedelta) -> int:
    """A case whose decision should have taken effect, or did, so long ago."""
    at = now() - ago
    with database.write() as connection:
        case = gather(connection, None, ReviewRules(), kind="text", priority=3, by="tests").id
        row = {
            "case_id": case, "revision": 1, "outcome": "report", "reason": "x", "verdicts": {},
            "by": "person:a", "at": at, "state": state, "in_force_after": at,
            "ended_at": at if state == "in_force" else None,
        }  # fmt: skip
        connection.execute(sa.insert(case_decisions).values(row))
    return case


def test_a_decision_that_never_takes_effect_is_told_and_not_before_its_time(database: Database) -> None:
    decided(database, "waiting", FRESH)
    decided(database, "approval", LATE)  # it waits for a person, who is asked elsewhere
    assert [one.state for one in found(database)] == ["ok"]
    cases = [decided(database, "waiting", LATE) for _ in range(6)]
    (told,) = found(database)
    assert (told.check, told.state) == ("decisions", "problem")
    assert (
        "6 cases are decided" in told.detail
        and f": {', '.join(map(str, cases[:5]))} and others" in told.detail
    )


def test_a_case_that_cannot_be_drafted_is_told(database: Database) -> None:
    decided(database, "in_force", FRESH)
    assert [one.state for one in found(database)] == ["ok"]
    case = decided(database, "in_force", LATE)
    (told,) = found(database)
    assert (told.check, told.state) == ("undrafted reports", "problem")
    assert "1 case is to be reported for more than 10 minutes" in told.detail and f": {case}." in told.detail
