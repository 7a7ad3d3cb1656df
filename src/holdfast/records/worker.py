"""Runs jobs: the loop of `holdfast worker`, and the same inside `holdfast serve`.

    worker = Worker(database, {"bank.import": import_bank}, lease_s=30)
    worker.run(handle_signals=True)        # until SIGTERM or SIGINT

A handler is a function ``(job, context) -> JSON result``. It raises to fail (an ordinary exception is
tried again, an `InputError`, `UsageError` or `NotFoundError` is not), calls `Context.check` in its loops
so that it can be stopped, and `Context.complete` in the transaction of an effect that must happen once.

A job that was just enqueued in the same process through the same `Database` wakes the worker at once;
jobs of other processes are seen by polling, at most ``poll_max_s`` later.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from holdfast.errors import (
    HoldfastError,
    InputError,
    LeaseLostError,
    NotFoundError,
    RecordsError,
    UsageError,
)
from holdfast.records import jobs
from holdfast.records.database import Database
from holdfast.records.jobs import Job

__all__ = ["Context", "Handler", "StoppedError", "Worker", "describe"]

PROGRESS_EVERY_S = 1.0
POLL_MIN_S = 0.05
RETRY_DATABASE_S = 1.0
BEATS_A_LEASE = 3
PERMANENT = (InputError, UsageError, NotFoundError)
DATABASE_TROUBLE = (RecordsError, SQLAlchemyError)

log = structlog.get_logger(__name__)


class StoppedError(HoldfastError):
    """Raised by `Context.check` when the worker is asked to stop; handlers let it through."""


class Context:
    """What a handler may do with its job while it runs. Use it from the handler's thread."""

    def __init__(self, database: Database, job: Job, stopping: threading.Event, lease_s: float) -> None:
        self.database = database
        self.job = job
        self.completed = False
        self._stopping = stopping
        self._lease_s = lease_s
        self._held_until = time.monotonic() + lease_s
        self._lost = False
        self._progress_at = 0.0

    @property
    def lost(self) -> bool:
        """Whether the job must be taken for another worker's: cancelled, or the lease not renewed in time."""
        return self._lost or time.monotonic() > self._held_until

    def check(self) -> None:
        """Nothing, or `LeaseLostError`, or `StoppedError` when the worker wants to stop. Call it often."""
        if self.lost:
            raise LeaseLostError(
                f"Job {self.job.id} was cancelled or its lease ran out; it is not gone on with."
            )
        if self._stopping.is_set():
            raise StoppedError("the worker stops; the job is handed back")

    def progress(self, done: int, total: int | None = None, note: str = "") -> None:
        """Say how far the job is. Written at most once a second, and at the end. Checks like `check`."""
        self.check()
        if done != total and time.monotonic() < self._progress_at + PROGRESS_EVERY_S:
            return
        with self.database.write() as connection:
            jobs.progress(connection, self.job, done, total, note)
        self._progress_at = time.monotonic()

    def complete(self, connection: sa.Connection, result: Any = None) -> None:
        """End the job in the handler's own transaction: its writes and the end happen together or not.

        Raises `LeaseLostError`; let it through, so that the writes are rolled back.
        """
        jobs.complete(connection, self.job, result)
        self.completed = True

    def renew(self, connection: sa.Connection) -> None:
        """For the worker's heartbeat."""
        begun = time.monotonic()
        try:
            jobs.heartbeat(connection, self.job, self._lease_s)
        except LeaseLostError:
            self._lost = True
        else:
            self._held_until = begun + self._lease_s


Handler = Callable[[Job, Context], Any]


