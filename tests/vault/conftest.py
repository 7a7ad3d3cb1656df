"""A vault on each database, with a real key file and a real folder."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.records.database import Database
from holdfast.records.tables import metadata
from holdfast.records.tables import vault as tables
from holdfast.vault.keys import FileKeys, create_key_file
from holdfast.vault.service import Vault
from holdfast.vault.store import FolderStore, ObjectStore, open_store

VAULT_TABLES = [tables.vault_items, tables.vault_keys, tables.vault_legal_holds, tables.vault_access]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open database with the vault's tables, on SQLite and on PostgreSQL."""
    with Database(database_url) as opened:
        metadata.create_all(opened.engine, tables=VAULT_TABLES)
        yield opened


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def key_file(tmp_path: Path, home: Path) -> Path:
    path = tmp_path / "elsewhere" / "holdfast.keys"
    create_key_file(path, home=home)
    return path


@pytest.fixture
def vault(database: Database, home: Path, key_file: Path) -> Vault:
    return Vault(database, FolderStore(home / "vault"), FileKeys(key_file, home=home))


@pytest.fixture
def count(database: Database) -> Callable[[sa.Table], int]:
    """How many rows a table has."""

    def rows(table: sa.Table) -> int:
        with database.read() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0

    return rows


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    if importlib.util.find_spec("moto") is None:
        pytest.skip("moto (an S3-compatible server for tests) is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        import httpx2

        assert httpx2.put(f"http://127.0.0.1:{port}/vault", timeout=120).status_code == 200
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the S3 server did not start")


@pytest.fixture(params=["folder", "file-url", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    match request.param:
        case "folder":
            return open_store(str(tmp_path / "a vault"))
        case "file-url":
            return open_store((tmp_path / "a vault").as_uri())
        case "memory":
            return open_store("memory:///")
    options = {
        "aws_endpoint": request.getfixturevalue("s3_endpoint"),
        "allow_http": "true",
        "aws_access_key_id": "tests",
        "aws_secret_access_key": "tests",
        "aws_region": "us-east-1",
    }
    return open_store(f"s3://vault/{tmp_path.name}", options)
