"""Context and facts: what is taken, what is refused, and what may decide by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.decisions.facts import Context, EntryMatch, MatchFacts, is_exact, may_decide
from holdfast.decisions.vocabulary import COUNTRIES, EEA, EU, UNMATCHABLE_REASONS
from holdfast.errors import UsageError
from holdfast.media.types import Reason

FULL: dict[str, Any] = {
    "content_reference": "post/17",
    "account": "user-4",
    "surface": "public",
    "urls": ["https://example.org/p/17?x=1", "http://[2001:db8::1]:8080/a"],
    "country": "de",
    "uploaded_at": "2026-11-24T09:30:00+01:00",
    "ip": "2001:db8::7",
    "port": 443,
    "original_name": "Ferien am Meer.jpg",
}


def test_a_full_context_is_read_and_written_back() -> None:
    context = Context.from_json(FULL)
    assert context.country == "DE"
    assert context.uploaded_at == datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
    assert context.to_json() == FULL | {"country": "DE"}
    assert Context.from_json(context.to_json()) == context


def test_every_field_may_be_absent() -> None:
    assert Context.from_json({}) == Context()
    assert Context.from_json({"urls": None, "account": None}) == Context()
    assert Context().to_json() == {}
    assert not any(Context().present(name) for name in FULL)
    assert all(Context.from_json(FULL).present(name) for name in FULL)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("content_reference", ""),
        ("content_reference", "x" * 256),
        ("account", "a\nb"),
        ("account", 4),
        ("surface", "hidden"),
        ("surface", ["public"]),
        ("urls", "https://example.org"),
        ("urls", ["ftp://example.org/a"]),
        ("urls", ["https:///nowhere"]),
        ("urls", ["https://me:secret@example.org/"]),
        ("urls", ["https://example.org/a b"]),
        ("urls", ["https://[broken/"]),
        ("urls", ["https://example.org/" + "x" * 2083]),
        ("urls", ["https://example.org/"] * 21),
        ("urls", [7]),
        ("content_reference", "half of a \ud83d"),
        ("account", "\uffff"),
        ("urls", ["https://example.org/a\u2028b"]),
        ("country", 49),
        ("country", {"a": 1}),
        ("uploaded_at", "2026-11-24T09:30:00"),
        ("uploaded_at", "yesterday"),
        ("uploaded_at", 1_700_000_000),
        ("uploaded_at", "0001-01-01T00:00:00+01:00"),
        ("uploaded_at", "1969-12-31T23:59:59Z"),
        ("uploaded_at", "9001-01-01T00:00:00Z"),
        ("ip", "300.1.1.1"),
        ("ip", "fe80::1%eth0"),
        ("ip", 16777343),
        ("port", 0),
        ("port", 65536),
        ("port", True),
        ("port", "443"),
        ("original_name", 7),
        ("referrer", "x"),
    ],
)
def test_a_bad_field_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"^{field}: "):
        Context.from_json({field: value})


ORDINARY_NAMES = (
    "Screenshot 2026-11-24 at 10.00.00\u202fAM.png",  # as macOS writes it
    "family \U0001f468\u200d\U0001f469\u200d\U0001f467.jpg",
    "\u200fתמונה.jpg",
    "e\u0301te\u0301\u00ad.jpg",
)


@pytest.mark.parametrize("name", ORDINARY_NAMES)
def test_ordinary_names_are_kept_as_they_are(name: str) -> None:
    assert Context.from_json({"original_name": name, "account": name}).original_name == name


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("", None),
        ("\x00\n", None),
        ("a\x00\x1b\x85b\ud83d.jpg", "ab.jpg"),
        ("\x00" + "ä" * 2060, "ä" * 2056),
    ],
)
def test_no_name_keeps_an_upload_from_being_checked(name: str, kept: str | None) -> None:
    context = Context.from_json({"original_name": name})
    assert context == Context(original_name=kept)
    assert Context.from_json(context.to_json()) == context


@given(st.text(st.characters(), max_size=40))
def test_what_is_kept_of_a_name_can_stand_in_a_report(name: str) -> None:
    kept = Context.from_json({"original_name": name}).original_name or ""
    element = ElementTree.Element("name")
    element.text = kept
    read = ElementTree.fromstring(ElementTree.tostring(element, "utf-8"))
    assert (read.text or "") == kept


@pytest.mark.parametrize(
    ("text", "country"),
    [("", None), ("T1", None), ("XX", None), ("Atlantis", None), (" fr", "FR"), ("uk", "GB"), ("XK", "XK")],
)
def test_a_country_that_nobody_knows_is_an_unknown_one(text: str, country: str | None) -> None:
    assert Context.from_json({"country": text}).country == country


def test_an_upload_cannot_lie_in_the_future() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    late = {"uploaded_at": (now + timedelta(minutes=6)).isoformat()}
    with pytest.raises(UsageError, match="future"):
        Context.from_json(late, now)
    Context.from_json({"uploaded_at": (now + timedelta(minutes=4)).isoformat()}, now)
    Context.from_json(late)


def test_facts_go_through_json_unchanged() -> None:
    matches = (
        EntryMatch(
            "a", 1, "pdq", distance_bits=7, classification="A1", view="orientation", standing="disputed"
        ),
        EntryMatch("b", 2, "sha1", distance_bits=0, exact=True, bank_kind="benign", trusted=True, label="x"),
        EntryMatch(
            "c",
            3,
            "pdq",
            "possible",
            view="tilt",
            seen="rotated about 9 degrees clockwise",
            expected_false_alarms=3e-5,
            extrapolation_decades=4.1,
        ),
    )
    facts = MatchFacts("match", "image", matches, context=Context.from_json(FULL))
    assert MatchFacts.from_json(facts.to_json()) == facts


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": "match", "medium": "image"},
        {"outcome": "maybe", "medium": "image"},
        {"outcome": "no_match"},
        {"outcome": "no_match", "medium": "image", "colour": "red"},
        {"outcome": "no_match", "medium": "image", "matches": [{"bank": "a"}]},
        {"outcome": "no_match", "medium": "image", "matches": 3},
        {"outcome": "no_match", "medium": "image", "context": []},
        {
            "outcome": "match",
            "medium": "image",
            "matches": [{"bank": "a", "entry": 1, "algorithm": "pdq", "tier": "possible"}],
        },
        {
            "outcome": "possible",
            "medium": "image",
            "matches": [{"bank": "a", "entry": 1, "algorithm": "pdq", "bank_kind": "benign"}],
        },
        {
            "outcome": "match",
            "medium": "image",
            "matches": [{"bank": "a", "entry": 1, "algorithm": "pdq", "exact": True}],
        },
        {
            "outcome": "match",
            "medium": "image",
            "matches": [{"bank": "a", "entry": 1, "algorithm": "pdq", "distance_bits": 257}],
        },
        {
            "outcome": "match",
            "medium": "image",
            "matches": [{"bank": "a", "entry": 1, "algorithm": "pdq", "view": "upside"}],
        },
    ],
)
def test_contradictory_facts_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        MatchFacts.from_json(values)


@pytest.mark.parametrize(
    ("algorithm", "listed", "size", "exact"),
    [
        ("sha1", None, 10, True),
        ("sha256", 99, 10, True),
        ("md5", None, 10, False),
        ("md5", 10, 10, True),
        ("md5", 11, 10, False),
        ("md5", 0, 0, True),
        ("pdq", 10, 10, False),
        ("crc32", 10, 10, False),
    ],
)
def test_exact(algorithm: str, listed: int | None, size: int, exact: bool) -> None:
    assert is_exact(algorithm, listed, size) is exact


@pytest.mark.parametrize(
    ("match", "allowed"),
    [
        (EntryMatch("b", 1, "sha1", exact=True), True),
        (EntryMatch("b", 1, "sha1", exact=True, bank_kind="benign"), False),
        (EntryMatch("b", 1, "sha1", exact=True, tier="possible"), False),
        (EntryMatch("b", 1, "md5", distance_bits=0), False),
        (EntryMatch("b", 1, "pdq", distance_bits=31), True),
        (EntryMatch("b", 1, "pdq", distance_bits=32), False),
        (EntryMatch("b", 1, "pdq", distance_bits=3, tier="possible"), False),
        (EntryMatch("b", 1, "pdq", distance_bits=3, tier="same_scene"), False),
        (EntryMatch("b", 1, "pdq", distance_bits=3, view="orientation"), True),
        (EntryMatch("b", 1, "pdq", distance_bits=3, view="border"), True),
        (EntryMatch("b", 1, "pdq", distance_bits=3, view="box"), False),
        (EntryMatch("b", 1, "pdq", distance_bits=3, view="uncrop"), False),
        (EntryMatch("b", 1, "pdq", distance_bits=3, view="tilt"), False),
        (EntryMatch("b", 1, "pdq", distance_bits=3, view="zoom"), False),
        (EntryMatch("b", 1, "pdq", distance_bits=3, view="other"), False),
        (EntryMatch("b", 1, "video", score=900.0), False),
        (EntryMatch("b", 1, "audio", score=900.0), False),
        (EntryMatch("b", 1, "audio", distance_bits=0), False),
        (EntryMatch("b", 1, "novel", distance_bits=0), False),
    ],
)
def test_what_may_block_or_report_at_all(match: EntryMatch, allowed: bool) -> None:
    assert may_decide(match) is allowed


def test_the_vocabulary_agrees_with_its_sources() -> None:
    assert set(UNMATCHABLE_REASONS) == {str(reason) for reason in Reason}
    assert len(COUNTRIES) == 250  # ISO 3166-1 has 249, and Kosovo
    assert len(EU) == 27
    assert EU < EEA < COUNTRIES
