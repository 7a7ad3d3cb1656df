"""What a rules file would have done with past events, and where it differs from the rules in force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from holdfast.decisions.engine import Decision, Engine
from holdfast.decisions.facts import MatchFacts
from holdfast.errors import UsageError

__all__ = ["Difference", "DryRun", "dry_run"]

NO_RULE: Final = "(no rule)"


@dataclass(slots=True)
class Difference:
    """Events that two sets of rules decide differently in one way. ``examples`` are event names."""

    rule_before: str
    rule_after: str
    actions_before: tuple[str, ...]
    actions_after: tuple[str, ...]
    events: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class DryRun:
    """Counts of one dry run. ``unusable``: events whose facts could not be read, with examples of why."""

    version: str
    compared_with: str | None
    events: int = 0
    unusable: int = 0
    unusable_examples: list[str] = field(default_factory=list)
    by_rule: Counter[str] = field(default_factory=Counter)
    by_action: Counter[str] = field(default_factory=Counter)
    by_shadow_rule: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    examples: dict[str, list[str]] = field(default_factory=dict)  # rule -> event names

    def to_json(self) -> dict[str, Any]:
        """The object that a command prints; differences with most events first."""
        return {
            "version": self.version,
            "compared_with": self.compared_with,
            "events": self.events,
            "unusable": self.unusable,
            "unusable_examples": self.unusable_examples,
            "by_rule": dict(self.by_rule.most_common()),
            "by_action": dict(self.by_action.most_common()),
            "by_shadow_rule": dict(self.by_shadow_rule.most_common()),
            "differences": [
                {
                    "rule_before": one.rule_before,
                    "rule_after": one.rule_after,
                    "actions_before": list(one.actions_before),
                    "actions_after": list(one.actions_after),
                    "events": one.events,
                    "examples": one.examples,
                }
                for one in self.differences
            ],
            "examples": self.examples,
        }


def dry_run(
    candidate: Engine,
    events: Iterable[tuple[str, Mapping[str, Any]]],
    current: Engine | None = None,
    examples: int = 5,
) -> DryRun:
    """Put ``candidate``'s rules to past events: pairs of a name and the facts (`MatchFacts.to_json`).

    Nothing is done and nothing is kept but counts and, of each kind, up to ``examples`` event names.
    Events are read one by one, so any number will do. An event that cannot be read is counted, not raised.
    """
    result = DryRun(candidate.version, current.version if current else None)
    differences: dict[tuple[Any, ...], Difference] = {}
    for name, values in events:
        result.events += 1
        try:
            facts = MatchFacts.from_json(values)
        except UsageError as error:
            result.unusable += 1
            _example(result.unusable_examples, f"{name}: {error}", examples)
            continue
        after = candidate.evaluate(facts)
        _count(result, name, after, examples)
        if current is not None:
            _compare(differences, name, current.evaluate(facts), after, examples)
    result.differences = sorted(differences.values(), key=lambda one: -one.events)
    return result


def _count(result: DryRun, name: str, decision: Decision, examples: int) -> None:
    rule = decision.rule or NO_RULE
    result.by_rule[rule] += 1
    result.by_action.update(decision.actions.words())
    result.by_shadow_rule.update(shadow.rule for shadow in decision.shadow if shadow.would_decide)
    _example(result.examples.setdefault(rule, []), name, examples)


def _compare(
    differences: dict[tuple[Any, ...], Difference],
    name: str,
    before: Decision,
    after: Decision,
    examples: int,
) -> None:
    if before.actions == after.actions:
        return
    key = before.rule, after.rule, before.actions, after.actions
    if key not in differences:
        differences[key] = Difference(
            before.rule or NO_RULE, after.rule or NO_RULE, before.actions.words(), after.actions.words()
        )
    differences[key].events += 1
    _example(differences[key].examples, name, examples)


def _example(examples: list[str], text: str, limit: int) -> None:
    if len(examples) < limit:
        examples.append(text)
