"""Answers: what is unknown is passed over, what is missing or of another type is never guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from holdfast.client.answers import Answer, FileHashes, Outcome, ScreenedHashes, Unanswered
from holdfast.client.decoding import decode, field_of
from holdfast.client.errors import UnexpectedAnswerError
from holdfast.client.records import Event

DECISION = {
    "block": False,
    "quarantine": False,
    "allow": True,
    "queue": None,
    "draft_report": False,
    "class": "none",
    "reason": "Nothing known was found.",
}
ANSWER: dict[str, Any] = {
    "outcome": "no_match",
    "reason": "",
    "detail": "",
    "medium": "image",
    "size_bytes": 3,
    "list_version": 7,
    "decision": DECISION,
    "policy": {"action": "scan", "version": "1", "row": "public", "reason": "r"},
    "event": None,
    "hold": None,
    "actions": [],
}


def test_a_whole_answer_with_fields_that_are_new() -> None:
    answer = decode(Answer, {**ANSWER, "new_in_the_next_version": {"a": 1}})
    assert (answer.outcome, answer.decision.class_, answer.list_version) == (Outcome.NO_MATCH, "none", 7)
    assert answer.may_publish


@pytest.mark.parametrize("name", ["outcome", "decision", "list_version", "medium"])
def test_a_missing_field_is_no_answer(name: str) -> None:
    with pytest.raises(UnexpectedAnswerError, match=name):
        decode(Answer, {key: value for key, value in ANSWER.items() if key != name})


def test_an_item_without_an_answer_is_never_taken_for_one() -> None:
    problem = {"type": "urn:x", "title": "t", "status": 429, "detail": "d", "retry_after_s": 900}
    screened = decode(ScreenedHashes, {"answers": [ANSWER, {"problem": problem}], "list_version": 7})
    answered, unanswered = screened.answers
    assert isinstance(answered, Answer) and isinstance(unanswered, Unanswered)
    assert (unanswered.may_publish, unanswered.must_hold, unanswered.was_checked) == (False, True, False)
    assert not hasattr(unanswered, "outcome") and unanswered.problem.retry_after_s == 900
    bodies: list[Any] = [{}, {"problem": {}}, {"problem": None}, {"outcome": "no_match"}, "no_match"]
    for body in bodies:
        with pytest.raises(UnexpectedAnswerError):
            decode(ScreenedHashes, {"answers": [ANSWER, body], "list_version": 7})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("outcome", "probably_fine"),
        ("outcome", None),
        ("size_bytes", "3"),
        ("size_bytes", True),
        ("actions", {}),
        ("actions", [{"id": "1", "action": "remove"}]),
        ("decision", []),
        ("decision", {**DECISION, "allow": 1}),
        ("decision", {**DECISION, "allow": None}),
    ],
)
def test_a_field_of_another_kind_is_no_answer(name: str, value: object) -> None:
    with pytest.raises(UnexpectedAnswerError, match=rf"answer\.{name}"):
        decode(Answer, {**ANSWER, name: value})


@pytest.mark.parametrize("body", [None, [], "no_match", 1])
def test_an_answer_that_is_no_object(body: object) -> None:
    with pytest.raises(UnexpectedAnswerError):
        decode(Answer, body)


def test_the_error_never_quotes_the_value() -> None:
    with pytest.raises(UnexpectedAnswerError) as wrong:
        decode(FileHashes, {"medium": "image", "size_bytes": 1, "md5": ["secret-value"]})
    assert "secret-value" not in str(wrong.value)


def test_moments_and_objects() -> None:
    event = decode(
        Event,
        {
            "id": 1,
            "kind": "match",
            "content_reference": None,
            "at": "2026-11-24T09:30:00Z",
            "facts": {"a": 1},
        },
    )
    assert event.at == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    assert event.facts == {"a": 1}
    with pytest.raises(UnexpectedAnswerError, match=r"answer\.at"):
        decode(Event, {"id": 1, "kind": "match", "content_reference": None, "at": "soon", "facts": {}})


def test_one_field() -> None:
    assert field_of(int, "job")({"job": 12}) == 12
    for body in ({}, None, {"job": "12"}):
        with pytest.raises(UnexpectedAnswerError):
            field_of(int, "job")(body)


@pytest.mark.parametrize(
    "change",
    [
        {"decision": {**DECISION, "allow": False}},
        {"decision": {**DECISION, "block": True}},
        {"decision": {**DECISION, "quarantine": True}},
        {"hold": "0" * 32},
        {"actions": [{"id": 1, "action": "remove"}]},
    ],
)
def test_anything_but_a_plain_yes_is_held(change: dict[str, Any]) -> None:
    answer = decode(Answer, ANSWER | change)
    assert answer.must_hold
    assert not answer.may_publish
