"""`check` tells what is lost, swapped, altered or cut short, in words, and is silent where all is well."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.records.tables.vault import vault_items, vault_keys
from holdfast.vault.check import Trouble, check
from holdfast.vault.envelope import CHUNK_BYTES, encrypt, new_data_key, sealed_size
from holdfast.vault.keys import FileKeys, create_key_file
from holdfast.vault.service import Vault
from holdfast.vault.store import FolderStore

AS = {"actor": "lead:bo", "purpose": "tests"}
QUICK = {
    Trouble.LOST,
    Trouble.WRONG_SIZE,
    Trouble.NO_KEY,
    Trouble.KEY_LEFT,
    Trouble.CAME_BACK,
    Trouble.LEFTOVER,
}


def _hold(vault: Vault, body: bytes = b"benign") -> str:
    return vault.hold(body, reason="rule", actor="api")


def _object_of(vault: Vault, item_id: str) -> Path:
    assert isinstance(vault.store, FolderStore)
    return vault.store._path(item_id)


def _troubles(vault: Vault, *, full: bool = True) -> dict[str, Trouble]:
    return {fault.item_id: fault.trouble for fault in check(vault, full=full)}


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_the_size_of_an_object_is_known_beforehand(size: int) -> None:
    made = encrypt([bytes(size)], key=new_data_key(), object_id=bytes(16))
    assert sealed_size(size) == sum(map(len, made))


def test_a_sound_vault_has_no_faults(vault: Vault) -> None:
    for size in (0, 7, CHUNK_BYTES + 1):
        _hold(vault, bytes(size))
    vault.destroy(_hold(vault), **AS)
    vault.put(b"on its way to a row")
    assert _troubles(vault) == {}


def test_everything_that_can_be_wrong(vault: Vault, home: Path) -> None:
    names = (
        "sound",
        "lost",
        "short",
        "longer",
        "flipped",
        "swapped",
        "facts",
        "keyless",
        "strange",
        "back",
        "left",
    )
    of = {name: _hold(vault, name.encode() * 1000) for name in names}
    other = _hold(vault, b"wapped" * 1000)
    before = {name: _object_of(vault, item).read_bytes() for name, item in of.items()}
    for name in ("back", "left"):
        vault.destroy(of[name], **AS)
    _object_of(vault, of["lost"]).unlink()
    _object_of(vault, of["short"]).write_bytes(before["short"][:-1])
    _object_of(vault, of["longer"]).write_bytes(before["longer"] + b"x")
    flipped = bytearray(before["flipped"])
    flipped[100] ^= 1
    _object_of(vault, of["flipped"]).write_bytes(flipped)
    _object_of(vault, of["back"]).write_bytes(before["back"])
    swapped = _hold(vault, b"S" * 7000), _hold(vault, b"T" * 7000)
    one, two = (_object_of(vault, item) for item in swapped)
    one_bytes = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(one_bytes)
    with vault.database.write() as connection:
        update = sa.update(vault_items).where(vault_items.c.id == of["facts"])
        connection.execute(update.values(sealed_facts=b"x" * 60))
        connection.execute(sa.delete(vault_keys).where(vault_keys.c.item_id == of["keyless"]))
        key = {"wrapped_by": vault.keys.current_id(), "wrapped_key": b"x" * 60}
        connection.execute(sa.update(vault_keys).where(vault_keys.c.item_id == of["strange"]).values(**key))
        connection.execute(sa.insert(vault_keys).values(item_id=of["left"], **key))
    orphan = vault.put(b"of a killed writer").id
    half = home / "vault" / "unfinished" / "half.unfinished"
    half.write_bytes(b"half")
    for path in (_object_of(vault, orphan), half):
        os.utime(path, (0, 0))
    expected = {
        of["lost"]: Trouble.LOST,
        of["short"]: Trouble.WRONG_SIZE,
        of["longer"]: Trouble.WRONG_SIZE,
        of["flipped"]: Trouble.DAMAGED,
        swapped[0]: Trouble.DAMAGED,
        swapped[1]: Trouble.DAMAGED,
        of["facts"]: Trouble.DAMAGED,
        of["keyless"]: Trouble.NO_KEY,
        of["strange"]: Trouble.WRONG_KEY,
        of["back"]: Trouble.CAME_BACK,
        of["left"]: Trouble.KEY_LEFT,
        orphan: Trouble.LEFTOVER,
        half.name: Trouble.LEFTOVER,
    }
    assert _troubles(vault) == expected
    assert _troubles(vault, full=False) == {item: what for item, what in expected.items() if what in QUICK}
    words = {fault.item_id: fault.detail for fault in check(vault, full=True)}
    assert "another object lies in its place" in words[swapped[0]]
    assert "half written" in words[of["short"]]
    assert {other, of["sound"]}.isdisjoint(words)


def test_a_lost_key_file_is_told_item_by_item(vault: Vault, home: Path, tmp_path: Path) -> None:
    items = {_hold(vault) for _ in range(2)}
    create_key_file(tmp_path / "stranger.keys", home=home)
    other = Vault(vault.database, vault.store, FileKeys(tmp_path / "stranger.keys", home=home))
    assert _troubles(other) == dict.fromkeys(items, Trouble.WRONG_KEY)
    assert _troubles(other, full=False) == {}


def test_looking_is_no_access(vault: Vault) -> None:
    from holdfast.records.tables.vault import vault_access

    _hold(vault)
    assert _troubles(vault) == {}
    with vault.database.read() as connection:
        assert list(connection.scalars(sa.select(vault_access.c.action))) == ["hold"]
