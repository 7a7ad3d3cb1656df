"""The spool folder: nothing readable in it, nothing opens it without the key file, nothing stays."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.errors import KeyUnavailableError, ObjectDamagedError, VaultError
from holdfast.records import deep_queue
from holdfast.records.database import Database
from holdfast.records.deep_queue import Waiting
from holdfast.records.tables import metadata
from holdfast.records.tables.deep import deep_keys
from holdfast.screening.spool import Spool
from holdfast.vault.keys import FileKeys, KeyService, WrappedKey, create_key_file

SECRET = b"somebody's luma, account and address" * 50


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    create_key_file(tmp_path / "keys", home=folder)
    return folder


@pytest.fixture
def keys(home: Path) -> Callable[[], KeyService]:
    return lambda: FileKeys(home.parent / "keys", home=home)


@pytest.fixture
def spool(home: Path, database: Database, keys: Callable[[], KeyService]) -> Spool:
    return Spool(home, database, keys)


def queued(spool: Spool, database: Database, plain: bytes = SECRET) -> Waiting:
    name, sealed_key, key_id = spool.put(plain)
    with database.write() as connection:
        deep_queue.enqueue(connection, spool=spool.id, name=name, sealed_key=sealed_key, key_id=key_id)
        return deep_queue.claim(connection, spool.id, 30.0, 10)[-1]


def files(home: Path) -> list[Path]:
    return [path for path in (home / "spool").iterdir() if path.name != "id"]


def test_another_process_of_the_home_opens_it(
    home: Path, spool: Spool, database: Database, keys: Callable[[], KeyService]
) -> None:
    waiting = queued(spool, database)
    other = Spool(home, database, keys)
    assert other.id == spool.id and len(spool.id) == 32
    assert other.get(waiting) == SECRET
    other.remove(waiting.object)
    other.remove(waiting.object)
    assert files(home) == []
    with pytest.raises(ObjectDamagedError):
        spool.get(waiting)


def test_nothing_of_it_can_be_read_in_folder_and_records(
    home: Path, spool: Spool, database: Database
) -> None:
    queued(spool, database)
    (path,) = files(home)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "spool").stat().st_mode) == 0o700
    assert SECRET[:20] not in path.read_bytes()
    with database.read() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(sa.select(table)):
                assert SECRET[:20] not in b"".join(v for v in row if isinstance(v, bytes))


def test_a_copy_of_home_and_records_opens_nothing(home: Path, spool: Spool, database: Database) -> None:
    waiting = queued(spool, database)
    create_key_file(home.parent / "other-keys", home=home)
    stranger = Spool(home, database, lambda: FileKeys(home.parent / "other-keys", home=home))
    with pytest.raises(KeyUnavailableError):
        stranger.get(waiting)


@pytest.mark.parametrize("where", ["first", "last", "cut short"])
def test_what_was_altered_is_not_believed(home: Path, spool: Spool, database: Database, where: str) -> None:
    waiting = queued(spool, database)
    (path,) = files(home)
    data = bytearray(path.read_bytes())
    if where == "cut short":
        data = data[:-1]
    else:
        data[0 if where == "first" else -1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ObjectDamagedError):
        spool.get(waiting)


def test_a_file_of_another_row_is_not_believed(home: Path, spool: Spool, database: Database) -> None:
    one, other = queued(spool, database), queued(spool, database, b"x")
    (home / "spool" / other.object).replace(home / "spool" / one.object)
    with pytest.raises(ObjectDamagedError):
        spool.get(one)


def test_a_key_that_was_destroyed_opens_nothing(spool: Spool, database: Database) -> None:
    waiting = queued(spool, database)
    with database.write() as connection:
        connection.execute(sa.delete(deep_keys))
    with pytest.raises(ObjectDamagedError, match="gone"):
        spool.get(waiting)


def test_one_key_serves_an_hour(spool: Spool, database: Database) -> None:
    for _ in range(5):
        queued(spool, database)
    with database.read() as connection:
        assert len(connection.execute(sa.select(deep_keys)).all()) == 1


def test_the_sweep_removes_what_no_row_needs(
    home: Path, spool: Spool, database: Database, keys: Callable[[], KeyService]
) -> None:
    waiting = queued(spool, database)
    spool.put(b"killed before its row")
    (home / "spool" / "id.0123").write_text("killed while the folder got its name")
    assert spool.sweep() == 0  # they may still be on their way
    assert spool.sweep(older_than_s=-1.0) == 2
    assert [path.name for path in files(home)] == [waiting.object]
    assert Spool(home, database, keys).id == spool.id
    with database.write() as connection:
        deep_queue.finish(connection, waiting)
    assert spool.sweep(older_than_s=-1.0) == 1
    assert files(home) == []


class _Away:
    def current_id(self) -> str:
        raise KeyUnavailableError("away")

    def wrap(self, data_key: bytes, *, context: bytes) -> WrappedKey:
        raise KeyUnavailableError("away")

    def unwrap(self, wrapped: WrappedKey, *, context: bytes) -> bytes:
        raise KeyUnavailableError("away")


def test_without_a_key_nothing_is_written(home: Path, database: Database) -> None:
    with pytest.raises(KeyUnavailableError):
        Spool(home, database, _Away).put(SECRET)
    assert files(home) == []


def test_a_folder_that_cannot_be_written_is_told_of(home: Path, spool: Spool) -> None:
    spool.put(b"x")
    for path in (home / "spool").iterdir():
        path.unlink()
    (home / "spool").rmdir()
    with pytest.raises(VaultError, match="deep check"):
        spool.put(SECRET)
