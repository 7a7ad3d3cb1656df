"""What a clock does in every worker process: it forgets what has had its time, and raises what is overdue.

Each task may run in several workers at once. `schedule` says when, and remembers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
import structlog

from holdfast.access import sessions
from holdfast.decisions.webhooks import endpoints, outbox
from holdfast.records import audit, counters, deep_queue, idempotency, jobs
from holdfast.records.tables.base import now
from holdfast.service import case_clock, facts
from holdfast.service.deep_lost import contexts_of, tell_lost
from holdfast.service.overdue import raise_overdue
from holdfast.service.schedule import Task
from holdfast.vault.sweep import sweep_expired, sweep_orphans

if TYPE_CHECKING:
    from holdfast.service.runtime import Runtime

__all__ = ["housekeeping"]

MINUTE_S: Final = 60.0
HOUR_S: Final = 3600.0
DAY_S: Final = 86400.0

IDEMPOTENCY_KEPT: Final = timedelta(hours=24)
FINISHED_KEPT: Final = timedelta(days=30)  # jobs and deliveries
HOURS_KEPT: Final = timedelta(days=35)  # counters by the hour; older ones by the day
OVERDUE_EVERY_S: Final = 15.0
SETTLE_EVERY_S: Final = 3.0
BATCH: Final = 1000

log = structlog.get_logger(__name__)


def housekeeping(runtime: Runtime) -> list[Task]:
    """Every task, with how often it is done."""
    house = _House(runtime)
    return [
        Task("actions.overdue", OVERDUE_EVERY_S, house.overdue),
        Task("vault.expired", MINUTE_S, house.expired),
        Task("cases.settle", SETTLE_EVERY_S, lambda: case_clock.settle_due(runtime)),
        Task("cases.by_rule", OVERDUE_EVERY_S, lambda: case_clock.close_by_rule(runtime)),
        Task("cases.overdue", OVERDUE_EVERY_S, lambda: case_clock.raise_overdue(runtime)),
        Task("cases.questions", MINUTE_S, lambda: case_clock.end_questions(runtime)),
        Task("cases.hashes", HOUR_S, lambda: case_clock.forget_hashes(runtime)),
        Task("deep.ended", OVERDUE_EVERY_S, house.deep_ended),
        Task("vault.orphans", DAY_S, house.orphans),
        Task("counters.days", DAY_S, house.days),
        Task("floods.days", DAY_S, house.floods),
        Task("idempotency.prune", HOUR_S, house.idempotency_keys),
        Task("jobs.prune", HOUR_S, house.jobs),
        Task("webhooks.prune", HOUR_S, house.deliveries),
        Task("webhooks.secrets", HOUR_S, house.secrets),
        Task("sessions.prune", HOUR_S, house.sessions),
        Task("audit.head", DAY_S, house.audit_head),
    ]


class _House:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._database = runtime.database

    def overdue(self) -> None:
        """Each batch is a transaction of its own: its events hold up other writers of events."""
        older_than_s = self._runtime.settings.rules.unconfirmed_s
        while True:
            with self._database.write() as connection:
                late = raise_overdue(connection, older_than_s=older_than_s)
            if not late:
                return
            for action in late:
                self._runtime.counters.add("actions.overdue", action=action)

    def expired(self) -> None:
        sweep_expired(self._runtime.vault)

    def orphans(self) -> None:
        """Not after a restored backup: objects held since it was made have no row, and are no leftovers."""
        with self._database.read() as connection:
            was_restored = facts.read(connection, facts.RESTORED) is not None
        if not was_restored:
            sweep_orphans(self._runtime.vault)

    def deep_ended(self) -> None:
        """Uploads that waited too long for their deep check are forgotten, with budgets and keys of past
        hours; the platform is told that they were not looked at.

        Their files are noise from then on, and are removed by their own host: see `screening.spool`.
        """
        kept_s = self._runtime.settings.deep.kept_s
        with self._database.read() as connection:
            ending = deep_queue.ending(connection, kept_s)
        contexts = contexts_of(self._runtime.spool, ending) if ending else {}
        with self._database.write() as connection:
            expired, failed = deep_queue.take_ended(connection, kept_s)
            lost = (("expired", expired), ("failed", failed))
            for reason, gone in lost:
                tell_lost(connection, gone, contexts, reason)
            deep_queue.prune_budgets(connection)
            deep_queue.prune_keys(connection)
        for reason, gone in lost:
            if gone:
                self._runtime.counters.add("deep.lost", len(gone), reason=reason)

    def days(self) -> None:
        with self._database.write() as connection:
            counters.fold_into_days(connection, before=now() - HOURS_KEPT)

    def floods(self) -> None:
        with self._database.write() as connection:
            self._runtime.flood.fold(connection, now())

    def idempotency_keys(self) -> None:
        before = now() - IDEMPOTENCY_KEPT
        self._in_batches(lambda connection: idempotency.prune(connection, before=before, limit=BATCH))

    def jobs(self) -> None:
        before = now() - FINISHED_KEPT
        self._in_batches(lambda connection: jobs.prune(connection, finished_before=before, limit=BATCH))

    def deliveries(self) -> None:
        before = now() - FINISHED_KEPT
        self._in_batches(lambda connection: outbox.prune(connection, finished_before=before, limit=BATCH))

    def secrets(self) -> None:
        with self._database.write() as connection:
            endpoints.prune_secrets(connection)

    def sessions(self) -> None:
        with self._database.write() as connection:
            sessions.prune(connection)

    def audit_head(self) -> None:
        """Into the log of the service, which is kept elsewhere: `holdfast audit verify --anchor` takes it."""
        with self._database.read() as connection:
            log.info("head of the audit log", anchor=str(audit.head(connection)))

    def _in_batches(self, prune: Callable[[sa.Connection], int]) -> None:
        """Short transactions, so that nobody who answers uploads waits for a long one."""
        while True:
            with self._database.write() as connection:
                if prune(connection) < BATCH:
                    return
