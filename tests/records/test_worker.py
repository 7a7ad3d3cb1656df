"""The worker loop: it fails, stops, is woken, loses leases and is killed; no job is lost or done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.errors import BadEntryError, LeaseLostError
from holdfast.records import jobs
from holdfast.records import worker as worker_module
from holdfast.records.database import Database
from holdfast.records.jobs import Job
from holdfast.records.tables.base import now
from holdfast.records.tables.jobs import jobs as table
from holdfast.records.worker import Context, Handler, Worker
from tests.records.worker_process import effects

LEASE_S = 600.0
PROCESS = Path(__file__).with_name("worker_process.py")


@pytest.fixture(autouse=True)
def tables(database: Database) -> None:
    table.metadata.create_all(database.engine, tables=[table])
    effects.create(database.engine)


def add(database: Database, kind: str = "work", **payload: Any) -> int:
    with database.write() as connection:
        return jobs.enqueue(connection, kind, payload)


def look(database: Database, job_id: int) -> Job:
    with database.read() as connection:
        return jobs.get(connection, job_id)


def until(condition: Callable[[], bool], timeout_s: float = 120.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@contextmanager
def working(worker: Worker) -> Iterator[None]:
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join(120)
        assert not thread.is_alive()


@contextmanager
def process(url: str, lease_s: float, threads: int = 1) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, str(PROCESS), url, str(lease_s), str(threads)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def test_results_failures_and_permanent_failures(database: Database) -> None:
    def good(job: Job, _context: Context) -> dict[str, Any]:
        return {"twice": job.payload["n"] * 2}

    def bad(_job: Job, _context: Context) -> None:
        raise RuntimeError("quotes the hash 3d2a9c")

    def hopeless(_job: Job, _context: Context) -> None:
        raise BadEntryError("line 7 is no known form")

    ids = [
        add(database, "good", n=4),
        add(database, "bad"),
        add(database, "hopeless"),
        add(database, "unknown"),
    ]
    handlers: dict[str, Handler] = {"good": good, "bad": bad, "hopeless": hopeless}
    assert Worker(database, handlers).run_due() == 3
    done, failed, dead, untouched = (look(database, job_id) for job_id in ids)
    assert (done.state, done.result) == ("done", {"twice": 8})
    assert failed.state == "queued" and failed.attempts == 1
    assert str(failed.last_error).startswith("RuntimeError at test_worker.py:")
    assert "3d2a9c" not in str(failed.last_error)
    assert (dead.state, dead.last_error) == ("dead", "BadEntryError: line 7 is no known form")
    assert untouched.state == "queued"


def test_a_job_of_the_same_process_starts_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = threading.Event()

    def handler(_job: Job, _context: Context) -> None:
        started.set()

    monkeypatch.setattr(worker_module, "POLL_MIN_S", 3600.0)  # once it waits, nothing but a job wakes it
    with working(Worker(database, {"work": handler}, poll_max_s=7200.0)):
        time.sleep(0.5)  # it has looked by then, even where the machine is busy
        add(database)
        assert started.wait(120)


@pytest.fixture
def quick_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that outlast any standstill of a busy machine, and heartbeats all the same."""
    monkeypatch.setattr(worker_module, "BEATS_A_LEASE", LEASE_S / 0.1)


def test_a_long_job_keeps_its_lease_and_shows_progress(database: Database, quick_beats: None) -> None:
    runs: list[int] = []
    renewed = threading.Event()

    def handler(job: Job, context: Context) -> str:
        runs.append(job.fence)
        context.progress(1, 15, "a step")
        while not renewed.wait(0.02):
            context.check()
        context.progress(15, 15)
        return "kept"

    job_id = add(database)
    workers = [Worker(database, {"work": handler}, lease_s=LEASE_S) for _ in range(2)]
    with working(workers[0]), working(workers[1]):
        until(lambda: look(database, job_id).progress_done == 1)
        for _ in range(3):
            lease = look(database, job_id).lease_until
            until(lambda: look(database, job_id).lease_until != lease)  # noqa: B023
        assert lease is not None and lease > now() + timedelta(seconds=LEASE_S / 2)
        renewed.set()
        until(lambda: look(database, job_id).state == "done")
    assert runs == [1] and look(database, job_id).progress_done == 15


