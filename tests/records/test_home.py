"""The state folder: private, refused when it is not, and a database of this version inside."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from holdfast.errors import SettingsError
from holdfast.records.home import Home
from holdfast.records.schema import SCHEMA_VERSION, schema_version
from tests.databases import PostgresServer


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOLDFAST_DATABASE_URL", raising=False)
    monkeypatch.delenv("HOLDFAST_HOME", raising=False)


def test_everything_in_a_new_home_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        home = Home(tmp_path / "deep" / "home")
        with home.database() as database, database.write() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")
            files = {path.name: mode(path) for path in home.path.iterdir()}
        assert mode(home.index_folder) == 0o700
    finally:
        os.umask(before)
    assert mode(home.path) == 0o700
    assert files == {"holdfast.db": 0o600, "holdfast.db-wal": 0o600, "holdfast.db-shm": 0o600}


def test_the_database_has_the_tables(tmp_path: Path) -> None:
    with Home(tmp_path / "home").database() as database:
        assert schema_version(database) == SCHEMA_VERSION


def test_a_home_with_odd_characters_works(tmp_path: Path) -> None:
    with Home(tmp_path / "a ?#%40 höme").database() as database:
        assert schema_version(database) == SCHEMA_VERSION
    assert (tmp_path / "a ?#%40 höme" / "holdfast.db").stat().st_size > 0


def test_an_empty_open_folder_is_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert mode(Home(tmp_path).path) == 0o700


def test_a_used_open_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    tmp_path.chmod(0o750)
    with pytest.raises(SettingsError, match="chmod 700"):
        Home(tmp_path)
    assert mode(tmp_path) == 0o750


def test_a_file_in_place_of_a_home_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot be used"):
        Home(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a folder to another user")
def test_a_home_of_somebody_else_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    with pytest.raises(SettingsError, match="belongs to user 65534"):
        Home(tmp_path)


def test_the_environment_names_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_HOME", str(tmp_path / "named"))
    assert Home().path == tmp_path / "named"
    monkeypatch.setenv("HOLDFAST_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Home().path == tmp_path / ".holdfast"


@pytest.mark.postgres
def test_the_environment_names_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: PostgresServer
) -> None:
    url = postgres.create()
    monkeypatch.setenv("HOLDFAST_DATABASE_URL", url)
    home = Home(tmp_path / "home")
    with home.database() as database:
        assert not database.is_sqlite
        assert schema_version(database) == SCHEMA_VERSION
    assert not home.database_path.exists()
    postgres.drop(url)
