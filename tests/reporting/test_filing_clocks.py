"""When an open report expires, and what is done about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from holdfast.records.tables.base import now
from holdfast.records.tables.filings import filings
from holdfast.reporting.filing.clocks import ends_soon, expires_at, is_surely_gone
from holdfast.reporting.filing.models import Filing, State
from tests.reporting.world import World

OPENED = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def filing(one_world: World) -> Filing:
    return replace(one_world.get(one_world.ask("case-1")), opened_at=OPENED)


@pytest.mark.parametrize(
    ("touched_after", "ends_after"),
    [
        (None, 24 * HOUR),
        (0 * HOUR, 24 * HOUR),
        (2 * HOUR, 24 * HOUR),  # a quiet hour alone ends nothing
        (23 * HOUR, 24 * HOUR),
        (23.5 * HOUR, 24.5 * HOUR),
        (30 * HOUR, 31 * HOUR),
    ],
)
def test_the_later_of_the_two_clocks_counts(
    filing: Filing, touched_after: timedelta | None, ends_after: timedelta
) -> None:
    touched = None if touched_after is None else OPENED + touched_after
    opened = replace(filing, touched_at=touched)
    end = OPENED + ends_after
    assert expires_at(opened) == end
    assert not ends_soon(opened, end - 0.5 * HOUR)
    assert ends_soon(opened, end - timedelta(minutes=5))
    assert not is_surely_gone(opened, end + timedelta(minutes=30))
    assert is_surely_gone(opened, end + timedelta(minutes=61))


def test_nothing_is_open_and_nothing_expires(filing: Filing) -> None:
    closed = replace(filing, opened_at=None)
    assert expires_at(closed) is None
    assert not ends_soon(closed, OPENED)
    assert not is_surely_gone(closed, OPENED)


def open_since(world: World, hours: float) -> None:
    with world.database.write() as connection:
        past = now() - timedelta(hours=hours)
        connection.execute(sa.update(filings).values(opened_at=past, touched_at=past))


def test_an_expired_report_is_begun_anew(one_world: World) -> None:
    filing_id = one_world.ask("case-1", one_world.file(b"x"))
    one_world.stand_in.faults.add("upload", "code:1000")
    one_world.stand_in.faults.add("retract", "code:1000")
    one_world.filer.file_due()
    assert one_world.get(filing_id).state is State.RETRACTING
    one_world.stand_in.advance(25 * 3600)
    one_world.work()
    assert one_world.get(filing_id).state is State.FILED
    assert [report.state for report in one_world.stand_in.desk.reports()] == ["expired", "finished"]


def test_what_has_surely_expired_needs_no_withdrawal(one_world: World) -> None:
    """A service that answers every /retract with an error must not hold up the report for ever."""
    filing_id = one_world.ask("case-1", one_world.file(b"x"))
    one_world.stand_in.faults.add("upload", "code:1000")
    one_world.stand_in.faults.add("retract", "code:1000", times=1000)
    one_world.work(rounds=3)
    assert one_world.get(filing_id).state is State.RETRACTING
    open_since(one_world, 26)
    one_world.work()
    assert one_world.get(filing_id).state is State.FILED
    assert [attempt.outcome for attempt in one_world.attempts(filing_id)] == ["gone", "finished"]


def test_after_a_finish_the_clock_proves_nothing(one_world: World) -> None:
    filing_id = one_world.ask("case-1")
    one_world.stand_in.faults.add("finish", "drop_after")
    one_world.stand_in.faults.add("finish", "code:5001")
    one_world.stand_in.faults.add("retract", "code:1000", times=4)
    one_world.work(rounds=3)
    assert one_world.get(filing_id).state is State.RETRACTING
    open_since(one_world, 100)
    one_world.work()
    assert one_world.get(filing_id).state is State.FILED
    assert len(one_world.stand_in.desk.reports()) == 1


def test_a_report_that_is_about_to_expire_is_not_filled_any_more(one_world: World) -> None:
    filing_id = one_world.ask("case-1", one_world.file(b"x"), one_world.file(b"y"))
    desk = one_world.stand_in.desk
    real = desk.file_details

    def late(owner: str, body: bytes) -> object:
        desk.file_details = real  # type: ignore[method-assign]
        answer = real(owner, body)
        with one_world.database.write() as connection:
            connection.execute(sa.update(filings).values(opened_at=now() - timedelta(hours=24)))
        return answer

    # The second upload is never begun: the report was opened a day ago, and it was touched long since.
    desk.file_details = late  # type: ignore[method-assign, assignment]
    from holdfast.reporting.filing import clocks

    original = clocks.FROM_TOUCH
    clocks.FROM_TOUCH = timedelta(0)
    try:
        one_world.filer.file_due()
    finally:
        clocks.FROM_TOUCH = original
    assert [report.state for report in desk.reports()] == ["retracted"]
    assert len(desk.reports()[0].files) == 1
    one_world.let_pauses_pass()
    one_world.work()
    assert one_world.get(filing_id).state is State.FILED
