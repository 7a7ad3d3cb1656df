"""The worker as it runs: until it is told to stop, several at a time, and silent about people's data."""

from __future__ import annotations

import logging
import threading
import time

import pytest
import structlog

from holdfast.errors import RecordsUnavailableError
from holdfast.reporting.cybertip.models.common import Email, Person
from holdfast.reporting.cybertip.models.people import PersonOrUserReported
from holdfast.reporting.filing.filer import Filer
from holdfast.reporting.filing.models import State
from tests.reporting.samples import minimum_report
from tests.reporting.world import ACCOUNT, World


def new_filer(world: World) -> Filer:
    return Filer(world.database, world.sealer, world.client, world.contents, poll_s=0.02)


def wait_until_filed(world: World) -> None:
    for _ in range(6000):
        if not world.live():
            return
        time.sleep(0.02)
    pytest.fail("not filed in time")


def test_it_runs_until_it_is_stopped(world: World) -> None:
    filer = new_filer(world)
    thread = threading.Thread(target=filer.run)
    thread.start()
    try:
        filing_id = world.ask("case-1", world.file(b"x"))
        wait_until_filed(world)
    finally:
        filer.stop()
        thread.join()
    assert world.get(filing_id).state is State.FILED


def test_several_share_the_work(world: World) -> None:
    cases = [world.ask(f"case-{number}") for number in range(12)]
    filers = [new_filer(world) for _ in range(3)]
    threads = [threading.Thread(target=filer.run) for filer in filers]
    for thread in threads:
        thread.start()
    try:
        wait_until_filed(world)
    finally:
        for filer in filers:
            filer.stop()
        for thread in threads:
            thread.join()
    assert len(world.stand_in.desk.reports()) == len(world.stand_in.desk.finished()) == len(cases)
    assert {world.get(filing_id).fence for filing_id in cases} == {1}
    assert {world.get(filing_id).state for filing_id in cases} == {State.FILED}


def test_it_outlives_a_database_that_is_away(one_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    filer = new_filer(one_world)
    real, failures = filer._claim, iter(range(3))

    def claim() -> object:
        if next(failures, None) is not None:
            raise RecordsUnavailableError("the database is away")
        return real()

    monkeypatch.setattr(filer, "_claim", claim)
    one_world.ask("case-1")
    thread = threading.Thread(target=filer.run)
    thread.start()
    try:
        wait_until_filed(one_world)
    finally:
        filer.stop()
        thread.join()
    assert next(failures, None) is None


def test_a_filing_that_breaks_the_worker_does_not_hold_up_the_others(one_world: World) -> None:
    class Broken:
        def check(self, item_id: str) -> None:
            raise RuntimeError("a defect")

    broken = one_world.ask("case-1", one_world.file(b"x"), priority=1)
    other = one_world.ask("case-2")
    filer = Filer(one_world.database, one_world.sealer, one_world.client, Broken())  # type: ignore[arg-type]
    assert filer.file_due() == 2
    assert one_world.get(other).state is State.FILED
    assert one_world.get(broken).state is State.PENDING
    one_world.let_pauses_pass()
    one_world.work()
    assert one_world.get(broken).state is State.FILED


def test_no_secret_and_nobody_s_data_is_in_a_log(one_world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = ["somebody@example.net", "account-4711", ACCOUNT.password, "the-bytes-of-a-file"]
    person = PersonOrUserReported(
        esp_identifier="account-4711",
        person_or_user_reported_person=Person(emails=(Email(value="somebody@example.net"),)),
    )
    report = minimum_report().model_copy(update={"persons_reported": (person,)})
    for number, fault in enumerate(["code:1000", "code:4100", "drop_after", "cut_xml", "wrong_md5", "html"]):
        step = "upload" if fault == "wrong_md5" else ["submit", "fileinfo", "finish"][number % 3]
        one_world.stand_in.faults.add(step, fault)
        with structlog.testing.capture_logs() as said:
            one_world.ask(f"case-{number}", one_world.file(b"the-bytes-of-a-file"), report=report)
            one_world.work()
        text = repr(said) + caplog.text
        assert said
        assert not [secret for secret in secrets if secret in text]
    rows = repr([one_world.get(filing_id) for filing_id in range(1, 7)])
    assert not [secret for secret in secrets if secret in rows]


def test_the_banner_is_said_at_the_start(one_world: World) -> None:
    filer = new_filer(one_world)
    filer.stop()
    with structlog.testing.capture_logs() as said:
        filer.run()
    assert said[0]["banner"].startswith("TEST: nothing is filed")
    assert said[0]["log_level"] == "warning"