class Worker:
    """Claims and runs jobs of the kinds in ``handlers`` with ``threads`` threads.

    ``batch`` jobs are claimed at a time by each thread and run one after the other: more than 1 pays for
    many short jobs, where the claim's own transaction is most of the cost.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        worker_id: str | None = None,
        lease_s: float = 30.0,
        threads: int = 1,
        batch: int = 1,
        poll_max_s: float = 1.0,
    ) -> None:
        self._database = database
        self._handlers = dict(handlers)
        # 40 random bits: a process id comes back on the same host.
        self.worker_id = worker_id or f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(5)}"
        self._lease_s = lease_s
        self._threads = threads
        self._batch = batch
        self._poll_max_s = poll_max_s
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._wake = threading.Condition()
        self._wakes = 0
        self._held: dict[int, Context] = {}
        self._held_lock = threading.Lock()

    def run(self, *, handle_signals: bool = False) -> None:
        """Work until `stop`, then finish or hand back what is held. Signals: in the main thread only."""
        if handle_signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._on_signal)
        pool = self._database.engine.pool
        sa.event.listen(pool, "checkin", self._on_checkin)
        loops = [threading.Thread(target=self._loop, name=f"job-{n}") for n in range(self._threads)]
        beats = threading.Thread(target=self._beat, name="job-heartbeat")
        for thread in (*loops, beats):
            thread.start()
        try:
            for thread in loops:
                while thread.is_alive():
                    thread.join(0.2)  # with a time-out, so that the main thread sees signals
                    if self._stopping.is_set():
                        self.wake()
        finally:
            self.stop()
            self._ended.set()
            beats.join()
            sa.event.remove(pool, "checkin", self._on_checkin)

    def run_due(self) -> int:
        """Run, in this thread, every job that is due now; the number of them. For commands and tests."""
        beats = threading.Thread(target=self._beat, name="job-heartbeat")
        self._ended.clear()
        beats.start()
        done = 0
        try:
            while count := self._run_batch():
                done += count
        finally:
            self._ended.set()
            beats.join()
        return done

    def stop(self) -> None:
        """Claim nothing more. Handlers that check are handed back, the others are let finish."""
        self._stopping.set()
        self.wake()

    def wake(self) -> None:
        """Look for jobs now."""
        with self._wake:
            self._wakes += 1
            self._wake.notify_all()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        # Only a flag: the interrupted main thread may hold the lock that `wake` needs.
        self._stopping.set()

    def _on_checkin(self, _connection: object, record: Any) -> None:
        # Connections come back after the commit, which is when others can see the job.
        if record.info.pop(jobs.ENQUEUED, False):
            self.wake()

    def _loop(self) -> None:
        pause_s = POLL_MIN_S
        while not self._stopping.is_set():
            seen = self._wakes
            try:
                pause_s = POLL_MIN_S if self._run_batch() else min(pause_s * 2, self._poll_max_s)
            except Exception as error:  # noqa: BLE001  (the loop ends when it is told to, and never else)
                log.warning("no job could be claimed; the worker waits", error=describe(error))
                pause_s = RETRY_DATABASE_S
            if pause_s > POLL_MIN_S:
                with self._wake:
                    self._wake.wait_for(lambda: self._wakes != seen or self._stopping.is_set(), pause_s)  # noqa: B023

    def _run_batch(self) -> int:
        with self._database.read() as connection:
            if not jobs.due(connection, self._handlers):
                return 0
        with self._database.write() as connection:
            claimed = jobs.claim(connection, self._handlers, self.worker_id, self._lease_s, self._batch)
        contexts = [Context(self._database, job, self._stopping, self._lease_s) for job in claimed]
        with self._held_lock:
            self._held.update({context.job.id: context for context in contexts})
        for context in contexts:
            try:
                self._run_one(context)
            finally:
                with self._held_lock:
                    del self._held[context.job.id]
        return len(claimed)

    def _run_one(self, context: Context) -> None:
        job = context.job
        try:
            context.check()
            result = self._handlers[job.kind](job, context)
            if not context.completed:
                with self._database.write() as connection:
                    jobs.complete(connection, job, result)
        except LeaseLostError:
            log.warning("job lost", job=job.id, kind=job.kind)
        except StoppedError:
            self._release(job, lambda connection: jobs.hand_back(connection, job))
        except Exception as error:  # noqa: BLE001  (whatever a handler does, the worker goes on)
            self._fail(job, error, permanent=isinstance(error, PERMANENT))

    def _fail(self, job: Job, error: Exception, *, permanent: bool = False) -> None:
        text = describe(error)
        log.error("job failed", job=job.id, kind=job.kind, attempt=job.attempts, error=text)
        self._release(job, lambda connection: jobs.fail(connection, job, text, permanent=permanent))

    def _release(self, job: Job, write: Callable[[sa.Connection], object]) -> None:
        try:
            with self._database.write() as connection:
                write(connection)
        except LeaseLostError:
            log.warning("job lost", job=job.id, kind=job.kind)
        except DATABASE_TROUBLE as error:
            # The lease runs out by itself, and then the job goes back.
            log.warning("the job could not be given back", job=job.id, error=type(error).__name__)

    def _beat(self) -> None:
        while not self._ended.wait(self._lease_s / BEATS_A_LEASE):
            with self._held_lock:
                contexts = list(self._held.values())
            if not contexts:
                continue
            try:
                with self._database.write() as connection:
                    for context in contexts:
                        context.renew(connection)
            except Exception as error:  # noqa: BLE001  (the next beat may get through)
                log.warning("no heartbeat could be written", error=describe(error))


def describe(error: Exception) -> str:
    """What may be shown of an error. Only our own messages: a database error quotes its parameters, and a
    parameter may be a hash."""
    if isinstance(error, HoldfastError):
        return f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""  # noqa: PTH119
    return f"{type(error).__name__}{where} (its message is not kept: it may quote content)"
