"""Whose case it is: two people, lost leases, the next case."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
import sqlalchemy as sa

from holdfast.errors import ConflictError, LeaseLostError, NotFoundError
from holdfast.records.tables.base import now
from holdfast.records.tables.review import cases
from holdfast.review.cases import CaseFilter, get_case, list_cases
from holdfast.review.leases import Lease, hand_back, heartbeat, require_lease, take, take_next
from tests.review.conftest import ANA, BEA, World


def expire(world: World, case_id: int) -> None:
    """The lease runs out, as if nobody had sent a heartbeat."""
    with world.database.write() as connection:
        statement = sa.update(cases).where(cases.c.id == case_id)
        connection.execute(statement.values(lease_until=now().replace(year=2020)))


def test_one_person_holds_a_case_and_everybody_sees_it(world: World) -> None:
    case_id = world.item(world.upload()).case_id
    lease = world.take(case_id, ANA)
    with pytest.raises(ConflictError, match=r"person:ana's until"):
        world.take(case_id, BEA)
    assert world.take(case_id, ANA).fence == lease.fence
    with world.database.read() as connection:
        assert get_case(connection, case_id).lease_owner == ANA
        assert [one.id for one in list_cases(connection, CaseFilter(owner=ANA))] == [case_id]
        assert list_cases(connection, CaseFilter(owner=BEA)) == []
    later = world.do(heartbeat, case_id, ANA, lease.fence, world.rules)
    assert later.until >= lease.until
    world.do(hand_back, case_id, ANA, lease.fence)
    assert world.take(case_id, BEA).fence > lease.fence
    with pytest.raises(NotFoundError):
        world.take(999, ANA)


def test_a_lease_that_ran_out_counts_until_another_takes_the_case(world: World) -> None:
    case_id = world.item(world.upload()).case_id
    lease = world.take(case_id, ANA)
    expire(world, case_id)
    assert world.do(require_lease, case_id, ANA, lease.fence).id == case_id
    taken = world.take(case_id, BEA)
    for work in (require_lease, hand_back):
        with pytest.raises(LeaseLostError, match=r"person:bea's now\. Nothing was changed"):
            world.do(work, case_id, ANA, lease.fence)
    with pytest.raises(LeaseLostError):
        world.do(heartbeat, case_id, ANA, lease.fence, world.rules)
    assert world.do(require_lease, case_id, BEA, taken.fence).lease_owner == BEA


def test_whoever_may_assign_takes_a_case_from_another(world: World) -> None:
    case_id = world.item(world.upload()).case_id
    lease = world.take(case_id, ANA)
    with world.database.write() as connection:
        take(connection, case_id, BEA, world.rules, from_other=True)
    with pytest.raises(LeaseLostError):
        world.do(require_lease, case_id, ANA, lease.fence)


def test_the_next_case_goes_to_one_person_each(world: World) -> None:
    for number in range(6):
        world.upload(b"%d" % number, account=f"user-{number}", queue=1 + number % 3)
    barrier = Barrier(3)
    taken: list[Lease | None] = []

    def work(person: str) -> None:
        barrier.wait()
        for _ in range(3):
            with world.database.write() as connection:
                taken.append(take_next(connection, person, world.rules))

    threads = [Thread(target=work, args=(f"person:{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    got = [lease.case_id for lease in taken if lease is not None]
    assert sorted(got) == sorted(set(got))
    assert len(got) == 6
    with world.database.read() as connection:
        first = list_cases(connection, CaseFilter())[:2]
    assert {one.priority for one in first} == {1}
