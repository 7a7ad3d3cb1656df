"""One door to the records: SQLite (write-ahead log) or PostgreSQL, the same SQLAlchemy Core code.

    with db.read() as connection: ...     # a consistent snapshot, never blocks a writer
    with db.write() as connection: ...    # one transaction: all of it or nothing

A write on SQLite begins with BEGIN IMMEDIATE, so that it waits for its turn at the start and never
fails half-way with "database is locked". See https://sqlite.org/lang_transaction.html section 2.2.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError

from holdfast.errors import RecordsUnavailableError, SettingsError
from holdfast.records.failures import translate

__all__ = ["Database", "sqlite_url"]

BUSY_TIMEOUT_S = 30.0
SQLITE_CACHE_KIB = 64 * 1024  # a page cache that holds the upper pages of an index over a million hashes


def sqlite_url(path: Path) -> str:
    """The database URL of an SQLite file."""
    return sa.URL.create("sqlite", database=str(path)).render_as_string()


class Database:
    """A pool of connections to one database. Cheap to create: nothing connects before first use.

    ``url`` is ``sqlite:///PATH`` or ``postgresql://USER@HOST/NAME``. Safe to use from many threads;
    not across fork. Call `close` (or use as a context manager) to give the connections back.

    ``busy_timeout_s`` is how long a transaction waits for another that is writing (SQLite) or for a
    connection (PostgreSQL) before `RecordsUnavailableError` is raised.
    """

    def __init__(self, url: str, *, pool_size: int = 8, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        parsed = _parse(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        # hide_parameters: hash values must not reach a log through an error message.
        self.engine = sa.create_engine(
            parsed,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=busy_timeout_s,
            pool_pre_ping=not self.is_sqlite,
            hide_parameters=True,
            connect_args={"timeout": busy_timeout_s} if self.is_sqlite else {"connect_timeout": 10},
        )
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for reading one consistent snapshot. Changes made in it are rolled back."""
        with self.connect() as connection:
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
        with self.connect() as connection, self.transaction(connection):
            yield connection

    @contextmanager
    def transaction(self, connection: sa.Connection) -> Iterator[None]:
        """The transaction of `write`, on a connection that `connect` gave."""
        if self.is_sqlite:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.rollback()
            raise
        connection.commit()

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """A connection without a transaction, for the few that need several in turn.

        Raises
            RecordsUnavailableError: it cannot be reached, or stayed locked past the time-out.
            ConflictError: a row broke a unique rule, or two writers waited for each other.
            SchemaVersionError: tables are missing.
        """
        try:
            with self.engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise translate(error, self.description) from None  # the driver's text may hold hash values
        except sa.exc.TimeoutError:
            raise RecordsUnavailableError(
                f"All connections to {self.description} were in use for too long. "
                "Nothing was read or written. Try again, or run fewer things at once."
            ) from None

    @property
    def description(self) -> str:
        """The URL without its password, for messages."""
        return self.engine.url.set(drivername=self.engine.url.get_backend_name()).render_as_string()

    def close(self) -> None:
        """Give all connections back. The object may be used again afterwards."""
        self.engine.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _parse(url: str) -> sa.URL:
    usage = "Use sqlite:///PATH or postgresql://USER@HOST/NAME."
    try:
        parsed = sa.make_url(url)
    except ArgumentError as error:
        raise SettingsError(f"The database URL cannot be read; nothing was opened. {usage}") from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise SettingsError(f"The database URL names no SQLite file; nothing was opened. {usage}")
        return parsed
    raise SettingsError(f"The database URL begins with {parsed.drivername!r}; nothing was opened. {usage}")


def _prepare_sqlite(dbapi_connection: Any, _record: object) -> None:
    # The driver's own implicit BEGIN would come too late and be DEFERRED: switch it off, `read` and
    # `write` begin by hand.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    _use_write_ahead_log(cursor)
    cursor.execute("PRAGMA synchronous = FULL")  # an answered write survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
    cursor.execute(f"PRAGMA cache_size = -{SQLITE_CACHE_KIB}")
    cursor.close()


def _use_write_ahead_log(cursor: sqlite3.Cursor) -> None:
    # The first switch of a new file needs it alone and does not always wait for its turn
    # (https://sqlite.org/wal.html section 8): two processes that open a new home together must both succeed.
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
