"""The two places where SQLite and PostgreSQL are not asked alike: the clock and ON CONFLICT."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from holdfast.records.tables.base import Timestamp, now

__all__ = ["moment", "upsert"]


def moment(connection: sa.Connection, plus_s: float = 0.0) -> datetime | sa.ColumnElement[datetime]:
    """This moment plus ``plus_s`` seconds, to compare with or write into a `Timestamp` column.

    It is the database's: leases and due times must not hang on whose host's clock runs ahead.
    PostgreSQL: an expression of the server's clock. Not now(), which stands still through a
    transaction, nor clock_timestamp(), which no index can be used with. SQLite has one host: a value.
    """
    if connection.dialect.name == "sqlite":
        return now() + timedelta(seconds=plus_s)
    server = sa.func.statement_timestamp(type_=sa.DateTime(timezone=True))
    return sa.type_coerce(server + sa.literal(timedelta(seconds=plus_s), sa.Interval()), Timestamp)


def upsert(connection: sa.Connection, table: sa.Table) -> sa.dialects.postgresql.Insert:
    """An INSERT that knows ON CONFLICT, of the database in use. Both spell it alike."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)  # type: ignore[return-value]  # same methods, no common base class
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)
