"""A vault on each database, with a real key file and a real folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.records.database import Database, sqlite_url
from holdfast.records.tables import metadata
from holdfast.records.tables import vault as tables
from holdfast.vault.keys import FileKeys, create_key_file
from holdfast.vault.service import Vault
from holdfast.vault.store import FolderStore

VAULT_TABLES = [tables.vault_items, tables.vault_keys, tables.vault_legal_holds, tables.vault_access]


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[Path]:
    """Folder of the socket of a PostgreSQL server of our own, not on the network."""
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        pytest.skip("PostgreSQL's programs (initdb, pg_ctl) are not on PATH")
    as_user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="hf-pg-", dir="/tmp"))
    if as_user:
        os.chown(folder, 65534, 65534)

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, stdout=subprocess.DEVNULL, cwd="/")

    run("initdb", "-D", f"{folder}/data", "-U", "holdfast", "-A", "trust", "--no-sync")
    options = f"-c listen_addresses='' -k {folder} -c fsync=off"
    run("pg_ctl", "-D", f"{folder}/data", "-w", "-o", options, "-l", f"{folder}/log", "start")
    yield folder
    run("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        url = sqlite_url(tmp_path / "records.db")
    else:
        folder: Path = request.getfixturevalue("postgres_socket")
        url = f"postgresql://holdfast@/postgres?host={folder}"
    with Database(url) as db:
        metadata.drop_all(db.engine, tables=VAULT_TABLES)
        metadata.create_all(db.engine, tables=VAULT_TABLES)
        yield db


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere" / "holdfast.keys"
    create_key_file(path, home=tmp_path / "home")
    return path


@pytest.fixture
def vault(database: Database, tmp_path: Path, key_file: Path) -> Vault:
    return Vault(
        database, FolderStore(tmp_path / "home" / "vault"), FileKeys(key_file, home=tmp_path / "home")
    )


@pytest.fixture
def count(database: Database) -> Callable[[sa.Table], int]:
    """How many rows a table has."""

    def rows(table: sa.Table) -> int:
        with database.read() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0

    return rows
