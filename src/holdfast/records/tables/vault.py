"""Held content: what is kept, its wrapped keys, who opened it, and what forbids its destruction.

`vault_keys` is the key store. It is a table of its own because it is backed up apart from everything else:
an old backup of the other tables and of the objects cannot bring back what was destroyed since.
Nothing here says what the content is: no digest, no account, no file name (those are in `sealed_facts`,
under the item's own data key, and go with it).
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, Timestamp, metadata

__all__ = ["vault_access", "vault_items", "vault_keys", "vault_legal_holds"]

vault_items = sa.Table(
    "vault_items",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),  # 128 random bits in hex; also the object's id
    sa.Column("state", sa.String(10), nullable=False),  # "held" | "released" | "destroyed"
    sa.Column(
        "reason", sa.String(200), nullable=False
    ),  # why it is held: a rule or a person's words, no content
    sa.Column("size_bytes", sa.BigInteger, nullable=False),  # of the plaintext
    sa.Column("sealed_facts", sa.LargeBinary, nullable=True),  # None once destroyed
    sa.Column("held_at", Timestamp, nullable=False),
    sa.Column("held_by", sa.String(200), nullable=False),
    sa.Column("keep_until", Timestamp, nullable=True),  # never destroyed before
    sa.Column(
        "destroy_at", Timestamp, nullable=True
    ),  # destroyed by the sweep from then on; None: a person decides
    sa.Column("released_at", Timestamp, nullable=True),
    sa.Column("destroyed_at", Timestamp, nullable=True),
    sa.Column("destroyed_by", sa.String(200), nullable=True),
    sa.Column("destroyed_why", sa.String(200), nullable=True),
    sa.Column("object_gone_at", Timestamp, nullable=True),  # the key goes first, the object after it
    sa.CheckConstraint("state IN ('held', 'released', 'destroyed')", name="state"),
    sa.CheckConstraint("state <> 'destroyed' OR sealed_facts IS NULL", name="tombstone"),
    sa.Index("ix_vault_items_destroy_at", "destroy_at"),
    sa.Index("ix_vault_items_state_object_gone_at", "state", "object_gone_at"),
)

vault_keys = sa.Table(
    "vault_keys",
    metadata,
    sa.Column("item_id", sa.String(32), sa.ForeignKey("vault_items.id"), primary_key=True),
    sa.Column("wrapped_by", sa.String(200), nullable=False, index=True),  # id of the key-encryption key
    sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
)

# Several may lie on one item; destruction waits until each of them is lifted or over.
vault_legal_holds = sa.Table(
    "vault_legal_holds",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("item_id", sa.String(32), sa.ForeignKey("vault_items.id"), nullable=False, index=True),
    sa.Column("reference", sa.String(200), nullable=False),  # the request's or order's own number
    sa.Column("agency", sa.String(200), nullable=True),  # of law enforcement, where it asked for it
    sa.Column("until", Timestamp, nullable=True),  # over by itself then; None: until it is lifted
    sa.Column("placed_at", Timestamp, nullable=False),
    sa.Column("placed_by", sa.String(200), nullable=False),
    sa.Column("lifted_at", Timestamp, nullable=True),
    sa.Column("lifted_by", sa.String(200), nullable=True),
)

vault_access = sa.Table(
    "vault_access",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("item_id", sa.String(32), nullable=False, index=True),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("action", sa.String(20), nullable=False),  # see `holdfast.vault.models.Action`
    sa.Column("purpose", sa.String(500), nullable=False),
    sa.Column("at", Timestamp, nullable=False),
)
