"""Reports on their way when nothing goes wrong, and what may be asked for."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from holdfast.errors import (
    ConflictError,
    InvalidDocumentError,
    KeyUnavailableError,
    NotFoundError,
    ObjectDamagedError,
    UsageError,
)
from holdfast.records.tables.base import now
from holdfast.reporting.cybertip.models.file_details import FileAnnotations, FileDescription
from holdfast.reporting.filing import requests
from holdfast.reporting.filing.decide import AlarmKind
from holdfast.reporting.filing.models import State, SubmittedFile
from holdfast.vault.keys import FileKeys, create_key_file
from holdfast.vault.secrets import KeySealer
from tests.reporting.samples import batched_report, full_file_details, full_report, minimum_report
from tests.reporting.world import World, about

VIRAL = FileDescription(file_annotations=FileAnnotations(viral=True))
NOT_DESCRIBED = {"report_id", "file_id", "file_viewed_by_esp", "exif_viewed_by_esp"}


def test_a_report_with_files_is_filed_with_its_receipt(world: World) -> None:
    contents = [b"first", b"second" * 100_000]
    filing_id = world.ask("case-1", *(world.file(content) for content in contents))
    assert world.filer.file_due() == 1
    filing = world.get(filing_id)
    (stored,) = world.stand_in.desk.finished()
    assert (filing.state, filing.report_id, filing.tries) == (State.FILED, stored.id, 0)
    assert filing.receipt is not None
    assert b"NOT FILED" in filing.receipt
    assert etree.fromstring(filing.receipt).findtext("reportId") == str(stored.id)
    assert filing.receipt_request_id
    assert [file.sha256 for file in stored.files.values()] == [
        hashlib.sha256(one).hexdigest() for one in contents
    ]
    assert [file.name for file in stored.files.values()] == ["file-1.jpg", "file-2.jpg"]
    assert all(file.details for file in stored.files.values())
    assert world.alarms() == []
    assert world.events() == ["report.requested", "report.opened", "report.filed"]


def test_what_was_sent_and_answered_is_kept_byte_for_byte(world: World) -> None:
    filing_id = world.ask("case-1", world.file(b"x"))
    world.work()
    said = world.said(filing_id)
    (stored,) = world.stand_in.desk.finished()
    assert [one.step for one in said] == ["submit", "upload", "fileinfo", "finish"]
    assert said[0].sent == stored.xml
    assert said[2].sent == next(iter(stored.files.values())).details
    assert said[3].answer == world.get(filing_id).receipt
    assert all(one.request_id and one.code == 0 and one.status == 200 for one in said)
    (attempt,) = world.attempts(filing_id)
    assert (attempt.report_id, attempt.outcome) == (stored.id, "finished")


def test_people_s_data_is_not_readable_in_the_database(one_world: World) -> None:
    one_world.ask("case-1", one_world.file(b"x"), report=about("somebody-s-account"))
    one_world.work()
    with one_world.database.read() as connection:
        (path,) = connection.exec_driver_sql("SELECT file FROM pragma_database_list").scalars()
    one_world.database.close()
    everything = b"".join(part.read_bytes() for part in sorted(_parts(str(path))))
    assert b"case-1" in everything
    assert b"somebody-s-account" not in everything


def _parts(path: str) -> list[Path]:
    return [part for part in (Path(path), Path(path + "-wal")) if part.exists()]


def test_reports_without_files_and_with_every_element(world: World) -> None:
    whole = full_file_details()
    description = FileDescription(**{k: v for k, v in dict(whole).items() if k not in NOT_DESCRIBED})
    first = world.ask("text", report=minimum_report())
    second = world.ask("whole", world.file(b"x", description=description), report=full_report())
    world.work()
    assert world.get(first).state == world.get(second).state == State.FILED
    assert len(world.stand_in.desk.finished()) == 2


def test_a_batched_report_counts_its_incidents(world: World) -> None:
    filing_id = world.ask("viral", world.file(b"x", description=VIRAL), report=batched_report())
    world.work()
    filing = world.get(filing_id)
    assert (filing.state, filing.incident_count, filing.file_count) == (State.FILED, 3, 1)


def test_a_batched_report_goes_with_one_file(one_world: World) -> None:
    for files in ([], [one_world.file(b"x", description=VIRAL), one_world.file(b"y", description=VIRAL)]):
        with pytest.raises(InvalidDocumentError, match="exactly one file") as caught:
            one_world.ask("viral", *files, report=batched_report())
        assert [problem.rule for problem in caught.value.problems] == ["batched_one_file"]


def test_what_breaks_rules_is_not_taken(one_world: World) -> None:
    later = now() + timedelta(days=1)
    wrong = minimum_report().model_copy(
        update={
            "incident_summary": minimum_report().incident_summary.model_copy(
                update={"incident_date_time": later}
            )
        }
    )
    with pytest.raises(InvalidDocumentError, match="past"):
        one_world.ask("case-1", report=wrong)
    with pytest.raises(InvalidDocumentError, match="batched_annotation"):
        one_world.ask("case-1", one_world.file(b"x"), report=batched_report())
    assert one_world.live() == []


def test_the_same_request_twice_is_one_report(world: World) -> None:
    file = world.file(b"x")
    first = world.ask("case-1", file)
    assert world.ask("case-1", file) == first
    world.work()
    assert world.ask("case-1", file) == first
    with pytest.raises(ConflictError, match="with another report"):
        world.ask("case-1", file, world.file(b"y"))
    world.work()
    assert len(world.stand_in.desk.finished()) == 1


def test_a_follow_up_waits_and_names_the_earlier_report(world: World) -> None:
    world.stand_in.faults.add("submit", "code:1000")
    first = world.ask("case-1")
    second = world.ask("case-1", revision=2)
    other = world.ask("case-2")
    world.filer.file_due()
    assert world.get(first).state is State.PENDING  # its try failed
    assert world.get(second).fence == 0  # nobody touched it: it waits for the first
    assert world.get(other).state is State.FILED
    world.work()
    earlier, later = world.get(first).report_id, world.get(second).report_id
    by_id = {stored.id: stored for stored in world.stand_in.desk.finished()}
    root = etree.fromstring(by_id[later or 0].xml)
    assert root.findtext("personOrUserReported/priorCTReports") == str(earlier)
    assert b"priorCTReports" not in by_id[earlier or 0].xml


def test_revisions_are_counted_from_one_without_gaps(one_world: World) -> None:
    with pytest.raises(UsageError, match="counted from 1"):
        one_world.ask("case-1", revision=0)
    with pytest.raises(UsageError, match="no revision 1"):
        one_world.ask("case-1", revision=2)
    with pytest.raises(UsageError, match="200 characters"):
        one_world.ask("c" * 201)


def test_nothing_is_opened_before_its_time_and_a_hold_can_be_cancelled(world: World) -> None:
    filing_id = world.ask("case-1", not_before=now() + timedelta(minutes=10))
    assert world.filer.file_due() == 0
    with world.database.write() as connection:
        assert requests.cancel(connection, filing_id) is State.CANCELLED
    world.work()
    assert world.stand_in.desk.reports() == []
    assert world.events()[-1] == "report.cancelled"
    with world.database.write() as connection, pytest.raises(ConflictError, match="is cancelled"):
        requests.cancel(connection, filing_id)


def test_what_is_urgent_goes_first(world: World) -> None:
    ordinary, urgent = world.ask("ordinary"), world.ask("urgent", priority=100)
    world.work()
    first, second = world.stand_in.desk.finished()
    assert (first.id, second.id) == (world.get(urgent).report_id, world.get(ordinary).report_id)


def test_what_is_filed_cannot_be_cancelled(one_world: World) -> None:
    filing_id = one_world.ask("case-1")
    one_world.work()
    with one_world.database.write() as connection, pytest.raises(ConflictError, match="only NCMEC can"):
        requests.cancel(connection, filing_id)
    with one_world.database.read() as connection, pytest.raises(NotFoundError):
        requests.get(connection, filing_id + 1)


def test_content_that_is_gone_is_never_half_reported(world: World) -> None:
    file = world.file(b"x")
    world.vault.destroy(file.item_id, actor="tests", purpose="to be gone")
    filing_id = world.ask("case-1", world.file(b"y"), file)
    world.work()
    assert world.get(filing_id).state is State.REFUSED
    assert world.alarms() == [AlarmKind.CONTENT_MISSING]
    assert world.stand_in.desk.reports() == []
    nowhere = world.ask("case-2", SubmittedFile(item_id="f" * 32))
    world.work()
    assert world.get(nowhere).state is State.REFUSED


def test_content_that_is_damaged_is_found_and_the_report_withdrawn(world: World, tmp_path: Path) -> None:
    file = world.file(b"x" * 600_000)
    filing_id = world.ask("case-1", world.file(b"y"), file)
    (stored,) = tmp_path.rglob(f"{file.item_id}*")
    damaged = bytearray(stored.read_bytes())
    damaged[-10] ^= 1
    stored.write_bytes(damaged)
    world.work()
    assert world.get(filing_id).state is State.REFUSED
    assert world.alarms() == [AlarmKind.CONTENT_MISSING]
    assert [report.state for report in world.stand_in.desk.reports()] == ["retracted"]


def test_without_its_key_a_filing_waits(one_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    filing_id = one_world.ask("case-1")

    def away(*_: object, **__: object) -> bytes:
        raise KeyUnavailableError("the key service does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(one_world.sealer, "unseal", away)
        one_world.work(rounds=2)
    assert (one_world.get(filing_id).state, one_world.get(filing_id).tries) == (State.PENDING, 2)
    one_world.work()
    assert one_world.get(filing_id).state is State.FILED


def test_a_submission_belongs_to_its_case(one_world: World, tmp_path: Path) -> None:
    filing = one_world.get(one_world.ask("case-1"))
    with pytest.raises((ObjectDamagedError, KeyUnavailableError)):
        requests.unseal_submission(one_world.sealer, replace(filing, case_reference="case-2"))
    other = tmp_path / "other" / "k"
    create_key_file(other, home=tmp_path / "home")
    stranger = KeySealer(FileKeys(other, home=tmp_path / "home"))
    with pytest.raises(KeyUnavailableError):
        requests.unseal_submission(stranger, filing)


def test_listing_finds_by_case_and_state(one_world: World) -> None:
    first, second = one_world.ask("case-1"), one_world.ask("case-2")
    with one_world.database.read() as connection:
        assert [one.id for one in requests.list_filings(connection)] == [second, first]
        assert [one.id for one in requests.list_filings(connection, case_reference="case-1")] == [first]
        assert requests.list_filings(connection, states=[State.FILED]) == []
        assert [one.id for one in requests.list_filings(connection, before_id=second)] == [first]
        found = requests.find(connection, one_world.destination.name, "case-2")
        assert found is not None
        assert found.id == second
