"""Run by test_kill.py: children that destroy and rewrap without end, each killed after a moment.

Standard output: ``destroyed ID...`` when a call that destroys has answered, and ``ready``.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from holdfast.records.database import Database
from holdfast.records.tables.vault import vault_items
from holdfast.vault import retention
from holdfast.vault.keys import FileKeys, add_key
from holdfast.vault.service import Vault
from holdfast.vault.store import FolderStore
from holdfast.vault.sweep import rewrap, sweep_expired

AS = {"actor": "lead", "purpose": "kill test"}


def _work(url: str, home: Path, key_file: Path, seed: int, say: int) -> None:
    choose = random.Random(seed)
    with Database(url) as database:
        vault = Vault(database, FolderStore(home / "vault"), FileKeys(key_file, home=home))
        _held(database)
        os.write(say, b"ready\n")
        while items := _held(database):
            picked = choose.sample(items, min(len(items), 3))
            if choose.random() < 0.5:
                picked = picked[:1]
                vault.destroy(picked[0], **AS)
            else:
                with database.write() as connection:
                    for item in picked:
                        retention.release(connection, item, window=timedelta(0), **AS)
                sweep_expired(vault)
            os.write(say, f"destroyed {' '.join(picked)}\n".encode())  # whole in the pipe or not at all
            add_key(key_file)
            rewrap(vault)
    os._exit(0)  # nothing is left to destroy


def _held(database: Database) -> list[str]:
    with database.read() as connection:
        query = sa.select(vault_items.c.id).where(
            vault_items.c.state == "held", vault_items.c.reason == "goes"
        )
        return list(connection.scalars(query.order_by(vault_items.c.id)))


def main(url: str, home: str, key_file: str, rounds: str) -> None:
    choose = random.Random(20_26)
    with Database(url) as database, database.read():
        pass  # imports the driver once, before the forks
    for seed in range(int(rounds)):
        heard, say = os.pipe()
        child = os.fork()
        if child == 0:
            _work(url, Path(home), Path(key_file), seed, say)
        os.close(say)
        text = os.read(heard, 4096)
        if seed % 2:  # one answer has come: the kill meets a rewrap, or what comes after it
            text += os.read(heard, 4096)
        time.sleep(choose.uniform(0.0, 0.04))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while more := os.read(heard, 4096):
            text += more
        os.close(heard)
        sys.stdout.write(text.decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
