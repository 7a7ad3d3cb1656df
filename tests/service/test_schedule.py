"""The schedule: tasks come round, one's trouble is no other's, and several workers share the memory."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from holdfast.errors import VaultError
from holdfast.records.database import Database
from holdfast.service import facts
from holdfast.service.schedule import PREFIX, Schedule, Task


@dataclass
class Clock:
    at: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def go(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Work:
    """A task that counts its runs, and fails while it is told to."""

    runs: int = 0
    error: Exception | None = None
    log: list[datetime] = field(default_factory=list)

    def __call__(self) -> None:
        if self.error is not None:
            raise self.error
        self.runs += 1


def fact(database: Database, name: str) -> dict[str, str]:
    with database.read() as connection:
        found: dict[str, str] = facts.read(connection, PREFIX + name)
    return found


def test_tasks_come_round_each_at_its_own_time(database: Database) -> None:
    clock, often, seldom = Clock(), Work(), Work()
    schedule = Schedule(database, [Task("often", 60, often), Task("seldom", 3600, seldom)], clock=clock)
    assert schedule.run_due() == ["often", "seldom"]
    assert schedule.run_due() == []
    for _ in range(59):
        clock.go(60)
        assert schedule.run_due() == ["often"]
    clock.go(60)
    assert schedule.run_due() == ["often", "seldom"]
    assert (often.runs, seldom.runs) == (61, 2)
    assert datetime.fromisoformat(fact(database, "often")["at"]) == clock.at


def test_a_restart_does_not_begin_anew(database: Database) -> None:
    clock, work = Clock(), Work()
    Schedule(database, [Task("daily", 86400, work)], clock=clock).run_due()
    clock.go(3600)
    restarted = Schedule(database, [Task("daily", 86400, work)], clock=clock)
    assert restarted.run_due() == []
    clock.go(86400 - 3601)
    assert restarted.run_due() == []
    clock.go(1)
    assert restarted.run_due() == ["daily"]


def test_two_workers_do_it_as_often_as_one_would(database: Database) -> None:
    clock, work = Clock(), Work()
    workers = [Schedule(database, [Task("minutely", 60, work)], clock=clock) for _ in range(2)]
    for _ in range(600):
        for one in workers:
            one.run_due()
        clock.go(1)
    assert work.runs == 10


def test_trouble_is_noted_tried_again_and_nobody_elses(database: Database) -> None:
    clock, bad, good = Clock(), Work(), Work()
    schedule = Schedule(database, [Task("bad", 86400, bad), Task("good", 86400, good)], clock=clock)
    assert schedule.run_due() == ["bad", "good"]
    last = fact(database, "bad")["at"]
    clock.go(86400)
    bad.error = VaultError("the store is away")
    assert schedule.run_due() == ["good"]
    noted = fact(database, "bad")
    assert noted["at"] == last and "the store is away" in noted["error"] and noted["failed_at"]
    clock.go(59)
    assert schedule.run_due() == []
    bad.error = None
    clock.go(1)
    assert schedule.run_due() == ["bad"]
    assert "error" not in fact(database, "bad")


def test_other_peoples_errors_are_not_quoted(database: Database) -> None:
    work = Work(error=ValueError("f8f8f0cee0f4a84f"))
    Schedule(database, [Task("bad", 60, work)], clock=Clock()).run_due()
    assert "f8f8" not in str(fact(database, "bad")) and "ValueError" in fact(database, "bad")["error"]


def test_a_clock_that_ran_ahead_puts_nothing_off(database: Database) -> None:
    clock, work = Clock(), Work()
    with database.write() as connection:
        facts.stamp(connection, PREFIX + "daily", clock.at + timedelta(days=400))
    assert Schedule(database, [Task("daily", 86400, work)], clock=clock).run_due() == ["daily"]


def test_the_thread_ends_when_told(database: Database) -> None:
    work = Work()
    schedule = Schedule(database, [Task("once", 60, work)])
    schedule.start()
    try:
        until = time.monotonic() + 60
        while work.runs == 0 and time.monotonic() < until:
            time.sleep(0.01)
    finally:
        schedule.stop()
    assert work.runs == 1
