"""Jurisdictions as data: which destinations a report goes to, by the user's country and the surface.

Every rule that fits adds its destination. docs/reporting.md explains the file.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Final

from holdfast.decisions.rules import read_groups
from holdfast.decisions.tables import Table, read_file
from holdfast.decisions.vocabulary import ANY, COUNTRIES, SURFACES, UNKNOWN
from holdfast.errors import SettingsError, UsageError
from holdfast.reporting.destinations.requirements import REQUIREMENTS
from holdfast.vault.sealing import Recipient

__all__ = ["CYBERTIPLINE", "DEFAULT_FILE", "PACKET", "Described", "Rule", "Rules", "load_rules"]

CYBERTIPLINE: Final = "cybertipline"
PACKET: Final = "packet"
DEFAULT_FILE: Final = (
    Path(str(files("holdfast.reporting"))) / "destinations" / "defaults" / "destinations.toml"
)
MAX_HOURS, MAX_DAYS = 24 * 366, 366 * 20


@dataclass(frozen=True, slots=True)
class Described:
    """A destination as the file has it. ``recipient`` is None where no key was entered: not set up."""

    name: str
    kind: str
    title: str
    retention_days: int
    source: str
    recipient: Recipient | None = None
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``unless`` is a destination that makes it needless once the case is reported there."""

    id: str
    countries: tuple[str, ...]
    surfaces: tuple[str, ...]
    destination: str
    unless: str | None
    only_imminent: bool
    second_person: bool
    deadline: timedelta
    imminent_deadline: timedelta
    reason: str
    legal_basis: str
    confirmed_by: str

    def due_at(self, known_since: datetime, *, imminent: bool) -> datetime:
        """The latest moment for a report of what is known since then."""
        return known_since + (self.imminent_deadline if imminent else self.deadline)


@dataclass(frozen=True, slots=True)
class Rules:
    """One file. ``digest`` is the SHA-256 of its bytes, in hex."""

    version: str
    digest: str
    destinations: tuple[Described, ...]
    rules: tuple[Rule, ...]
    groups: dict[str, frozenset[str]]

    def duties(
        self, country: str | None, surface: str, *, imminent: bool, reported_to: Collection[str] = ()
    ) -> list[Rule]:
        """The rules that hold for a case, in the order of the file.

        ``reported_to``: names of destinations that the case is, or is about to be, reported to anyway. Those
        of earlier rules count as well.
        """
        known = set(reported_to)
        found: list[Rule] = []
        for rule in self.rules:
            fits = surface in rule.surfaces and self._covers(rule.countries, country or UNKNOWN)
            if fits and (imminent or not rule.only_imminent) and rule.unless not in known:
                found.append(rule)
                known.add(rule.destination)
        return found

    def described(self, name: str) -> Described:
        """A destination of the file. Raises `UsageError`."""
        for one in self.destinations:
            if one.name == name:
                return one
        names = ", ".join(one.name for one in self.destinations)
        raise UsageError(f"{name[:60]!r} is no destination of the file; it has {names}. Nothing was done.")

    def _covers(self, names: tuple[str, ...], country: str) -> bool:
        return any(name in (ANY, country) or country in self.groups.get(name, frozenset()) for name in names)


def load_rules(path: Path = DEFAULT_FILE) -> Rules:
    """The file ``path``, every table checked. Raises `SettingsError`, naming the key."""
    values, digest = read_file(path, SettingsError)
    top = Table(values, path, "top", SettingsError)
    groups = read_groups(top)
    version = top.text("version", 64)
    destination_tables = top.tables("destination", label="name")
    rule_tables = top.tables("rule", label="id")
    top.finish()
    destinations: list[Described] = []
    for table in destination_tables:
        one = _read_destination(table)
        if any(one.name == other.name for other in destinations):
            raise table.fail("name", "another destination has this name.")
        destinations.append(one)
    if sum(one.kind == CYBERTIPLINE for one in destinations) > 1:
        raise top.fail("destination", "only one may be of kind cybertipline.")
    names = [one.name for one in destinations]
    rules: list[Rule] = []
    for table in rule_tables:
        rule = _read_rule(table, names, groups)
        if any(rule.id == other.id for other in rules):
            raise table.fail("id", "another rule has this id.")
        rules.append(rule)
    return Rules(version, digest, tuple(destinations), tuple(rules), groups)


def _read_destination(table: Table) -> Described:
    kind = table.choice("kind", (CYBERTIPLINE, PACKET))
    name = table.slug("name")
    if len(name) > 40:
        raise table.fail("name", "is longer than 40 characters.")
    recipient = requires = None
    if kind == PACKET:
        requires = table.choices("requires", REQUIREMENTS) if table.has("requires") else ()
        if table.has("recipient"):
            try:
                recipient = Recipient.parse(table.text("recipient", 200))
            except UsageError as error:
                raise table.fail("recipient", f"is no key: {error}") from error
    described = Described(
        name=name,
        kind=kind,
        title=table.text("title", 200),
        retention_days=table.integer("retention_days", 1, MAX_DAYS),
        source=table.text("source", 2000),
        recipient=recipient,
        requires=requires or (),
    )
    table.finish()
    return described


def _read_rule(table: Table, names: list[str], groups: dict[str, frozenset[str]]) -> Rule:
    def flag(key: str) -> bool:
        return table.flag(key) if table.has(key) else False

    rule = Rule(
        id=table.slug("id"),
        countries=table.choices("country", (*COUNTRIES, *groups, UNKNOWN, ANY)),
        surfaces=table.choices("surface", SURFACES),
        destination=table.choice("destination", names),
        unless=table.choice("unless_reported_to", names) if table.has("unless_reported_to") else None,
        only_imminent=flag("only_imminent"),
        second_person=flag("second_person"),
        deadline=timedelta(hours=table.integer("deadline_hours", 1, MAX_HOURS)),
        imminent_deadline=timedelta(hours=table.integer("imminent_hours", 1, MAX_HOURS)),
        reason=table.text("reason", 500),
        legal_basis=table.text("legal_basis", 2000),
        confirmed_by=table.text("confirmed_by", 200) if table.has("confirmed_by") else "",
    )
    table.finish()
    return rule
