"""What doubt about an entry takes away, and how reviews make its standing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from holdfast.decisions.actions import Actions
from holdfast.decisions.brakes import Review, restrain, standing_of
from holdfast.decisions.facts import EntryMatch

FULL = Actions(block=True, quarantine=True, queue=1, draft_report=True, webhooks=("team",))
START = datetime(2026, 11, 24, tzinfo=UTC)


def reviews(*said: tuple[str, str]) -> list[Review]:
    return [Review(who, what, START + timedelta(minutes=n)) for n, (who, what) in enumerate(said)]


@pytest.mark.parametrize(
    ("said", "flooded", "standing"),
    [
        ([], False, "none"),
        ([], True, "held"),
        ([("a", "confirm")], False, "confirmed"),
        ([("a", "confirm")], True, "confirmed"),
        ([("a", "dispute")], False, "disputed"),
        ([("a", "confirm"), ("b", "dispute"), ("c", "confirm")], False, "disputed"),
        ([("a", "dispute"), ("a", "confirm")], False, "confirmed"),
        ([("a", "dispute"), ("a", "withdraw")], False, "none"),
        ([("a", "dispute"), ("a", "withdraw")], True, "held"),
        ([("a", "confirm"), ("b", "dispute"), ("b", "withdraw")], True, "confirmed"),
    ],
)
def test_standing(said: list[tuple[str, str]], flooded: bool, standing: str) -> None:
    assert standing_of(reviews(*said), flooded) == standing
    assert standing_of(reversed(reviews(*said)), flooded) == standing


@pytest.mark.parametrize("standing", ["none", "confirmed"])
def test_without_doubt_nothing_is_taken_away(standing: str) -> None:
    match = EntryMatch("b", 1, "sha1", exact=True, standing=standing)
    assert restrain(FULL, match) == (FULL, "")
    assert restrain(FULL, None) == (FULL, "")


@pytest.mark.parametrize("standing", ["disputed", "held", "conflict"])
def test_doubt_on_a_trusted_list_keeps_the_content_held(standing: str) -> None:
    match = EntryMatch("b", 1, "sha1", exact=True, trusted=True, standing=standing)
    actions, sentence = restrain(FULL, match)
    assert actions == Actions(quarantine=True, queue=1, webhooks=("team",))
    assert "held for a person" in sentence
    assert restrain(Actions(block=True), match)[0] == Actions(quarantine=True, queue=2)


@pytest.mark.parametrize("standing", ["disputed", "held", "conflict"])
def test_doubt_on_an_untrusted_list_leaves_the_queue_only(standing: str) -> None:
    match = EntryMatch("b", 1, "sha1", exact=True, standing=standing)
    actions, sentence = restrain(FULL, match)
    assert actions == Actions(allow=True, queue=1, webhooks=("team",))
    assert "only queued" in sentence
    assert restrain(Actions(quarantine=True), match)[0] == Actions(allow=True, queue=3)
    let_through = Actions(allow=True)
    assert restrain(let_through, match) == (let_through, "")
