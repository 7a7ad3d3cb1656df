"""What pages are made of: spans of time, charts, keys, groups of copies, the form of a report, cursors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.console import charts, keys
from holdfast.console.pages.case_groups import groups_of
from holdfast.console.pages.public import _places
from holdfast.console.pages.queue import Choice, _after, _next
from holdfast.console.pages.report_edit import edited
from holdfast.console.pages.report_view import fields_of
from holdfast.console.pages.shared import Names
from holdfast.console.texts import texts
from holdfast.console.times import ago, clock, span
from holdfast.errors import UsageError
from holdfast.reporting.cybertip.models.common import Email, Person, Phone
from holdfast.reporting.cybertip.models.people import PersonOrUserReported, Reporter
from holdfast.reporting.drafts.models import Content, DraftReport
from holdfast.review.case_facts import ClusterFacts, MediaFacts
from holdfast.review.models import Case, CaseItem

T = texts("en")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ANA = "person:ana"


def names() -> Names:
    return Names({ANA: "Ana Ruiz"}, "person:me", T)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (59, "59 s"),
        (580, "9 min 40 s"),
        (3600, "1 h"),
        (90_061, "1 d 1 h"),
        (86_400 * 3 + 59, "3 d"),
    ],
)
def test_a_span_has_at_most_two_units(seconds: float, words: str) -> None:
    assert span(T, seconds) == words


def test_a_clock_says_what_is_left_and_by_how_much_it_is_over() -> None:
    assert clock(T, NOW + timedelta(minutes=5), NOW) == "5 min left"
    assert clock(T, NOW - timedelta(hours=2), NOW) == "2 h over"
    assert ago(T, None, NOW) == "never"


@given(st.lists(st.floats(0, 1e9), max_size=60))
def test_columns_stay_in_the_drawing_and_keep_their_proportions(values: list[float]) -> None:
    chart = charts.columns([(str(number), value) for number, value in enumerate(values)])
    top = chart.lines[-1][1]
    assert top >= max(values, default=0)
    for column in chart.columns:
        assert chart.left <= column.x and column.x + column.width <= chart.width
        assert column.y >= 0 and column.y + column.height <= chart.base + 0.2
        assert column.height == pytest.approx(column.value / top * (chart.base - 12), abs=0.1)


@given(st.floats(0.01, 1e12))
def test_marks_begin_at_zero_and_are_few(top: float) -> None:
    marks = charts.ticks(top)
    assert all(mark == int(mark) for mark in marks)
    assert marks[0] == 0 and marks[-1] >= top * (1 - 1e-9) and 2 <= len(marks) <= 6


def test_a_small_chart_leaves_out_what_is_unknown() -> None:
    assert charts.spark([None, 0.5, 1.0]).count(",") == 2 and charts.spark([0.5]) == ""


def test_keys_are_one_character_each_and_never_two_things() -> None:
    assert keys.changed({"next": "X"}, off=False) == {"next": "x"}
    assert keys.changed({}, off=True) == {keys.OFF: "yes"}
    for wrong in ({"next": "p"}, {"next": "ab"}, {"next": ""}, {"fly": "z"}):
        with pytest.raises(UsageError, match="No key was changed"):
            keys.changed(wrong, off=False)


def item(number: int, **more: object) -> CaseItem:
    values = dict.fromkeys(CaseItem.__slots__) | {
        "id": number,
        "case_id": 1,
        "medium": "image",
        "outcome": "match",
        "rule": "trusted-match",
        "matches": [],
        "context": {},
        "annotations": [],
        "added_at": NOW,
    }
    return CaseItem(**{**values, **more})  # type: ignore[arg-type]


def match(**more: object) -> dict[str, object]:
    return {"bank": "LIST", "bank_kind": "known", "tier": "match", "trusted": False, "view": "as_is", **more}


def test_copies_are_one_group_and_what_is_held_is_shown() -> None:
    cluster = ClusterFacts(7, 5, "confirm", "A2", ANA, NOW, 3)
    media = [
        MediaFacts(item(1), "destroyed", 10, cluster, None),
        MediaFacts(item(2), None, None, None, None),
        MediaFacts(item(3, matches=[match(exact=True)]), "held", 10, cluster, None),
    ]
    first, second = groups_of(1, media, names(), T)
    assert (first.shown.case_item, len(first.copies), second.shown.case_item) == (3, 1, 2)
    assert first.shown.files == "/console/cases/1/files/3" and second.shown.files == ""
    assert first.counts == "2 copies here, 5 copies in all cases"
    assert "A2, by Ana Ruiz, in case 3" in first.decided_before
    assert first.why == "The very file is on the list LIST. Held by rule trusted-match."


def test_why_says_what_the_nearest_match_is() -> None:
    said = [
        (match(distance_bits=4), "Looks the same as an entry of LIST: 4 bits"),
        (match(distance_bits=30, tier="possible"), "May be the same"),
        (match(distance_bits=9, view="box"), "Part of it, or an edited copy"),
        (match(distance_bits=None), "It is like an entry of LIST"),
        (match(bank_kind="benign", distance_bits=0), "It matched no list"),
    ]
    for one, words in said:
        group = groups_of(1, [MediaFacts(item(1, matches=[one]), "held", 1, None, None)], names(), T)[0]
        assert group.why.startswith(words)


def test_a_film_says_where_in_it_the_match_is() -> None:
    film = item(1, medium="video", matches=[match(query_start_s=61.0, query_end_s=75.5), match()])
    known, unknown = (
        groups_of(1, [MediaFacts(film, "held", 1, None, None, length)], names(), T)[0].shown
        for length in (120.0, None)
    )
    assert (known.length_s, known.parts) == (120.0, ((61.0, 75.5),))
    assert known.parts_words == "Matched: 1:01–1:15 of 2:00"
    assert (unknown.length_s, unknown.parts_words) == (0.0, "Matched: 1:01–1:15")


def content() -> Content:
    person = PersonOrUserReported(
        esp_identifier="user-1",
        person_or_user_reported_person=Person(emails=(Email(value="a@example.org", verified=True),)),
    )
    reporter = Reporter(reporting_person=Person(emails=(Email(value="safety@example.org"),)))
    return Content(report=DraftReport(reporter=reporter, persons_reported=(person,)))


def test_a_report_changes_where_the_form_changed_and_nowhere_else() -> None:
    before = content()
    same = edited(before, fields_of(before), by=ANA)
    assert same is before
    given_back = fields_of(before) | {
        "emails": "a@example.org\nb@example.org",
        "phones": "555 0100",
        "incident_date_time": "2026-11-24T09:30:00",
    }
    after = edited(before, given_back, by=ANA)
    person = after.report.persons_reported[0]
    known = person.person_or_user_reported_person
    assert known is not None and person.esp_identifier == "user-1"
    assert known.emails == (Email(value="a@example.org", verified=True), Email(value="b@example.org"))
    assert known.phones == (Phone(value="555 0100"),)
    assert after.report.incident_summary.incident_date_time == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    assert {one.field for one in after.origins} == {"persons_reported", "incident_summary.incident_date_time"}


def test_a_report_refuses_what_is_no_moment() -> None:
    with pytest.raises(UsageError, match="Nothing was changed"):
        edited(content(), {**fields_of(content()), "incident_date_time": "yesterday"}, by=ANA)


def test_the_next_page_begins_behind_the_last_case() -> None:
    values = dict.fromkeys(Case.__slots__) | {"id": 9, "priority": 2, "due_at": NOW}
    address = _next(Choice(priority="2"), Case(**values), 51)  # type: ignore[arg-type]
    assert "first=51" in address and "priority=2" in address
    assert _after(f"2~{NOW.isoformat()}~9") == (2, NOW, 9)
    assert _after("2~2026-11-24T12:00:00~9") is None and _after("anything") is None


def test_places_of_a_notice_are_addresses_or_names() -> None:
    assert _places(" https://example.org/p \n\npost/1\n") == (("https://example.org/p",), ("post/1",))
