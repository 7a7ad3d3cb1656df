"""Hash lists: bank > entry (one content) > fingerprints > what each source says of each fingerprint.

Sources add their own opinion and their own tombstone, and never touch another's. A fingerprint is
*active* while at least one source upholds it (positive or seed, not withdrawn) and that source's
terms allow matching. `fingerprint_log` is what the indexes follow: one row each time a fingerprint
starts or stops being active, with positions in the order of the commits (see `banks/log.py`).

Ids are never given twice, also after a delete (AUTOINCREMENT on SQLite): an index that has not yet
heard of a delete must not resolve an old hit to new content.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, Timestamp, metadata

__all__ = [
    "banks",
    "entries",
    "fingerprint_log",
    "fingerprint_sources",
    "fingerprints",
    "reference_views",
    "sources",
]

banks = sa.Table(
    "banks",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("kind", sa.String(20), nullable=False),  # "known" | "benign"
    sa.Column("trusted", sa.Boolean, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("max_distance_bits", sa.Integer, nullable=False),
    sa.Column("note", sa.String(255), nullable=False, server_default=""),
    sa.Column("created_at", Timestamp, nullable=False),
    # No checks on these three: SQLite could only add one by building the table anew, which would take its
    # entries with it. `banks/service.py` checks them.
    sa.Column(
        "matching", sa.String(20), nullable=False, server_default="classic"
    ),  # "classic" | "calibrated"
    sa.Column("deep_per_hour", sa.Integer, nullable=False, server_default="0"),  # 0: asks for no deep checks
    sa.Column("reference_views", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint("kind IN ('known', 'benign')", name="kind"),
    sa.CheckConstraint("max_distance_bits BETWEEN 0 AND 63", name="max_distance_bits"),
    sqlite_autoincrement=True,
)

# Where an opinion about a fingerprint comes from: this company ("own"), an imported file, an exchange.
# `handling` is JSON: {"may_match": bool, "may_export": bool, "share_with": ["*" or names]}.
sources = sa.Table(
    "sources",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("kind", sa.String(20), nullable=False),  # "own" | "import" | "exchange" | "sample"
    sa.Column("handling", sa.JSON, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
    sqlite_autoincrement=True,
)

entries = sa.Table(
    "entries",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("bank_id", BigId, sa.ForeignKey("banks.id", ondelete="CASCADE"), nullable=False),
    sa.Column("label", sa.String(500), nullable=False),
    sa.Column("classification", sa.String(10), nullable=True),  # "A1" | "A2" | "B1" | "B2"
    sa.Column("medium", sa.String(10), nullable=False),  # "image" | "video" | "audio" | "unknown"
    sa.Column("note", sa.String(255), nullable=False, server_default=""),
    sa.Column("disabled_until", Timestamp, nullable=True),  # disabled up to this moment
    sa.Column("created_at", Timestamp, nullable=False),
    sa.CheckConstraint("classification IN ('A1', 'A2', 'B1', 'B2')", name="classification"),
    sa.Index("ix_entries_bank_id_id", "bank_id", "id"),
    sqlite_autoincrement=True,
)

fingerprints = sa.Table(
    "fingerprints",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("entry_id", BigId, sa.ForeignKey("entries.id", ondelete="CASCADE"), nullable=False),
    sa.Column("algorithm", sa.String(20), nullable=False),  # "pdq" | "md5" | "sha1" | "sha256" | ...
    sa.Column("value", sa.LargeBinary, nullable=False),
    sa.Column(
        "convention", sa.String(20), nullable=False
    ),  # PDQ: "full" | "nearest-512" | "unknown" | "view"; else ""
    sa.Column("quality", sa.Integer, nullable=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=True),  # of the file, where the list gives it
    sa.Column("active", sa.Boolean, nullable=False),  # kept by banks/log.py
    # The value leads, so that the rule's own index serves look-ups too: a million rows feel one index less.
    sa.UniqueConstraint("value", "algorithm", "entry_id", "convention"),
    sa.Index("ix_fingerprints_entry_id", "entry_id"),
    sa.Index("ix_fingerprints_convention", "convention"),
    sqlite_autoincrement=True,
)

fingerprint_sources = sa.Table(
    "fingerprint_sources",
    metadata,
    # No foreign keys: each check costs an import of a million rows six seconds on PostgreSQL. Both ids
    # are checked in `banks/opinions.py`, sources are never deleted, and whoever deletes a fingerprint
    # deletes these (`banks/entries.py`, `banks/service.py`).
    sa.Column("fingerprint_id", BigId, primary_key=True),
    sa.Column("source_id", BigId, primary_key=True),
    sa.Column("opinion", sa.String(20), nullable=False),  # "positive" | "negative" | "seed"
    sa.Column(
        "provenance", sa.String(500), nullable=False, server_default=""
    ),  # the source's own id or file name
    sa.Column(
        "withdrawn_at", Timestamp, nullable=True
    ),  # tombstone: kept so that a re-sent old page cannot revive it
    sa.Column("updated_at", Timestamp, nullable=False),
    sa.CheckConstraint("opinion IN ('positive', 'negative', 'seed')", name="opinion"),
)

# The value is not repeated here: a value that was deleted must be gone (`banks/log.py` joins it).
fingerprint_log = sa.Table(
    "fingerprint_log",
    metadata,
    sa.Column("position", BigId, primary_key=True, autoincrement=False),
    sa.Column("fingerprint_id", BigId, nullable=False),  # no foreign key: the row may be gone by now
    sa.Column("algorithm", sa.String(20), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
)

# Of PDQ hashes of the convention "view", which show what a crop or tilt of an original looks like
# (`hashing.views.reference`): which one, in words. They never leave (`banks/handling.py`).
reference_views = sa.Table(
    "reference_views",
    metadata,
    # No foreign key, as above: whoever deletes a fingerprint deletes its row here.
    sa.Column("fingerprint_id", BigId, primary_key=True, autoincrement=False),
    sa.Column("words", sa.String(120), nullable=False),
)
