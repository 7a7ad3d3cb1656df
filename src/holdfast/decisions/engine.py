"""Putting the rules to one upload: `Engine.evaluate`, pure and fast (a few microseconds a match).

The first rule that holds decides. Doubt about one entry never shields another: where a match comes from
a disputed or braked entry, the rules are read again without such matches and the stronger answer counts.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from holdfast.decisions.actions import Actions
from holdfast.decisions.brakes import is_doubtful, restrain
from holdfast.decisions.conditions import CONDITIONS, ItemTest, MatchTest, match_rank
from holdfast.decisions.facts import EntryMatch, MatchFacts, may_decide
from holdfast.decisions.reload import Reloadable
from holdfast.decisions.rules import DEFAULT_RULES, Rule, RuleSet, load_rules

__all__ = ["Decision", "Engine", "ShadowResult", "open_rules"]

Matches = tuple[EntryMatch, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    """The matches that the rules are read with: known and benign ones apart, and how near the nearest is."""

    known: Matches
    benign: Matches
    best: int


@dataclass(frozen=True, slots=True)
class ShadowResult:
    """A shadow rule whose conditions hold. ``would_decide``: it would have decided, had it alone been on."""

    rule: str
    rule_class: str
    actions: Actions
    would_decide: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done, and why.

    An upload key may learn ``actions``, ``rule_class`` and ``reason``; the rest is for staff: ``match`` is
    the match that the rule held on, ``restraint`` says what doubt about its entry took away. ``rule`` is
    "" where no rule of the file held. ``decided`` is False only for an error: nothing is known then.
    """

    actions: Actions
    rule: str
    rule_class: str
    reason: str
    version: str
    match: EntryMatch | None = None
    restraint: str = ""
    shadow: tuple[ShadowResult, ...] = ()
    decided: bool = True


_NO_MATCHES: Final = _Reading((), (), 0)

# Without a rule: a match is held, whatever was forgotten in the file; nothing else is touched.
_UNCOVERED: Final = Rule(
    "", "review", "No rule covers this match: it is held for a person.", Actions(quarantine=True, queue=2), {}
)
_UNCOVERED_POSSIBLE: Final = Rule(
    "", "review", "No rule covers this possible match: a person will look.", Actions(allow=True, queue=4), {}
)
_NOTHING: Final = {
    "no_match": Rule("", "none", "Nothing known was found.", Actions(allow=True), {}),
    "not_matchable": Rule(
        "", "unchecked", "It could not be checked, and no rule says otherwise.", Actions(allow=True), {}
    ),
    "not_scanned": Rule("", "unchecked", "The policy says not to look at it.", Actions(allow=True), {}),
}


@dataclass(frozen=True, slots=True)
class _Answer:
    rule: Rule
    match: EntryMatch | None
    actions: Actions
    restraint: str


