"""What a person must know: by the clock, again and again, until its cause is gone or somebody saw to it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from holdfast.errors import NotFoundError
from holdfast.records.tables.base import now
from holdfast.records.tables.filings import filing_alarms, filing_attempts, filings
from holdfast.reporting.filing import alarms, requests
from holdfast.reporting.filing.alarms import Limits, list_alarms, raise_alarm, sweep
from holdfast.reporting.filing.decide import AlarmKind
from holdfast.reporting.filing.models import State
from tests.reporting.world import World

LIMITS = Limits(open_s=3600, unfiled_s=4 * 3600, repeat_s=24 * 3600)


def age(world: World, **hours: float) -> None:
    """As if these columns of every filing had been written so many hours ago."""
    values = {name: now() - timedelta(hours=past) for name, past in hours.items()}
    with world.database.write() as connection:
        connection.execute(sa.update(filings).values(values))


def look(world: World) -> None:
    with world.database.write() as connection:
        sweep(connection, world.destination.name, LIMITS)


def stuck_open(world: World) -> int:
    """A filing whose report is open and cannot be withdrawn."""
    filing_id = world.ask("case-1")
    world.stand_in.faults.add("finish", "code:1000", times=100)
    world.filer.file_due()
    assert world.get(filing_id).state is State.FINISHING
    return filing_id


def test_a_report_that_is_open_for_too_long(world: World) -> None:
    filing_id = stuck_open(world)
    look(world)
    assert world.alarms() == []
    age(world, opened_at=1.1)
    look(world)
    look(world)
    assert world.alarms() == [AlarmKind.OPEN_TOO_LONG]
    with world.database.read() as connection:
        (alarm,) = list_alarms(connection, filing_id=filing_id)
    assert (alarm.times, alarm.kind) == (1, AlarmKind.OPEN_TOO_LONG)
    assert "finishing" in alarm.detail


def test_an_alarm_comes_again_every_day_and_ends_with_its_cause(world: World) -> None:
    filing_id = stuck_open(world)
    age(world, opened_at=2)
    look(world)
    with world.database.write() as connection:
        connection.execute(sa.update(filing_alarms).values(repeated_at=now() - timedelta(hours=25)))
    look(world)
    with world.database.read() as connection:
        (alarm,) = list_alarms(connection, filing_id=filing_id)
    assert alarm.times == 2
    assert world.events().count("report.alarm") == 2
    world.stand_in.faults.clear()
    world.let_pauses_pass()
    world.work()
    assert world.get(filing_id).state is State.FILED
    assert world.alarms() == []
    assert world.alarms(also_cleared=True) == [AlarmKind.OPEN_TOO_LONG]


def test_what_is_wanted_and_not_filed(world: World) -> None:
    world.stand_in.faults.add("submit", "code:2000", times=100)
    world.ask("case-1")
    world.filer.file_due()
    age(world, requested_at=5)
    look(world)
    assert set(world.alarms()) == {AlarmKind.BLOCKED, AlarmKind.NOT_FILED}


def test_a_hold_is_no_delay(world: World) -> None:
    world.ask("case-1", not_before=now() + timedelta(hours=48))
    age(world, requested_at=30)
    look(world)
    assert world.alarms() == []


def test_a_revision_behind_one_that_is_stuck_is_not_forgotten(world: World) -> None:
    stuck_open(world)
    later = world.ask("case-1", revision=2)
    age(world, requested_at=5, due_at=5)
    look(world)
    with world.database.read() as connection:
        assert [alarm.kind for alarm in list_alarms(connection, filing_id=later)] == [AlarmKind.NOT_FILED]


def test_a_possible_orphan_is_forgotten_once_it_must_have_expired(world: World) -> None:
    world.stand_in.faults.add("submit", "drop_after")
    filing_id = world.ask("case-1")
    world.work()
    assert world.get(filing_id).state is State.FILED
    look(world)
    assert world.alarms() == [AlarmKind.ORPHAN_POSSIBLE]  # it is filed, and the alarm stays all the same
    past = now() - timedelta(hours=27)
    with world.database.write() as connection:
        connection.execute(sa.update(filing_attempts).values(begun_at=past))
        connection.execute(sa.update(filing_alarms).values(repeated_at=past))
    look(world)
    assert world.alarms() == []


def test_a_person_clears_the_others(world: World) -> None:
    world.stand_in.faults.add("finish", "drop_after")
    filing_id = world.ask("case-1")
    world.work()
    assert world.alarms() == [AlarmKind.RECEIPT_MISSING]
    with world.database.write() as connection:
        (alarm,) = list_alarms(connection, filing_id=filing_id)
        alarms.clear(connection, alarm.id, by="ana")
        alarms.clear(connection, alarm.id, by="somebody else")
    assert world.alarms() == []
    with world.database.read() as connection:
        (cleared,) = list_alarms(connection, also_cleared=True)
    assert cleared.cleared_by == "ana"
    with world.database.write() as connection, pytest.raises(NotFoundError):
        alarms.clear(connection, alarm.id + 1, by="ana")


def test_cancelling_a_filing_whose_fate_is_unknown_says_so(world: World) -> None:
    filing_id = world.ask("case-1")
    with world.database.write() as connection:
        connection.execute(
            sa.insert(filing_attempts).values(
                filing_id=filing_id, destination=world.destination.name, fence=1, begun_at=now()
            )
        )
        assert requests.cancel(connection, filing_id) is State.CANCELLED
    assert world.alarms() == [AlarmKind.ORPHAN_POSSIBLE]


def test_one_alarm_a_filing_and_kind(world: World) -> None:
    first, second = world.ask("case-1"), world.ask("case-2")
    with world.database.write() as connection:
        for filing_id in (first, first, second):
            raise_alarm(connection, filing_id, AlarmKind.BLOCKED, "x" * 900)
        raise_alarm(connection, first, AlarmKind.REFUSED, "y")
        found = list_alarms(connection)
    assert [(one.filing_id, one.kind, one.times) for one in found] == [
        (first, AlarmKind.BLOCKED, 2),
        (second, AlarmKind.BLOCKED, 1),
        (first, AlarmKind.REFUSED, 1),
    ]
    assert len(found[0].detail) == 500


def test_the_filer_looks_at_the_clocks_by_itself(world: World) -> None:
    stuck_open(world)
    age(world, opened_at=2)
    world.filer.file_due()
    assert AlarmKind.OPEN_TOO_LONG in world.alarms()


def test_the_clock_s_alarms_end_with_a_filing_that_is_cancelled_or_refused(world: World) -> None:
    cancelled, refused = world.ask("case-1"), world.ask("case-2")
    with world.database.write() as connection:
        for filing_id in (cancelled, refused):
            raise_alarm(connection, filing_id, AlarmKind.NOT_FILED, "late")
        requests.cancel(connection, cancelled)
    world.stand_in.faults.add("submit", "code:4100")
    world.work()
    assert world.get(refused).state is State.REFUSED
    assert world.alarms() == [AlarmKind.REFUSED]
