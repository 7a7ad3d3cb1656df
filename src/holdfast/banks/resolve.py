"""What a hit means: from fingerprint ids and digests to bank and entry, in at most two statements.

This is the way out by which answers to uploads and look-ups leave, so sharing terms are asked here
again (an index may be a moment behind).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from holdfast.banks.handling import from_json, permits
from holdfast.banks.models import UPHOLDING
from holdfast.banks.opinions import verdict
from holdfast.records.tables.banks import (
    banks,
    entries,
    fingerprint_sources,
    fingerprints,
    reference_views,
    sources,
)
from holdfast.records.tables.base import now

__all__ = ["BankMatch", "conventions_in_use", "find_digests", "resolve"]

BATCH = 10_000  # ids in one statement: SQLite allows 32,766 parameters


@dataclass(frozen=True, slots=True)
class BankMatch:
    """One fingerprint of an entry that the content matches.

    ``distance_bits`` is 0 for digests. ``exact``: equal SHA-1 or SHA-256, or equal MD5 with the size that
    the list gives. ``verdict`` is what the sources together say: "positive", "disputed", "seed".
    ``matching`` is the bank's. ``code`` is a PDQ hash's value, b"" for digests, and ``reference_view`` says
    in words what part of its original it shows, "" for all of it.
    """

    fingerprint_id: int
    entry_id: int
    bank_id: int
    bank: str
    kind: str
    trusted: bool
    bank_enabled: bool
    max_distance_bits: int
    label: str
    classification: str | None
    medium: str
    disabled_until: datetime | None
    algorithm: str
    convention: str
    distance_bits: int
    exact: bool
    verdict: str
    matching: str
    code: bytes = field(repr=False)
    reference_view: str

    def is_on(self, at: datetime) -> bool:
        """Whether neither its bank nor its entry is switched off."""
        return self.bank_enabled and (self.disabled_until is None or self.disabled_until <= at)

    def counts(self, at: datetime) -> bool:
        """Whether it lies within its bank's radius, and neither bank nor entry is switched off."""
        return self.distance_bits <= self.max_distance_bits and self.is_on(at)


def resolve(
    connection: sa.Connection,
    hits: Sequence[tuple[int, int]] = (),
    digests: Mapping[str, bytes] | None = None,
    *,
    size_bytes: int | None = None,
    bank_ids: Sequence[int] | None = None,
    include_disabled: bool = False,
    at_any_distance: bool = False,
    at: datetime | None = None,
) -> list[BankMatch]:
    """The matches behind index hits and exact digests of one content, nearest first.

    ``hits`` are (fingerprint id, distance in bits); where an id comes twice the nearer one counts.
    ``digests`` maps "md5", "sha1", "sha256" to raw digests, ``size_bytes`` is the content's own size.
    Without ``include_disabled`` only those that `BankMatch.counts` are given; with ``at_any_distance`` those
    beyond their bank's radius too: the caller judges them.
    """
    distances: dict[int, int] = {}
    for fingerprint_id, distance in hits:
        distances[fingerprint_id] = min(distance, distances.get(fingerprint_id, distance))
    rows = _candidates(connection, list(distances), digests or {})
    if bank_ids is not None:
        rows = [row for row in rows if row.bank_id in set(bank_ids)]
    said = _verdicts(connection, [row.id for row in rows])
    moment = at or now()
    matches = [
        _match(row, distances.get(row.id, 0), said[row.id], size_bytes) for row in rows if row.id in said
    ]
    if not include_disabled:
        counts = BankMatch.is_on if at_any_distance else BankMatch.counts
        matches = [match for match in matches if counts(match, moment)]
    return sorted(matches, key=lambda match: (not match.exact, match.distance_bits, match.fingerprint_id))


def find_digests(
    connection: sa.Connection,
    digests: Mapping[str, bytes],
    *,
    size_bytes: int | None = None,
    include_disabled: bool = False,
) -> list[BankMatch]:
    """The matches of exact digests alone (see `resolve`)."""
    return resolve(connection, (), digests, size_bytes=size_bytes, include_disabled=include_disabled)


def conventions_in_use(connection: sa.Connection) -> frozenset[str]:
    """The conventions that a PDQ query must be hashed in to find all there is: of "full", "nearest-512".

    A fingerprint of unknown convention needs both.
    """
    in_use = connection.execute(_CONVENTIONS).one()
    if in_use.unknown:
        return frozenset({"full", "nearest-512"})
    return frozenset(name for name, used in (("full", in_use.full), ("nearest-512", in_use.nearest)) if used)


