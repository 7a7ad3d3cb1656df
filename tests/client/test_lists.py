"""Banks, entries, imports and jobs against the real service, with both clients."""

from __future__ import annotations

import io
import random
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.access.roles import Role
from holdfast.client import (
    BadRequestError,
    ConflictError,
    Job,
    JobFailedError,
    JobUnfinishedError,
    ListedHash,
    NotAllowedError,
    NotFoundError,
)
from tests.client.conftest import Ask, Asked, Service
from tests.pictures import encoded, picture


@pytest.fixture
def lead(ask: Ask) -> Asked:
    return ask(Role.LEAD)


@pytest.fixture
def bank(lead: Asked) -> str:
    """The name of a new bank."""
    name: str = lead.create_bank(f"BANK_{uuid.uuid4().hex[:8]}", note="of a test").name
    return name


def hexadecimal(digits: int = 64) -> str:
    return random.randbytes(digits // 2).hex()


def test_a_bank_from_its_making_to_its_end(lead: Asked, bank: str) -> None:
    made = lead.bank(bank)
    assert (made.kind, made.trusted, made.enabled, made.max_distance_bits) == ("known", False, True, 31)
    assert (made.note, made.counts) == ("of a test", None)
    assert datetime.now(UTC) - made.created_at < timedelta(minutes=5)
    with pytest.raises(ConflictError):
        lead.create_bank(bank)
    assert bank in [one.name for one in lead.banks()]
    changed = lead.change_bank(bank, trusted=True, max_distance_bits=20, note="")
    assert (changed.trusted, changed.max_distance_bits, changed.note) == (True, 20, "")
    assert (made.matching, made.deep_per_hour, made.reference_views) == ("calibrated", 0, False)
    asking = lead.change_bank(bank, deep_per_hour=100, reference_views=True)
    assert (asking.deep_per_hour, asking.reference_views) == (100, True)
    lead.add_entry(bank, "one", [ListedHash("md5", hexadecimal(32))])
    assert lead.bank(bank, counts=True).counts.entries == 1
    assert lead.change_bank(bank, new_name=f"{bank}_2").name == f"{bank}_2"
    gone = lead.delete_bank(f"{bank}_2")
    assert gone.entries_deleted == 1 and gone.list_version > changed.list_version
    assert made.list_version is None
    with pytest.raises(NotFoundError):
        lead.bank(f"{bank}_2")


def test_an_entry_from_its_adding_to_its_end(ask: Ask, lead: Asked, bank: str) -> None:
    value = hexadecimal()
    added = lead.add_entry(
        bank,
        "case 1",
        [ListedHash("pdq", value, quality=90), ListedHash("md5", hexadecimal(32), size_bytes=7)],
        classification="A1",
        note="first",
    )
    assert (added.new, added.fingerprints_added, added.entry.label) == (True, 2, "case 1")
    found = lead.look_up("pdq", value)
    assert found.matches[0].entry == added.entry.id
    assert found.list_version >= added.list_version > 0
    assert lead.ready().list_version >= added.list_version
    again = lead.add_entry(bank, "another name", [ListedHash("pdq", value)])
    assert (again.new, again.entry.id) == (False, added.entry.id)
    detail = lead.entry(bank, added.entry.id)
    assert {one.algorithm for one in detail.fingerprints} == {"pdq", "md5"}
    assert {one.value for one in detail.fingerprints} == {None}, "its terms do not let them be shown"
    until = datetime.now(UTC) + timedelta(days=1)
    changed = lead.change_entry(bank, added.entry.id, label="case 2", disabled_until=until)
    assert (changed.label, changed.classification, changed.disabled_until) == ("case 2", "A1", until)
    changed = lead.change_entry(bank, added.entry.id, classification=None, disabled_until=None)
    assert (changed.label, changed.classification, changed.disabled_until) == ("case 2", None, None)
    assert ask(Role.REVIEWER).review_entry(bank, added.entry.id, "dispute", "a stock photo") == "disputed"
    assert lead.entry(bank, added.entry.id).reviews[0].reason == "a stock photo"
    assert lead.delete_entry(bank, added.entry.id) > added.list_version
    assert lead.look_up("pdq", value).matches == ()
    with pytest.raises(NotFoundError):
        lead.entry(bank, added.entry.id)


def test_media_is_hashed_and_added(lead: Asked, bank: str) -> None:
    added = lead.add_media(bank, io.BytesIO(encoded(picture(5))), "picture 5", note="its file")
    assert added.new
    held = lead.entry(bank, added.entry.id).fingerprints
    assert {one.algorithm for one in held} == {"pdq", "md5", "sha1", "sha256"}
    with pytest.raises(BadRequestError):
        lead.add_media(bank, b"", "nothing")


def test_many_entries_come_page_by_page(lead: Asked, bank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.client.pages.PAGE", 3)
    values = [hexadecimal(40) for _ in range(8)]
    ids = [
        lead.add_entry(bank, f"entry {at}", [ListedHash("sha1", one)]).entry.id
        for at, one in enumerate(values)
    ]
    assert [one.id for one in lead.entries(bank)] == ids
    assert [one.id for one in lead.first(4).entries(bank)] == ids[:4]
    assert [one.id for one in lead.entries(bank, after=ids[5])] == ids[6:]
    assert [one.id for one in lead.entries(bank, text="ENTRY 7")] == [ids[7]]
    assert [one.id for one in lead.entries(bank, algorithm="sha1", value=values[2])] == [ids[2]]
    assert lead.entries(bank, classification="A1") == []


def test_an_import_is_waited_for(lead: Asked, bank: str) -> None:
    lines = io.BytesIO("".join(f"{hexadecimal()}\n" for _ in range(500)).encode())
    seen: list[Job] = []
    job = lead.wait_for_job(lead.import_list(bank, lines, "a partner", algorithm="pdq"), progress=seen.append)
    assert (job.state, job.result["added"], job.has_ended) == ("done", 500, True)
    assert job.result["list_version"] >= 500
    assert seen[-1] == job
    assert job.id in [one.id for one in lead.first(50).jobs(kind="bank.import")]
    assert lead.job(job.id).state == "done"
    assert lead.bank(bank, counts=True).counts.entries == 500


def test_a_job_that_cannot_be_done(lead: Asked, bank: str) -> None:
    lines = b"value,label\nno hash,x\n"
    job = lead.import_list(bank, lines, "a partner", form="jsonl")
    done = lead.wait_for_job(job)
    assert (done.result["added"], done.result["bad_lines"]) == (0, 2)


def test_a_job_that_nobody_does(lead: Asked, service: Service) -> None:
    from holdfast.records import jobs

    with service.runtime.database.write() as connection:
        job = jobs.enqueue(connection, "test.nobody", {})
    with pytest.raises(JobUnfinishedError, match="goes on") as unfinished:
        lead.wait_for_job(job, timeout_s=0.3)
    assert unfinished.value.job.state == "queued"
    assert lead.cancel_job(job).state == "cancelled"
    with pytest.raises(JobFailedError, match="cancelled") as failed:
        lead.wait_for_job(job)
    assert failed.value.job.id == job
    assert lead.retry_job(job).state == "queued"
    lead.cancel_job(job)


def test_who_may_not(ask: Ask, bank: str) -> None:
    with pytest.raises(NotAllowedError):
        ask(Role.UPLOADER).bank(bank)
    with pytest.raises(NotAllowedError):
        ask(Role.ANALYST).create_bank("ANOTHER")
