"""The version of the tables: checked fast at every start, created or brought up to date when behind.

Alembic costs half a second to import, so it is loaded only when there is something to do. Two
processes that start together on a new database do not race: the first holds a lock for the length of
its transaction, the second then finds the work done.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.errors import SchemaVersionError
from holdfast.records.database import Database

__all__ = ["SCHEMA_VERSION", "ensure_schema", "schema_version"]

SCHEMA_VERSION = "0010"
MIGRATION_LOCK = 0x686F6C64_736D6100  # of PostgreSQL's advisory locks: "hold", "sma"


def schema_version(database: Database) -> str | None:
    """The version that the database carries, None when it is empty."""
    with database.read() as connection:
        return _version(connection)


def ensure_schema(database: Database, *, create: bool = True) -> None:
    """Make sure that the tables are those of this version of Holdfast.

    With ``create`` an empty or older database is brought up to date, else that is an error too.

    Raises
        SchemaVersionError: the database is newer, or it is behind and ``create`` is false.
        RecordsUnavailableError: it cannot be reached, or stayed locked.
    """
    version = schema_version(database)
    if version == SCHEMA_VERSION:
        return
    _refuse_newer(version, database)
    if not create:
        raise SchemaVersionError(
            f"{database.description} has tables of version {version or 'none'}, this Holdfast needs "
            f"{SCHEMA_VERSION}. Nothing was read or written. Open it once with rights to change tables."
        )
    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        if _version(connection) != SCHEMA_VERSION:
            _upgrade(connection)


def _version(connection: sa.Connection) -> str | None:
    # A query of a missing table would end the transaction on PostgreSQL: ask for the table first.
    if connection.dialect.name == "sqlite":
        present = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    else:
        present = "SELECT count(to_regclass('alembic_version'))"
    if not connection.exec_driver_sql(present).scalar_one():
        return None
    version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()
    return None if version is None else str(version)


def _refuse_newer(version: str | None, database: Database) -> None:
    if version is not None and version > SCHEMA_VERSION:
        raise SchemaVersionError(
            f"{database.description} was written by a newer Holdfast (tables {version}, this one knows "
            f"{SCHEMA_VERSION}). Nothing was read or written. Install the newer Holdfast."
        )


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "holdfast.records:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
