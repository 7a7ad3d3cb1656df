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

import psycopg
import pytest
import sqlalchemy as sa

from holdfast.records.database import Database, sqlite_url
from holdfast.records.schema import ensure_schema

__all__ = ["PostgresServer", "missing", "postgres_programs", "postgres_server", "sqlite_template"]

UNPRIVILEGED_ID = 65534  # "nobody": PostgreSQL refuses to run as root
TEMPLATE = "holdfast_template"
GUARD = '"$@" & server=$!; read -r nothing; kill -QUIT $server; wait $server; rm -rf "$PWD"'
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
            for _ in range(600):
                if _answers(folder):
                    break
                time.sleep(0.05)
            else:
                log.seek(0)
                pytest.fail(f"PostgreSQL did not start: {log.read()}")
            yield
            assert guard.stdin is not None
            guard.stdin.close()


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
