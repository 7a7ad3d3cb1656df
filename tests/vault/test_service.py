"""What was answered is held; what is opened is what was held, on record; anything else is an error."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.errors import (
    HeldError,
    KeyUnavailableError,
    NotFoundError,
    ObjectDamagedError,
    ObjectDestroyedError,
    UsageError,
)
from holdfast.records.database import Database
from holdfast.records.tables.vault import vault_access, vault_items, vault_keys
from holdfast.vault import retention
from holdfast.vault.keys import FileKeys, add_key, create_key_file
from holdfast.vault.service import Vault
from holdfast.vault.store import FolderStore
from holdfast.vault.sweep import rewrap

BODY = b"an ordinary picture of a lighthouse " * 20_000  # 720 kB: several chunks
FACTS = {"account": "account-7f3a", "urls": ["https://example.org/p/1"], "name": "Leuchtturm.jpg"}
AS = {"actor": "reviewer:ana", "purpose": "case 12"}


def _hold(vault: Vault, body: bytes = BODY) -> str:
    return vault.hold(body, reason="rule known", actor="api:upload", facts=FACTS)


def _open(vault: Vault, item_id: str) -> bytes:
    return b"".join(vault.open(item_id, **AS))


def _object_of(vault: Vault, item_id: str) -> Path:
    assert isinstance(vault.store, FolderStore)
    return vault.store._path(item_id)


@pytest.mark.parametrize("form", ["bytes", "file", "pieces", "empty"])
def test_hold_and_open(vault: Vault, form: str) -> None:
    body = b"" if form == "empty" else BODY
    sources: dict[str, Callable[[], bytes | io.BytesIO | Iterator[bytes]]] = {
        "file": lambda: io.BytesIO(body),
        "pieces": lambda: iter([body[:7], b"", body[7:]]),
    }
    source = sources.get(form, lambda: body)()
    item_id = vault.hold(source, reason="rule known", actor="api:upload", facts=FACTS)
    assert _open(vault, item_id) == body
    facts = vault.read_facts(item_id, **AS)
    assert (facts.size_bytes, facts.context) == (len(body), FACTS)
    item = vault.describe(item_id)
    assert (item.state, item.size_bytes, item.held_by) == ("held", len(body), "api:upload")


def test_neither_content_nor_facts_lie_readable_anywhere(vault: Vault, home: Path, tmp_path: Path) -> None:
    item_id = _hold(vault)
    digest = vault.read_facts(item_id, **AS).sha256
    secrets = [b"lighthouse", b"account-7f3a", b"Leuchtturm", digest.encode(), bytes.fromhex(digest)]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert _object_of(vault, item_id) in files
    for path in files:
        data = path.read_bytes()
        assert not [secret for secret in secrets if secret in data], path
    with vault.database.read() as connection:
        for table in (vault_items, vault_keys, vault_access):
            text = repr(connection.execute(sa.select(table)).all())
            assert not [secret for secret in secrets if secret.decode("latin-1") in text]


def test_every_look_is_on_record_before_the_first_byte(vault: Vault, database: Database) -> None:
    item_id = _hold(vault)
    pieces = vault.open(item_id, **AS)  # nothing read yet
    vault.read_facts(item_id, **AS)
    with database.read() as connection:
        rows = connection.execute(sa.select(vault_access).order_by(vault_access.c.id)).all()
    assert [(row.action, row.actor, row.purpose) for row in rows] == [
        ("hold", "api:upload", "rule known"),
        ("open", "reviewer:ana", "case 12"),
        ("read_facts", "reviewer:ana", "case 12"),
    ]
    assert next(pieces)


@pytest.mark.parametrize(("actor", "purpose"), [("", "case"), ("ana", " "), ("a" * 201, "case")])
def test_nobody_opens_without_a_name_and_a_purpose(vault: Vault, actor: str, purpose: str) -> None:
    item_id = _hold(vault)
    with pytest.raises(UsageError):
        vault.open(item_id, actor=actor, purpose=purpose)


def test_an_upload_that_breaks_off_holds_nothing(
    vault: Vault, count: Callable[[sa.Table], int], home: Path
) -> None:
    def breaks() -> Iterator[bytes]:
        yield BODY
        raise RuntimeError("broke off")

    with pytest.raises(RuntimeError):
        vault.hold(breaks(), reason="rule", actor="api")
    assert count(vault_items) == count(vault_keys) == 0
    assert list(vault.store.list_all()) == []


def test_record_joins_the_transaction_of_the_caller(vault: Vault, count: Callable[[sa.Table], int]) -> None:
    stored = vault.put(BODY)
    with pytest.raises(RuntimeError), vault.database.write() as connection:
        vault.record(connection, stored, reason="rule", actor="api")
        raise RuntimeError("the rest of the transaction failed")
    assert count(vault_items) == count(vault_keys) == 0


def test_bit_flip_in_the_object_is_detected(vault: Vault) -> None:
    item_id = _hold(vault)
    path = _object_of(vault, item_id)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    given = b""
    with pytest.raises(ObjectDamagedError):
        for piece in vault.open(item_id, **AS):
            given += piece
    assert given == BODY[: len(given)] and len(given) < len(BODY) // 2 + 1


def test_swapped_and_half_written_and_lost_objects_are_detected(vault: Vault) -> None:
    first, second = _hold(vault), _hold(vault, BODY[::-1])
    one, other = _object_of(vault, first), _object_of(vault, second)
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    with pytest.raises(ObjectDamagedError, match="another object"):
        _open(vault, first)
    one.write_bytes(data[: len(data) // 2])
    with pytest.raises(ObjectDamagedError):
        _open(vault, first)
    one.unlink()
    with pytest.raises(ObjectDamagedError, match="not in the store"):
        _open(vault, first)
    assert _open(vault, second) == BODY[::-1]


def test_swapped_rows_are_detected(vault: Vault, database: Database) -> None:
    first, second = _hold(vault), _hold(vault, b"other")
    with database.write() as connection:
        keys = {row.item_id: row.wrapped_key for row in connection.execute(sa.select(vault_keys))}
        update = sa.update(vault_keys).where(vault_keys.c.item_id == first)
        connection.execute(update.values(wrapped_key=keys[second]))
    with pytest.raises(KeyUnavailableError, match="does not open"):
        _open(vault, first)
    with database.write() as connection:
        connection.execute(update.values(wrapped_key=keys[first]))
        facts = connection.scalar(sa.select(vault_items.c.sealed_facts).where(vault_items.c.id == second))
        connection.execute(sa.update(vault_items).where(vault_items.c.id == first).values(sealed_facts=facts))
    with pytest.raises(ObjectDamagedError, match="facts"):
        _open(vault, first)


def test_missing_keys_are_a_clear_error(vault: Vault, database: Database, home: Path, tmp_path: Path) -> None:
    item_id = _hold(vault)
    stranger = tmp_path / "stranger.keys"
    create_key_file(stranger, home=home)
    other = Vault(database, vault.store, FileKeys(stranger, home=home))
    with pytest.raises(KeyUnavailableError, match="has no key"):
        other.open(item_id, **AS)
    with database.write() as connection:
        connection.execute(sa.delete(vault_keys))
    with pytest.raises(KeyUnavailableError, match="not in the key store"):
        vault.open(item_id, **AS)


def test_an_unknown_item_is_not_found(vault: Vault) -> None:
    for item_id in ("0" * 32, "../../etc/passwd"):
        with pytest.raises(NotFoundError):
            vault.open(item_id, **AS)
        with pytest.raises(NotFoundError):
            vault.describe(item_id)


def test_rotation_rewraps_keys_and_leaves_objects(vault: Vault, database: Database, key_file: Path) -> None:
    ids = [_hold(vault, os.urandom(100)) for _ in range(3)]
    plain = {item_id: _open(vault, item_id) for item_id in ids}
    sealed = {item_id: _object_of(vault, item_id).read_bytes() for item_id in ids}
    new = add_key(key_file)
    assert rewrap(vault).rewrapped == 3
    assert rewrap(vault).rewrapped == 0
    with database.read() as connection:
        assert set(connection.scalars(sa.select(vault_keys.c.wrapped_by))) == {new}
    lines = key_file.read_text().splitlines()
    key_file.write_text(
        "\n".join(line for line in lines if line.startswith(("#", new)))
    )  # the old key is gone
    assert {item_id: _open(vault, item_id) for item_id in ids} == plain
    assert {item_id: _object_of(vault, item_id).read_bytes() for item_id in ids} == sealed


def test_rewrap_goes_on_past_a_key_that_does_not_open(
    vault: Vault, database: Database, key_file: Path
) -> None:
    bad, good = sorted(_hold(vault) for _ in range(2))
    with database.write() as connection:
        connection.execute(sa.update(vault_keys).where(vault_keys.c.item_id == bad).values(wrapped_key=b"x"))
    add_key(key_file)
    report = rewrap(vault)
    assert (report.rewrapped, report.failed) == (1, (bad,))
    assert _open(vault, good) == BODY


def test_destroy_leaves_a_tombstone_that_says_nothing_of_the_content(
    vault: Vault, database: Database, count: Callable[[sa.Table], int]
) -> None:
    item_id = _hold(vault)
    vault.destroy(item_id, actor="lead:bo", purpose="not known content")
    item = vault.describe(item_id)
    assert (item.state, item.destroyed_by, item.destroyed_why) == (
        "destroyed",
        "lead:bo",
        "not known content",
    )
    assert item.object_gone_at is not None
    assert count(vault_keys) == 0
    assert list(vault.store.list_all()) == []
    with database.read() as connection:
        assert connection.scalar(sa.select(vault_items.c.sealed_facts)) is None
    for again in (lambda: vault.open(item_id, **AS), lambda: vault.destroy(item_id, **AS)):
        with pytest.raises(ObjectDestroyedError, match="not known content"):
            again()


def test_an_object_kept_by_somebody_does_not_open_after_destruction(vault: Vault) -> None:
    item_id = _hold(vault)
    copy = _object_of(vault, item_id).read_bytes()
    vault.destroy(item_id, **AS)
    _object_of(vault, item_id).write_bytes(copy)
    with pytest.raises(ObjectDestroyedError):
        vault.open(item_id, **AS)


def test_a_legal_hold_forbids_destruction_until_all_are_lifted(vault: Vault) -> None:
    item_id = _hold(vault)
    with vault.database.write() as connection:
        first, second = (
            retention.place_legal_hold(connection, item_id, reference=f"order {number}", actor="counsel")
            for number in (1, 2)
        )
    for hold_id in (first, second):
        with pytest.raises(HeldError, match="order 2"):
            vault.destroy(item_id, **AS)
        assert _open(vault, item_id) == BODY
        with vault.database.write() as connection:
            retention.lift_legal_hold(connection, hold_id, actor="counsel", purpose="order withdrawn")
    vault.destroy(item_id, **AS)
    with pytest.raises(NotFoundError), vault.database.write() as connection:
        retention.lift_legal_hold(connection, first, actor="counsel", purpose="again")
