"""Local features of a list owner's own videos, as they lie in the records: sealed.

They are as sensitive as the pictures. Only the rooms of a process that screens read them, and nothing that
exports, exchanges or answers does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from holdfast.banks import log
from holdfast.banks.models import VPDQ
from holdfast.records.tables.banks import fingerprint_log, fingerprints
from holdfast.records.tables.videos import video_features

__all__ = ["active_features", "changed_since", "context_of", "sealed_features", "store_features"]

BATCH = 100  # read together: of one video they take up to 45 kB


def context_of(name: bytes) -> bytes:
    """What sealed features are bound to: the ``name`` of the vPDQ hash that they belong to."""
    return b"holdfast video features 1\0" + name


def store_features(connection: sa.Connection, entry_id: int, name: bytes, sealed: bytes) -> None:
    """Keeps the features of the video whose vPDQ hash has this ``name``, in place of earlier ones."""
    log.lock(connection)
    fingerprint_id = connection.execute(
        sa.select(fingerprints.c.id).where(
            fingerprints.c.entry_id == entry_id,
            fingerprints.c.algorithm == VPDQ,
            fingerprints.c.value == name,
        )
    ).scalar_one()
    connection.execute(video_features.delete().where(video_features.c.fingerprint_id == fingerprint_id))
    connection.execute(video_features.insert().values(fingerprint_id=fingerprint_id, sealed=sealed))
    log.record_again(connection, fingerprint_id, VPDQ)


def active_features(connection: sa.Connection) -> list[int]:
    """The active video fingerprints that have local features, by rising ids."""
    statement = (
        sa.select(video_features.c.fingerprint_id)
        .join(fingerprints, fingerprints.c.id == video_features.c.fingerprint_id)
        .where(fingerprints.c.active)
        .order_by(video_features.c.fingerprint_id)
    )
    return list(connection.scalars(statement))


def changed_since(connection: sa.Connection, position: int) -> list[int]:
    """The video fingerprints that the log names after ``position``."""
    statement = sa.select(fingerprint_log.c.fingerprint_id).where(
        fingerprint_log.c.position > position, fingerprint_log.c.algorithm == VPDQ
    )
    return list(connection.scalars(statement.distinct()))


def sealed_features(connection: sa.Connection, ids: Sequence[int]) -> Iterator[tuple[int, bytes, bytes]]:
    """(fingerprint id, name of its hash, sealed features) of each of these that still has some."""
    for start in range(0, len(ids), BATCH):
        statement = (
            sa.select(video_features.c.fingerprint_id, fingerprints.c.value, video_features.c.sealed)
            .join(fingerprints, fingerprints.c.id == video_features.c.fingerprint_id)
            .where(video_features.c.fingerprint_id.in_(ids[start : start + BATCH]))
        )
        yield from (tuple(row) for row in connection.execute(statement))
