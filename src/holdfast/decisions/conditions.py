"""Every condition that a rule may have: how it is read from the file, and how it is tested.

Conditions on the *item* look at the upload; conditions on the *match* look at one match, and all of a
rule's must hold on the same match.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from holdfast.decisions import vocabulary as words
from holdfast.decisions.facts import EntryMatch, MatchFacts
from holdfast.decisions.tables import Table

__all__ = ["CONDITIONS", "Condition", "Groups", "ItemTest", "MatchTest", "match_rank"]

Groups = Mapping[str, frozenset[str]]
ItemTest = Callable[[MatchFacts], bool]
MatchTest = Callable[[EntryMatch, int], bool]  # the second is the lowest `match_rank` of all matches

SCORE_ONLY_RANK: Final = 1000


@dataclass(frozen=True, slots=True)
class Condition:
    """``read`` takes the table, the key and the country groups; one of the two makers makes the test."""

    read: Callable[[Table, str, Groups], Any]
    item: Callable[[Any], ItemTest] | None = None
    match: Callable[[Any], MatchTest] | None = None


def match_rank(match: EntryMatch) -> int:
    """How near a match is: -1 for an exact one, the distance in bits, 1000 where there is only a score."""
    if match.exact:
        return -1
    return SCORE_ONLY_RANK if match.distance_bits is None else match.distance_bits


def _names(table: Table, key: str, groups: Groups) -> frozenset[str]:
    return frozenset(table.strings(key))


def _one_of(*options: str) -> Callable[[Table, str, Groups], frozenset[str]]:
    return lambda table, key, groups: frozenset(table.choices(key, options))


def _single(*options: str) -> Callable[[Table, str, Groups], str]:
    return lambda table, key, groups: table.choice(key, options)


def _flag(table: Table, key: str, groups: Groups) -> bool:
    return table.flag(key)


def _true(table: Table, key: str, groups: Groups) -> bool:
    return table.only_true(key)


def _bits(table: Table, key: str, groups: Groups) -> int:
    return table.integer(key, 0, 256)


def _number(table: Table, key: str, groups: Groups) -> float:
    return table.number(key)


def _countries(table: Table, key: str, groups: Groups) -> frozenset[str]:
    options = (*words.COUNTRIES, *groups, words.UNKNOWN)
    return words.expand_countries(table.choices(key, options), groups)


def _hosts(table: Table, key: str, groups: Groups) -> tuple[str, ...]:
    hosts = table.strings(key, 253)
    for host in hosts:
        bare = host.removeprefix("*.")
        if host != host.lower() or not bare or set(bare) & set("*/:@ "):
            raise table.fail(key, f"{host!r} is not a host name in small letters, or one after '*.'.")
    return hosts


def _url_host(hosts: tuple[str, ...]) -> ItemTest:
    plain = frozenset(host for host in hosts if not host.startswith("*."))
    endings = tuple(host[1:] for host in hosts if host.startswith("*."))

    def test(facts: MatchFacts) -> bool:
        for url in facts.context.urls:
            host = urlsplit(url).hostname or ""
            if host in plain or (endings and host.endswith(endings)):
                return True
        return False

    return test


def _has(names: frozenset[str]) -> ItemTest:
    return lambda facts: all(facts.context.present(name) for name in names)


def _lacks(names: frozenset[str]) -> ItemTest:
    return lambda facts: not any(facts.context.present(name) for name in names)


def _reason(reasons: frozenset[str]) -> ItemTest:
    return lambda facts: facts.outcome == "not_matchable" and facts.reason in reasons


CONDITIONS: Final[Mapping[str, Condition]] = {
    # on the item
    "outcome": Condition(_one_of(*words.RULE_OUTCOMES), item=lambda v: lambda f: f.outcome in v),
    "medium": Condition(_one_of(*words.MEDIA), item=lambda v: lambda f: f.medium in v),
    "unmatchable_reason": Condition(_one_of(*words.UNMATCHABLE_REASONS), item=_reason),
    "surface": Condition(_one_of(*words.SURFACES), item=lambda v: lambda f: f.context.surface in v),
    "country": Condition(_countries, item=lambda v: lambda f: (f.context.country or words.UNKNOWN) in v),
    "account": Condition(_names, item=lambda v: lambda f: f.context.account in v),
    "url_host": Condition(_hosts, item=_url_host),
    "has": Condition(_one_of(*words.CONTEXT_FIELDS), item=_has),
    "lacks": Condition(_one_of(*words.CONTEXT_FIELDS), item=_lacks),
    # on the match
    "bank": Condition(_names, match=lambda v: lambda m, _: m.bank in v),
    # The engine picks the matches by kind already; the test makes the rule one about matches.
    "bank_kind": Condition(_single(*words.BANK_KINDS), match=lambda v: lambda m, _: m.bank_kind == v),
    "trusted": Condition(_flag, match=lambda v: lambda m, _: m.trusted is v),
    "exact": Condition(_flag, match=lambda v: lambda m, _: m.exact is v),
    "tier": Condition(_one_of(*words.TIERS), match=lambda v: lambda m, _: m.tier in v),
    "algorithm": Condition(_one_of(*words.ALGORITHMS), match=lambda v: lambda m, _: m.algorithm in v),
    "view": Condition(_one_of(*words.VIEWS), match=lambda v: lambda m, _: m.view in v),
    "classification": Condition(
        _one_of(*words.CLASSIFICATIONS, words.UNCLASSIFIED),
        match=lambda v: lambda m, _: (m.classification or words.UNCLASSIFIED) in v,
    ),
    "standing": Condition(_one_of(*words.STANDINGS), match=lambda v: lambda m, _: m.standing in v),
    "min_distance_bits": Condition(
        _bits, match=lambda v: lambda m, _: m.distance_bits is not None and m.distance_bits >= v
    ),
    "max_distance_bits": Condition(
        _bits, match=lambda v: lambda m, _: m.distance_bits is not None and m.distance_bits <= v
    ),
    "min_score": Condition(_number, match=lambda v: lambda m, _: m.score is not None and m.score >= v),
    "max_score": Condition(_number, match=lambda v: lambda m, _: m.score is not None and m.score <= v),
    "max_expected_false_alarms": Condition(
        _number,
        match=lambda v: lambda m, _: m.expected_false_alarms is not None and m.expected_false_alarms <= v,
    ),
    "nearest": Condition(_true, match=lambda v: lambda m, best: match_rank(m) <= best),
}
