"""Rules: what is to happen with an upload, read from a file that a moderator can read.

    version = "2026-11-24"

    [[rule]]
    name = "trusted-exact"
    class = "known"
    reason = "This file is on a trusted list."
    when = { exact = true, trusted = true }
    then = { quarantine = true, queue = 1, draft_report = true }

The first rule that holds decides. docs/decisions-rules.md describes every key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from holdfast.decisions.actions import ACTION_KEYS, Actions
from holdfast.decisions.checks import check_actions, check_rule
from holdfast.decisions.conditions import CONDITIONS, Groups
from holdfast.decisions.tables import Table, is_slug, parse, read_file
from holdfast.decisions.vocabulary import COUNTRIES, COUNTRY_GROUPS
from holdfast.errors import RulesError, SettingsError

__all__ = [
    "DEFAULT_RULES",
    "RULE_KEYS",
    "TOP_KEYS",
    "Rule",
    "RuleSet",
    "load_rules",
    "parse_rules",
    "read_groups",
]

TOP_KEYS: Final = ("version", "groups", "rule")
RULE_KEYS: Final = ("name", "class", "reason", "mode", "when", "then")
MODES: Final = ("on", "shadow")
MAX_RULES: Final = 500
MAX_REASON_CHARACTERS: Final = 300

DEFAULT_RULES: Final = Path(str(files("holdfast.decisions"))) / "defaults" / "rules.toml"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``when`` holds the conditions that it states, by their key in the file, already read."""

    name: str
    rule_class: str
    reason: str
    actions: Actions
    when: Mapping[str, Any] = field(hash=False)
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one file in their order. ``version``: the file's own, "+", 12 digits of its SHA-256."""

    version: str
    rules: tuple[Rule, ...]


def load_rules(path: Path = DEFAULT_RULES, webhooks: Collection[str] | None = None) -> RuleSet:
    """The rules of ``path``, every one checked. With ``webhooks`` a rule may only name one of these.

    Raises `RulesError` naming file, table and key for anything unknown, contradictory, unreachable, or
    that would block or report on evidence that may only hold content for a person.
    """
    return _read_rules(path, *read_file(path, RulesError), webhooks)


def parse_rules(data: bytes, webhooks: Collection[str] | None = None) -> RuleSet:
    """The same for the bytes of a rules file that lies nowhere; messages call it "the rules"."""
    path = Path("the rules")
    return _read_rules(path, *parse(data, path, RulesError), webhooks)


def _read_rules(path: Path, values: dict[str, Any], digest: str, webhooks: Collection[str] | None) -> RuleSet:
    top = Table(values, path, "top", RulesError)
    version = top.text("version", 64)
    groups = read_groups(top)
    tables = top.tables("rule", label="name")
    top.finish()
    if len(tables) > MAX_RULES:
        raise top.fail("rule", f"more than {MAX_RULES} rules.")
    rules: list[Rule] = []
    for table in tables:
        rule = _read_rule(table, groups)
        _check_place(table, rule, rules, webhooks)
        rules.append(rule)
    return RuleSet(f"{version}+{digest[:12]}", tuple(rules))


def read_groups(top: Table) -> dict[str, frozenset[str]]:
    """The built-in country groups (EU, EEA) and those of the file's ``[groups]``."""
    groups = dict(COUNTRY_GROUPS)
    if top.has("groups"):
        table = top.table("groups")
        for name in table.values:
            if name in COUNTRIES or name in COUNTRY_GROUPS or not (name.isupper() and name.isalnum()):
                raise table.fail(name, "a group needs a name of its own, in capitals and digits.")
            groups[name] = frozenset(table.choices(name, COUNTRIES))
    return groups


def _read_rule(table: Table, groups: Groups) -> Rule:
    name = table.slug("name")
    rule_class = table.slug("class")
    reason = table.text("reason", MAX_REASON_CHARACTERS)
    mode = table.choice("mode", MODES) if table.has("mode") else "on"
    when = _read_when(table.table("when"), groups)
    actions = _read_then(table.table("then"))
    table.finish()
    check_rule(table, when, actions)
    return Rule(name, rule_class, reason, actions, when, shadow=mode == "shadow")


def _read_when(table: Table, groups: Groups) -> dict[str, Any]:
    table.known(CONDITIONS)
    table.finish()
    if not table.values:
        raise table.fail(
            "when", "has no condition: the rule would hold for every upload. Name an outcome at least."
        )
    return {key: CONDITIONS[key].read(table, key, groups) for key in table.values}


def _read_then(table: Table) -> Actions:
    table.known(ACTION_KEYS)
    table.finish()
    webhooks = table.strings("webhooks", 64) if table.has("webhooks") else ()
    for name in webhooks:
        if not is_slug(name):
            raise table.fail("webhooks", f"{name!r} is not a name of a webhook.")
    flags = {
        key: table.has(key) and table.only_true(key)
        for key in ("block", "quarantine", "allow", "draft_report")
    }
    queue = table.integer("queue", 1, 5) if table.has("queue") else None
    actions = Actions(queue=queue, webhooks=webhooks, **flags)
    check_actions(table, actions)
    return actions


def _check_place(table: Table, rule: Rule, earlier: list[Rule], webhooks: Collection[str] | None) -> None:
    for other in earlier:
        if other.name == rule.name:
            raise table.fail("name", "another rule has this name.")
        if not (other.shadow or rule.shadow) and other.when == rule.when:
            raise table.fail(
                "when", f"is the same as that of {other.name!r} before it: it can never hold first."
            )
    if webhooks is not None:
        for name in rule.actions.webhooks:
            if name not in webhooks:
                raise _unknown_webhook(table, name)


def _unknown_webhook(table: Table, name: str) -> SettingsError:
    return table.fail("then", f"there is no webhook named {name!r}. Create it first, or correct the name.")