class _Compiled:
    """A rule with its tests."""

    __slots__ = ("benign", "item_tests", "match_tests", "on_match", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        item: list[ItemTest] = []
        match: list[MatchTest] = []
        for key, value in rule.when.items():
            condition = CONDITIONS[key]
            if condition.item is not None:
                item.append(condition.item(value))
            if condition.match is not None:
                match.append(condition.match(value))
        self.benign = rule.when.get("bank_kind") == "benign"
        if rule.actions.block or rule.actions.draft_report:
            # The reader refuses such rules on weak evidence already; this holds the line whatever was read.
            match.append(lambda m, _: may_decide(m))
        self.on_match = bool(match)
        self.item_tests = tuple(item)
        self.match_tests = tuple(match)

    def hold(self, facts: MatchFacts, reading: _Reading) -> tuple[EntryMatch | None] | None:
        """None when the rule does not hold, else the match behind it (none for an upload without matches)."""
        for item_test in self.item_tests:
            if not item_test(facts):
                return None
        if not self.on_match:
            return (reading.known[0] if reading.known else None,)
        for match in reading.benign if self.benign else reading.known:
            for test in self.match_tests:
                if not test(match, reading.best):
                    break
            else:
                return (match,)
        return None


class Engine:
    """The rules of one `RuleSet`, ready to be put to uploads. Immutable; any number of threads may use it."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        compiled = [_Compiled(rule) for rule in rules.rules]
        self._on = tuple(one for one in compiled if not one.rule.shadow)
        self._shadow = tuple(
            (one, tuple(other for other in compiled if other is one or not other.rule.shadow))
            for one in compiled
            if one.rule.shadow
        )

    @property
    def version(self) -> str:
        return self.rules.version

    def evaluate(self, facts: MatchFacts) -> Decision:
        """The decision for one upload. Never raises for valid facts; an *error* outcome is left undecided."""
        if facts.outcome == "error":
            reason = "The content could not be had. Nothing was decided: send it again."
            return Decision(Actions(), "", "error", reason, self.version, decided=False)
        readings = _readings(facts.matches)
        answer = _strongest(self._on, facts, readings)
        shadow = tuple(self._shadows(facts, readings)) if self._shadow else ()
        rule = answer.rule
        return Decision(
            answer.actions,
            rule.name,
            rule.rule_class,
            rule.reason,
            self.rules.version,
            answer.match,
            answer.restraint,
            shadow,
        )

    def _shadows(self, facts: MatchFacts, readings: list[_Reading]) -> list[ShadowResult]:
        found = []
        for one, rules in self._shadow:
            held = one.hold(facts, readings[0])
            if held is not None:
                actions, _ = restrain(one.rule.actions, held[0])
                decides = _strongest(rules, facts, readings).rule is one.rule
                found.append(ShadowResult(one.rule.name, one.rule.rule_class, actions, decides))
        return found


def open_rules(path: Path = DEFAULT_RULES, webhooks: Collection[str] | None = None) -> Reloadable[Engine]:
    """The engine of the rules file ``path``, which follows the file when told to. Raises `RulesError`."""
    return Reloadable(path, lambda path: Engine(load_rules(path, webhooks)))


def _readings(matches: Matches) -> list[_Reading]:
    """All matches, sure ones first; then without doubtful untrusted ones; then without any doubtful one.

    Readings in which no known match is left, or that are as long as the one before, are left out.
    A doubtful benign entry clears nothing, so it is in none.
    """
    if not any(is_doubtful(match) for match in matches):
        return [_reading(matches)]
    weighed = [match for match in matches if match.bank_kind == "known" or not is_doubtful(match)]
    ordered = tuple(sorted(weighed, key=lambda match: is_doubtful(match) * (2 - match.trusted)))
    readings, shortest = [_reading(ordered)], len(ordered)
    for keep in (
        tuple(match for match in ordered if match.trusted or not is_doubtful(match)),
        tuple(match for match in ordered if not is_doubtful(match)),
    ):
        if len(keep) < shortest and any(match.bank_kind == "known" for match in keep):
            readings.append(_reading(keep))
            shortest = len(keep)
    return readings


def _reading(matches: Matches) -> _Reading:
    if not matches:
        return _NO_MATCHES
    known = tuple([match for match in matches if match.bank_kind == "known"])
    benign = (
        tuple([match for match in matches if match.bank_kind != "known"]) if len(known) < len(matches) else ()
    )
    return _Reading(known, benign, min(map(match_rank, matches)))


def _strongest(rules: tuple[_Compiled, ...], facts: MatchFacts, readings: list[_Reading]) -> _Answer:
    answer = _read(rules, facts, readings[0])
    for reading in readings[1:]:
        other = _read(rules, facts, reading)
        if other.actions.strength() > answer.actions.strength():
            answer = other
    return answer


def _read(rules: tuple[_Compiled, ...], facts: MatchFacts, reading: _Reading) -> _Answer:
    for compiled in rules:
        held = compiled.hold(facts, reading)
        if held is not None:
            actions, restraint = restrain(compiled.rule.actions, held[0])
            return _Answer(compiled.rule, held[0], actions, restraint)
    return _without_rule(facts, reading.known)


def _without_rule(facts: MatchFacts, known: Matches) -> _Answer:
    if facts.outcome in _NOTHING:
        rule = _NOTHING[facts.outcome]
        return _Answer(rule, None, rule.actions, "")
    sure = [match for match in known if match.tier == "match"]
    rule = _UNCOVERED if sure else _UNCOVERED_POSSIBLE
    match = (sure or known)[0]
    actions, restraint = restrain(rule.actions, match)
    return _Answer(rule, match, actions, restraint)
