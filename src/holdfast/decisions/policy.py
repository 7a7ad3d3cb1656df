"""Before anything is decoded: may we look, and how far? A dated table by surface and country.

    [[policy]]
    version = "2026-11"
    effective_from = 2026-11-01T00:00:00+01:00

    [[policy.row]]
    id = "private-eu"
    surface = "private"
    country = "EU"
    action = "do_not_scan"
    reason = "..."
    legal_basis = "..."

The version in force at the moment of the upload counts. docs/legal.md explains the file.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Final

from holdfast.decisions.reload import Reloadable
from holdfast.decisions.rules import read_groups
from holdfast.decisions.tables import Table, read_file
from holdfast.decisions.vocabulary import ANY, COUNTRIES, EEA, SURFACES, UNKNOWN
from holdfast.errors import PolicyError, UsageError

__all__ = [
    "DEFAULT_POLICY",
    "DIGESTS_ONLY",
    "DO_NOT_SCAN",
    "POLICY_ACTIONS",
    "ROW_KEYS",
    "SCAN",
    "Policy",
    "PolicyAnswer",
    "load_policy",
    "open_policy",
]

SCAN: Final = "scan"
DIGESTS_ONLY: Final = "digests_only"
DO_NOT_SCAN: Final = "do_not_scan"
POLICY_ACTIONS: Final = (SCAN, DIGESTS_ONLY, DO_NOT_SCAN)
ROW_KEYS: Final = ("id", "surface", "country", "action", "reason", "legal_basis", "confirmed_by")
VERSION_KEYS: Final = ("version", "effective_from", "row")

DEFAULT_POLICY: Final = Path(str(files("holdfast.decisions"))) / "defaults" / "policy.toml"


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """What may be done with an upload, by which row of which version, and why."""

    action: str  # "scan" | "digests_only" | "do_not_scan"
    version: str
    row: str
    reason: str
    legal_basis: str
    confirmed_by: str = ""


_BEFORE_ANY: Final = PolicyAnswer(
    DO_NOT_SCAN, "none", "before-first-version", "No version of the policy was in force at that moment.", ""
)


@dataclass(frozen=True, slots=True)
class _Row:
    answer: PolicyAnswer
    surfaces: tuple[str, ...]
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Version:
    name: str
    effective_from: datetime  # UTC
    rows: tuple[PolicyAnswer, ...]
    cells: Mapping[tuple[str, str], PolicyAnswer]  # every surface x every country and "unknown"


@dataclass(frozen=True, slots=True)
class Policy:
    """All dated versions of one file. ``digest`` is the SHA-256 of its bytes, in hex."""

    versions: tuple[_Version, ...]
    starts: tuple[datetime, ...]
    digest: str

    def choose(self, surface: str, country: str | None, at: datetime) -> PolicyAnswer:
        """The row for an upload of that surface and country at that moment (with its zone).

        A version is in force from its first instant on. Before the first version the answer is *do not
        scan*. Raises `UsageError` for an unknown surface or country or a moment without a zone.
        """
        if at.tzinfo is None or at.utcoffset() is None:
            raise UsageError("The moment of the upload has no time zone. No policy was chosen.")
        place = bisect_right(self.starts, at.astimezone(UTC)) - 1
        if place < 0:
            return _BEFORE_ANY
        answer = self.versions[place].cells.get((surface, UNKNOWN if country is None else country))
        if answer is None:
            raise UsageError(
                f"{surface[:20]!r} x {(country or '')[:20]!r} is no surface and country. Nothing was chosen."
            )
        return answer

    def in_force(self, at: datetime) -> str:
        """The name of the version in force at ``at``, "none" before the first."""
        return self.choose(UNKNOWN, None, at).version

    def unconfirmed(self, at: datetime) -> tuple[PolicyAnswer, ...]:
        """The rows in force at ``at`` that look at content and name nobody who confirmed them."""
        return tuple(
            row
            for version in self.versions
            if version.name == self.in_force(at)
            for row in version.rows
            if row.action != DO_NOT_SCAN and not row.confirmed_by
        )


def load_policy(path: Path = DEFAULT_POLICY) -> Policy:
    """The policy of ``path``, every version and row checked. Raises `PolicyError`, naming the key."""
    values, digest = read_file(path, PolicyError)
    top = Table(values, path, "top", PolicyError)
    groups = read_groups(top)
    tables = top.tables("policy", label="version")
    top.finish()
    versions: list[_Version] = []
    for table in tables:
        version = _read_version(table, groups)
        for other in versions:
            if other.name == version.name:
                raise table.fail("version", "another version has this name.")
            if other.effective_from == version.effective_from:
                raise table.fail("effective_from", f"is the same moment as that of version {other.name!r}.")
        versions.append(version)
    versions.sort(key=lambda version: version.effective_from)
    return Policy(tuple(versions), tuple(version.effective_from for version in versions), digest)


def open_policy(path: Path = DEFAULT_POLICY) -> Reloadable[Policy]:
    """The policy file ``path``, followed when told to. Raises `PolicyError`."""
    return Reloadable(path, load_policy)


def _read_version(table: Table, groups: Mapping[str, frozenset[str]]) -> _Version:
    name = table.text("version", 64)
    start = table.moment("effective_from").astimezone(UTC)
    row_tables = table.tables("row", label="id")
    table.finish()
    rows: list[_Row] = []
    for row_table in row_tables:
        row = _read_row(row_table, name, groups)
        if any(other.answer.row == row.answer.row for other in rows):
            raise row_table.fail("id", "another row has this id.")
        rows.append(row)
    cells = {
        (surface, country): _most_specific(table, rows, surface, country, groups)
        for surface in SURFACES
        for country in (*sorted(COUNTRIES), UNKNOWN)
    }
    _check_private(table, cells)
    return _Version(name, start, tuple(row.answer for row in rows), cells)


def _read_row(table: Table, version: str, groups: Mapping[str, frozenset[str]]) -> _Row:
    row_id = table.slug("id")
    surfaces = table.choices("surface", SURFACES)
    countries = table.choices("country", (*COUNTRIES, *groups, UNKNOWN, ANY))
    answer = PolicyAnswer(
        action=table.choice("action", POLICY_ACTIONS),
        version=version,
        row=row_id,
        reason=table.text("reason", 500),
        legal_basis=table.text("legal_basis", 2000),
        confirmed_by=table.text("confirmed_by", 200) if table.has("confirmed_by") else "",
    )
    table.finish()
    return _Row(answer, surfaces, countries)


def _most_specific(
    table: Table, rows: list[_Row], surface: str, country: str, groups: Mapping[str, frozenset[str]]
) -> PolicyAnswer:
    """The row that names the country itself, else the smallest group that it is in, else "*"."""
    found: list[tuple[int, PolicyAnswer]] = []
    for row in rows:
        if surface in row.surfaces:
            sizes = [_breadth(name, groups) for name in row.countries if _covers(name, country, groups)]
            if sizes:
                found.append((min(sizes), row.answer))
    if not found:
        raise table.fail(
            "row", f"no row for surface {surface!r} and country {country!r}. Add one for country '*'."
        )
    narrowest = min(size for size, _ in found)
    answers = [answer for size, answer in found if size == narrowest]
    if len(answers) > 1:
        both = f"{answers[0].row!r} and {answers[1].row!r}"
        raise table.fail("row", f"{both} both name surface {surface!r} and country {country!r} equally well.")
    return answers[0]


def _covers(name: str, country: str, groups: Mapping[str, frozenset[str]]) -> bool:
    return name in (ANY, country) or country in groups.get(name, ())


def _breadth(name: str, groups: Mapping[str, frozenset[str]]) -> int:
    if name == ANY:
        return len(COUNTRIES) + 1
    return len(groups[name]) if name in groups else 0


def _check_private(table: Table, cells: Mapping[tuple[str, str], PolicyAnswer]) -> None:
    """Private messages in the EEA: looking at them needs a legal basis that a named person confirmed.

    Regulation (EU) 2021/1232, the derogation from the ePrivacy directive, lapsed on 3 April 2026; whether
    its successor is in force has to be established when the row is written.
    """
    for country in sorted(EEA):
        answer = cells["private", country]
        if answer.action != DO_NOT_SCAN and not answer.confirmed_by:
            raise table.fail(
                "row",
                f"{answer.row!r} looks at private content in {country}: write under confirmed_by who "
                "confirmed its legal basis and when, or give these countries a row with do_not_scan.",
            )
