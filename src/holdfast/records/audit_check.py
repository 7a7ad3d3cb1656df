"""Whether the audit log is as it was written: every row, their order, their number, and kept heads.

A chain of hashes proves that nothing *inside* it was touched. That its end was not cut off is told by the
head in the database; that the whole was not written anew, by heads that were kept elsewhere (anchors).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from holdfast.errors import UsageError
from holdfast.records.audit import Entry, Head, chained, head, read

__all__ = ["Fault", "Verification", "check", "parse_lines", "verify"]

MAX_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where the log is not as it was written. ``position`` is the row that tells it."""

    position: int
    what: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check found. ``end`` is where the rows end, whatever the head says."""

    rows: int
    end: Head
    faults: tuple[Fault, ...]  # the first hundred

    @property
    def is_whole(self) -> bool:
        return not self.faults


def verify(connection: sa.Connection, anchors: Iterable[Head] = ()) -> Verification:
    """Checks the whole log against its head in the database, and against heads that were kept.

    Raises RecordsError where the head is gone.
    """
    return check(_all(connection), expected_end=head(connection), anchors=anchors)


def check(
    entries: Iterable[Entry], *, expected_end: Head | None = None, anchors: Iterable[Head] = ()
) -> Verification:
    """Checks rows in the order in which they come, from the first one of the log on."""
    faults: list[Fault] = []
    kept = {anchor.position: anchor.digest for anchor in anchors if anchor.position}
    at, rows = Head(0, bytes(32)), 0
    for entry in entries:
        rows += 1
        if len(faults) < MAX_FAULTS:
            faults += _faults_of(entry, at, kept)
        at = Head(entry.position, entry.digest)
    beyond = sorted(position for position in kept if position > at.position)
    faults += [Fault(position, "an anchor names this row, and it is gone") for position in beyond]
    if expected_end is not None and expected_end != at:
        faults.append(Fault(at.position, f"the log ends here, and should end at {expected_end.position}"))
    return Verification(rows, at, tuple(faults[:MAX_FAULTS]))


def parse_lines(lines: Iterable[bytes]) -> Iterator[Entry]:
    """The rows of an export. Raises `UsageError`, naming the line."""
    for number, line in enumerate(lines, 1):
        try:
            yield _parsed(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"Line {number} is no row of an audit log. The check ended there.") from error


def _faults_of(entry: Entry, before: Head, kept: dict[int, bytes]) -> Iterator[Fault]:
    if entry.position <= before.position:
        yield Fault(
            entry.position, f"this row stands behind row {before.position}: rows were moved or put in"
        )
    elif entry.position > before.position + 1:
        yield Fault(entry.position, f"rows {before.position + 1} to {entry.position - 1} are gone")
    elif chained(before.digest, entry) != entry.digest:
        yield Fault(entry.position, "this row, or the one before it, is not as it was written")
    if kept.get(entry.position, entry.digest) != entry.digest:
        yield Fault(entry.position, "an anchor gives this row another digest: the log was written anew")


def _all(connection: sa.Connection) -> Iterator[Entry]:
    after = 0
    while entries := read(connection, after=after):
        yield from entries
        after = entries[-1].position


def _parsed(row: dict[str, Any]) -> Entry:
    facts = json.dumps(row["facts"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Entry(
        int(row["position"]),
        datetime.fromisoformat(row["at"]),
        str(row["actor"]),
        str(row["action"]),
        str(row["target"]),
        facts,
        bytes.fromhex(row["digest"]),
    )
