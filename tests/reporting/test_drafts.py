"""Drafts from cases: every value has a source, one draft a decision and destination, and what they lack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from holdfast.errors import ConflictError, InvalidDocumentError, UsageError
from holdfast.records.tables.base import now
from holdfast.reporting.cybertip.vocabulary import Classification, IncidentType
from holdfast.reporting.drafts.approval import approve, edit, mark_imminent
from holdfast.reporting.drafts.meter import measure
from holdfast.reporting.drafts.models import State
from holdfast.reporting.drafts.preview import preview
from holdfast.reporting.drafts.sources import undrafted
from holdfast.review.texts import Message
from holdfast.vault.listing import get_item
from tests.reporting.drafting import ANA, Office, make_office
from tests.reporting.world import World

WRITTEN = datetime(2026, 10, 1, 9, tzinfo=UTC)
ENTICEMENT = "Online Enticement of Children for Sexual Acts"


@pytest.fixture
def office(world: World) -> Office:
    return make_office(world)


@pytest.fixture
def one_office(one_world: World) -> Office:
    """On SQLite alone, with a vault that is real: for what does not depend on the database."""
    one_world.kept = None
    return make_office(one_world)


def test_a_case_becomes_a_report(office: Office) -> None:
    case = office.upload()
    office.upload(b"another photo", ip="2001:db8::1", uploaded_at="2026-09-30T08:00:00+00:00")
    with office.world.database.read() as connection:
        assert undrafted(connection) == []
    with pytest.raises(UsageError, match="Nobody decided"):
        office.draft(case)
    office.decide(case, annotations=["infant"])
    with office.world.database.read() as connection:
        assert undrafted(connection) == [case]
    draft = office.one(case)
    with office.world.database.read() as connection:
        assert undrafted(connection) == []
    report = office.content(draft).report
    assert report.incident_summary.incident_type is IncidentType.CSAM
    assert report.incident_summary.incident_date_time == datetime(2026, 9, 30, 8, tzinfo=UTC)
    (person,) = report.persons_reported
    assert person.esp_identifier == "user-1" and len(person.ip_capture_events) == 2
    first, second = office.content(draft).files
    assert first.suffix == ".jpg" and first.description.ip_capture_event is not None
    assert first.description.ip_capture_event.port == 40213
    assert first.description.location_of_file == "https://example.org/post/1"
    assert first.description.publicly_available is True and first.description.industry_classification is None
    assert first.description.file_annotations is not None and first.description.file_annotations.infant
    assert {one.hash_type for one in second.description.original_file_hashes} == {"MD5", "SHA1", "SHA256"}
    assert first.viewed is None  # nobody saw it: a label is no view
    assert (draft.state, draft.lacks, draft.revision) == (State.DRAFT, 0, 1)
    assert draft.deadline_at is not None and draft.deadline_at > now() + timedelta(hours=23)


def test_a_decision_has_one_draft_and_a_later_one_the_next_revision(office: Office) -> None:
    case = office.upload()
    office.decide(case)
    first = office.one(case)
    assert office.one(case).id == first.id
    with office.world.database.read() as connection:
        assert undrafted(connection) == []
    assert [kind for kind in office.world.events() if kind == "report.drafted"] == ["report.drafted"]


def test_what_is_to_be_reported_is_preserved_from_then_on(office: Office) -> None:
    case = office.upload()
    ((_, item),) = office.items(case)
    office.decide(case)
    office.draft(case)
    with office.world.database.read() as connection:
        keep_until = get_item(connection, item).keep_until
    assert keep_until is not None and keep_until > now() + timedelta(days=364)


def test_what_was_cleared_is_not_sent_and_classes_only_with_the_memorandum(one_office: Office) -> None:
    case = one_office.upload()
    one_office.upload(b"another photo")
    (_, kept), (cleared, _) = one_office.items(case)
    one_office.decide(case, none=[cleared], label="B2")
    draft = one_office.one(case)
    assert [file.item_id for file in one_office.content(draft).files] == [kept]
    other = make_office(one_office.world, industry_classification=True)
    case = other.upload(account="user-2")
    other.decide(case, label="B2")
    (file,) = other.content(other.one(case)).files
    assert file.description.industry_classification is Classification.B2


def test_nothing_is_made_up(one_office: Office) -> None:
    nothing: dict[str, Any] = dict.fromkeys(("country", "urls", "uploaded_at", "ip", "port", "original_name"))
    case = one_office.upload(account=None, surface=None, **nothing)
    one_office.decide(case)
    draft = one_office.one(case)
    content = one_office.content(draft)
    report, (file,) = content.report, content.files
    assert report.persons_reported == () and report.internet_details == ()
    assert (
        report.incident_summary.incident_date_time_description is not None
    )  # that it is the moment of finding
    said = file.description.model_dump(exclude_defaults=True)
    assert set(said) == {"file_relevance", "original_file_hashes", "additional_infos"}
    complete = measure(content, one_office.desk.destinations.get(draft.destination))
    fields = [lack.field for lack in complete.lacks]
    assert fields[:2] == ["account", "upload_ip"] and complete.must == () and complete.score < 40
    reasons = " ".join(lack.reason for lack in complete.lacks)
    assert "no upload IP: police cannot find the person without it" in reasons


def test_a_whole_report_scores_more_and_views_count_for_nothing(one_office: Office) -> None:
    case = one_office.upload()
    one_office.decide(case)
    draft = one_office.one(case)
    complete = measure(one_office.content(draft), one_office.desk.destinations.get(draft.destination))
    assert {lack.field for lack in complete.lacks} == {
        "email",
        "phone",
    } and complete.score == draft.score > 80


def test_messages_alone_are_a_report_once_somebody_said_what_it_is_about(one_office: Office) -> None:
    case = one_office.upload()
    (number, _), *_ = one_office.items(case)
    one_office.say(
        case,
        Message("user-1", "hello\x0bthere", WRITTEN, "child-7", "Room 5", is_suspect=True),
        Message("child-7", "no", WRITTEN + timedelta(minutes=1), "user-1", "Room 5"),
    )
    one_office.decide(case, none=[number], incident_type=ENTICEMENT)
    content = one_office.content(one_office.one(case))
    (details,) = content.report.internet_details
    chat = details.chat_im_incident
    assert content.files == () and chat is not None
    assert chat.chat_room_name == "Room 5" and chat.chat_client == "Example Photos"
    assert chat.content is not None and "hello\ufffdthere" in chat.content and "child-7" in chat.content
    assert content.report.incident_summary.incident_date_time == WRITTEN
    assert [one.esp_identifier for one in content.report.intended_recipients] == ["child-7"]
    assert content.report.incident_summary.incident_type is IncidentType.ENTICEMENT


def test_without_a_type_it_waits_for_a_person(one_office: Office) -> None:
    case = one_office.upload()
    (number, _), *_ = one_office.items(case)
    one_office.say(case, Message("user-1", "hello", WRITTEN, is_suspect=True))
    one_office.decide(case, none=[number])
    draft = one_office.one(case)
    assert draft.lacks == 1 and draft.score == 0
    with one_office.world.database.write() as connection:
        with pytest.raises(InvalidDocumentError, match="incidentType"):
            approve(connection, one_office.desk, draft.id, version=draft.version, by=ANA)
        content = one_office.content(draft)
        summary = content.report.incident_summary.model_copy(
            update={"incident_type": IncidentType.ENTICEMENT}
        )
        report = content.report.model_copy(update={"incident_summary": summary})
        changed = edit(
            connection,
            one_office.desk,
            draft.id,
            content.model_copy(update={"report": report}),
            version=draft.version,
            by=ANA,
        )
        assert changed.lacks == 0 and changed.version == 2
        with pytest.raises(ConflictError, match="changed since"):
            approve(connection, one_office.desk, draft.id, version=1, by=ANA)


def test_without_a_reporters_address_nothing_goes(one_world: World) -> None:
    one_world.kept = None
    office = make_office(one_world, reporter_email=None)
    case = office.upload()
    office.decide(case)
    draft = office.one(case)
    assert draft.lacks == 1
    complete = measure(office.content(draft), office.desk.destinations.get(draft.destination))
    assert "reportingPerson" in complete.must[0].field


def test_files_of_other_cases_cannot_be_slipped_in(one_office: Office) -> None:
    case, other = one_office.upload(), one_office.upload(b"of another", account="user-2")
    for one in (case, other):
        one_office.decide(one)
    draft, foreign = one_office.one(case), one_office.one(other)
    content = one_office.content(draft)
    for more in (one_office.content(foreign).files, content.files):
        mixed = content.model_copy(update={"files": content.files + more})
        with one_office.world.database.write() as connection, pytest.raises(UsageError, match="its case"):
            edit(connection, one_office.desk, draft.id, mixed, version=draft.version, by=ANA)


def test_the_preview_is_what_is_sent(office: Office) -> None:
    case = office.upload()
    office.decide(case)
    draft = office.one(case)
    with office.world.database.write() as connection:
        shown = preview(connection, office.desk, draft)
        approve(connection, office.desk, draft.id, version=draft.version, by=ANA)
    file_it(office)
    (report,) = office.world.stand_in.desk.finished()
    assert report.xml == shown.xml and b"<fileViewedByEsp>false" in shown.files[0].xml
    with (
        office.world.database.read() as connection
    ):  # and stays so: it does not name itself as an earlier one
        assert preview(connection, office.desk, office.get(draft.id)).xml == report.xml


def test_imminent_danger_is_marked_late_and_escalates(one_world: World) -> None:
    one_world.kept = None
    office = make_office(one_world, hold_s=3600, two_people=True)
    case = office.upload()
    office.decide(case)
    draft = office.one(case)
    with office.world.database.write() as connection:
        asked = approve(connection, office.desk, draft.id, version=draft.version, by=ANA)
        assert asked.state is State.ASKED
        marked = mark_imminent(connection, office.desk, draft.id, "a threat for tonight", by=ANA)
    assert marked.state is State.HOLDING and marked.hold_left_s(now()) == 0 and marked.priority == 100
    summary = office.content(marked).report.incident_summary
    assert summary.escalate_to_high_priority == "a threat for tonight"


def file_it(office: Office, **more: Any) -> None:
    from holdfast.reporting.drafts.sending import send_due

    send_due(office.world.database, office.desk)
    office.world.work(**more)
