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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.records.database import Database, sqlite_url
from holdfast.records.schema import ensure_schema

__all__ = ["PostgresServer", "missing", "postgres_programs", "postgres_server", "sqlite_template"]

UNPRIVILEGED_ID = 65534  # "nobody": PostgreSQL refuses to run as root
TEMPLATE = "holdfast_template"
SETTINGS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c listen_addresses="


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
    """A running server, reached by a socket in ``folder`` only."""

    folder: Path
    _numbers: Iterator[int] = field(default_factory=count)

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

    def run(*command: str) -> None:
        done = subprocess.run(
            command,
            cwd=folder,
            text=True,
            capture_output=True,
            check=False,
            timeout=120,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
        assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"

    data = str(folder / "data")
    control = str(programs / "pg_ctl")
    try:
        run(str(programs / "initdb"), "-D", data, "-U", "holdfast", "-A", "trust", "-E", "UTF8", "--no-sync",
            "--locale=C")  # fmt: skip
        log = str(folder / "log")
        run(control, "-D", data, "-l", log, "-w", "-o", f"-k {folder} {SETTINGS}", "start")
        try:
            server = PostgresServer(folder)
            server.create_template()
            yield server
        finally:
            run(control, "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sqlite_template(folder: Path) -> Path:
    """A migrated SQLite file, of which tests get copies."""
    path = folder / "template.db"
    with Database(sqlite_url(path)) as database:
        ensure_schema(database)
        with database.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return path
