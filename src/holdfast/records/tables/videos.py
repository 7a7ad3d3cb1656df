"""Videos: the frames behind a fingerprint of the algorithm "vpdq"."""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, metadata

__all__ = ["video_hashes"]

# A fingerprint's value has to fit into an index: for a video it is the hash's name (`hashing.videoblob`),
# and the frames lie here.
video_hashes = sa.Table(
    "video_hashes",
    metadata,
    # No foreign key: as for `reference_views`, whoever deletes a fingerprint deletes its row here.
    sa.Column("fingerprint_id", BigId, primary_key=True, autoincrement=False),
    sa.Column("frames", sa.LargeBinary, nullable=False),  # packed by `hashing.videoblob`
)
