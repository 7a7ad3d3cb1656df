"""Temporary tables that an import is laid out in before it is merged, seen by its own connection only.

Rows are staged before the writing transaction begins, so that reading a long list blocks nobody, and
in bulk: COPY on PostgreSQL, one prepared statement on SQLite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from holdfast.banks.formats.row import Row
from holdfast.records.tables.base import BigId

__all__ = [
    "chosen",
    "create",
    "known",
    "load",
    "load_videos",
    "placed",
    "said",
    "stage",
    "update_statistics",
    "videos",
]

_metadata = sa.MetaData()


def _temporary(name: str, *columns: sa.Column[Any]) -> sa.Table:
    return sa.Table(f"holdfast_import_{name}", _metadata, *columns, prefixes=["TEMPORARY"])


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, BigId, primary_key=True, autoincrement=False)


# The list as it was read, in the order of `Row`.
stage = _temporary(
    "stage",
    _key("line"),
    sa.Column("entry", sa.Text),
    sa.Column("algorithm", sa.Text, nullable=False),
    sa.Column("value", sa.LargeBinary, nullable=False),
    sa.Column("convention", sa.Text, nullable=False),
    sa.Column("quality", sa.Integer),
    sa.Column("size_bytes", sa.BigInteger),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("classification", sa.Text),
    sa.Column("medium", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("opinion", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("provenance", sa.Text, nullable=False),
)
# The frames of the videos among them, by the name that is their value.
videos = _temporary("videos", sa.Column("name", sa.LargeBinary), sa.Column("frames", sa.LargeBinary))
# Each line's content (the first line of it) and fingerprint (the first line that has it).
placed = _temporary("placed", _key("line"), sa.Column("content", BigId), sa.Column("first_line", BigId))
# Content -> entry. Fingerprint (its first line) -> id.
chosen = _temporary("chosen", _key("content"), sa.Column("entry_id", BigId), sa.Column("is_new", sa.Boolean))
known = _temporary(
    "known",
    _key("first_line"),
    sa.Column("fingerprint_id", BigId),
    sa.Column("entry_id", BigId),
    sa.Column("is_new", sa.Boolean),
)
# What each source says of each fingerprint.
said = _temporary(
    "said",
    _key("fingerprint_id"),
    _key("source_id"),
    sa.Column("opinion", sa.Text),
    sa.Column("provenance", sa.Text),
)

_INSERT_SQLITE = f"INSERT INTO temp.{stage.name} VALUES ({', '.join('?' * len(stage.c))})"  # noqa: S608
_COPY_POSTGRES = f"COPY {stage.name} FROM STDIN"


def create(connection: sa.Connection) -> None:
    """Make the tables. They go when the connection is closed."""
    _metadata.create_all(connection, checkfirst=False)
    if connection.dialect.name == "postgresql":
        for table in _metadata.tables.values():  # it joins these by hashing: keys would only slow the filling
            if table.primary_key.columns:
                connection.exec_driver_sql(f"ALTER TABLE {table.name} DROP CONSTRAINT {table.name}_pkey")


def load(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Append rows; each names its source."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_INSERT_SQLITE, list(rows))
        return
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101  (a live connection has one; the type allows None)
    with driver.cursor() as cursor, cursor.copy(_COPY_POSTGRES) as copy:
        for row in rows:
            copy.write_row(row)


def load_videos(connection: sa.Connection, frames: Mapping[bytes, bytes]) -> None:
    """Append the packed frames of videos by their names, which come once each."""
    if frames:
        rows = [{"name": name, "frames": packed} for name, packed in frames.items()]
        connection.execute(videos.insert(), rows)


def update_statistics(connection: sa.Connection, *tables: sa.Table) -> None:
    """PostgreSQL plans joins of unknown tables as if they were tiny."""
    if connection.dialect.name == "postgresql":
        for table in tables:
            connection.exec_driver_sql(f"ANALYZE {table.name}")
