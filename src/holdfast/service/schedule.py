"""A small schedule: tasks that come round, each on its own, with a memory that all workers share.

When a task last went well is a fact in the records (`clock.<task>`): several workers together do it as often
as one would, a restart does not begin everything anew, and `holdfast doctor` sees what stands still.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.records.worker import describe
from holdfast.service import facts

__all__ = ["PREFIX", "Schedule", "Task"]

PREFIX = "clock."
TICK_S = 1.0
AFTER_TROUBLE_S = 60.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """``run`` is called every ``every_s`` seconds. It may be called by two workers at once."""

    name: str
    every_s: float
    run: Callable[[], object]


class Schedule:
    """Runs ``tasks`` when they are due. ``clock`` gives this moment, in UTC."""

    def __init__(
        self, database: Database, tasks: Sequence[Task], *, clock: Callable[[], datetime] = now
    ) -> None:
        self._database = database
        self._tasks = tasks
        self._clock = clock
        self._next: dict[str, datetime] = {}  # when this process looks at a task again
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the task under way."""
        self._ending.set()
        self._thread.join()

    def run_due(self) -> list[str]:
        """Runs what is due now, one after the other; the names of what went well."""
        at = self._clock()
        waiting = [task for task in self._tasks if self._next.get(task.name, at) <= at]
        if not waiting:
            return []
        with self._database.read() as connection:
            done = facts.read_all(connection, PREFIX)
        return [
            task.name
            for task in waiting
            if not self._ending.is_set() and self._is_due(task, done.get(task.name), at) and self._run(task)
        ]

    def _is_due(self, task: Task, done: Any, at: datetime) -> bool:
        last = facts.moment_of(done) if done and "at" in done else None
        # A moment in the future is of a clock that ran ahead: it must not put the task off for long.
        due = at if last is None or last > at else last + timedelta(seconds=task.every_s)
        self._next[task.name] = due
        return due <= at

    def _run(self, task: Task) -> bool:
        begun = self._clock()
        try:
            task.run()
            with self._database.write() as connection:
                facts.stamp(connection, PREFIX + task.name, begun)
        except Exception as error:  # noqa: BLE001  (one task's trouble is no other's)
            text = describe(error)
            words = "housekeeping failed; it is tried again"
            log.error(words, task=task.name, error=text)  # noqa: TRY400  (a trace may quote content)
            self._next[task.name] = begun + timedelta(seconds=min(task.every_s, AFTER_TROUBLE_S))
            self._note_failure(task, begun, text)
            return False
        self._next[task.name] = begun + timedelta(seconds=task.every_s)
        return True

    def _note_failure(self, task: Task, at: datetime, text: str) -> None:
        try:
            with self._database.write() as connection:
                before = facts.read(connection, PREFIX + task.name) or {}
                value = {**before, "failed_at": at.isoformat(), "error": text[:500]}
                facts.write(connection, PREFIX + task.name, value)
        except Exception as error:  # noqa: BLE001  (the records may be what failed)
            log.warning("the failure could not be written down", task=task.name, error=describe(error))

    def _loop(self) -> None:
        while not self._ending.is_set():
            try:
                self.run_due()
            except Exception as error:  # noqa: BLE001  (this thread must outlive whatever the records do)
                log.warning("housekeeping waits for the records", error=describe(error))
            self._ending.wait(TICK_S)
