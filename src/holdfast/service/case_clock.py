"""What the clock does for cases: decisions take effect, alarms repeat, unanswered questions end.

Each decision has a transaction of its own, so that one that cannot take effect keeps no other back.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from holdfast.errors import HoldfastError
from holdfast.records.worker import describe
from holdfast.review import by_rule, clocks
from holdfast.review.clusters import forget_destroyed
from holdfast.review.settling import due_decisions, settle

if TYPE_CHECKING:
    from holdfast.service.runtime import Runtime

__all__ = ["close_by_rule", "end_questions", "forget_hashes", "raise_overdue", "settle_due", "settle_one"]

BATCH = 100

log = structlog.get_logger(__name__)


def settle_due(runtime: Runtime) -> int:
    """Makes every decision take effect whose time to undo is over; how many did."""
    with runtime.database.read() as connection:
        due = due_decisions(connection)
    done = 0
    for decision_id in due:
        try:
            with runtime.database.write() as connection:
                done += settle(connection, decision_id, runtime.review)
        except HoldfastError as error:
            words = "a decision about a case did not take effect; it is tried again"
            log.error(words, decision=decision_id, error=describe(error))  # noqa: TRY400  (may quote content)
    return done


def close_by_rule(runtime: Runtime) -> None:
    """Decides cases that nobody has to look at, where the settings allow it."""
    with runtime.database.write() as connection:
        by_rule.close_by_rule(connection, runtime.review)


def settle_one(runtime: Runtime, decision_id: int) -> None:
    """Makes one decision take effect where that is due at once; else, and after trouble, the clock does."""
    with suppress(HoldfastError), runtime.database.write() as connection:
        settle(connection, decision_id, runtime.review)


def raise_overdue(runtime: Runtime) -> None:
    """Alarms of cases past their clock."""
    while True:
        with runtime.database.write() as connection:
            late = clocks.raise_overdue(connection, runtime.review, limit=BATCH)
        if late:
            runtime.counters.add("cases.overdue", len(late))
        if len(late) < BATCH:
            return


def end_questions(runtime: Runtime) -> None:
    """Questions to a second person that nobody answered in time."""
    with runtime.database.write() as connection:
        clocks.end_questions(connection)


def forget_hashes(runtime: Runtime) -> None:
    """Hashes of what is not held any more."""
    while True:
        with runtime.database.write() as connection:
            if forget_destroyed(connection, BATCH) < BATCH:
                return
