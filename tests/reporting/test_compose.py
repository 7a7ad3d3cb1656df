"""Reports of the usual kinds are valid, and say what they should."""

from __future__ import annotations

import pytest
from lxml import etree

from holdfast.errors import UsageError
from holdfast.reporting.cybertip.build import build_file_details, build_report
from holdfast.reporting.cybertip.compose import batched_report, conversation, follow_up, live_class, live_room
from holdfast.reporting.cybertip.models.file_details import FileAnnotations, FileDetails
from holdfast.reporting.cybertip.models.people import PersonOrUserReported
from holdfast.reporting.cybertip.models.report import Report
from tests.reporting import samples
from tests.reporting.judges import stand_in_errors
from tests.reporting.samples import AT, minimum_report

BASE = minimum_report()


def _written(report: Report) -> etree._Element:
    xml = build_report(report, at=AT)
    assert stand_in_errors(xml, AT) == []
    return etree.fromstring(xml)


def test_a_batched_report_names_its_accounts_and_nothing_else() -> None:
    root = _written(batched_report(BASE.incident_summary, BASE.reporter, [f"a{n}" for n in range(500)]))
    assert len(root.findall("personOrUserReported/espIdentifier")) == 500
    for accounts in ([], ["a", "a"]):
        with pytest.raises(UsageError):
            batched_report(BASE.incident_summary, BASE.reporter, accounts)


def test_a_report_of_text_alone() -> None:
    text = conversation("Chatter", "line one\nline two")
    root = _written(BASE.model_copy(update={"internet_details": (text,)}))
    assert root.findtext("internetDetails/chatImIncident/content") == "line one\nline two"


def test_a_report_of_a_user_alone() -> None:
    person = PersonOrUserReported(esp_identifier="user-1", screen_name="name")
    root = _written(BASE.model_copy(update={"persons_reported": (person,)}))
    assert root.findtext("personOrUserReported/espIdentifier") == "user-1"


def test_a_live_room_and_a_live_class() -> None:
    room = live_room("Voices", "Room 7", transcript="A: hello", note="live, 12 minutes")
    lesson = live_class(["https://school.example/lesson/1"], note="live class, recorded")
    summary = BASE.incident_summary.model_copy(update={"platform": "Voices for schools"})
    root = _written(BASE.model_copy(update={"internet_details": (room, lesson), "incident_summary": summary}))
    assert root.findtext("internetDetails/chatImIncident/chatRoomName") == "Room 7"
    assert root.findtext("internetDetails/webPageIncident/url") == "https://school.example/lesson/1"
    clip = FileDetails(report_id=1, file_id="f", file_annotations=FileAnnotations(live_streaming=True))
    assert b"<liveStreaming>true</liveStreaming>" in build_file_details(clip, at=AT)


def test_a_follow_up_names_the_earlier_reports_once() -> None:
    person = PersonOrUserReported(esp_identifier="user-1", prior_reports=(7,))
    made = follow_up(BASE.model_copy(update={"persons_reported": (person,)}), [7, 9])
    root = _written(made)
    assert [node.text for node in root.iterfind("personOrUserReported/priorCTReports")] == ["7", "9"]


def test_a_follow_up_without_a_person_says_so_in_words() -> None:
    once = follow_up(BASE, [7, 9])
    assert once.additional_info == "Earlier CyberTipline reports on this case: 7, 9."
    both = follow_up(BASE.model_copy(update={"additional_info": "Words."}), [7])
    assert both.additional_info == "Words.\nEarlier CyberTipline reports on this case: 7."


def test_a_batched_report_has_no_place_for_earlier_ones() -> None:
    batched = samples.batched_report()
    assert follow_up(batched, [7]) == batched
    assert follow_up(BASE, []) == BASE
