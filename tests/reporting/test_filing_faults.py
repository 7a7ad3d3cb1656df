"""Everything that can go wrong on the wire, at every step: one finished report, and nothing silent."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from holdfast.errors import KeyUnavailableError, RecordsUnavailableError
from holdfast.reporting.cybertip.answers import Answer
from holdfast.reporting.cybertip.client import Client
from holdfast.reporting.cybertip.destination import Credentials, CyberTipline, Environment
from holdfast.reporting.filing import requests
from holdfast.reporting.filing.decide import AlarmKind
from holdfast.reporting.filing.filer import Filer
from holdfast.reporting.filing.models import State
from holdfast.vault.secrets import KeySealer
from tests.reporting.world import ACCOUNT, World

CONTENTS = [b"first", b"second" * 1000]
STEPS = ["submit", "upload", "fileinfo", "finish"]
# Faults after which a new try files the report.
# Those in which time passes cost time: they are tried where it matters, with a client that waits less.
PASSING = [
    "code:1000",
    "code:1100",
    "code:1300",
    "code_after:1000",
    "code:5102",
    "drop_before",
    "drop_after",
    "cut_xml",
    "html",
    "wrong_report",
]
SLOW = ["stall_before", "stall_after", "late", "slow"]
PATIENCE_S, WAIT_S, STALL_S = 60.0, 0.4, 0.8


def ask(world: World, case: str = "case-1") -> int:
    return world.ask(case, *(world.file(content) for content in CONTENTS))


def assert_filed_once(world: World, filing_id: int) -> None:
    """One finished report, ours, with our files, each described once; its receipt kept, or an alarm up."""
    filing = world.get(filing_id)
    (stored,) = world.stand_in.desk.finished()
    assert (filing.state, filing.report_id) == (State.FILED, stored.id)
    assert [file.sha256 for file in stored.files.values()] == [
        hashlib.sha256(one).hexdigest() for one in CONTENTS
    ]
    for file in stored.files.values():
        assert file.details is not None
        assert f"<reportId>{stored.id}</reportId>".encode() in file.details
    if filing.receipt is None:
        assert AlarmKind.RECEIPT_MISSING in world.alarms()
    else:
        assert str(stored.id).encode() in filing.receipt


def assert_no_silent_orphan(world: World, filing_id: int) -> None:
    """Whatever else is open there is known by its id, or an alarm says that there may be something."""
    known = {attempt.report_id for attempt in world.attempts(filing_id)}
    unknown = [report.id for report in world.stand_in.desk.reports("open") if report.id not in known]
    assert not unknown or AlarmKind.ORPHAN_POSSIBLE in world.alarms()
    left = [report for report in world.stand_in.desk.reports("open") if report.id in known]
    assert left == []


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("step", STEPS)
def test_a_fault_at_a_step(one_world: World, step: str, fault: str) -> None:
    if (step, fault) == ("submit", "code:5102"):
        pytest.skip("a new report that is finished already goes to a person: see the refusals")
    filing_id = ask(one_world)
    one_world.stand_in.faults.add(step, fault)
    one_world.work()
    assert_filed_once(one_world, filing_id)
    assert_no_silent_orphan(one_world, filing_id)


@pytest.mark.parametrize(
    ("step", "fault"), [("finish", one) for one in SLOW] + [(one, "late") for one in STEPS[:3]]
)
def test_a_slow_answer_at_a_step(one_world: World, step: str, fault: str) -> None:
    filing_id = ask(one_world)
    one_world.stand_in.faults.add(step, fault, hold_s=STALL_S)
    with impatient(one_world, step) as filer:
        filer.file_due()
    one_world.let_pauses_pass()
    one_world.work()
    assert_filed_once(one_world, filing_id)
    assert_no_silent_orphan(one_world, filing_id)


class Impatient(Client):
    """At one step it waits a moment, at the others for as long as a busy machine may need."""

    step = ""

    def _call(self, method: str, call: str, *given: Any, **more: Any) -> Answer:
        self.timeout_s = WAIT_S if call == self.step else PATIENCE_S
        self._http.timeout = httpx2.Timeout(self.timeout_s)
        return super()._call(method, call, *given, **more)


@contextmanager
def impatient(world: World, step: str) -> Iterator[Filer]:
    with Impatient(world.destination, ACCOUNT, timeout_s=PATIENCE_S) as client:
        client.step = step
        yield Filer(world.database, world.sealer, client, world.contents)


@pytest.mark.parametrize("fault", ["drop_after", "code_after:1000", "cut_xml", "html", "code:1000"])
@pytest.mark.parametrize("step", ["upload", "fileinfo"])
def test_the_fault_meets_the_second_file(one_world: World, step: str, fault: str) -> None:
    filing_id = ask(one_world)
    one_world.stand_in.faults.add(step, fault, after=1)
    one_world.work()
    assert_filed_once(one_world, filing_id)
    assert_no_silent_orphan(one_world, filing_id)


@pytest.mark.parametrize("fault", [fault for fault in PASSING if fault != "code:5102"])
def test_the_withdrawal_fails_too(one_world: World, fault: str) -> None:
    filing_id = ask(one_world)
    one_world.stand_in.faults.add("upload", "code:1110")
    one_world.stand_in.faults.add("retract", fault, times=2)
    one_world.work()
    assert_filed_once(one_world, filing_id)
    assert_no_silent_orphan(one_world, filing_id)


@pytest.mark.parametrize("fault", ["drop_after", "cut_xml", "code_after:1000", "wrong_report"])
def test_a_finish_whose_answer_is_lost_is_one_report_and_an_alarm(world: World, fault: str) -> None:
    filing_id = ask(world)
    world.stand_in.faults.add("finish", fault)
    world.work()
    assert_filed_once(world, filing_id)
    assert len(world.stand_in.desk.reports()) == 1
    assert world.get(filing_id).receipt is None
    assert world.alarms() == [AlarmKind.RECEIPT_MISSING]


@pytest.mark.parametrize("fault", ["drop_before", "html", "code:1300"])
def test_a_finish_that_did_not_happen_is_asked_again_and_has_its_receipt(world: World, fault: str) -> None:
    filing_id = ask(world)
    world.stand_in.faults.add("finish", fault)
    world.work()
    assert_filed_once(world, filing_id)
    assert len(world.stand_in.desk.reports()) == 1
    assert world.get(filing_id).receipt is not None
    assert [one.step for one in world.said(filing_id)].count("submit") == 1


def test_a_slow_finish_is_no_second_report(one_world: World) -> None:
    """The effect comes after the time-out: to retract first here would open, and file, another report."""
    filing_id = ask(one_world)
    one_world.stand_in.faults.add("finish", "late", times=2, hold_s=STALL_S)
    with impatient(one_world, "finish") as filer:
        filer.file_due()
        one_world.let_pauses_pass()
        filer.file_due()
    one_world.let_pauses_pass()
    one_world.work()
    assert_filed_once(one_world, filing_id)
    assert len(one_world.stand_in.desk.reports()) == 1


def test_a_day_s_outage_ends_in_one_report(one_world: World) -> None:
    filing_id = ask(one_world)
    for step in ("submit", "upload", "finish"):
        one_world.stand_in.faults.add(step, "code:1000", times=8)
    one_world.work(rounds=40)
    assert_filed_once(one_world, filing_id)
    assert one_world.get(filing_id).tries >= 24


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("code", [4100, 4200])
def test_what_is_refused_is_withdrawn_and_goes_to_a_person(one_world: World, step: str, code: int) -> None:
    filing_id = ask(one_world)
    one_world.stand_in.faults.add(step, f"code:{code}")
    one_world.work()
    filing = one_world.get(filing_id)
    assert filing.state is State.REFUSED
    assert str(code) in (filing.last_error or "")
    assert one_world.alarms() == [AlarmKind.REFUSED]
    assert one_world.stand_in.desk.reports("open") == one_world.stand_in.desk.finished() == []
    assert one_world.events()[-2:].count("report.refused") == 1


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("code", [1210, 7777])
def test_what_nobody_explains_goes_to_a_person(one_world: World, step: str, code: int) -> None:
    filing_id = ask(one_world)
    one_world.stand_in.faults.add(step, f"code:{code}")
    one_world.work()
    assert one_world.get(filing_id).state is State.REFUSED
    assert AlarmKind.UNEXPECTED in one_world.alarms()
    assert one_world.stand_in.desk.reports("open") == one_world.stand_in.desk.finished() == []


@pytest.mark.parametrize("code", [5001, 5002, 5101, 5102])
def test_a_new_report_that_is_said_to_be_gone_or_finished_goes_to_a_person(
    one_world: World, code: int
) -> None:
    filing_id = ask(one_world)
    one_world.stand_in.faults.add("submit", f"code:{code}")
    one_world.work()
    assert one_world.get(filing_id).state is State.REFUSED
    assert one_world.alarms() == [AlarmKind.UNEXPECTED]


@pytest.mark.parametrize("step", ["upload", "fileinfo", "finish"])
@pytest.mark.parametrize("code", [5001, 5002, 5101])
def test_a_report_that_is_said_to_be_gone_is_begun_anew(one_world: World, step: str, code: int) -> None:
    filing_id = ask(one_world)
    one_world.stand_in.faults.add(step, f"code:{code}")
    one_world.work()
    if (step, code) == ("finish", 5002):  # a finish has nothing to do with one file
        assert one_world.get(filing_id).state is State.REFUSED
    else:
        assert_filed_once(one_world, filing_id)
    assert one_world.stand_in.desk.reports("open") == []


def test_finished_is_believed_of_a_withdrawal_that_says_it_twice(one_world: World) -> None:
    filing_id = ask(one_world)
    one_world.stand_in.faults.add("upload", "code:1000")
    one_world.stand_in.faults.add("retract", "code:5102")  # and then it is withdrawn
    one_world.work()
    assert_filed_once(one_world, filing_id)
    assert one_world.get(filing_id).receipt is not None


def test_what_somebody_else_finished_is_not_filed_again(one_world: World) -> None:
    filing_id = ask(one_world)
    one_world.stand_in.faults.add("upload", "code:1000")
    one_world.stand_in.faults.add("retract", "code:1000")
    one_world.filer.file_due()
    one_world.client.finish(one_world.get(filing_id).report_id or 0)
    one_world.work()
    filing = one_world.get(filing_id)
    assert (filing.state, filing.receipt) == (State.FILED, None)
    assert one_world.alarms() == [AlarmKind.RECEIPT_MISSING]
    assert len(one_world.stand_in.desk.reports()) == 1


def test_another_md5_is_another_file(one_world: World) -> None:
    filing_id = ask(one_world)
    one_world.stand_in.faults.add("upload", "wrong_md5", after=1)
    one_world.filer.file_due()
    assert one_world.alarms() == [AlarmKind.MD5_DIFFERS]
    assert [report.state for report in one_world.stand_in.desk.reports()] == ["retracted"]
    one_world.work()
    assert_filed_once(one_world, filing_id)
    assert one_world.alarms() == []


@pytest.mark.parametrize("code", [2000, 3300])
@pytest.mark.parametrize("step", [*STEPS, "retract"])
def test_without_rights_it_waits_for_a_person(one_world: World, step: str, code: int) -> None:
    filing_id = ask(one_world)
    if step == "retract":
        one_world.stand_in.faults.add("upload", "code:1000")
    one_world.stand_in.faults.add(step, f"code:{code}")
    one_world.filer.file_due()
    assert one_world.alarms() == [AlarmKind.BLOCKED]
    assert one_world.get(filing_id).state not in (State.FILED, State.REFUSED)
    one_world.work()
    assert_filed_once(one_world, filing_id)
    assert one_world.alarms() == []


@pytest.mark.parametrize("step", STEPS)
def test_a_door_that_is_shut_by_another_server_is_an_alarm_too(one_world: World, step: str) -> None:
    filing_id = ask(one_world)
    one_world.stand_in.faults.add(step, "html:403")
    one_world.filer.file_due()
    assert one_world.alarms() == [AlarmKind.BLOCKED]
    one_world.let_pauses_pass()
    one_world.work()
    assert_filed_once(one_world, filing_id)


def test_a_receipt_is_kept_though_the_key_is_away(one_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    filing_id = ask(one_world)
    real = one_world.stand_in.desk.finish

    def away(*_: object, **__: object) -> bytes:
        raise KeyUnavailableError("the key service does not answer")

    def finishing(owner: str, report_id: int) -> object:
        monkeypatch.setattr(KeySealer, "seal", away)
        return real(owner, report_id)

    monkeypatch.setattr(one_world.stand_in.desk, "finish", finishing)
    one_world.filer.file_due()
    monkeypatch.undo()
    assert_filed_once(one_world, filing_id)
    assert one_world.get(filing_id).receipt is not None
    assert one_world.said(filing_id)[-1].answer is None


def test_a_changed_password_is_an_alarm_and_files_when_it_is_put_right(world: World) -> None:
    filing_id = ask(world)
    with Client(world.destination, Credentials("usr123", "old")) as client:
        Filer(world.database, world.sealer, client, world.contents).file_due()
    assert world.alarms() == [AlarmKind.BLOCKED]
    assert world.stand_in.desk.reports() == []
    world.let_pauses_pass()
    world.work()
    assert_filed_once(world, filing_id)


def test_an_absent_server_leaves_no_doubt(one_world: World) -> None:
    filing_id = ask(one_world)
    destination = CyberTipline(Environment.TEST, "http://127.0.0.1:9/ispws")
    with Client(destination, ACCOUNT, timeout_s=60) as client:
        Filer(one_world.database, one_world.sealer, client, one_world.contents).file_due()
    filing = one_world.get(filing_id)
    assert (filing.state, filing.tries) == (State.PENDING, 1)
    assert "could not be reached" in (filing.last_error or "")
    assert [attempt.outcome for attempt in one_world.attempts(filing_id)] == ["none"]
    assert one_world.alarms() == []


def test_an_id_that_came_before_is_somebody_else_s_report(one_world: World) -> None:
    first = ask(one_world, "case-1")
    one_world.work()
    taken = one_world.get(first).report_id or 0
    second = one_world.ask("case-2", one_world.file(b"other"))
    desk = one_world.stand_in.desk
    real = desk.submit

    def lying(owner: str, body: bytes) -> object:
        from standins.cybertipline.answers import success

        real(owner, body)
        desk.submit = real  # type: ignore[method-assign]
        return success(taken)

    desk.submit = lying  # type: ignore[method-assign, assignment]
    one_world.filer.file_due()
    assert one_world.get(second).state is State.PENDING
    assert AlarmKind.ORPHAN_POSSIBLE in one_world.alarms()
    one_world.work()
    by_id = {report.id: report for report in desk.finished()}
    assert len(by_id[taken].files) == len(CONTENTS)
    assert len(by_id[one_world.get(second).report_id or 0].files) == 1


def test_a_wish_to_cancel_on_the_way_withdraws_the_report(one_world: World) -> None:
    filing_id = ask(one_world)
    desk = one_world.stand_in.desk
    real = desk.upload

    def cancelling(*given: object) -> object:
        desk.upload = real  # type: ignore[method-assign]
        with one_world.database.write() as connection:
            assert requests.cancel(connection, filing_id) is State.OPEN
        return real(*given)  # type: ignore[arg-type]

    desk.upload = cancelling  # type: ignore[method-assign, assignment]
    one_world.work()
    assert one_world.get(filing_id).state is State.CANCELLED
    assert [report.state for report in desk.reports()] == ["retracted"]


def test_no_pause_grows_without_end_and_none_is_short() -> None:
    from holdfast.reporting.filing.ends import RETRY_CAP_S, pause_s

    pauses = [pause_s(tries) for tries in range(1, 60)]
    assert all(2 <= pause <= RETRY_CAP_S * 1.2 for pause in pauses)
    assert sum(pauses[:40]) > 24 * 3600  # a day's outage is less than forty tries


def test_every_code_leads_somewhere() -> None:
    from holdfast.reporting.cybertip.codes import Meaning
    from holdfast.reporting.filing.decide import Step, Then, verdict

    table = {(step, meaning): verdict(step, meaning) for step in Step for meaning in [None, *Meaning]}
    kinds = Counter(follows.then for follows in table.values())
    assert set(kinds) == set(Then)
    # Only these two say that a report is filed, and only a withdrawal may say so without a receipt.
    assert [key for key, one in table.items() if one.then is Then.FILED_WITHOUT_RECEIPT] == [
        (Step.RETRACT, Meaning.FINISHED)
    ]
    assert verdict(Step.FINISH, None).then is Then.WAIT


def test_a_database_that_is_away_for_a_moment_costs_no_receipt(
    one_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holdfast.reporting.filing.held.INSIST_PAUSES_S", (0.0, 0.0, 0.0))
    filing_id = ask(one_world)
    filer, failures = one_world.filer, iter(range(3))
    real_finish, real_write = one_world.stand_in.desk.finish, one_world.database.write

    @contextmanager
    def failing() -> Iterator[sa.Connection]:
        if next(failures, None) is not None:
            raise RecordsUnavailableError("away")
        with real_write() as connection:
            yield connection

    def finishing(owner: str, report_id: int) -> object:
        monkeypatch.setattr(one_world.database, "write", failing)
        return real_finish(owner, report_id)

    monkeypatch.setattr(one_world.stand_in.desk, "finish", finishing)
    filer.file_due()
    assert next(failures, None) is None
    assert_filed_once(one_world, filing_id)
    assert one_world.get(filing_id).receipt is not None
    assert one_world.alarms() == []
