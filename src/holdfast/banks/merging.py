"""From a staged list to entries, fingerprints and opinions, in statements over whole tables.

The rules are those of `entries.add_entry`: rows with one key (else with equal fingerprints) are one
content; a content goes to the entry of the bank that it shares most fingerprints with, else it
becomes a new one; of two rows about one fingerprint from one source the later line counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from holdfast.banks import log
from holdfast.banks.handling import Gate
from holdfast.banks.models import UPHOLDING, VPDQ
from holdfast.banks.sources import ensure_source
from holdfast.banks.staging import chosen, known, placed, said, stage, update_statistics, videos
from holdfast.records.dialect import upsert
from holdfast.records.tables.banks import (
    entries,
    fingerprint_log,
    fingerprint_sources,
    fingerprints,
    sources,
)
from holdfast.records.tables.base import now
from holdfast.records.tables.videos import video_hashes

__all__ = ["Merged", "merge"]


# PostgreSQL: sort a million rows without a detour over the disk, and do not compile plans that run once.
_SETTINGS = ("SET LOCAL work_mem = '64MB'", "SET LOCAL jit = off")


@dataclass(frozen=True, slots=True)
class Merged:
    """What `merge` did, counted in fingerprints except for the entries."""

    entries_added: int
    added: int
    revived: int
    stale: int


def merge(
    connection: sa.Connection, bank_id: int, as_of: datetime, step: Callable[[], None], *, plain: bool
) -> Merged:
    """Merge the staged rows into a bank. The caller owns the transaction; ``step`` is called now and then.

    ``plain``: the caller knows that no row has a key and no fingerprint comes twice, which is most
    lists and saves a few sorts.
    """
    log.lock(connection)
    if connection.dialect.name == "postgresql":
        for setting in _SETTINGS:
            connection.exec_driver_sql(setting)
    for name in connection.scalars(sa.select(stage.c.source).distinct()).all():
        ensure_source(connection, name, kind="import")
    _place(connection, plain)
    step()
    _choose_entries(connection, bank_id)
    step()
    _know_fingerprints(connection)
    _collect_opinions(connection, plain)
    step()
    entries_added = _add_entries(connection, bank_id)
    step()
    added = _add_fingerprints(connection)
    _add_videos(connection)
    step()
    revived, stale = _count_standing(connection, as_of)
    _write_opinions(connection, as_of)
    step()
    _write_log(connection)
    update_statistics(connection, entries, fingerprints, fingerprint_sources)
    return Merged(entries_added, added, revived, stale)


def _place(connection: sa.Connection, plain: bool) -> None:
    """Give each line its content and its fingerprint."""
    if plain:
        _fill(connection, placed, sa.select(stage.c.line, stage.c.line, stage.c.line))
        return
    value = (stage.c.algorithm, stage.c.value, stage.c.convention)
    same_key = sa.func.min(stage.c.line).over(partition_by=stage.c.entry)
    unkeyed = stage.c.entry.is_(None)
    same_unkeyed = sa.func.min(stage.c.line).over(partition_by=[stage.c.entry, *value])
    content = sa.case((unkeyed, same_unkeyed), else_=same_key)
    rows = sa.select(stage.c.line, content.label("content"), *value).subquery()
    first_line = sa.func.min(rows.c.line).over(
        partition_by=[rows.c.content, rows.c.algorithm, rows.c.value, rows.c.convention]
    )
    _fill(connection, placed, sa.select(rows.c.line, rows.c.content, first_line))


def _choose_entries(connection: sa.Connection, bank_id: int) -> None:
    """Give each content the entry that it shares most with, or a new one."""
    if connection.scalar(sa.select(entries.c.id).where(entries.c.bank_id == bank_id).limit(1)) is not None:
        shared = (
            sa.select(placed.c.content, entries.c.id.label("entry_id"), sa.func.count().label("shared"))
            .join(stage, stage.c.line == placed.c.line)
            .join(fingerprints, _same_value())
            .join(entries, entries.c.id == fingerprints.c.entry_id)
            .where(placed.c.line == placed.c.first_line, entries.c.bank_id == bank_id)
            .group_by(placed.c.content, entries.c.id)
            .subquery()
        )
        rank = sa.func.row_number().over(
            partition_by=shared.c.content, order_by=[shared.c.shared.desc(), shared.c.entry_id]
        )
        ranked = sa.select(shared.c.content, shared.c.entry_id, rank.label("rank")).subquery()
        best = sa.select(ranked.c.content, ranked.c.entry_id, sa.false()).where(ranked.c.rank == 1)
        _fill(connection, chosen, best)
    fresh = (
        sa.select(placed.c.content)
        .where(placed.c.line == placed.c.content, placed.c.content.not_in(sa.select(chosen.c.content)))
        .order_by(placed.c.content)
        .subquery()
    )
    new_id = _new_id(connection, entries, fresh.c.content)
    _fill(connection, chosen, sa.select(fresh.c.content, new_id, sa.true()))


def _know_fingerprints(connection: sa.Connection) -> None:
    """Give each fingerprint its id, old or new."""
    firsts = placed.c.line == placed.c.first_line
    old = (
        sa.select(placed.c.line, fingerprints.c.id, chosen.c.entry_id, sa.false())
        .join(stage, stage.c.line == placed.c.line)
        .join(chosen, sa.and_(chosen.c.content == placed.c.content, ~chosen.c.is_new))
        .join(fingerprints, sa.and_(fingerprints.c.entry_id == chosen.c.entry_id, _same_value()))
        .where(firsts)
    )
    _fill(connection, known, old)
    fresh = (
        sa.select(placed.c.line, chosen.c.entry_id)
        .join(chosen, chosen.c.content == placed.c.content)
        .where(firsts, placed.c.line.not_in(sa.select(known.c.first_line)))
        .order_by(placed.c.line)
        .subquery()
    )
    new_id = _new_id(connection, fingerprints, fresh.c.line)
    _fill(connection, known, sa.select(fresh.c.line, new_id, fresh.c.entry_id, sa.true()))


def _collect_opinions(connection: sa.Connection, plain: bool) -> None:
    rows = (
        sa.select(known.c.fingerprint_id, sources.c.id, stage.c.opinion, stage.c.provenance)
        .select_from(stage)
        .join(placed, placed.c.line == stage.c.line)
        .join(known, known.c.first_line == placed.c.first_line)
        .join(sources, sources.c.name == stage.c.source)
    )
    if plain:
        _fill(connection, said, rows)
        return
    latest = sa.func.row_number().over(
        partition_by=[known.c.fingerprint_id, sources.c.id], order_by=stage.c.line.desc()
    )
    ranked = rows.add_columns(latest.label("latest")).subquery()
    _fill(connection, said, sa.select(*list(ranked.c)[:-1]).where(ranked.c.latest == 1))


def _add_entries(connection: sa.Connection, bank_id: int) -> int:
    rows = (
        sa.select(
            chosen.c.entry_id,
            sa.literal(bank_id),
            stage.c.label,
            stage.c.classification,
            stage.c.medium,
            stage.c.note,
            sa.literal(now(), entries.c.created_at.type),
        )
        .join(stage, stage.c.line == chosen.c.content)
        .where(chosen.c.is_new)
    )
    names = ["id", "bank_id", "label", "classification", "medium", "note", "created_at"]
    return _insert(connection, entries, names, rows)


def _add_fingerprints(connection: sa.Connection) -> int:
    gate = Gate(connection, "match")
    active = (
        sa.select(sa.literal(1))
        .where(
            said.c.fingerprint_id == known.c.fingerprint_id,
            said.c.opinion.in_(UPHOLDING),
            said.c.source_id.in_(gate.source_ids),
        )
        .exists()
    )
    rows = (
        sa.select(
            known.c.fingerprint_id,
            known.c.entry_id,
            stage.c.algorithm,
            stage.c.value,
            stage.c.convention,
            stage.c.quality,
            stage.c.size_bytes,
            active,
        )
        .join(stage, stage.c.line == known.c.first_line)
        .where(known.c.is_new)
    )
    names = ["id", "entry_id", "algorithm", "value", "convention", "quality", "size_bytes", "active"]
    return _insert(connection, fingerprints, names, rows)


def _add_videos(connection: sa.Connection) -> None:
    """The frames of each new video."""
    rows = (
        sa.select(known.c.fingerprint_id, videos.c.frames)
        .join(stage, stage.c.line == known.c.first_line)
        .join(videos, videos.c.name == stage.c.value)
        .where(known.c.is_new, stage.c.algorithm == VPDQ)
    )
    _insert(connection, video_hashes, ["fingerprint_id", "frames"], rows)


def _count_standing(connection: sa.Connection, as_of: datetime) -> tuple[int, int]:
    """How many opinions will revive what their source withdrew, and how many come too late."""
    late = fingerprint_sources.c.updated_at > as_of
    statement = sa.select(
        sa.func.count(sa.case((sa.and_(~late, fingerprint_sources.c.withdrawn_at.is_not(None)), 1))),
        sa.func.count(sa.case((late, 1))),
    ).select_from(
        said.join(
            fingerprint_sources,
            sa.and_(
                fingerprint_sources.c.fingerprint_id == said.c.fingerprint_id,
                fingerprint_sources.c.source_id == said.c.source_id,
            ),
        )
    )
    revived, stale = connection.execute(statement).one()
    return revived, stale


def _write_opinions(connection: sa.Connection, as_of: datetime) -> None:
    names = ["fingerprint_id", "source_id", "opinion", "provenance", "updated_at"]
    rows = sa.select(
        said.c.fingerprint_id,
        said.c.source_id,
        said.c.opinion,
        said.c.provenance,
        sa.literal(as_of, fingerprint_sources.c.updated_at.type),
    )
    old = said.c.fingerprint_id.in_(sa.select(known.c.fingerprint_id).where(~known.c.is_new))
    _insert(connection, fingerprint_sources, names, rows.where(~old))
    filled = upsert(connection, fingerprint_sources).from_select(names, rows.where(old))
    connection.execute(
        filled.on_conflict_do_update(
            index_elements=["fingerprint_id", "source_id"],
            set_={
                "opinion": filled.excluded.opinion,
                "provenance": filled.excluded.provenance,
                "withdrawn_at": None,
                "updated_at": filled.excluded.updated_at,
            },
            where=fingerprint_sources.c.updated_at <= filled.excluded.updated_at,
        )
    )


def _write_log(connection: sa.Connection) -> None:
    """A row for each new active fingerprint, and for each old one that this changed."""
    before = log.next_position(connection) - 1
    number = sa.func.row_number().over(order_by=fingerprints.c.id)
    new = (
        sa.select(before + number, fingerprints.c.id, fingerprints.c.algorithm, sa.true())
        .join(known, known.c.fingerprint_id == fingerprints.c.id)
        .where(known.c.is_new, fingerprints.c.active)
    )
    connection.execute(fingerprint_log.insert().from_select(list(fingerprint_log.c), new))
    log.record_changes(connection, sa.select(known.c.fingerprint_id).where(~known.c.is_new))


def _same_value() -> sa.ColumnElement[bool]:
    return sa.and_(
        fingerprints.c.algorithm == stage.c.algorithm,
        fingerprints.c.value == stage.c.value,
        fingerprints.c.convention == stage.c.convention,
    )


def _new_id(
    connection: sa.Connection, table: sa.Table, order: sa.ColumnElement[Any]
) -> sa.ColumnElement[int]:
    """Ids for new rows of ``table``, never used before, ascending with ``order``."""
    if connection.dialect.name == "postgresql":
        sequence = connection.scalar(sa.select(sa.func.pg_get_serial_sequence(table.name, "id")))
        return sa.func.nextval(sa.cast(sequence, postgresql.REGCLASS))
    used = (
        sa.select(sa.column("seq", sa.Integer))
        .select_from(sa.table("sqlite_sequence"))
        .where(sa.column("name") == table.name)
    )
    return (connection.scalar(used) or 0) + sa.func.row_number().over(order_by=order)


def _insert(connection: sa.Connection, table: sa.Table, names: list[str], rows: sa.Select[Any]) -> int:
    statement = table.insert().inline().from_select(names, rows)
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def _fill(connection: sa.Connection, table: sa.Table, rows: sa.Select[Any]) -> None:
    connection.execute(table.insert().from_select(list(table.c), rows))
    update_statistics(connection, table)
