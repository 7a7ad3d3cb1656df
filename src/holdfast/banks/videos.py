"""Video hashes in the banks: their fingerprints, and the frames behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from holdfast.banks.models import VPDQ, Fingerprint
from holdfast.hashing.video import VideoHash
from holdfast.hashing.videoblob import FRAME_BYTES, HEAD_BYTES, name_of, pack, unpack
from holdfast.records.tables.banks import fingerprint_log, fingerprints
from holdfast.records.tables.videos import video_hashes

__all__ = [
    "Changed",
    "active_size",
    "active_videos",
    "changed_videos",
    "frames_of",
    "video_fingerprint",
]

BATCH = 500  # hashes read together: two hours of video take 300 kB

Changed = tuple[int, VideoHash | None]


def video_fingerprint(video: VideoHash) -> Fingerprint:
    """The fingerprint of a video's vPDQ hash. Raises `BadEntryError` for one that has no room."""
    return Fingerprint(VPDQ, name_of(video), frames=pack(video))


def frames_of(connection: sa.Connection, ids: Sequence[int]) -> dict[int, VideoHash]:
    """The hash of each of these fingerprints that is a video's. The caller asks the sharing terms."""
    found: dict[int, VideoHash] = {}
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        rows = connection.execute(sa.select(video_hashes).where(video_hashes.c.fingerprint_id.in_(part)))
        found.update((row.fingerprint_id, unpack(row.frames)) for row in rows)
    return found


def active_size(connection: sa.Connection) -> tuple[int, int]:
    """How many videos `active_videos` gives in the same transaction, and how many frames they have in all."""
    frames = (sa.func.length(video_hashes.c.frames) - HEAD_BYTES) / sa.literal(FRAME_BYTES, sa.Integer)
    statement = (
        sa.select(sa.func.count(), sa.func.sum(sa.cast(frames, sa.BigInteger)))
        .select_from(video_hashes)
        .join(fingerprints, fingerprints.c.id == video_hashes.c.fingerprint_id)
        .where(fingerprints.c.active)
    )
    videos, total = connection.execute(statement).one()
    return int(videos), int(total or 0)


def active_videos(connection: sa.Connection) -> Iterator[tuple[int, VideoHash]]:
    """All active video fingerprints with their hashes, by rising ids."""
    statement = (
        sa.select(video_hashes.c.fingerprint_id, video_hashes.c.frames)
        .join(fingerprints, fingerprints.c.id == video_hashes.c.fingerprint_id)
        .where(fingerprints.c.active)
        .order_by(video_hashes.c.fingerprint_id)
    )
    options = {"stream_results": True, "yield_per": BATCH}
    with connection.execute(statement, execution_options=options) as rows:
        for row in rows:
            yield row.fingerprint_id, unpack(row.frames)


def changed_videos(connection: sa.Connection, position: int) -> list[Changed]:
    """Video fingerprints that the log names after ``position``: their hash, None where it is not active."""
    named = (
        sa.select(fingerprint_log.c.fingerprint_id)
        .where(fingerprint_log.c.position > position, fingerprint_log.c.algorithm == VPDQ)
        .distinct()
        .subquery()
    )
    statement = (
        sa.select(named.c.fingerprint_id, video_hashes.c.frames)
        .select_from(named)
        .outerjoin(fingerprints, sa.and_(fingerprints.c.id == named.c.fingerprint_id, fingerprints.c.active))
        .outerjoin(video_hashes, video_hashes.c.fingerprint_id == fingerprints.c.id)
        .order_by(named.c.fingerprint_id)
    )
    rows = connection.execute(statement)
    return [(row.fingerprint_id, None if row.frames is None else unpack(row.frames)) for row in rows]
