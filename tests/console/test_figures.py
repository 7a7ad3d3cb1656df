"""The figures and lists that pages ask the records for, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.banks.service import create_bank
from holdfast.console.pages import numbers, precision, search, today
from holdfast.console.pages.health_view import _queues
from holdfast.console.pages.queue_view import summaries
from holdfast.console.texts import texts
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.records.tables.review import case_decisions, case_items, cases
from holdfast.review.cases import get_case

T = texts("en")


def add_case(connection: sa.Connection, **more: Any) -> int:
    at = now()
    values: dict[str, Any] = {
        "account": None,
        "kind": "match",
        "surface": "public",
        "state": "open",
        "priority": 2,
        "gathers": False,
        "version": 1,
        "media_count": 0,
        "text_count": 0,
        "annotations": [],
        "opened_at": at - timedelta(hours=2),
        "opened_by": "rules",
        "due_at": at + timedelta(hours=1),
        "updated_at": at,
        "fence": 0,
    }
    return int(
        connection.execute(sa.insert(cases).values({**values, **more}).returning(cases.c.id)).scalar_one()
    )


def add_item(connection: sa.Connection, case_id: int, bank_id: int, **more: Any) -> None:
    values: dict[str, Any] = {
        "case_id": case_id,
        "bank_id": bank_id,
        "medium": "image",
        "outcome": "match",
        "rule": "trusted-match",
        "rule_class": "review",
        "trusted": True,
        "algorithm": "pdq",
        "matches": [],
        "context": {},
        "annotations": [],
        "added_at": now(),
    }
    connection.execute(sa.insert(case_items).values({**values, **more}))


@pytest.fixture
def bank(database: Database) -> int:
    with database.write() as connection:
        return create_bank(connection, "LIST", trusted=True).id


def test_precision_is_what_people_upheld_of_what_they_reviewed(database: Database, bank: int) -> None:
    at = now()
    with database.write() as connection:
        case = add_case(connection)
        for verdict, days, algorithm in (
            ("confirm", 0, "pdq"),
            ("confirm", 8, "pdq"),
            ("dispute", 8, "sha256"),
            ("confirm", 200, "sha256"),
            (None, 0, "pdq"),
        ):
            more = {"verdict": verdict, "added_at": at - timedelta(days=days), "algorithm": algorithm}
            add_item(connection, case, bank, **more)
    with database.read() as connection:
        total, weeks = precision.by_bank(connection)["LIST"]
        recent = precision.by_technology(connection, since=at - timedelta(days=30))
    assert (total.upheld, total.reviewed, total.share) == (3, 4, 0.75)
    assert len(weeks) == precision.WEEKS and weeks[-1] == 1.0 and weeks[-2] == 0.5 and weeks[0] is None
    assert [(one.technology, one.upheld, one.reviewed) for one in recent] == [("pdq", 2, 2), ("sha256", 0, 1)]


def test_decisions_are_counted_by_day_and_their_time_is_the_median(database: Database) -> None:
    at = now()
    with database.write() as connection:
        for number, hours in enumerate((1, 3, 30)):
            case = add_case(connection, state="decided", opened_at=at - timedelta(hours=hours + number * 24))
            connection.execute(
                sa.insert(case_decisions).values(
                    case_id=case,
                    revision=1,
                    outcome="hold",
                    reason="x",
                    verdicts={},
                    by="person:ana",
                    at=at,
                    state="in_force",
                    in_force_after=at,
                    ended_at=at - timedelta(days=number),
                )
            )
    with database.read() as connection:
        decided = numbers._decided(connection, at - timedelta(days=7))
        took_s = numbers._to_action_s(connection, at - timedelta(days=7))
        nothing = numbers._to_action_s(connection, at + timedelta(days=1))
    assert decided.total() == 3 and decided[at.date()] == 1
    assert took_s == pytest.approx(3 * 3600, abs=1) and nothing is None


def test_what_waits_is_told_by_age_priority_and_clock(database: Database) -> None:
    at = now()
    with database.write() as connection:
        add_case(connection, priority=0, due_at=at - timedelta(minutes=1))
        add_case(connection, opened_at=at - timedelta(days=2), lease_owner="person:ana", lease_until=at)
        add_case(connection, lease_owner="person:ana", lease_until=at + timedelta(minutes=5))
        add_case(connection, state="decided")
    with database.read() as connection:
        ages = numbers._ages(connection, at)
        queues = today._queues(connection)
        rows = list(_queues(connection, T))
    assert ages[0] == 0 and ages[1] == 2 and ages[-1] == 3
    assert [(one.priority, one.waiting, one.taken) for one in queues] == [("p0", 1, 0), ("p2", 1, 1)]
    assert [(row.state, row.detail) for row in rows] == [
        ("problem", "1 case waits, 1 case past its clock"),
        ("ok", "2 cases wait"),
    ]


def test_a_case_says_in_one_line_what_it_holds(database: Database, bank: int) -> None:
    with database.write() as connection:
        first, second = add_case(connection), add_case(connection, text_count=2)
        add_item(connection, first, bank)
        add_item(connection, first, bank, medium="video", outcome="possible")
        add_item(connection, first, bank, outcome="possible", trusted=False)
    with database.read() as connection:
        said = summaries(connection, [get_case(connection, one) for one in (first, second)], T)
    assert said == {first: "2 pictures, 1 video · matches a trusted list", second: "2 texts"}


def test_a_search_finds_by_number_account_and_reference(database: Database, bank: int) -> None:
    with database.write() as connection:
        case = add_case(connection, account="user-4711")
        add_case(connection, account="user-4712")
        add_item(connection, case, bank, content_reference="post/1")
    with database.read() as connection:
        for asked in (str(case), "user-4711", "post/1"):
            found = list(search._cases(connection, asked, T))
            assert [one.href for one in found] == [f"/console/cases/{case}"], asked
        assert list(search._cases(connection, "%", T)) == []
