"""A dry run over past events: counts, differences, examples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from holdfast.decisions.dryrun import dry_run
from holdfast.decisions.engine import Engine
from holdfast.decisions.facts import EntryMatch, MatchFacts
from holdfast.decisions.rules import DEFAULT_RULES, load_rules


def events() -> Iterator[tuple[str, dict[str, Any]]]:
    for number in range(10):
        match = EntryMatch("list", 1, "pdq", distance_bits=number * 3, trusted=True)
        yield f"near-{number}", MatchFacts("match", "image", (match,)).to_json()
    for number in range(5):
        yield f"none-{number}", MatchFacts("no_match", "image").to_json()
    yield "old", {"outcome": "no_match", "medium": "image", "matches": [], "colour": 1}
    yield "older", {"outcome": "match", "medium": "image"}


def stricter(folder: Path) -> Engine:
    """The shipped rules, with a draft for near pictures before `trusted-match`, and one rule on trial."""
    text = DEFAULT_RULES.read_text(encoding="utf-8")
    extra = """
[[rule]]
name = "near"
class = "known"
reason = "r"
when = { algorithm = "pdq", tier = "match", max_distance_bits = 9, view = "as_is", trusted = true }
then = { quarantine = true, queue = 1, draft_report = true }

[[rule]]
name = "trial"
class = "review"
reason = "r"
mode = "shadow"
when = { max_distance_bits = 15 }
then = { quarantine = true, queue = 5 }

"""
    place = text.index('[[rule]]\nname = "trusted-match-a1"')
    path = folder / "rules.toml"
    path.write_text(text[:place] + extra + text[place:], encoding="utf-8")
    return Engine(load_rules(path))


def test_it_counts_by_rule_and_action_and_tells_what_would_change(tmp_path: Path) -> None:
    candidate = stricter(tmp_path)
    current = Engine(load_rules())
    result = dry_run(candidate, events(), current, examples=2)
    assert (result.events, result.unusable) == (17, 2)
    assert [line.split(":")[0] for line in result.unusable_examples] == ["old", "older"]
    assert result.by_rule == {"trusted-match": 6, "no-match": 5, "near": 4}
    assert result.by_action["draft_report"] == 4
    assert result.by_action["quarantine"] == 10
    assert result.by_action["allow"] == 5
    assert result.by_shadow_rule == {"trial": 2}  # distances 12 and 15: `near` decides before it below that
    assert result.examples["near"] == ["near-0", "near-1"]

    [difference] = result.differences
    assert (difference.rule_before, difference.rule_after, difference.events) == ("trusted-match", "near", 4)
    assert difference.actions_before == ("quarantine", "queue 2")
    assert difference.actions_after == ("quarantine", "queue 1", "draft_report")
    assert difference.examples == ["near-0", "near-1"]

    printed = result.to_json()
    assert printed["version"] == candidate.version
    assert printed["compared_with"] == current.version
    assert printed["differences"][0]["events"] == 4
    assert printed["by_rule"]["near"] == 4


def test_without_rules_in_force_there_is_nothing_to_compare() -> None:
    result = dry_run(Engine(load_rules()), events())
    assert result.compared_with is None
    assert result.differences == []
    assert result.by_rule["no-match"] == 5
