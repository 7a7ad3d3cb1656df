"""The driver's errors in Holdfast's words.

The driver's own text is left out where it may quote a row: hash values never reach a log.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, IntegrityError

from holdfast.errors import ConflictError, RecordsError, RecordsUnavailableError, SchemaVersionError

__all__ = ["translate"]

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_SERIALIZATION = ("40001", "40P01")
_UNDEFINED_TABLE_OR_COLUMN = ("42P01", "42703")
_CLASSES_UNAVAILABLE = (
    "08",
    "53",
    "55",
    "57",
    "58",
    "28",
    "3D",
)  # connection, resources, locks, shutdown, login

_SQLITE_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
}


def translate(error: DBAPIError, database: str) -> RecordsError:
    """The error to raise in place of the driver's ``error``. ``database`` is its name for people."""
    if isinstance(error, IntegrityError):
        return ConflictError(
            f"A row breaks a rule of the tables ({_rule(error)}). Nothing was written. "
            "It may exist already, or somebody changed it in between: look again."
        )
    if isinstance(error.orig, sqlite3.Error):
        return _from_sqlite(error.orig, database)
    return _from_postgres(error, database)


def _from_sqlite(error: sqlite3.Error, database: str) -> RecordsError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _SQLITE_UNAVAILABLE:
        return RecordsUnavailableError(
            f"{database} cannot be used: {error}. Nothing was written. "
            "If it is locked, another process is writing: try again. Else check the disk and the file rights."
        )
    if "no such table" in str(error) or "no such column" in str(error):
        return SchemaVersionError(f"{database} lacks tables of this version ({error}). Nothing was written.")
    return RecordsError(f"{database} refused: {error}. Nothing was written.")


def _from_postgres(error: DBAPIError, database: str) -> RecordsError:
    state = getattr(error.orig, "sqlstate", None) or ""
    if state in _SERIALIZATION:
        return ConflictError("Two writers waited for each other. Nothing was written. Try again.")
    if state in _UNDEFINED_TABLE_OR_COLUMN:
        return SchemaVersionError(f"{database} lacks tables of this version. Nothing was written.")
    if error.connection_invalidated or not state or state[:2] in _CLASSES_UNAVAILABLE:
        return RecordsUnavailableError(
            f"{database} cannot be reached: {str(error.orig).strip()}. Nothing was written. "
            "Check that it runs and that the URL is right, then try again."
        )
    return RecordsError(
        f"{database} refused ({type(error.orig).__name__}, SQLSTATE {state}). Nothing was written."
    )


def _rule(error: IntegrityError) -> str:
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return diagnosis.constraint_name or diagnosis.column_name or "unnamed"
    return str(error.orig)  # SQLite names table and column only
