"""kill -9 in the middle of deep checks: none is lost, none is acted on twice, nothing stays behind."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from holdfast.records import deep_queue, events
from holdfast.records.tables.deep import deep_checks
from holdfast.records.tables.outbox import action_receipts
from holdfast.service.deep_worker import DeepWorker
from holdfast.service.runtime import Runtime
from tests.service.deep import STRANGER, add_bank, context, crop

UPLOADS = 30
KILLS = 3
PASSES = 1000


def test_deep_checks_survive_kills(runtime: Runtime, database_url: str) -> None:
    add_bank(runtime, 1, 2)
    known, chance = set(), random.Random(4)
    for number in range(UPLOADS):
        data = STRANGER if number % 3 == 2 else crop(1 + number % 3)
        answer = runtime.intake.screen(data, context(f"post/{number}"), by="key:test")
        assert answer.outcome.deep_check == "pending"
        known |= {f"post/{number}"} if number % 3 != 2 else set()
    runtime.spool.put(b"an API process was killed before it wrote the row")
    for _ in range(KILLS):
        _run_and_kill(runtime, database_url, chance)
        _give_attempts_back(runtime)
    _finish(runtime)
    runtime.spool.sweep(older_than_s=-1.0)
    with runtime.database.read() as connection:
        found = Counter(event.content_reference for event in events.read(connection, limit=1000))
        receipts = connection.execute(sa.select(action_receipts)).all()
        assert connection.execute(sa.select(deep_checks)).all() == []
    assert found == Counter(known)
    assert len(receipts) == len(known)
    assert [path.name for path in (runtime.home.path / "spool").iterdir()] == ["id"]


def _run_and_kill(runtime: Runtime, database_url: str, chance: random.Random) -> None:
    """A worker that is killed at some moment after it has got some checks done."""
    keys, left = runtime.settings.vault.key_file, _waiting(runtime) - chance.randint(1, 6)
    command = [sys.executable, "-m", "tests.service.deep_until_killed", str(runtime.home.path), str(keys)]
    root = Path(__file__).resolve().parent.parent.parent
    with subprocess.Popen([*command, database_url], stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        deadline = time.monotonic() + 180
        while _waiting(runtime) > left:
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.08))
        process.kill()
    assert _waiting(runtime) > 0


def _waiting(runtime: Runtime) -> int:
    with runtime.database.read() as connection:
        return deep_queue.backlog(connection).waiting


def _give_attempts_back(runtime: Runtime) -> None:
    """Three deaths would end an upload's check, and here every death is our doing."""
    with runtime.database.write() as connection:
        connection.execute(sa.update(deep_checks).values(attempts=0))


def _finish(runtime: Runtime) -> None:
    worker = DeepWorker(runtime)
    for _ in range(PASSES):
        if worker.run_once() == 0:
            if _waiting(runtime) == 0:
                return
            time.sleep(0.05)  # until the lease of the last one that was killed runs out
    raise AssertionError("some checks are never done")
