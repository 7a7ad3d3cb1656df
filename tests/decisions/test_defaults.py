"""The shipped rules, scenario by scenario: what a lawyer and a trust and safety lead would read first."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.decisions.engine import Engine
from holdfast.decisions.facts import Context, EntryMatch, MatchFacts
from holdfast.decisions.rules import load_rules

ENGINE = Engine(load_rules())
HOLD_AND_DRAFT = "quarantine, queue 1, draft_report"


def known(algorithm: str = "pdq", **more: Any) -> EntryMatch:
    return EntryMatch("list", 1, algorithm, **({"trusted": True} | more))


def untrusted(algorithm: str = "pdq", **more: Any) -> EntryMatch:
    return EntryMatch("new-list", 2, algorithm, **more)


def benign(algorithm: str = "pdq", **more: Any) -> EntryMatch:
    return EntryMatch("harmless", 3, algorithm, bank_kind="benign", **more)


CHANCE: dict[str, Any] = {"expected_false_alarms": 2e-5}
SELDOM: dict[str, Any] = {"expected_false_alarms": 9e-6}
EXACT: dict[str, Any] = {"exact": True, "distance_bits": 0}

SCENARIOS: list[tuple[str, str, tuple[EntryMatch, ...], str, str]] = [
    # outcome, medium, matches, rule, actions
    ("match", "image", (known("sha256", **EXACT),), "trusted-exact", HOLD_AND_DRAFT),
    ("match", "video", (known("sha1", **EXACT),), "trusted-exact", HOLD_AND_DRAFT),
    ("match", "audio", (known("md5", **EXACT),), "trusted-exact", HOLD_AND_DRAFT),
    ("match", "unknown", (known("md5", **EXACT),), "trusted-exact", HOLD_AND_DRAFT),
    # MD5 without the size is no proof: held, no draft
    ("match", "image", (known("md5", distance_bits=0),), "trusted-match", "quarantine, queue 2"),
    ("match", "image", (known(distance_bits=0),), "trusted-match", "quarantine, queue 2"),
    ("match", "image", (known(distance_bits=31),), "trusted-match", "quarantine, queue 2"),
    ("match", "image", (known(distance_bits=31, view="border"),), "trusted-match", "quarantine, queue 2"),
    ("match", "image", (known(distance_bits=9, view="box"),), "trusted-match", "quarantine, queue 2"),
    (
        "match",
        "image",
        (known(distance_bits=9, classification="A1"),),
        "trusted-match-a1",
        "quarantine, queue 1",
    ),
    (
        "match",
        "image",
        (known(distance_bits=9, classification="B2"),),
        "trusted-match",
        "quarantine, queue 2",
    ),
    ("match", "video", (known("video", score=90.0),), "trusted-match", "quarantine, queue 2"),
    ("match", "audio", (known("audio", score=90.0),), "trusted-match", "quarantine, queue 2"),
    ("possible", "image", (known(distance_bits=50, tier="possible"),), "trusted-possible", "allow, queue 4"),
    (
        "possible",
        "image",
        (known(distance_bits=50, tier="possible", classification="A2"),),
        "trusted-possible-a",
        "quarantine, queue 3",
    ),
    (
        "possible",
        "image",
        (known(distance_bits=60, tier="possible", classification="A1", view="uncrop", **CHANCE),),
        "trusted-possible",
        "allow, queue 4",
    ),
    (
        "possible",
        "image",
        (known(distance_bits=60, tier="possible", classification="A1", view="uncrop", **SELDOM),),
        "trusted-possible-a-view",
        "quarantine, queue 3",
    ),
    (
        "possible",
        "video",
        (known("video", score=70.0, tier="same_scene"),),
        "trusted-possible",
        "allow, queue 4",
    ),
    ("match", "image", (untrusted("sha1", **EXACT),), "untrusted-exact", "allow, queue 2"),
    ("match", "image", (untrusted(distance_bits=3),), "untrusted-match", "allow, queue 3"),
    (
        "possible",
        "image",
        (untrusted(distance_bits=50, tier="possible"),),
        "untrusted-possible",
        "allow, queue 5",
    ),
    # the stronger list decides when both match
    (
        "match",
        "image",
        (untrusted("sha1", **EXACT), known(distance_bits=9)),
        "trusted-match",
        "quarantine, queue 2",
    ),
    # benign entries
    ("no_match", "image", (benign(distance_bits=3),), "benign-picture", "allow"),
    ("match", "image", (known(distance_bits=9), benign(distance_bits=9)), "benign-picture", "allow"),
    ("match", "image", (known(distance_bits=9), benign("sha1", **EXACT)), "benign-exact", "allow"),
    (
        "match",
        "image",
        (known(distance_bits=2), benign(distance_bits=30)),
        "trusted-match",
        "quarantine, queue 2",
    ),
    ("match", "image", (known("sha1", **EXACT), benign("sha1", **EXACT)), "trusted-exact", HOLD_AND_DRAFT),
    (
        "match",
        "image",
        (known(distance_bits=9), benign(distance_bits=2, view="box")),
        "trusted-match",
        "quarantine, queue 2",
    ),
    (
        "match",
        "video",
        (known(distance_bits=9), benign(distance_bits=2)),
        "trusted-match",
        "quarantine, queue 2",
    ),
    # doubt about an entry
    ("match", "image", (known("sha1", **EXACT, standing="held"),), "trusted-exact", "quarantine, queue 1"),
    ("match", "image", (known("sha1", **EXACT, standing="confirmed"),), "trusted-exact", HOLD_AND_DRAFT),
    (
        "match",
        "image",
        (untrusted("sha1", **EXACT, standing="disputed"),),
        "untrusted-exact",
        "allow, queue 2",
    ),
    # nothing found, or nothing looked at
    ("no_match", "image", (), "no-match", "allow"),
    ("not_matchable", "image", (), "not-matchable", "allow"),
    ("not_scanned", "unknown", (), "not-scanned", "allow"),
]


@pytest.mark.parametrize(("outcome", "medium", "matches", "rule", "actions"), SCENARIOS)
def test_scenario(
    outcome: str, medium: str, matches: tuple[EntryMatch, ...], rule: str, actions: str
) -> None:
    decision = ENGINE.evaluate(MatchFacts(outcome, medium, matches))
    assert (decision.rule, ", ".join(decision.actions.words())) == (rule, actions)
    assert decision.reason
    assert decision.version == ENGINE.version


def test_every_rule_is_reached_by_a_scenario() -> None:
    reached = {rule for *_, rule, _ in SCENARIOS}
    assert reached == {rule.name for rule in ENGINE.rules.rules if not rule.shadow}


def test_only_exact_matches_on_trusted_lists_draft_a_report() -> None:
    """Nothing is filed by a rule: there is no such action at all; and drafts need the strongest evidence."""
    for rule in ENGINE.rules.rules:
        if rule.actions.draft_report:
            assert rule.when["exact"] is True
            assert rule.when["trusted"] is True


def test_what_an_uploader_learns_is_no_oracle() -> None:
    for rule in ENGINE.rules.rules:
        said = f"{rule.rule_class} {rule.reason}".lower()
        assert not any(
            word in said for word in ("bit", "distance", "score", "list", "bank", "entry", "exact")
        )


def test_the_rule_on_trial_is_reported_and_does_nothing() -> None:
    context = Context(account="user-4")
    decision = ENGINE.evaluate(MatchFacts("not_matchable", "image", reason="crashed", context=context))
    assert decision.rule == "not-matchable"
    assert [(one.rule, one.would_decide) for one in decision.shadow] == [("hostile-file-trial", False)]
