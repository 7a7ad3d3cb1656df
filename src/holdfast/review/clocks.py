"""Clocks: priority, imminent danger, alarms that repeat until somebody has decided, questions nobody answers.

Imminent danger (a child is in danger now) is not a place in a queue: the case goes first, its clock is the
shortest, and whoever is on call is paged by the webhook ``case.imminent``.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.decisions.webhooks import outbox
from holdfast.errors import UsageError
from holdfast.records import audit, events
from holdfast.records.dialect import moment
from holdfast.records.tables.base import now
from holdfast.records.tables.review import approvals, case_decisions, cases
from holdfast.review.cases import lock_case, touch
from holdfast.review.deciding import lock_decision, withdraw
from holdfast.review.models import Case
from holdfast.review.rules import ReviewRules

__all__ = ["end_questions", "raise_overdue", "set_imminent", "set_priority"]

BATCH = 100


def set_priority(
    connection: sa.Connection, case_id: int, priority: int, *, by: str, rules: ReviewRules
) -> Case:
    """Puts an open case at 1 (first) to 5; its clock runs from now, and never gets longer.

    Raises `NotFoundError`, `UsageError`.
    """
    if not 1 <= priority <= 5:
        raise UsageError("A priority is 1 (first) to 5. Nothing was changed. Imminent danger is set apart.")
    case = lock_case(connection, case_id)
    if case.state != "open" or case.priority == 0:
        raise UsageError(f"Case {case_id} is {case.state}, priority {case.priority}; nothing was changed.")
    touch(connection, case_id, priority=priority, due_at=min(case.due_at, now() + rules.clock(priority)))
    facts = {"priority": priority}
    audit.append(connection, actor=by, action="case.priority", target=f"case:{case_id}", facts=facts)
    return lock_case(connection, case_id)


def set_imminent(connection: sa.Connection, case_id: int, *, by: str, rules: ReviewRules) -> Case:
    """Somebody is in danger now: the case goes before all others, and whoever is on call is paged.

    Again changes nothing. Raises `NotFoundError`, `UsageError` for a case that is not open.
    """
    case = lock_case(connection, case_id)
    if case.state != "open":
        raise UsageError(f"Case {case_id} is {case.state}; nothing was changed.")
    if case.imminent_at is not None:
        return case
    due_at = min(case.due_at, now() + rules.clock(0))
    touch(connection, case_id, priority=0, imminent_at=moment(connection), imminent_by=by, due_at=due_at)
    told = {"case": case_id, "account": case.account, "due_at": due_at.isoformat()}
    event = events.append(connection, "case.imminent", {**told, "by": by})
    outbox.publish(connection, "case.imminent", told, event_id=event)
    audit.append(connection, actor=by, action="case.imminent", target=f"case:{case_id}")
    return lock_case(connection, case_id)


def raise_overdue(connection: sa.Connection, rules: ReviewRules, limit: int = BATCH) -> list[int]:
    """An event and a webhook for each open case past its clock; again every `alarm_every_s`. The cases."""
    c = cases.c
    quiet = sa.or_(c.alarmed_at.is_(None), c.alarmed_at <= moment(connection, -rules.alarm_every_s))
    is_open = c.state == sa.literal("open", literal_execute=True)  # for the partial index
    query = sa.select(c.id).where(is_open, c.due_at <= moment(connection), quiet)
    late = sorted(connection.scalars(query.order_by(c.due_at).limit(limit).with_for_update(skip_locked=True)))
    for case_id in late:
        case = lock_case(connection, case_id)
        touch(connection, case_id, alarmed_at=moment(connection))
        told = {"case": case_id, "priority": case.priority, "due_at": case.due_at.isoformat()}
        event = events.append(connection, "case.overdue", told)
        outbox.publish(connection, "case.overdue", told, event_id=event)
    return late


def end_questions(connection: sa.Connection, limit: int = BATCH) -> list[int]:
    """Refuses decisions whose question to a second person nobody answered; their cases are open again."""
    a, d = approvals.c, case_decisions.c
    query = (
        sa.select(d.id, d.case_id)
        .join(approvals, a.decision_id == d.id)
        .where(d.state == "approval", a.verdict.is_(None), a.expires_at <= moment(connection))
    )
    rows = connection.execute(query.order_by(d.case_id).limit(limit)).all()
    for row in rows:
        lock_case(connection, row.case_id)
        decision = lock_decision(connection, row.id)
        if decision.state == "approval":
            withdraw(connection, decision, "refused", "clock")
    return [row.id for row in rows]