def test_a_cancelled_job_is_told(database: Database, quick_beats: None) -> None:
    ended: list[type[BaseException]] = []

    def handler(_job: Job, context: Context) -> None:
        try:
            while True:
                context.check()
                time.sleep(0.01)
        except BaseException as error:
            ended.append(type(error))
            raise

    job_id = add(database)
    with working(Worker(database, {"work": handler}, lease_s=LEASE_S)):
        until(lambda: look(database, job_id).state == "running")
        with database.write() as connection:
            jobs.cancel(connection, job_id)
        until(lambda: ended == [LeaseLostError])
    assert look(database, job_id).state == "cancelled"


def test_effects_of_a_worker_that_lost_its_lease_are_rolled_back(database: Database) -> None:
    def slow(job: Job, context: Context) -> None:
        with database.write() as connection:  # another worker takes over while this one sleeps
            connection.execute(sa.update(table).values(state="queued", run_after=job.created_at))
        with database.write() as connection:
            assert len(jobs.claim(connection, ["work"], "other", 60.0)) == 1
        with database.write() as connection:
            connection.execute(sa.insert(effects).values(job_id=job.id))
            context.complete(connection)

    job_id = add(database)
    Worker(database, {"work": slow}).run_due()
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(effects)).scalar_one() == 0
    assert (look(database, job_id).state, look(database, job_id).worker_id) == ("running", "other")


def test_the_worker_outlives_its_database(database: Database) -> None:
    """The tables go away and come back: the loop must go on by itself."""
    with working(Worker(database, {"work": lambda _job, _context: "done"}, poll_max_s=0.1)):
        table.drop(database.engine)
        time.sleep(0.5)
        table.create(database.engine)
        job_id = add(database)
        until(lambda: look(database, job_id).state == "done")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_hands_back_what_minds_and_finishes_what_does_not(
    database: Database, database_url: str, number: signal.Signals
) -> None:
    patient, stubborn = add(database, "patient"), add(database, "stubborn", work_s=1.0)
    with process(database_url, lease_s=LEASE_S, threads=2) as running:
        # One batch may hold both: then the second has not begun and is handed back as well.
        until(lambda: look(database, patient).state == "running")
        running.send_signal(number)
        assert running.wait(120) == 0
    handed_back = look(database, patient)
    assert (handed_back.state, handed_back.attempts) == ("queued", 0)
    assert look(database, stubborn).state in ("done", "queued")


def test_a_signal_lets_a_handler_finish(database: Database, database_url: str) -> None:
    job_id = add(database, "stubborn", work_s=0.7)
    with process(database_url, lease_s=LEASE_S) as running:
        until(lambda: look(database, job_id).attempts == 1)
        running.send_signal(signal.SIGTERM)
        assert running.wait(120) == 0
    assert (look(database, job_id).state, look(database, job_id).result) == ("done", "finished")


def test_kill_nine_loses_no_job_and_completes_none_twice(database: Database, database_url: str) -> None:
    """Two workers, killed at random moments and started anew, until everything is done."""
    with database.write() as connection:
        ids = {jobs.enqueue(connection, "quick", {"work_s": 0.02}, max_attempts=1000) for _ in range(150)}
    with database.read() as connection:
        assert jobs.counts(connection) == {("quick", "queued"): 150}
    seed = os.environ.get("HOLDFAST_TEST_SEED", "7")
    command = [sys.executable, "-m", "tests.records.workers_until_killed", database_url, str(len(ids)), seed]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, f"jobs are still open: {done.stdout}{done.stderr}"
    kills = int(done.stdout)
    with database.read() as connection:
        rows = [row.job_id for row in connection.execute(sa.select(effects))]
        lost_leases = connection.execute(sa.select(sa.func.count()).where(table.c.attempts > 1)).scalar_one()
    assert len(rows) == len(ids) and set(rows) == ids
    assert kills >= 4 and lost_leases > 0, "the kills hit nothing: the test proves nothing"
