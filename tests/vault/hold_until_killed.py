"""Run by test_kill.py: children that hold and destroy without end, each killed after a moment.

Standard output: ``held ID SHA256`` when `hold` has answered, ``destroyed ID`` when `destroy` has.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from hashlib import sha256
from pathlib import Path

from holdfast.records.database import Database
from holdfast.vault.keys import FileKeys
from holdfast.vault.service import Vault
from holdfast.vault.store import FolderStore

SIZES = [0, 1, 3000, 70_000, 600_000]


def _work(url: str, home: Path, key_file: Path, seed: int, ready: int) -> None:
    choose = random.Random(seed)
    with Database(url) as database:
        vault = Vault(database, FolderStore(home / "vault"), FileKeys(key_file, home=home))
        _hold(vault, b"the first opens the connection")
        os.write(ready, b"!")
        while True:
            body = choose.randbytes(choose.choice(SIZES))
            item_id = _hold(vault, body)
            if choose.random() < 0.3:
                vault.destroy(item_id, actor="lead", purpose="kill test")
                _say(f"destroyed {item_id}")


def _hold(vault: Vault, body: bytes) -> str:
    item_id = vault.hold(body, reason="rule known", actor="api")
    _say(f"held {item_id} {sha256(body).hexdigest()}")
    return item_id


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # one write: whole in the pipe or not at all


def main(url: str, home: str, key_file: str, rounds: str) -> None:
    choose = random.Random(20_26)
    with Database(url) as database, database.read():
        pass  # imports the driver once, before the forks
    for seed in range(int(rounds)):
        told, ready = os.pipe()
        child = os.fork()
        if child == 0:
            _work(url, Path(home), Path(key_file), seed, ready)
        os.read(told, 1)
        os.close(told)
        os.close(ready)
        time.sleep(choose.uniform(0.0, 0.08))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
