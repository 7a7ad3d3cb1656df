"""One contract on every store: a folder, obstore's memory store, and S3 (a moto server, when installed)."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.errors import ConflictError, ObjectDamagedError, SettingsError, VaultError
from holdfast.vault.store import PART_BYTES, FolderStore, ObjectStore, open_store

NAME, OTHER = "0123456789abcdef" * 2, "f" * 32


def test_put_get_list_delete(store: ObjectStore) -> None:
    assert store.put_new(NAME, [b"some ", b"", b"bytes"]) == 10
    store.put_new(OTHER, [])
    assert b"".join(store.get(NAME)) == b"some bytes"
    assert b"".join(store.get(OTHER)) == b""
    found = {one.name: one for one in store.list_all()}
    assert {name: one.size_bytes for name, one in found.items()} == {NAME: 10, OTHER: 0}
    assert abs(found[NAME].modified_at.timestamp() - time.time()) < 60
    store.delete(found[OTHER])
    store.delete(NAME)
    store.delete(NAME)
    assert list(store.list_all()) == []


def test_an_object_is_never_written_over(store: ObjectStore) -> None:
    store.put_new(NAME, [b"first"])
    for size in (6, PART_BYTES + 1):
        with pytest.raises(ConflictError):
            store.put_new(NAME, [bytes(size)])
    assert b"".join(store.get(NAME)) == b"first"


def test_a_large_object_in_pieces(store: ObjectStore) -> None:
    block = os.urandom(1 << 20)
    assert store.put_new(NAME, (block for _ in range(20))) == 20 << 20
    assert b"".join(store.get(NAME)) == block * 20


def test_a_missing_object_is_damage(store: ObjectStore) -> None:
    with pytest.raises(ObjectDamagedError, match="not in the store"):
        store.get(NAME)


@pytest.mark.parametrize("blocks", [1, 20])
def test_a_source_that_breaks_leaves_no_object(store: ObjectStore, blocks: int) -> None:
    def breaks() -> Iterator[bytes]:
        for _ in range(blocks):
            yield bytes(1 << 20)
        raise RuntimeError("the upload broke off")

    with pytest.raises(RuntimeError, match="broke off"):
        store.put_new(NAME, breaks())
    assert list(store.list_all()) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 32, "0" * 31, "0" * 33, "0" * 31 + "/"])
def test_only_our_own_names(store: ObjectStore, name: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        store.get(name)
    with pytest.raises(ValueError, match="hexadecimal"):
        store.put_new(name, [])


def test_folder_modes_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        FolderStore(tmp_path / "vault").put_new(NAME, [b"x"])
    finally:
        os.umask(before)
    for path in (tmp_path / "vault").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)
    assert (tmp_path / "vault").stat().st_mode & 0o777 == 0o700


def test_folder_lists_and_removes_what_a_killed_writer_left(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    left = tmp_path / "unfinished" / f"{NAME}.hfv.0000000000000000.unfinished"
    left.write_bytes(b"half")
    (found,) = store.list_all()
    assert found.is_unfinished
    store.delete(found)
    assert not left.exists()


def test_folder_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    import resource

    store = FolderStore(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    try:
        with pytest.raises(VaultError, match="could not be written"):
            store.put_new(NAME, [bytes(1 << 20)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(store.list_all()) == []


@pytest.mark.parametrize("url", ["ftp://host/vault", "http://host/vault", "file://host/vault"])
def test_another_kind_of_url_is_a_settings_error(url: str) -> None:
    with pytest.raises(SettingsError, match="nothing was opened"):
        open_store(url)


@pytest.mark.parametrize("options", [{"allow_everything": "yes"}, {"aws_no_such_option": "x"}])
def test_an_unknown_option_is_a_settings_error(options: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        open_store("s3://vault", options)


def test_a_store_that_does_not_answer_is_a_vault_error() -> None:
    options = {
        "aws_endpoint": "http://127.0.0.1:9",
        "allow_http": "true",
        "aws_access_key_id": "tests",
        "aws_secret_access_key": "tests",
        "aws_region": "us-east-1",
    }
    store = open_store("s3://vault", options)
    with pytest.raises(VaultError, match="could not be written"):
        store.put_new(NAME, [b"x"])


def test_an_object_and_its_name_are_on_the_disk_when_it_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[bool, int]] = []

    def flush(descriptor: int) -> None:
        status = os.fstat(descriptor)
        flushed.append((stat.S_ISDIR(status.st_mode), status.st_size))

    store = FolderStore(tmp_path / "vault")
    monkeypatch.setattr(os, "fsync", flush)
    store.put_new(NAME, [b"benign"])
    assert (False, 6) in flushed  # all bytes, then the folder that names it
    assert flushed[-1][0] and flushed.index((False, 6)) < len(flushed) - 1
    flushed.clear()
    store.delete(NAME)
    assert [is_folder for is_folder, _ in flushed] == [True]
