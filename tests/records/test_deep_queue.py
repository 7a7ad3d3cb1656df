"""Uploads that wait: each is had by one worker at a time, ends once, and leaves nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from holdfast.banks.service import create_bank
from holdfast.errors import LeaseLostError
from holdfast.records import deep_queue
from holdfast.records.database import Database
from holdfast.records.deep_queue import MAX_ATTEMPTS, Backlog, Waiting
from holdfast.records.tables.base import now
from holdfast.records.tables.deep import deep_budgets, deep_checks, deep_keys

HERE, ELSEWHERE = "a" * 32, "b" * 32


def put(database: Database, count: int = 1, spool: str = HERE) -> list[int]:
    with database.write() as connection:
        return [
            deep_queue.enqueue(
                connection, spool=spool, name=f"{number:032x}", sealed_key=b"sealed", key_id="k" * 32
            )
            for number in range(count)
        ]


def claim(database: Database, limit: int = 10, *, lease_s: float = 30.0, spool: str = HERE) -> list[Waiting]:
    with database.write() as connection:
        return deep_queue.claim(connection, spool, lease_s, limit)


def finish(database: Database, held: Waiting) -> None:
    with database.write() as connection:
        deep_queue.finish(connection, held)


def ended(database: Database, kept_s: float) -> tuple[int, int]:
    with database.write() as connection:
        expired, failed = deep_queue.take_ended(connection, kept_s)
    return len(expired), len(failed)


def test_the_oldest_of_one_folder_come_first_and_each_to_one_worker(database: Database) -> None:
    ids = put(database, 3)
    put(database, 2, ELSEWHERE)
    with database.read() as connection:
        assert deep_queue.is_due(connection, HERE)
        assert deep_queue.backlog(connection).waiting == 5
    first, second = claim(database, 2), claim(database, 2)
    assert [one.id for one in first] == ids[:2] and [one.id for one in second] == ids[2:]
    assert first[0].sealed_key == b"sealed" and first[0].object == f"{0:032x}"
    assert claim(database) == []
    with database.read() as connection:
        assert not deep_queue.is_due(connection, HERE) and deep_queue.is_due(connection, ELSEWHERE)


def test_what_is_finished_is_gone(database: Database) -> None:
    put(database)
    (held,) = claim(database)
    finish(database, held)
    with database.read() as connection:
        assert deep_queue.backlog(connection) == Backlog(0, 0.0)
        assert connection.execute(sa.select(deep_checks)).all() == []
    with pytest.raises(LeaseLostError, match="Nothing was written"):
        finish(database, held)


def test_whoever_lost_the_lease_cannot_finish(database: Database) -> None:
    put(database)
    (late,) = claim(database, lease_s=-1.0)
    (held,) = claim(database)
    assert held.fence == late.fence + 1
    with pytest.raises(LeaseLostError):
        finish(database, late)
    with database.write() as connection:
        deep_queue.renew(connection, [late], 1000.0)  # changes nothing
    finish(database, held)


def test_a_renewed_lease_keeps_others_away(database: Database) -> None:
    put(database)
    held = claim(database, lease_s=-1.0)
    with database.write() as connection:
        deep_queue.renew(connection, held, 30.0)
    assert claim(database) == []
    finish(database, held[0])


def test_what_ended_its_worker_comes_back_alone_and_not_for_ever(database: Database) -> None:
    ids = put(database, 3)
    assert len(claim(database, lease_s=-1.0)) == 3
    for _ in range(3 * (MAX_ATTEMPTS - 1)):
        assert len(claim(database, lease_s=-1.0)) == 1
    assert claim(database) == []
    put(database)
    assert ended(database, 1000.0) == (0, 3)
    (left,) = claim(database)
    assert left.id not in ids  # an id is never given twice


def test_what_waits_too_long_is_given_up_unless_it_is_under_way(database: Database) -> None:
    put(database, 3)
    (held,) = claim(database, 1)
    assert ended(database, 1000.0) == (0, 0)
    assert ended(database, -1.0) == (2, 0)
    with database.read() as connection:
        assert deep_queue.objects(connection, HERE) == {held.object}
    finish(database, held)


def test_the_oldest_tells_how_far_behind_it_is(database: Database) -> None:
    put(database, 2)
    with database.write() as connection:
        connection.execute(sa.update(deep_checks).values(created_at=now() - timedelta(seconds=90)))
    with database.read() as connection:
        backlog = deep_queue.backlog(connection)
    assert backlog.waiting == 2 and 89 < backlog.oldest_s < 150


def test_a_budget_is_spent_and_comes_back_with_the_hour(database: Database) -> None:
    with database.write() as connection:
        one, two = (create_bank(connection, name).id for name in ("ONE", "TWO"))
    wanted = [(one, 2), (two, 1)]
    for left in ([one, two], [one], []):
        with database.write() as connection:
            assert deep_queue.take_budget(connection, wanted) == left
    with database.write() as connection:
        assert deep_queue.spent(connection) == {one: 2, two: 1}
        assert deep_queue.take_budget(connection, [(two, 0)]) == []
        assert deep_queue.prune_budgets(connection) == 0
        earlier = deep_budgets.c.hour
        connection.execute(
            sa.update(deep_budgets).values(hour=sa.literal(now() - timedelta(hours=2), earlier.type))
        )
    with database.write() as connection:
        assert deep_queue.spent(connection) == {}
        assert deep_queue.take_budget(connection, wanted) == [one, two]
        assert deep_queue.prune_budgets(connection) == 2


def test_keys_go_when_no_row_can_need_them(database: Database) -> None:
    long_ago = now() - timedelta(seconds=2 * deep_queue.KEY_LASTS_S + 60)
    with database.write() as connection:
        for name, at in (("k", long_ago), ("o", long_ago), ("n", now())):
            row = {"id": name * 32, "wrapped_by": "kek", "wrapped_key": b"x", "created_at": at}
            connection.execute(sa.insert(deep_keys).values(row))
    put(database)
    with database.write() as connection:
        assert deep_queue.prune_keys(connection) == 1
        left = set(connection.scalars(sa.select(deep_keys.c.id)))
    assert left == {"k" * 32, "n" * 32}
