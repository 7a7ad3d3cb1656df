"""Who says what of a fingerprint. One source never touches another's opinion.

A source upholds a fingerprint with the opinion *positive* or *seed* that it has not withdrawn. The
fingerprint is in use while any source upholds it. Each opinion carries the moment it was formed
(``as_of``): news older than what is known of the same source changes nothing, so a page of a list
that is sent again does not revive what the source has withdrawn since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from holdfast.banks import log
from holdfast.banks.models import OPINIONS, Opinion, tidy
from holdfast.errors import NotFoundError, UsageError
from holdfast.records.dialect import upsert
from holdfast.records.tables.banks import fingerprint_sources, fingerprints, sources
from holdfast.records.tables.base import now

__all__ = ["opinions_of", "set_opinion", "verdict", "withdraw"]

BATCH = 5_000  # ids in one statement: SQLite allows 32,766 parameters


def set_opinion(
    connection: sa.Connection,
    fingerprint_ids: Sequence[int],
    source_id: int,
    opinion: str = "positive",
    *,
    provenance: str = "",
    as_of: datetime | None = None,
) -> int:
    """Let a source say ``opinion`` of fingerprints, which revives what it had withdrawn.

    Nothing changes where the source said or withdrew something after ``as_of`` (default: now).
    Returns how many opinions were written. ``provenance`` is the source's own id or file name.

    Raises
        UsageError: an unknown opinion.
        NotFoundError: no such source or fingerprint.
    """
    if opinion not in OPINIONS:
        raise UsageError(f"{opinion!r} is no opinion ({', '.join(OPINIONS)}). Nothing was changed.")
    log.lock(connection)
    if connection.scalar(sa.select(sources.c.id).where(sources.c.id == source_id)) is None:
        raise NotFoundError(f"There is no source {source_id}. Nothing was changed.")
    insert = upsert(connection, fingerprint_sources)
    statement = insert.on_conflict_do_update(
        index_elements=["fingerprint_id", "source_id"],
        set_={
            name: insert.excluded[name] for name in ("opinion", "provenance", "withdrawn_at", "updated_at")
        },
        where=fingerprint_sources.c.updated_at <= insert.excluded.updated_at,
    )
    common = {
        "source_id": source_id,
        "opinion": opinion,
        "provenance": tidy(provenance, 500, "provenance"),
        "withdrawn_at": None,
        "updated_at": as_of or now(),
    }
    written = 0
    for ids in _batches(fingerprint_ids):
        found = sa.select(sa.func.count()).select_from(fingerprints).where(fingerprints.c.id.in_(ids))
        if connection.scalar(found) != len(set(ids)):
            raise NotFoundError("One of the fingerprints is not there (any more). Nothing was changed.")
        rows = [{"fingerprint_id": fingerprint_id, **common} for fingerprint_id in ids]
        counted = connection.execute(statement, rows, execution_options={"preserve_rowcount": True})
        written += counted.rowcount
    _record(connection, fingerprint_ids)
    return written


def withdraw(
    connection: sa.Connection, fingerprint_ids: Sequence[int], source_id: int, *, at: datetime | None = None
) -> int:
    """Let a source take back what it said of fingerprints, leaving a tombstone of the moment ``at`` (now).

    What it never said, said later or withdrew already is not touched. Returns how many were withdrawn.
    """
    log.lock(connection)
    moment = at or now()
    written = 0
    for ids in _batches(fingerprint_ids):
        statement = (
            fingerprint_sources.update()
            .where(
                fingerprint_sources.c.fingerprint_id.in_(ids),
                fingerprint_sources.c.source_id == source_id,
                fingerprint_sources.c.withdrawn_at.is_(None),
                fingerprint_sources.c.updated_at <= moment,
            )
            .values(withdrawn_at=moment, updated_at=moment)
        )
        written += connection.execute(statement).rowcount
    _record(connection, fingerprint_ids)
    return written


def opinions_of(connection: sa.Connection, fingerprint_ids: Sequence[int]) -> dict[int, list[Opinion]]:
    """Fingerprint id -> what each source says of it, withdrawn or not, in the order of the sources' names."""
    found: dict[int, list[Opinion]] = defaultdict(list)
    for ids in _batches(fingerprint_ids):
        statement = (
            sa.select(
                fingerprint_sources.c.fingerprint_id,
                fingerprint_sources.c.source_id,
                sources.c.name,
                fingerprint_sources.c.opinion,
                fingerprint_sources.c.provenance,
                fingerprint_sources.c.withdrawn_at,
                fingerprint_sources.c.updated_at,
            )
            .join(sources, sources.c.id == fingerprint_sources.c.source_id)
            .where(fingerprint_sources.c.fingerprint_id.in_(ids))
            .order_by(sources.c.name)
        )
        for row in connection.execute(statement):
            found[row.fingerprint_id].append(Opinion(*row))
    return dict(found)


def verdict(opinions: Iterable[str]) -> str:
    """What opinions that are not withdrawn come to: "positive", "negative", "disputed", "seed" or "none"."""
    said = set(opinions)
    if {"positive", "negative"} <= said:
        return "disputed"
    return next((opinion for opinion in ("positive", "negative", "seed") if opinion in said), "none")


def _record(connection: sa.Connection, fingerprint_ids: Sequence[int]) -> None:
    for ids in _batches(fingerprint_ids):
        log.record_changes(connection, _ids(ids))


def _ids(ids: Sequence[int]) -> sa.Select[tuple[int]]:
    return sa.select(fingerprints.c.id).where(fingerprints.c.id.in_(ids))


def _batches(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))
