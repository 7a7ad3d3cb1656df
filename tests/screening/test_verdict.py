"""From matches to one outcome: tiers, what benign entries cover, conflicts."""

from __future__ import annotations

import pytest

from holdfast.banks.resolve import BankMatch
from holdfast.decisions.facts import Context
from holdfast.screening.checked import WHOLE, Checked, Region, Screened, Seen
from holdfast.screening.facts import facts_of
from holdfast.screening.outcome import Outcome, OutcomeKind
from holdfast.screening.verdict import verdict
from tests.screening.matches import bank_match, seen_in

BOX: Region = (0, 7)
OTHER_BOX: Region = (0, 8)
BENIGN = {"kind": "benign", "bank": "HARMLESS", "trusted": False}
DIGEST = {"algorithm": "sha256", "exact": True, "distance_bits": 0, "convention": "", "code": b""}


def _outcome(*found: tuple[BankMatch, Seen]) -> Outcome:
    matches = [match for match, _ in found]
    seen = {match.fingerprint_id: one for match, one in found}
    return verdict("", matches, seen, Checked("image", None, ""))


def test_what_is_only_possible_makes_a_possible_outcome() -> None:
    unsure = seen_in(BOX, tier="possible", expected_false_alarms=1e-4)
    outcome = _outcome((bank_match(1), unsure))
    assert outcome.outcome is OutcomeKind.POSSIBLE and outcome.matches[0].tier == "possible"
    assert outcome.matches[0].expected_false_alarms == 1e-4
    both = _outcome((bank_match(1), unsure), (bank_match(2), seen_in()))
    assert both.outcome is OutcomeKind.MATCH
    assert [match.tier for match in both.matches] == ["match", "possible"]


def test_of_an_entry_the_match_is_shown_that_most_can_rest_on() -> None:
    plain, nearer = bank_match(1, distance_bits=20), bank_match(2, entry_id=101, distance_bits=5)
    outcome = _outcome((nearer, seen_in(BOX, 5, family="box")), (plain, seen_in(distance_bits=20)))
    assert [match.distance for match in outcome.matches] == [20]


@pytest.mark.parametrize(
    ("known", "benign", "is_hidden"),
    [
        (WHOLE, WHOLE, True),
        (BOX, BOX, True),
        (BOX, WHOLE, False),
        (WHOLE, BOX, False),
        (BOX, OTHER_BOX, False),
    ],
)
def test_a_benign_entry_covers_its_own_region_only(known: Region, benign: Region, is_hidden: bool) -> None:
    harmless = bank_match(2, distance_bits=4, **BENIGN)
    outcome = _outcome((bank_match(1), seen_in(known)), (harmless, seen_in(benign, 4)))
    assert outcome.outcome is (OutcomeKind.NO_MATCH if is_hidden else OutcomeKind.MATCH)


def test_a_benign_entry_that_is_farther_or_only_possible_covers_nothing() -> None:
    farther = bank_match(2, distance_bits=11, **BENIGN)
    assert _outcome((bank_match(1), seen_in()), (farther, seen_in(distance_bits=11))).matches
    unsure = bank_match(2, distance_bits=4, **BENIGN)
    assert _outcome((bank_match(1), seen_in()), (unsure, seen_in(distance_bits=4, tier="possible"))).matches


def test_a_benign_entry_of_the_very_same_file_covers_all_likenesses() -> None:
    same = bank_match(2, **{**DIGEST, **BENIGN})
    assert not _outcome((bank_match(1), seen_in(BOX)), (same, seen_in(distance_bits=0))).matches


@pytest.mark.parametrize("trusted", [True, False])
def test_equal_bytes_on_both_lists(trusted: bool) -> None:
    known = bank_match(1, **{**DIGEST, "trusted": trusted})
    likeness = bank_match(2, distance_bits=0, **BENIGN)
    outcome = _outcome((known, seen_in(distance_bits=0)), (likeness, seen_in(distance_bits=0)))
    assert (outcome.outcome, outcome.reason) == (OutcomeKind.MATCH, "")
    same = bank_match(2, **{**DIGEST, **BENIGN})
    outcome = _outcome((known, seen_in(distance_bits=0)), (same, seen_in(distance_bits=0)))
    if trusted:
        assert (outcome.outcome, outcome.reason) == (OutcomeKind.MATCH, "benign_conflict")
        assert "trusted bank KNOWN" in outcome.detail and "benign bank HARMLESS" in outcome.detail
    else:
        assert (outcome.outcome, outcome.reason) == (OutcomeKind.NO_MATCH, "benign_bank")


def _facts(*found: tuple[BankMatch, Seen], standings: dict[int, str] | None = None) -> dict[int, str]:
    """Entry -> its standing, as rules see it."""
    matches = tuple(match for match, _ in found)
    seen = {match.fingerprint_id: one for match, one in found}
    screened = Screened(_outcome(*found), matches, seen, b"", 0)
    facts = facts_of(screened, Context(), standings or {})
    return {match.entry: match.standing for match in facts.matches}


def test_rules_see_benign_entries_only_where_they_cover_everything() -> None:
    """Else a rule that clears a harmless picture would clear the known one beside it."""
    harmless = (bank_match(2, distance_bits=4, **BENIGN), seen_in(OTHER_BOX, 4))
    assert set(_facts((bank_match(1), seen_in(BOX)), harmless)) == {101}
    covering = (bank_match(3, distance_bits=4, **BENIGN), seen_in(BOX, 4))
    assert set(_facts((bank_match(1), seen_in(BOX)), harmless, covering)) == {101, 102, 103}
    assert set(_facts(harmless)) == {102}
    doubtful = {103: "disputed"}
    assert set(_facts((bank_match(1), seen_in(BOX)), covering, standings=doubtful)) == {101}


def test_a_conflict_is_told_to_the_rules_unless_the_benign_entry_is_in_doubt() -> None:
    known = (bank_match(1, **DIGEST), seen_in(distance_bits=0))
    same = (bank_match(2, **{**DIGEST, **BENIGN}), seen_in(distance_bits=0))
    assert _facts(known, same) == {101: "conflict"}
    assert _facts(known, same, standings={102: "disputed"}) == {101: "none"}
