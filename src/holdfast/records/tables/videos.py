"""Videos: the frames behind a fingerprint of the algorithm "vpdq", and its local features."""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, metadata

__all__ = ["video_features", "video_hashes"]

# A fingerprint's value has to fit into an index: for a video it is the hash's name (`hashing.videoblob`),
# and the frames lie here.
video_hashes = sa.Table(
    "video_hashes",
    metadata,
    # No foreign key: as for `reference_views`, whoever deletes a fingerprint deletes its row here.
    sa.Column("fingerprint_id", BigId, primary_key=True, autoincrement=False),
    sa.Column("frames", sa.LargeBinary, nullable=False),  # packed by `hashing.videoblob`
)

# Local features of a list owner's own videos: as sensitive as their pictures, so they lie here sealed, and
# nothing that answers, exports or exchanges reads this table (`banks/videofeatures.py`).
video_features = sa.Table(
    "video_features",
    metadata,
    sa.Column("fingerprint_id", BigId, primary_key=True, autoincrement=False),  # no foreign key, as above
    sa.Column("sealed", sa.LargeBinary, nullable=False),  # packed by `hashing.videolocal_blob`, then sealed
)
