"""Receipts: what was asked, what was removed when, what is overdue, and how long it took."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from holdfast.decisions.webhooks import receipts
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.records import events
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.records.tables.outbox import action_receipts


def ask(
    database: Database,
    uploaded_s_ago: float | None = 100,
    matched_s_ago: float = 90,
    at: datetime | None = None,
) -> int:
    at = at or now()
    with database.write() as connection:
        return receipts.ask(
            connection,
            event_id=4,
            action="block",
            content_reference="post/9",
            matched_at=at - timedelta(seconds=matched_s_ago),
            uploaded_at=None if uploaded_s_ago is None else at - timedelta(seconds=uploaded_s_ago),
        )


def confirm(database: Database, receipt_id: int, **options: object) -> receipts.Receipt:
    with database.write() as connection:
        return receipts.confirm(connection, receipt_id, by="key:3", **options)  # type: ignore[arg-type]


def test_a_confirmation_is_kept_and_is_an_event(database: Database) -> None:
    receipt_id = ask(database)
    removed_at = now() - timedelta(seconds=60)
    receipt = confirm(database, receipt_id, removed=["post/9", "cdn/9.jpg"], removed_at=removed_at)
    assert receipt.removed == ["post/9", "cdn/9.jpg"]
    assert (receipt.outcome, receipt.removed_at, receipt.confirmed_by) == ("removed", removed_at, "key:3")
    with database.read() as connection:
        assert receipts.of_event(connection, 4) == [receipt]
        (event,) = events.read(connection)
    assert (event.kind, event.content_reference) == ("action.confirmed", "post/9")
    assert event.facts == {
        "receipt": receipt_id,
        "event": 4,
        "action": "block",
        "outcome": "removed",
        "by": "key:3",
    }


def test_the_same_confirmation_again_changes_nothing(database: Database) -> None:
    receipt_id = ask(database)
    removed_at = now() - timedelta(seconds=1)
    first = confirm(database, receipt_id, removed=["a"], removed_at=removed_at)
    assert confirm(database, receipt_id, removed=["a"], removed_at=removed_at) == first
    assert confirm(database, receipt_id, removed=["a"]) == first
    for other in ({"removed": ["b"]}, {"removed": ["a"], "outcome": "already_gone"}, {"removed_at": now()}):
        with pytest.raises(ConflictError):
            confirm(database, receipt_id, **other)
    with database.read() as connection:
        assert receipts.get(connection, receipt_id) == first
        assert len(events.read(connection)) == 1


def test_what_cannot_be_confirmed(database: Database) -> None:
    receipt_id = ask(database)
    with pytest.raises(UsageError, match="future"):
        confirm(database, receipt_id, removed_at=now() + timedelta(hours=1))
    with pytest.raises(UsageError):
        confirm(database, receipt_id, removed=["x"] * 1001)
    with pytest.raises(NotFoundError):
        confirm(database, receipt_id + 1)
    with database.read() as connection:
        assert receipts.get(connection, receipt_id).confirmed_at is None


def test_overdue_actions_are_found_oldest_first(database: Database) -> None:
    ids = [ask(database) for _ in range(4)]
    with database.write() as connection:
        for hours, receipt_id in zip((3, 5, 0, 4), ids, strict=True):
            connection.execute(
                sa.update(action_receipts)
                .where(action_receipts.c.id == receipt_id)
                .values(asked_at=now() - timedelta(hours=hours))
            )
    confirm(database, ids[3])
    with database.read() as connection:
        overdue = receipts.unconfirmed(connection, older_than_s=2 * 3600)
        assert [one.id for one in overdue] == [ids[1], ids[0]]
        assert receipts.unconfirmed(connection, older_than_s=6 * 3600) == []


def test_an_overdue_action_is_taken_once_however_many_look(database: Database) -> None:
    ids = [ask(database) for _ in range(40)]
    with database.write() as connection:
        late = sa.update(action_receipts).where(action_receipts.c.id != ids[0])
        connection.execute(late.values(asked_at=now() - timedelta(hours=3)))
    confirm(database, ids[1])

    def take(_: int) -> list[int]:
        with database.write() as connection:
            return [one.id for one in receipts.take_overdue(connection, older_than_s=7200, limit=5)]

    with ThreadPoolExecutor(4) as threads:
        taken = [one for some in threads.map(take, range(20)) for one in some]
    assert sorted(taken) == ids[2:]
    with database.read() as connection:
        assert receipts.get(connection, ids[2]).overdue_at is not None
        assert receipts.get(connection, ids[0]).overdue_at is None


def test_times_to_removal(database: Database) -> None:
    at = now()
    for n in range(1, 21):
        receipt_id = ask(database, uploaded_s_ago=1000, matched_s_ago=900, at=at)
        confirm(database, receipt_id, removed_at=at - timedelta(seconds=900 - n))
    confirm(
        database,
        ask(database, uploaded_s_ago=None, at=at),
        outcome="removed",
        removed_at=at - timedelta(seconds=500),
    )
    confirm(database, ask(database), outcome="already_gone")
    ask(database)
    with database.read() as connection:
        times = receipts.removal_times(
            connection, since=at - timedelta(hours=1), until=now() + timedelta(minutes=1)
        )
        empty = receipts.removal_times(
            connection, since=at - timedelta(hours=2), until=at - timedelta(hours=1)
        )
    assert (times.asked, times.unconfirmed, times.already_gone) == (23, 1, 1)
    assert times.from_upload.count == 20 and times.from_match.count == 21
    assert times.from_upload.p50_s == pytest.approx(110, abs=2)
    assert times.from_upload.p95_s == pytest.approx(119, abs=2)
    assert times.from_match.max_s == pytest.approx(20, abs=2)
    assert empty.from_match == receipts.Spread(0, None, None, None)


@given(st.lists(st.floats(-100, 1e6), min_size=1, max_size=40))
def test_percentiles_are_ranks(seconds: list[float]) -> None:
    """At least that share of the durations is not longer, and fewer would be for any smaller one."""
    spread = receipts._spread([timedelta(seconds=one) for one in seconds])
    whole = [max(timedelta(seconds=one).total_seconds(), 0.0) for one in seconds]
    for share, value in ((0.5, spread.p50_s), (0.95, spread.p95_s)):
        assert value is not None and value in whole
        assert sum(one <= value for one in whole) >= math.ceil(share * len(whole))
        assert sum(one < value for one in whole) < math.ceil(share * len(whole))


def test_moments_need_a_zone(database: Database) -> None:
    with pytest.raises(Exception, match="time zone"), database.write() as connection:
        receipts.ask(
            connection,
            event_id=1,
            action="block",
            content_reference="x",
            matched_at=datetime(2026, 1, 1),  # noqa: DTZ001
        )
