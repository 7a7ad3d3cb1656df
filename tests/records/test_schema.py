"""Tables and migrations say the same; creation does not race; a newer database is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from holdfast.errors import SchemaVersionError
from holdfast.records.database import Database, sqlite_url
from holdfast.records.schema import SCHEMA_VERSION, ensure_schema, schema_version
from holdfast.records.tables import metadata
from tests.conftest import BOTH
from tests.databases import PostgresServer

OVER_EXPRESSIONS = {
    index.name
    for table in metadata.tables.values()
    for index in table.indexes
    if not all(isinstance(expression, sa.Column) for expression in index.expressions)
}


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "empty.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create()
    yield url
    server.drop(url)


def test_migrated_tables_equal_the_metadata(database: Database) -> None:

    def comparable(item: object, name: str | None, kind: str, *_: object) -> bool:
        return not (database.is_sqlite and kind == "index" and name in OVER_EXPRESSIONS)

    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": comparable})
        assert compare_metadata(context, metadata) == []


def test_migrated_rules_equal_the_metadata(database: Database) -> None:
    """What Alembic does not compare: checks, cascades, AUTOINCREMENT, SQLite's indexes over expressions."""
    with database.read() as connection:
        inspector = sa.inspect(connection)
        for table in metadata.sorted_tables:
            checks = {check["name"] for check in inspector.get_check_constraints(table.name)}
            wanted = {check.name for check in table.constraints if isinstance(check, sa.CheckConstraint)}
            assert checks == wanted, table.name
            cascades = {
                (key["name"], key["options"].get("ondelete"))
                for key in inspector.get_foreign_keys(table.name)
            }
            assert cascades == {(key.name, key.ondelete) for key in table.foreign_key_constraints}
            if database.is_sqlite:
                statement = sa.text(
                    "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :name"
                )
                found = set(connection.scalars(statement, {"name": table.name}))
                assert {index.name for index in table.indexes} <= found
            if database.is_sqlite and table.dialect_options["sqlite"]["autoincrement"]:
                statement = sa.text("SELECT sql FROM sqlite_master WHERE name = :name")
                assert "AUTOINCREMENT" in connection.execute(statement, {"name": table.name}).scalar_one()


def test_the_version_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "holdfast.records:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_VERSION


def test_an_empty_database_is_brought_up_to_date(empty_url: str) -> None:
    with Database(empty_url) as database:
        assert schema_version(database) is None
        with pytest.raises(SchemaVersionError, match="Nothing was read or written"):
            ensure_schema(database, create=False)
        ensure_schema(database)
        ensure_schema(database, create=False)
        assert schema_version(database) == SCHEMA_VERSION


def test_lists_survive_the_way_from_the_version_before(empty_url: str) -> None:
    """SQLite changes a table by making it anew, and what hangs on its rows must not go with the old one."""
    from alembic import command

    rows = (
        (
            "INSERT INTO banks (id, name, kind, trusted, enabled, max_distance_bits, note, created_at) "
            "VALUES (7, 'KNOWN', 'known', true, true, 40, '', '2026-01-01 00:00:00')"
        ),
        (
            "INSERT INTO entries (id, bank_id, label, medium, note, created_at) "
            "VALUES (8, 7, 'x', 'image', '', '2026-01-01 00:00:00')"
        ),
        (
            "INSERT INTO fingerprints (id, entry_id, algorithm, value, convention, active) "
            "VALUES (9, 8, 'md5', '0123456789012345', '', true)"
        ),
    )
    config = Config()
    config.set_main_option("script_location", "holdfast.records:migrations")
    config.set_main_option("path_separator", "os")
    with Database(empty_url) as database:
        with database.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0002")
            for row in rows:
                connection.exec_driver_sql(row)
        ensure_schema(database)
        with database.read() as connection:
            bank = connection.execute(sa.select(metadata.tables["banks"])).one()
            assert (bank.matching, bank.deep_per_hour, bank.reference_views) == ("classic", 0, False)
            assert bank.max_distance_bits == 40
            for table in ("entries", "fingerprints"):
                assert len(connection.execute(sa.select(metadata.tables[table])).all()) == 1


def test_a_newer_database_is_refused(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaVersionError, match="newer Holdfast"):
        ensure_schema(database)


def test_processes_that_start_together_do_not_race(empty_url: str) -> None:
    program = (
        "import sys; from holdfast.records.database import Database; "
        "from holdfast.records.schema import ensure_schema; ensure_schema(Database(sys.argv[1]))"
    )
    command = [sys.executable, "-W", "error::DeprecationWarning", "-c", program, empty_url]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for process in started:
        _, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
    with Database(empty_url) as database:
        assert schema_version(database) == SCHEMA_VERSION


def test_the_check_does_not_load_alembic(database_url: str) -> None:
    program = (
        "import sys; from holdfast.records.database import Database; "
        "from holdfast.records.schema import ensure_schema; "
        "ensure_schema(Database(sys.argv[1])); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, database_url], check=False).returncode == 0
