"""The log that every index follows: which fingerprint began or ceased to match, in the order of the commits.

A reader at position p that has read up to q will never be shown a new row at or below q: whoever
writes takes one lock until the commit before a position is given out, so positions appear in order
and without a gap that is filled later. On SQLite BEGIN IMMEDIATE is that lock; on PostgreSQL it is an
advisory lock, taken at the *start* of a change, so that two changes of one fingerprint see each
other's outcome and writers cannot wait for each other in a circle. Lists have one writer at a time.

Bulk imports write their rows with one statement. A reader that is far behind (see `last_position`)
need not walk through them: `active_codes` is the whole truth at one position, and is faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from holdfast.banks.handling import Gate
from holdfast.banks.models import ALGORITHMS
from holdfast.records.tables.banks import fingerprint_log, fingerprints

__all__ = [
    "Change",
    "active_codes",
    "changes_since",
    "last_position",
    "lock",
    "read_since",
    "record_again",
    "record_changes",
]

WRITER_LOCK = 0x686F6C64_6C697374  # of PostgreSQL's advisory locks: "hold", "list"
BLOCK = 65536

Codes = tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class Change:
    """A fingerprint to take into an index (``value`` is there) or out of it (``value`` is None)."""

    position: int
    fingerprint_id: int
    algorithm: str
    value: bytes | None = field(repr=False)


def lock(connection: sa.Connection) -> None:
    """Become the one writer of lists until this transaction ends. Waits for its turn."""
    if connection.dialect.name == "postgresql":
        connection.execute(_TAKE_LOCK)


def record_changes(connection: sa.Connection, candidates: sa.Select[tuple[int]]) -> int:
    """Bring `active` up to date for the ids in ``candidates``, with a log row for each change.

    The caller holds the `lock`. Returns the number of changes.
    """
    upheld = Gate(connection, "match").allows()
    changing = sa.and_(fingerprints.c.id.in_(candidates), fingerprints.c.active != upheld)
    first = next_position(connection)
    number = sa.func.row_number().over(order_by=fingerprints.c.id)
    rows = sa.select(first - 1 + number, fingerprints.c.id, fingerprints.c.algorithm, upheld).where(changing)
    connection.execute(fingerprint_log.insert().from_select(list(fingerprint_log.c), rows))
    changed = next_position(connection) - first
    if changed:
        connection.execute(fingerprints.update().where(changing).values(active=~fingerprints.c.active))
    return changed


def record_again(connection: sa.Connection, fingerprint_id: int, algorithm: str) -> None:
    """A log row for a fingerprint of which something else has changed, if it is active: it is taken in anew.

    The caller holds the `lock`.
    """
    position = sa.literal(next_position(connection))
    rows = sa.select(position, fingerprints.c.id, sa.literal(algorithm), sa.true()).where(
        fingerprints.c.id == fingerprint_id, fingerprints.c.active
    )
    connection.execute(fingerprint_log.insert().from_select(list(fingerprint_log.c), rows))


def record_removal(connection: sa.Connection, candidates: sa.Select[tuple[int]]) -> None:
    """A log row for each active fingerprint with an id in ``candidates``; the caller deletes them next."""
    first = next_position(connection)
    number = sa.func.row_number().over(order_by=fingerprints.c.id)
    rows = sa.select(first - 1 + number, fingerprints.c.id, fingerprints.c.algorithm, sa.false()).where(
        fingerprints.c.id.in_(candidates), fingerprints.c.active
    )
    connection.execute(fingerprint_log.insert().from_select(list(fingerprint_log.c), rows))


def next_position(connection: sa.Connection) -> int:
    """The position that the next row gets. Good only while the caller holds the `lock`."""
    return last_position(connection) + 1


def last_position(connection: sa.Connection) -> int:
    """The newest position, 0 when the log is empty."""
    return connection.scalar(_LAST) or 0


def read_since(connection: sa.Connection, position: int, limit: int = 10_000) -> list[Change]:
    """Up to ``limit`` changes after ``position``, oldest first.

    The value comes from the fingerprint itself: a change whose fingerprint has ceased to be active
    since comes as a removal, and so does the later change that ended it.
    """
    rows = connection.execute(_SINCE, {"position": position, "limit": limit})
    return [Change(*row) for row in rows]


def changes_since(connection: sa.Connection, position: int, algorithm: str) -> int:
    """How many changes of fingerprints of one algorithm come after ``position``."""
    statement = (
        sa.select(sa.func.count())
        .select_from(fingerprint_log)
        .where(fingerprint_log.c.position > position, fingerprint_log.c.algorithm == algorithm)
    )
    return connection.scalar(statement) or 0


def active_codes(connection: sa.Connection, algorithm: str = "pdq", *, block: int = BLOCK) -> Iterator[Codes]:
    """All active fingerprints: blocks of ids, int64 (n,), ascending, and values, uint8 (n, bytes).

    Read `last_position` in the same `Database.read`: the two are then of one moment.
    """
    width = ALGORITHMS[algorithm]
    statement = (
        sa.select(fingerprints.c.id, fingerprints.c.value)
        .where(fingerprints.c.algorithm == algorithm, fingerprints.c.active)
        .order_by(fingerprints.c.id)
    )
    with connection.execute(
        statement, execution_options={"stream_results": True, "yield_per": block}
    ) as rows:
        for part in rows.partitions(block):
            ids, values = zip(*part, strict=True)
            codes = np.frombuffer(b"".join(values), dtype=np.uint8).reshape(len(ids), width)
            yield np.array(ids, dtype=np.int64), codes


_TAKE_LOCK = sa.select(sa.func.pg_advisory_xact_lock(WRITER_LOCK))
_LAST = sa.select(sa.func.max(fingerprint_log.c.position))
_SINCE = (
    sa.select(
        fingerprint_log.c.position,
        fingerprint_log.c.fingerprint_id,
        fingerprint_log.c.algorithm,
        sa.case((sa.and_(fingerprint_log.c.active, fingerprints.c.active), fingerprints.c.value)),
    )
    .select_from(
        fingerprint_log.outerjoin(fingerprints, fingerprints.c.id == fingerprint_log.c.fingerprint_id)
    )
    .where(fingerprint_log.c.position > sa.bindparam("position"))
    .order_by(fingerprint_log.c.position)
    .limit(sa.bindparam("limit"))
)