def _candidates(connection: sa.Connection, ids: Sequence[int], digests: Mapping[str, bytes]) -> list[Any]:
    values = {name: digests.get(name) for name in ("md5", "sha1", "sha256")}
    if len(ids) <= BATCH:
        statement = _BY_BOTH if ids and digests else _BY_ID if ids else _BY_DIGEST
        if not ids and not digests:
            return []
        parameters = {**({"ids": ids} if ids else {}), **(values if digests else {})}
        return list(connection.execute(statement, parameters))
    rows: list[Any] = list(connection.execute(_BY_DIGEST, values)) if digests else []
    for start in range(0, len(ids), BATCH):
        rows.extend(connection.execute(_BY_ID, {"ids": ids[start : start + BATCH]}))
    return rows


def _verdicts(connection: sa.Connection, ids: Sequence[int]) -> dict[int, str]:
    """Fingerprint id -> verdict, for those whose upholding sources allow matching."""
    said: dict[int, list[Any]] = defaultdict(list)
    for start in range(0, len(ids), BATCH):
        for row in connection.execute(_OPINIONS, {"ids": ids[start : start + BATCH]}):
            said[row.fingerprint_id].append(row)
    return {
        fingerprint_id: verdict(row.opinion for row in rows)
        for fingerprint_id, rows in said.items()
        if permits([from_json(row.handling) for row in rows if row.opinion in UPHOLDING], "match")
    }


def _match(row: sa.Row[Any], distance_bits: int, said: str, size_bytes: int | None) -> BankMatch:
    exact = row.algorithm in ("sha1", "sha256") or (
        row.algorithm == "md5" and row.size_bytes is not None and row.size_bytes == size_bytes
    )
    return BankMatch(
        fingerprint_id=row.id,
        entry_id=row.entry_id,
        bank_id=row.bank_id,
        bank=row.bank,
        kind=row.kind,
        trusted=row.trusted,
        bank_enabled=row.enabled,
        max_distance_bits=row.max_distance_bits,
        label=row.label,
        classification=row.classification,
        medium=row.medium,
        disabled_until=row.disabled_until,
        algorithm=row.algorithm,
        convention=row.convention,
        distance_bits=distance_bits,
        exact=exact,
        verdict=said,
        matching=row.matching,
        code=row.value if row.algorithm == "pdq" else b"",
        reference_view=row.words or "",
    )


def _equal(algorithm: str) -> sa.ColumnElement[bool]:
    value = sa.bindparam(algorithm, type_=sa.LargeBinary)  # None finds nothing
    return sa.and_(fingerprints.c.algorithm == algorithm, fingerprints.c.value == value)


# Built once: SQLAlchemy keeps the compiled text with the statement.
_HIT = (
    sa.select(
        fingerprints.c.id,
        fingerprints.c.entry_id,
        fingerprints.c.algorithm,
        fingerprints.c.value,
        fingerprints.c.convention,
        fingerprints.c.size_bytes,
        entries.c.bank_id,
        entries.c.label,
        entries.c.classification,
        entries.c.medium,
        entries.c.disabled_until,
        banks.c.name.label("bank"),
        banks.c.kind,
        banks.c.trusted,
        banks.c.enabled,
        banks.c.max_distance_bits,
        banks.c.matching,
        reference_views.c.words,
    )
    .join(entries, entries.c.id == fingerprints.c.entry_id)
    .join(banks, banks.c.id == entries.c.bank_id)
    .outerjoin(reference_views, reference_views.c.fingerprint_id == fingerprints.c.id)
    .where(fingerprints.c.active)
)
_ID_IN = fingerprints.c.id.in_(sa.bindparam("ids", expanding=True))
_DIGEST_IS = sa.or_(_equal("md5"), _equal("sha1"), _equal("sha256"))
_BY_ID = _HIT.where(_ID_IN)
_BY_DIGEST = _HIT.where(_DIGEST_IS)
_BY_BOTH = _HIT.where(sa.or_(_ID_IN, _DIGEST_IS))
_OPINIONS = (
    sa.select(fingerprint_sources.c.fingerprint_id, fingerprint_sources.c.opinion, sources.c.handling)
    .join(sources, sources.c.id == fingerprint_sources.c.source_id)
    .where(
        fingerprint_sources.c.fingerprint_id.in_(sa.bindparam("ids", expanding=True)),
        fingerprint_sources.c.withdrawn_at.is_(None),
    )
)


def _used(convention: str) -> sa.ColumnElement[bool]:
    # Written out, not a parameter: PostgreSQL's plan for any value would read the table through.
    value = sa.literal(convention, literal_execute=True)
    return sa.select(sa.literal(1)).where(fingerprints.c.convention == value).exists()


_CONVENTIONS = sa.select(
    _used("full").label("full"), _used("nearest-512").label("nearest"), _used("unknown").label("unknown")
)
