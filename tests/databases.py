"""Real databases for tests: SQLite files, and a private PostgreSQL server started from installed programs.

Use the fixtures of tests/conftest.py: `database` runs a test on both, `database_url` gives an empty
one. Without PostgreSQL's programs those tests are skipped with a reason; with HOLDFAST_REQUIRE_ALL=1
(CI) that is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from holdfast.records.database import Database, sqlite_url
from holdfast.records.schema import ensure_schema

__all__ = ["PostgresServer", "missing", "postgres_programs", "postgres_server", "sqlite_template"]

UNPRIVILEGED_ID = 65534  # "nobody": PostgreSQL refuses to run as root
TEMPLATE = "holdfast_template"
GUARD = '"$@" & server=$!; read -r nothing; kill -QUIT $server; wait $server; rm -rf "$PWD"'
SETTINGS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c listen_addresses="


TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
)
THROW_OUT = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
EMPTY = """
DO $$
DECLARE one record; filled text;
BEGIN
    SELECT string_agg(oid::regclass::text, ', ') INTO filled FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0;
    IF filled IS NOT NULL THEN EXECUTE 'TRUNCATE ' || filled || ' CASCADE'; END IF;
    FOR one IN SELECT sequencename AS name FROM pg_sequences
        WHERE schemaname = 'public' AND last_value IS NOT NULL
    LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', one.name);
    END LOOP;
    DELETE FROM pg_statistic WHERE starelid IN
        (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace);
END $$
"""
SCHEMA = """
SELECT md5(string_agg(line, chr(10) ORDER BY line)) FROM (
    SELECT concat_ws(' ', relname, relkind, reloptions::text, relpersistence, attname, atttypid, attnotnull)
        FROM pg_class LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', tgname, tgenabled, tgrelid::regclass) FROM pg_trigger
        WHERE NOT tgisinternal
    UNION ALL SELECT proname || prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT nspname::text FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%'
    UNION ALL SELECT setconfig::text FROM pg_db_role_setting WHERE setdatabase <> 0
) AS lines (line)
"""


def missing(what: str) -> None:
    """Skip the test for want of ``what``; fail it where everything must be there (CI)."""
    if os.environ.get("HOLDFAST_REQUIRE_ALL") == "1":
        pytest.fail(f"{what} (HOLDFAST_REQUIRE_ALL=1 allows no skip)")
    pytest.skip(what)


def postgres_programs() -> Path | None:
    """The folder of initdb and postgres, newest version first; None where they are not installed."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = sorted(versions, key=lambda path: int(path.parent.parent.name), reverse=True)
    if found:
        return found[0].parent
    program = shutil.which("initdb")
    return Path(program).resolve().parent if program else None


