"""Copies of one content, whoever uploaded them: grouped, so that one look and one decision serve all.

Two files are copies when their bytes are equal, when both are the very file that one entry lists, or when
their PDQ hashes lie within `RADIUS_BITS`. Likeness to one entry is not enough: two different pictures may
both be (wrongly) near it. The group goes by its first copy, so that it cannot drift from picture to picture.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from holdfast.records.dialect import moment, upsert
from holdfast.records.tables.base import now
from holdfast.records.tables.review import case_items, cluster_bands, media_clusters
from holdfast.records.tables.vault import vault_items
from holdfast.records.tables.viewing import exposures_avoided, media_served

__all__ = ["RADIUS_BITS", "avoided", "count_avoided", "forget_destroyed", "put_in_cluster"]

CODE_BYTES: Final = 32
BANDS: Final = 16
RADIUS_BITS: Final = BANDS - 1  # then at least one of 16 bands is equal
BATCH: Final = 500


def put_in_cluster(
    connection: sa.Connection, *, digest: bytes | None, code: bytes, exact_entry: int | None
) -> int | None:
    """The id of the group that a file belongs to, made where it is the first of its kind.

    ``digest`` is its SHA-256, ``code`` its PDQ (32 bytes, b"" without), ``exact_entry`` the entry that lists
    this very file. None where nothing is known of it to go by.
    """
    if digest is None and not code and exact_entry is None:
        return None
    found = _find(connection, digest, code, exact_entry)
    if found is not None:
        grown = sa.update(media_clusters).where(media_clusters.c.id == found)
        connection.execute(grown.values(members=media_clusters.c.members + 1))
        return found
    values: dict[str, Any] = {
        "digest": digest,
        "code": code or None,
        "exact_entry": exact_entry,
        "members": 1,
        "annotations": [],
    }
    statement = sa.insert(media_clusters).values(**values, made_at=moment(connection))
    made = int(connection.execute(statement.returning(media_clusters.c.id)).scalar_one())
    if code:
        rows = [{"band": band, "value": value, "cluster_id": made} for band, value in _bands(code)]
        connection.execute(sa.insert(cluster_bands), rows)
    return made


def count_avoided(connection: sa.Connection, why: str, files: int = 1) -> None:
    """Files that nobody had to look at: "copy" (of what was decided), "rule" (closed without a look)."""
    if not files:
        return
    insert = upsert(connection, exposures_avoided).values(day=now().date(), why=why, files=files)
    grown = {"files": exposures_avoided.c.files + insert.excluded.files}
    connection.execute(insert.on_conflict_do_update(index_elements=["day", "why"], set_=grown))


def avoided(connection: sa.Connection, *, since: date, until: date) -> dict[str, int]:
    """Why -> files that nobody had to look at, in the days from ``since`` to ``until``, both included."""
    e = exposures_avoided.c
    query = sa.select(e.why, sa.func.sum(e.files)).where(e.day.between(since, until)).group_by(e.why)
    return {why: int(files) for why, files in connection.execute(query)}


def forget_destroyed(connection: sa.Connection, limit: int = BATCH) -> int:
    """Forgets the hashes of groups of which nothing is held any more; how many groups.

    Also those of destroyed files in the view ledger: that their bytes were served stays on record.
    """
    destroyed = sa.select(vault_items.c.id).where(vault_items.c.state == "destroyed")
    served = sa.update(media_served).where(media_served.c.item_id.in_(destroyed))
    connection.execute(served.where(media_served.c.digest.is_not(None)).values(digest=None))
    held = (
        sa.exists()
        .where(case_items.c.cluster_id == media_clusters.c.id, case_items.c.item_id == vault_items.c.id)
        .where(vault_items.c.state != "destroyed")
    )
    was_held = sa.exists().where(
        case_items.c.cluster_id == media_clusters.c.id, case_items.c.item_id.is_not(None)
    )
    known = sa.or_(media_clusters.c.digest.is_not(None), media_clusters.c.code.is_not(None))
    gone = list(connection.scalars(sa.select(media_clusters.c.id).where(known, was_held, ~held).limit(limit)))
    if gone:
        connection.execute(sa.delete(cluster_bands).where(cluster_bands.c.cluster_id.in_(gone)))
        forgotten = sa.update(media_clusters).where(media_clusters.c.id.in_(gone))
        connection.execute(forgotten.values(digest=None, code=None))
    return len(gone)


def _find(
    connection: sa.Connection, digest: bytes | None, code: bytes, exact_entry: int | None
) -> int | None:
    m = media_clusters.c
    same = []
    if digest is not None:
        same.append(m.digest == digest)
    if exact_entry is not None:
        same.append(m.exact_entry == exact_entry)
    for condition in same:
        found = connection.scalar(sa.select(m.id).where(condition).order_by(m.id).limit(1))
        if found is not None:
            return int(found)
    return _near(connection, code) if code else None


def _near(connection: sa.Connection, code: bytes) -> int | None:
    """The nearest group within the radius; of equally near ones the oldest."""
    b, m = cluster_bands.c, media_clusters.c
    bands = sa.or_(*(sa.and_(b.band == band, b.value == value) for band, value in _bands(code)))
    shares = sa.select(b.cluster_id).where(bands).distinct()
    wanted = int.from_bytes(code)
    near = [
        ((int.from_bytes(row.code) ^ wanted).bit_count(), row.id)
        for row in connection.execute(sa.select(m.id, m.code).where(m.id.in_(shares)))
    ]
    distance_bits, found = min(near, default=(CODE_BYTES * 8, 0))
    return found if distance_bits <= RADIUS_BITS else None


def _bands(code: bytes) -> list[tuple[int, int]]:
    if len(code) != CODE_BYTES:
        raise ValueError(f"a PDQ hash has {CODE_BYTES} bytes, not {len(code)}")
    return [(band, int.from_bytes(code[2 * band : 2 * band + 2])) for band in range(BANDS)]
