"""What people have done before going live: the marks of the checklist that `holdfast doctor` follows."""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import Timestamp, metadata

__all__ = ["checklist", "facts"]

checklist = sa.Table(
    "checklist",
    metadata,
    sa.Column("item", sa.String(60), primary_key=True),
    sa.Column("done_at", Timestamp, nullable=False),
    sa.Column("done_by", sa.String(200), nullable=False),
    sa.Column("note", sa.String(500), nullable=False, server_default=""),
)

# Facts about this home that are no setting: the kind of platform and its countries, as `init` heard them.
facts = sa.Table(
    "home_facts",
    metadata,
    sa.Column("name", sa.String(60), primary_key=True),
    sa.Column("value", sa.JSON, nullable=False),
)
