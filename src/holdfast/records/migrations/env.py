"""Alembic runs this file. The connection, already inside a transaction, comes from `schema.ensure_schema`."""

from __future__ import annotations

from alembic import context

from holdfast.records.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter most things in place
)
with context.begin_transaction():
    context.run_migrations()
