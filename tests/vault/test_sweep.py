"""The clock: cleared content goes after its window, nothing that is kept goes, leftovers of crashes go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.errors import HeldError, ObjectDestroyedError, VaultError
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.records.tables.vault import vault_access, vault_items, vault_keys, vault_legal_holds
from holdfast.vault import retention
from holdfast.vault.models import Retention
from holdfast.vault.service import Vault
from holdfast.vault.store import open_store
from holdfast.vault.sweep import sweep_expired, sweep_orphans

AS = {"actor": "reviewer:ana", "purpose": "case 12"}
NO_TIME = timedelta(0)


def _hold(vault: Vault, **limits: datetime) -> str:
    return vault.hold(b"benign", reason="rule known", actor="api", retain=Retention(**limits))


def _release(vault: Vault, item_id: str, window: timedelta = retention.CLEARED_WINDOW) -> datetime:
    with vault.database.write() as connection:
        return retention.release(connection, item_id, window=window, **AS)


def _states(vault: Vault) -> dict[str, str]:
    with vault.database.read() as connection:
        rows = connection.execute(sa.select(vault_items.c.id, vault_items.c.state)).all()
    return {row.id: row.state for row in rows}


def test_cleared_content_is_destroyed_after_the_window_and_not_before(vault: Vault) -> None:
    undecided, waiting, over = (_hold(vault) for _ in range(3))
    at = _release(vault, waiting)
    assert timedelta(days=6, hours=23) < at - now() <= timedelta(days=7)
    assert _release(vault, waiting, NO_TIME) == at  # releasing again does not shorten it
    _release(vault, over, NO_TIME)
    assert sweep_expired(vault).destroyed == 1
    assert _states(vault) == {undecided: "held", waiting: "released", over: "destroyed"}
    assert {found.name for found in vault.store.list_all()} == {undecided, waiting}
    assert vault.describe(over).destroyed_by == "holdfast:sweep"


def test_a_clearing_can_be_taken_back_within_the_window(vault: Vault) -> None:
    item_id = _hold(vault)
    _release(vault, item_id, NO_TIME)
    with vault.database.write() as connection:
        retention.hold_again(connection, item_id, **AS)
    assert sweep_expired(vault).destroyed == 0
    _release(vault, item_id, NO_TIME)
    sweep_expired(vault)
    with pytest.raises(ObjectDestroyedError), vault.database.write() as connection:
        retention.hold_again(connection, item_id, **AS)


def test_a_preservation_duty_outlives_release_and_forbids_destruction(vault: Vault) -> None:
    until = now() + timedelta(days=365)
    item_id = _hold(vault, keep_until=until)
    assert _release(vault, item_id, NO_TIME) == until
    with pytest.raises(HeldError, match="must be kept until"):
        vault.destroy(item_id, **AS)
    with vault.database.write() as connection:
        assert retention.preserve(connection, item_id, now(), **AS) == until  # never made shorter
        longer = retention.preserve(connection, item_id, until + timedelta(days=1), **AS)
    assert longer == vault.describe(item_id).destroy_at
    assert sweep_expired(vault).destroyed == 0


def test_ten_thousand_items_expire_around_holds(fast_vault: Vault, count: Callable[[sa.Table], int]) -> None:
    """Destroyed exactly where the moment has come, no duty lasts, and no hold of anybody is in force."""
    vault, total = fast_vault, 10_000
    past, future = now() - timedelta(hours=1), now() + timedelta(hours=1)
    limits = [(None, past), (None, future), (future, past), (None, None), (past, past)]
    base = {"state": "held", "reason": "r", "size_bytes": 6, "held_at": now(), "held_by": "t"}
    rows = [
        {
            "id": _name(n),
            **base,
            "sealed_facts": b"x",
            "keep_until": limits[n % 5][0],
            "destroy_at": limits[n % 5][1],
        }
        for n in range(total)
    ]
    keys = [{"item_id": _name(n), "wrapped_by": "k", "wrapped_key": b"x"} for n in range(total)]
    # in force, in force until later, over, lifted
    ends = [(None, None), (future, None), (past, None), (None, past)]
    holds = [
        {
            "item_id": _name(n),
            "reference": "order",
            "placed_at": past,
            "placed_by": "counsel",
            "until": ends[n // 50 % 4][0],
            "lifted_at": ends[n // 50 % 4][1],
        }
        for n in range(0, total, 50)
    ]
    with vault.database.write() as connection:
        connection.execute(sa.insert(vault_items), rows)
        connection.execute(sa.insert(vault_keys), keys)
        connection.execute(sa.insert(vault_legal_holds), holds)
    report = sweep_expired(vault)
    kept_by_hold = {n for n in range(0, total, 50) if n // 50 % 4 < 2}
    goes = {n for n in range(total) if n % 5 in (0, 4)} - kept_by_hold
    with vault.database.read() as connection:
        gone = connection.scalars(sa.select(vault_items.c.id).where(vault_items.c.state == "destroyed"))
        assert set(gone) == {_name(n) for n in goes}
    assert report.destroyed == report.objects_removed == len(goes) == 3900
    assert count(vault_keys) == total - len(goes)
    assert sum(entry["kind"] == "destroyed" for entry in vault.journal.read()) == len(goes)


def _name(number: int) -> str:
    return f"{number:032x}"


@pytest.fixture
def fast_vault(vault: Vault) -> Vault:
    """The vault on a store in memory: the rows are what is looked at."""
    return Vault(vault.database, open_store("memory:///"), vault.keys, journal=vault.store.beside("journal"))


def test_a_destruction_cut_short_is_finished(vault: Vault, database: Database) -> None:
    item_id = _hold(vault)
    with database.write() as connection:  # the crash comes right after the key's commit
        retention.lock(connection, item_id)
        retention.destroy_keys(connection, [item_id], **AS)
    assert len(list(vault.store.list_all())) == 1
    assert sweep_expired(vault).objects_removed == 1
    assert list(vault.store.list_all()) == []
    assert vault.describe(item_id).object_gone_at is not None


def test_orphans_go_after_the_grace_and_items_stay(vault: Vault, home: Path) -> None:
    item_id = _hold(vault)
    vault.put(b"its process was killed before the commit")
    left = home / "vault" / "unfinished" / "x.unfinished"
    left.write_bytes(b"half")
    assert sweep_orphans(vault).orphans_removed == 0
    assert sweep_orphans(vault, grace=NO_TIME).orphans_removed == 2
    assert [found.name for found in vault.store.list_all()] == [item_id]
    assert b"".join(vault.open(item_id, **AS)) == b"benign"


def test_somebody_who_has_made_sure_removes_any_number(vault: Vault) -> None:
    item_id = _hold(vault)
    for _ in range(25):
        vault.put(b"belongs to nothing")
    with pytest.raises(VaultError, match="--force"):
        sweep_orphans(vault, grace=NO_TIME)
    assert sweep_orphans(vault, grace=NO_TIME, force=True).orphans_removed == 25
    assert [found.name for found in vault.store.list_all()] == [item_id]


def test_what_is_put_and_not_wanted_is_discarded(vault: Vault, home: Path) -> None:
    stored = vault.put(b"benign")
    vault.discard(stored)
    vault.discard(stored)
    assert list(vault.store.list_all()) == []


def test_a_store_of_another_database_is_not_swept_empty(vault: Vault, database: Database) -> None:
    for _ in range(25):
        _hold(vault)
    with database.write() as connection:
        for table in (vault_keys, vault_access, vault_items):
            connection.execute(sa.delete(table))
    with pytest.raises(VaultError, match="none was removed"):
        sweep_orphans(vault, grace=NO_TIME)
    assert len(list(vault.store.list_all())) == 25
    assert sweep_orphans(vault, force=True).orphans_removed == 0  # they may still be on their way to a row
    for _ in range(25):
        _hold(vault)
    assert sweep_orphans(vault, grace=NO_TIME).orphans_removed == 25  # as many as live ones: crashes, then


def test_a_legal_hold_placed_while_the_sweep_waits_wins(vault: Vault) -> None:
    item_id = _hold(vault, destroy_at=now())
    swept = threading.Thread(target=sweep_expired, args=(vault,))
    with vault.database.write() as connection:
        retention.place_legal_hold(connection, item_id, reference="order", actor="counsel")
        swept.start()
        swept.join(0.3)
    swept.join(10)
    assert sweep_expired(vault).destroyed == 0
    assert b"".join(vault.open(item_id, **AS)) == b"benign"
