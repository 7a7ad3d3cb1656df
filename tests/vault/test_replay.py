"""What was destroyed stays destroyed, and what is held stays held, in a database older than both."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.errors import KeyUnavailableError, ObjectDamagedError, ObjectDestroyedError, VaultError
from holdfast.records.tables.base import now
from holdfast.records.tables.evidence import vault_journal, vault_preserved
from holdfast.records.tables.vault import vault_items, vault_keys, vault_legal_holds
from holdfast.vault import preservation, retention
from holdfast.vault.journal import FOLDER, Journal
from holdfast.vault.keys import FileKeys, create_key_file
from holdfast.vault.replay import replay
from holdfast.vault.secrets import KeySealer
from holdfast.vault.service import Vault
from holdfast.vault.store import FolderStore
from holdfast.vault.sweep import sweep_expired

AS = {"actor": "lead:bo", "purpose": "not known content"}
TABLES = (vault_items, vault_keys, vault_legal_holds, vault_preserved)


def _hold(vault: Vault) -> str:
    return vault.hold(b"benign", reason="rule", actor="api")


def _snapshot(vault: Vault) -> Callable[[], None]:
    """The vault's tables now; call it to have them so again: a restored backup, keys and all."""
    with vault.database.read() as connection:
        rows = {
            table: [dict(row._mapping) for row in connection.execute(sa.select(table))] for table in TABLES
        }

    def restore() -> None:
        with vault.database.write() as connection:
            for table in (vault_journal, *reversed(TABLES)):
                connection.execute(sa.delete(table))
            for table in TABLES:
                if rows[table]:
                    connection.execute(sa.insert(table), rows[table])

    return restore


def _replay(vault: Vault) -> tuple[int, int]:
    with vault.database.write() as connection:
        done = replay(connection, vault.journal.read())
    return done.destroyed, done.legal_holds


def test_an_old_database_and_old_objects_bring_nothing_back(vault: Vault, home: Path, tmp_path: Path) -> None:
    by_hand, by_clock, kept = (_hold(vault) for _ in range(3))
    restore = _snapshot(vault)
    shutil.copytree(home / "vault", tmp_path / "objects")
    vault.destroy(by_hand, **AS)
    with vault.database.write() as connection:
        retention.release(connection, by_clock, window=timedelta(0), **AS)
    sweep_expired(vault)

    shutil.copytree(tmp_path / "objects", home / "vault", dirs_exist_ok=True)
    restore()
    assert _replay(vault) == (2, 0)
    for item in (by_hand, by_clock):
        with pytest.raises(ObjectDestroyedError):
            vault.open(item, **AS)
    tombstone = vault.describe(by_hand)
    assert (tombstone.destroyed_by, tombstone.destroyed_why) == ("lead:bo", "not known content")
    assert b"".join(vault.open(kept, **AS)) == b"benign"
    assert sweep_expired(vault).objects_removed == 2
    assert [found.name for found in vault.store.list_all()] == [kept]
    assert _replay(vault) == (0, 0)  # again changes nothing


def test_holds_and_periods_come_back_before_the_clock_looks(vault: Vault) -> None:
    held, lifted, filed, reported = (_hold(vault) for _ in range(4))
    with vault.database.write() as connection:
        number = retention.place_legal_hold(connection, lifted, reference="old order", actor="counsel")
        for item in (held, filed, reported, lifted):
            retention.release(connection, item, window=timedelta(0), **AS)
    restore = _snapshot(vault)
    end = now() + timedelta(days=90)
    with vault.database.write() as connection:
        retention.place_legal_hold(
            connection, held, reference="PR 7", actor="counsel", agency="Example Police", until=end
        )
        retention.lift_legal_hold(connection, number, actor="counsel", purpose="withdrawn")
        retention.filed(connection, [filed], now(), actor="filer")
        preservation.begin(connection, "case:1", [reported], actor="ana")
    vault.journal.write(vault.database)
    restore()
    assert _replay(vault) == (0, 2)
    assert sweep_expired(vault).destroyed == 1  # the lifted one
    (hold,) = vault.describe(held).legal_holds
    assert (hold.reference, hold.agency, hold.until, hold.placed_by) == (
        "PR 7",
        "Example Police",
        end,
        "counsel",
    )
    assert vault.describe(filed).keep_until is not None
    with vault.database.write() as connection:
        assert preservation.follow(connection, "case:1", now(), actor="filer") == [reported]
    assert _replay(vault) == (0, 0)


def test_items_unknown_to_the_records_are_passed_over(vault: Vault) -> None:
    restore = _snapshot(vault)
    item = _hold(vault)
    with vault.database.write() as connection:
        retention.place_legal_hold(connection, item, reference="order", actor="counsel")
        preservation.begin(connection, "case:1", [item], actor="ana")
        retention.lift_legal_hold(connection, 1, actor="counsel", purpose="x")
    with vault.database.write() as connection:
        connection.execute(sa.update(vault_items).values(keep_until=None))
    vault.destroy(item, **AS)
    restore()
    assert _replay(vault) == (0, 0)


def test_no_object_goes_before_its_tombstone_is_in_the_journal(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand, by_clock = _hold(vault), _hold(vault)
    with vault.database.write() as connection:
        retention.release(connection, by_clock, window=timedelta(0), **AS)

    def fails(*_: object) -> None:
        raise VaultError("the journal's disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Journal, "_put", fails)
        for destroy in (lambda: vault.destroy(by_hand, **AS), lambda: sweep_expired(vault)):
            with pytest.raises(VaultError, match="disk is full"):
                destroy()
    assert {found.name for found in vault.store.list_all()} == {by_hand, by_clock}
    assert sweep_expired(vault).objects_removed == 2
    told = {entry["item"] for entry in vault.journal.read() if entry["kind"] == "destroyed"}
    assert told == {by_hand, by_clock}


def test_a_damaged_forged_or_foreign_journal_is_refused(vault: Vault, home: Path, tmp_path: Path) -> None:
    item = _hold(vault)
    vault.destroy(item, **AS)
    store = vault.store.beside(FOLDER)
    (found,) = store.list_all()
    sealed = b"".join(store.get(found.name))
    forged = "f" * 32
    store.put_new(forged, [sealed])  # the same bytes under another name
    with pytest.raises(KeyUnavailableError):
        list(vault.journal.read())
    store.delete(forged)
    store.delete(found.name)
    store.put_new(found.name, [sealed[:-1] + bytes([sealed[-1] ^ 1])])
    with pytest.raises(ObjectDamagedError, match=f"{found.name} of the journal"):
        list(vault.journal.read())
    store.delete(found.name)
    store.put_new(found.name, [sealed])
    assert len(list(vault.journal.read())) == 1
    create_key_file(tmp_path / "stranger.keys", home=home)
    stranger = KeySealer(FileKeys(tmp_path / "stranger.keys", home=home))
    with pytest.raises(KeyUnavailableError):
        list(Journal(store, stranger).read())
    assert item.encode() not in sealed and b"not known" not in sealed


def test_the_journal_may_lie_elsewhere_and_never_among_the_objects(vault: Vault, tmp_path: Path) -> None:
    place = FolderStore(tmp_path / "another disk")
    other = Vault(vault.database, vault.store, vault.keys, journal=place)
    for one in (vault, other):
        one.destroy(_hold(one), **AS)
    assert len(list(place.list_all())) == 1
    assert list(vault.store.list_all()) == []
