"""One door to the records: SQLite (write-ahead log) or PostgreSQL, the same SQLAlchemy Core code.

    with db.read() as connection: ...     # a consistent snapshot, never blocks a writer
    with db.write() as connection: ...    # one transaction: all of it or nothing

A write on SQLite begins with BEGIN IMMEDIATE, so that it waits for its turn at the start and never
fails half-way with "database is locked". See https://sqlite.org/lang_transaction.html section 2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError

from holdfast.errors import RecordsUnavailableError, SettingsError

__all__ = ["Database", "sqlite_url"]

BUSY_TIMEOUT_S = 30.0


def sqlite_url(path: Path) -> str:
    """The database URL of an SQLite file."""
    return f"sqlite:///{path}"


class Database:
    """A pool of connections to one database. Cheap to create: nothing connects before first use.

    ``url`` is ``sqlite:///PATH`` or ``postgresql://USER@HOST/NAME``. Safe to use from many threads;
    not across fork. Call `close` (or use as a context manager) to give the connections back.
    """

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
            self.engine = sa.create_engine(parsed, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True)
        elif parsed.get_backend_name() == "sqlite":
            self.engine = sa.create_engine(parsed, pool_size=pool_size, max_overflow=pool_size)
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
        else:
            raise SettingsError(
                f"The database URL begins with {parsed.drivername!r}; nothing was opened. "
                "Use sqlite:///PATH or postgresql://USER@HOST/NAME."
            )
        self.is_sqlite = self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for reading one consistent snapshot. Changes made in it are rolled back."""
        with self._connection() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            else:
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A connection inside one transaction: committed at the end, rolled back on any exception."""
        with self._connection() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        try:
            connection = self.engine.connect()
        except (OperationalError, InterfaceError) as error:
            raise RecordsUnavailableError(
                f"The database {self.engine.url.render_as_string(hide_password=True)} cannot be reached: "
                f"{error.orig}. Nothing was read or written. Check that it runs and that the URL is right."
            ) from error
        with connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _prepare_sqlite(dbapi_connection: Any, _record: object) -> None:
    # The driver's own implicit BEGIN would come too late and be DEFERRED: switch it off, `read` and
    # `write` begin by hand.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # an answered write survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
    cursor.close()
