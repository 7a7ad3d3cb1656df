"""A worker that dies, or stalls while another takes over, at every single point of the way.

Points lie before and after every transaction, inside it before its commit, and before and after every
request. Every one of them is tried: what is left is settled by the next worker.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.records.database import Database
from holdfast.reporting.cybertip.answers import Answer
from holdfast.reporting.cybertip.client import Client
from holdfast.reporting.filing.decide import AlarmKind
from holdfast.reporting.filing.filer import Filer
from holdfast.reporting.filing.models import State
from tests.reporting.world import ACCOUNT, World

MOST_POINTS = 200


class Died(BaseException):
    """As a SIGKILL: nothing that comes after it is done."""


class Fuse:
    """Counts points; at number ``at`` something happens, and it is never the last word of the process."""

    def __init__(self, at: int, happens: Callable[[], None] | None = None) -> None:
        self.passed = 0
        self._at = at
        self._happens = happens
        self._is_dead = False

    def point(self, *, inside: bool = False) -> None:
        if self._is_dead:
            raise Died
        if self._happens is not None and inside:  # another worker would wait for this transaction for ever
            return
        self.passed += 1
        if self.passed != self._at:
            return
        if self._happens is None:
            self._is_dead = True
            raise Died
        self._happens()


class FusedDatabase(Database):
    def __init__(self, url: str, fuse: Fuse) -> None:
        super().__init__(url)
        self._fuse = fuse

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        self._fuse.point()
        with super().write() as connection:
            yield connection
            self._fuse.point(inside=True)
        self._fuse.point()


class FusedClient(Client):
    fuse: Fuse

    def _call(self, *given: Any, **more: Any) -> Answer:
        self.fuse.point()
        answer = super()._call(*given, **more)
        self.fuse.point()
        return answer


@contextmanager
def fused_filer(world: World, fuse: Fuse) -> Iterator[Filer]:
    url = world.database.engine.url.set(drivername=world.database.engine.url.get_backend_name())
    with (
        FusedDatabase(url.render_as_string(hide_password=False), fuse) as database,
        FusedClient(world.destination, ACCOUNT, timeout_s=60) as client,
    ):
        client.fuse = fuse
        filer = Filer(database, world.sealer, client, world.contents)
        filer._sweep = lambda: None  # type: ignore[method-assign]  # its transaction is not about a filing
        yield filer


def ask(world: World, case: str) -> int:
    return world.ask(case, world.file(case.encode()), world.file(case.encode() * 2))


def count_points(world: World, happens: Callable[[], None] | None = None) -> int:
    fuse = Fuse(-1, happens)
    ask(world, "counted")
    with fused_filer(world, fuse) as filer:
        filer.file_due()
    assert 20 < fuse.passed < MOST_POINTS
    return fuse.passed


def assert_settled(world: World, filing_id: int, case: str) -> None:
    """Exactly one finished report names the case; nothing else of it is open; nothing is silent."""
    filing = world.get(filing_id)
    named = f">{case}<".encode()
    ours = [report for report in world.stand_in.desk.reports() if named in report.xml]
    finished = [report for report in ours if report.state == "finished"]
    assert [report.id for report in finished] == [filing.report_id], case
    assert filing.state is State.FILED
    assert len(finished[0].files) == 2
    assert [file.size_bytes for file in finished[0].files.values()] == [len(case), 2 * len(case)]
    for file in finished[0].files.values():
        assert file.details is not None
        assert f"<reportId>{finished[0].id}</reportId>".encode() in file.details
    alarms = _alarms_of(world, filing_id)
    assert filing.receipt is not None or AlarmKind.RECEIPT_MISSING in alarms
    known = {attempt.report_id for attempt in world.attempts(filing_id)}
    for report in ours:
        if report.state == "open":
            assert report.id not in known
            assert AlarmKind.ORPHAN_POSSIBLE in alarms


def _alarms_of(world: World, filing_id: int) -> set[AlarmKind]:
    from holdfast.reporting.filing.alarms import list_alarms

    with world.database.read() as connection:
        return {alarm.kind for alarm in list_alarms(connection, filing_id=filing_id)}


def die_at(world: World, point: int) -> bool:
    """Whether a worker died that was to die at this point."""
    fuse = Fuse(point)
    with fused_filer(world, fuse) as filer, suppress(Died):
        filer.file_due()
        return False
    return True


def test_a_death_at_every_point(one_world: World) -> None:
    lost_receipts = orphans = 0
    for point in range(1, count_points(one_world) + 1):
        case = f"dies-at-{point}"
        filing_id = ask(one_world, case)
        assert die_at(one_world, point), point
        one_world.let_pauses_pass()
        one_world.work()
        assert_settled(one_world, filing_id, case)
        alarms = _alarms_of(one_world, filing_id)
        lost_receipts += AlarmKind.RECEIPT_MISSING in alarms
        orphans += AlarmKind.ORPHAN_POSSIBLE in alarms
    # Between an answer and its record nobody can look: before that, and after it, nothing is lost.
    assert lost_receipts == 3
    assert 3 <= orphans <= 5


def test_a_second_death_while_the_first_is_settled(one_world: World) -> None:
    points, choose = count_points(one_world), random.Random(20_26)
    deaths = 0
    for number in range(25):
        case = f"dies-often-{number}"
        filing_id = ask(one_world, case)
        for _ in range(3):
            deaths += die_at(one_world, choose.randint(1, points))
            one_world.let_pauses_pass()
        one_world.work()
        assert_settled(one_world, filing_id, case)
    assert deaths > 35


def test_another_worker_takes_over_at_every_point(one_world: World) -> None:
    def take_over() -> None:
        one_world.let_pauses_pass()
        one_world.work()

    for point in range(1, count_points(one_world, lambda: None) + 1):
        case = f"stalls-at-{point}"
        filing_id = ask(one_world, case)
        with fused_filer(one_world, Fuse(point, take_over)) as stalled:
            stalled.file_due()
        one_world.let_pauses_pass()
        one_world.work()
        assert_settled(one_world, filing_id, case)
        # It lost the race for the row, and withdrew what it had opened meanwhile.
        assert one_world.stand_in.desk.reports("open") == []


@pytest.mark.postgres
def test_on_postgresql_too(world: World) -> None:
    if world.database.is_sqlite:
        pytest.skip("the other tests here are on SQLite")
    points = count_points(world)
    for point in range(1, points + 1, 5):
        case = f"dies-at-{point}"
        filing_id = ask(world, case)
        assert die_at(world, point)
        world.let_pauses_pass()
        world.work()
        assert_settled(world, filing_id, case)