@dataclass
class PostgresServer:
    """A running server, reached by a socket in ``folder`` only.

    Making and dropping a database takes longer than most tests. So those with all tables are lent: given
    back, one is emptied and lent again, unless somebody changed its schema.
    """

    folder: Path
    _numbers: Iterator[int] = field(default_factory=count)
    _idle: list[str] = field(default_factory=list)
    _schema: str = ""
    _seeds: dict[str, bytes] = field(default_factory=dict)  # table -> its rows right after the migrations

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The URL of a database with all tables and none but the migrations' rows."""
        url = self._idle.pop() if self._idle else self.create(template=TEMPLATE)
        try:
            yield url
        finally:
            if self._emptied(url):
                self._idle.append(url)
            else:
                self.drop(url)

    def url(self, name: str) -> str:
        return f"postgresql://holdfast@/{name}?host={self.folder}"

    def create(self, *, template: str = "template0") -> str:
        """The URL of a new database, a copy of ``template``."""
        name = f"test_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        self._run(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")

    def create_template(self) -> None:
        """Migrate one database, of which tests then get copies."""
        self._run(f"CREATE DATABASE {TEMPLATE}")
        with Database(self.url(TEMPLATE)) as database:
            ensure_schema(database)
        with self._connected(self.url(TEMPLATE)) as connection:
            self._schema = _schema_of(connection)
            for (table,) in connection.execute(TABLES).fetchall():
                if rows := _copied(connection, table):
                    self._seeds[table] = rows

    def _emptied(self, url: str) -> bool:
        """Whether the database is as it was made, now that everybody else was thrown out of it."""
        with self._connected(url) as connection:
            connection.execute(THROW_OUT)
            if _schema_of(connection) != self._schema:
                return False
            connection.execute("SET session_replication_role = replica")  # no triggers, no foreign keys
            connection.execute(EMPTY)
            for table, rows in self._seeds.items():
                with connection.cursor().copy(
                    sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
                ) as into:
                    into.write(rows)
        return True

    @contextmanager
    def _connected(self, url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        connection = psycopg.connect(url, autocommit=True)
        try:
            yield connection
        finally:
            connection.close()

    def _run(self, statement: str) -> None:
        engine = sa.create_engine(
            sa.make_url(self.url("postgres")).set(drivername="postgresql+psycopg"),
            isolation_level="AUTOCOMMIT",
        )
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A server of our own for the length of a test run, gone without trace afterwards."""
    programs = postgres_programs()
    if programs is None:
        missing("needs PostgreSQL's programs (Debian: apt-get install postgresql)")
        raise AssertionError
    # Not pytest's folder: a socket's path may be 107 bytes long at most, and another user must reach it.
    folder = Path(tempfile.mkdtemp(prefix="holdfast-pg-"))
    user = UNPRIVILEGED_ID if os.geteuid() == 0 else None
    if user is not None:
        os.chown(folder, UNPRIVILEGED_ID, UNPRIVILEGED_ID)

    identity = Identity(user)
    initialise = [
        str(programs / "initdb"),
        "-D",
        str(folder / "data"),
        "-U",
        "holdfast",
        "-A",
        "trust",
        "-E",
        "UTF8",
    ]
    try:
        done = subprocess.run(
            [*initialise, "--no-sync", "--locale=C"],
            cwd=folder, text=True, capture_output=True, check=False, timeout=120,
            user=identity.user, group=identity.user, extra_groups=identity.groups,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        with _running(folder, programs / "postgres", identity):
            server = PostgresServer(folder)
            server.create_template()
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Identity:
    """As whom the server's programs run; None: as ourselves."""

    user: int | None

    @property
    def groups(self) -> list[int] | None:
        return None if self.user is None else []


@contextmanager
def _running(folder: Path, program: Path, identity: Identity) -> Iterator[None]:
    """The server. It ends when we do, however we end: the pipe that its shell reads is closed then."""
    command = [str(program), "-D", str(folder / "data"), "-k", str(folder), *SETTINGS.split()]
    with (folder.with_suffix(".log")).open("w+") as log:
        folder.with_suffix(".log").unlink()
        with subprocess.Popen(
            ["sh", "-c", GUARD, "guard", *command], stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=folder,
            user=identity.user, group=identity.user, extra_groups=identity.groups,
        ) as guard:  # fmt: skip
            for _ in range(4000):
                if _answers(folder):
                    break
                time.sleep(0.05)
            else:
                log.seek(0)
                pytest.fail(f"PostgreSQL did not start: {log.read()}")
            yield
            assert guard.stdin is not None
            guard.stdin.close()


def _schema_of(connection: psycopg.Connection[tuple[Any, ...]]) -> str:
    row = connection.execute(SCHEMA).fetchone()
    assert row is not None
    return str(row[0])


def _copied(connection: psycopg.Connection[tuple[Any, ...]], table: str) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as out:
        return b"".join(bytes(piece) for piece in out)


def _answers(folder: Path) -> bool:
    try:
        psycopg.connect(host=str(folder), user="holdfast", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def sqlite_template(folder: Path) -> Path:
    """A migrated SQLite file, of which tests get copies."""
    path = folder / "template.db"
    with Database(sqlite_url(path)) as database:
        ensure_schema(database)
        with database.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return path
