"""kill -9 at any moment loses nothing that was answered, and leaves nothing that a sweep does not remove."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

from holdfast.records.tables.vault import vault_items, vault_keys
from holdfast.vault.check import check
from holdfast.vault.service import Vault
from holdfast.vault.sweep import rewrap, sweep_expired, sweep_orphans

ROUNDS = 40
ROUNDS_OF_DESTRUCTION = 20
AS = {"actor": "tests", "purpose": "after the kill"}


def test_kill_9_loses_no_answered_item(vault: Vault, database_url: str, home: Path, key_file: Path) -> None:
    script = Path(__file__).with_name("hold_until_killed.py")
    command = [sys.executable, str(script), database_url, str(home), str(key_file), str(ROUNDS)]
    lines = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=280
    ).stdout.splitlines()
    held = dict(line.split()[1:] for line in lines if line.startswith("held"))
    destroyed = {line.split()[1] for line in lines if line.startswith("destroyed")}
    assert len(held) > ROUNDS

    cut_short = sweep_expired(vault).objects_removed
    orphans = sweep_orphans(vault, grace=timedelta(0)).orphans_removed
    with vault.database.read() as connection:
        states = {row.id: row.state for row in connection.execute(sa.select(vault_items))}
        keys = set(connection.scalars(sa.select(vault_keys.c.item_id)))
    live = {item_id for item_id, state in states.items() if state == "held"}

    assert set(held) <= set(states)
    assert destroyed <= set(states) - live
    assert {found.name for found in vault.store.list_all()} == live == keys
    assert orphans + cut_short > 0  # else the kills came at idle moments and proved nothing
    for item_id in live:  # also those whose answer the kill swallowed: complete or nothing
        body = b"".join(vault.open(item_id, **AS))
        assert item_id not in held or sha256(body).hexdigest() == held[item_id]


def test_kill_9_while_destroying_and_rewrapping(
    vault: Vault, database_url: str, home: Path, key_file: Path
) -> None:
    for _ in range(80):
        vault.hold(b"benign" * 500, reason="goes", actor="api")
    kept = {vault.hold(b"kept" * 500, reason="stays", actor="api") for _ in range(10)}
    script = Path(__file__).with_name("destroy_until_killed.py")
    command = [
        sys.executable,
        str(script),
        database_url,
        str(home),
        str(key_file),
        str(ROUNDS_OF_DESTRUCTION),
    ]
    lines = subprocess.run(command, check=True, capture_output=True, text=True, timeout=280).stdout
    answered = {item for line in lines.splitlines() for item in line.split()[1:]}
    assert len(answered) >= ROUNDS_OF_DESTRUCTION // 2

    with vault.database.read() as connection:  # as the kills left it: what was answered has no key
        keys = set(connection.scalars(sa.select(vault_keys.c.item_id)))
    assert not answered & keys
    sweep_expired(vault)
    report = rewrap(vault)
    assert report.failed == ()
    with vault.database.read() as connection:
        states = {row.id: row.state for row in connection.execute(sa.select(vault_items))}
        wrapped = set(connection.scalars(sa.select(vault_keys.c.wrapped_by)))
    gone = {item for item, state in states.items() if state == "destroyed"}
    assert answered <= gone and not kept & gone
    assert wrapped == {vault.keys.current_id()}
    assert {found.name for found in vault.store.list_all()} == set(states) - gone
    told = {entry["item"] for entry in vault.journal.read() if entry["kind"] == "destroyed"}
    assert told == gone  # every tombstone is in the journal, and nothing else is
    assert list(check(vault, full=True)) == []
