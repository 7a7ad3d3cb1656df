"""Appeals: somebody says that a decision was wrong, and somebody else than who took it looks again.

"upheld" ends it with a statement of reasons. "overturned" is a new decision that clears what the first one
confirmed: it waits, is approved and takes effect like every other, restores the content, disputes the
entries, and the figures of errors follow. A statement never says which list or entry matched.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from holdfast.decisions.webhooks import outbox
from holdfast.errors import ConflictError, NotAllowedError, NotFoundError, UsageError
from holdfast.records import audit, events
from holdfast.records.bank_scope import ALL_BANKS, case_is_seen
from holdfast.records.dialect import moment
from holdfast.records.tables.base import now
from holdfast.records.tables.review import appeals, case_decisions, case_items, cases
from holdfast.records.two_people import are_two_people
from holdfast.review.by_rule import RULE
from holdfast.review.case_facts import DecisionFacts
from holdfast.review.cases import items_of, lock_case
from holdfast.review.deciding import get_decision, lock_decision, write_decision
from holdfast.review.models import from_row
from holdfast.review.rules import ReviewRules
from holdfast.review.texts import Sealer, seal_words
from holdfast.review.words import NOT_A_MATCH

__all__ = ["Appeal", "add_appeal", "get_appeal", "list_appeals", "overturn", "uphold"]

MAX_STATEMENT = 2000
MAX_TEXT = 10_000


@dataclass(frozen=True, slots=True)
class Appeal:
    """One appeal; ``answer_id`` is the decision that overturns the one it is against."""

    id: int
    reference: str
    case_id: int
    decision_id: int
    answer_id: int | None
    received_at: datetime
    received_by: str
    due_at: datetime
    outcome: str | None
    statement: str | None
    decided_by: str | None
    decided_at: datetime | None


def add_appeal(
    connection: sa.Connection,
    *,
    account: str | None = None,
    content_reference: str | None = None,
    text: str,
    by: str,
    sealer: Sealer,
    rules: ReviewRules,
) -> Appeal:
    """Takes an appeal in, against the latest decision about an account or a content.

    The same account and decision again gives the appeal that is open. Raises `NotFoundError` where nothing
    was decided, `UsageError`.
    """
    text = text.strip()
    if not text or len(text) > MAX_TEXT:
        raise UsageError(f"An appeal has a text of 1 to {MAX_TEXT} characters. Nothing was taken in.")
    case_id, decision_id = _appealed(connection, account, content_reference)
    lock_case(connection, case_id)
    open_one = sa.select(appeals).where(appeals.c.decision_id == decision_id, appeals.c.outcome.is_(None))
    row = connection.execute(open_one).first()
    if row is not None:
        return from_row(Appeal, row)
    reference = f"AP-{secrets.token_hex(8)}"
    values: dict[str, Any] = {"reference": reference, "case_id": case_id, "decision_id": decision_id}
    values |= {"received_at": moment(connection), "received_by": by}
    values |= {"due_at": now() + timedelta(hours=rules.appeal_hours)}
    values["sealed"] = seal_words(sealer, {"text": text}, reference)
    made = connection.execute(sa.insert(appeals).values(values).returning(appeals.c.id)).scalar_one()
    told = {"appeal": made, "reference": reference, "case": case_id, "account": account}
    event = events.append(connection, "appeal.received", told, content_reference=content_reference)
    outbox.publish(connection, "appeal.received", told, event_id=event)
    return get_appeal(connection, int(made))


def uphold(connection: sa.Connection, appeal_id: int, *, person: str, statement: str) -> Appeal:
    """The decision stands, for these reasons. Raises as `overturn`."""
    appeal, _ = _begin(connection, appeal_id, person, statement)
    values = {"outcome": "upheld", "statement": statement.strip(), "decided_by": person}
    changed = sa.update(appeals).where(appeals.c.id == appeal_id)
    connection.execute(changed.values(**values, decided_at=moment(connection)))
    told = {"appeal": appeal_id, "reference": appeal.reference, "outcome": "upheld"}
    event = events.append(connection, "appeal.decided", told)
    outbox.publish(connection, "appeal.decided", {**told, "statement": statement.strip()}, event_id=event)
    audit.append(connection, actor=person, action="appeal.uphold", target=f"appeal:{appeal_id}")
    return get_appeal(connection, appeal_id)


def overturn(
    connection: sa.Connection,
    appeal_id: int,
    *,
    person: str,
    statement: str,
    not_a_match: str,
    rules: ReviewRules,
) -> DecisionFacts:
    """The decision was wrong: a new one clears what it confirmed, and asks the platform to restore.

    Raises `NotFoundError`, `ConflictError` when it is answered or the case moved on, `NotAllowedError` for
    who took the decision, `UsageError`.
    """
    if not_a_match not in NOT_A_MATCH:
        raise UsageError(f"Say why it is no match: {', '.join(NOT_A_MATCH)}. Nothing was decided.")
    appeal, decision = _begin(connection, appeal_id, person, statement)
    case = lock_case(connection, appeal.case_id)
    if case.state != "decided":
        raise ConflictError(f"Case {case.id} is {case.state}; the appeal waits until it is decided.")
    items = items_of(connection, case.id, limit=100_000)
    made = write_decision(
        connection,
        case,
        outcome="release" if items else "nothing",
        reason=f"appeal {appeal.reference}: {NOT_A_MATCH[not_a_match]}"[:500],
        verdicts={item.id: "dispute" for item in items},
        by=person,
        undo_s=rules.undo_s,
        account_action="restore" if decision.account_action else None,
        needs_second=any(item.trusted for item in items),
        rules=rules,
    )
    values = {"answer_id": made.id, "not_a_match": not_a_match, "decided_by": person}
    values |= {"statement": statement.strip()}
    connection.execute(sa.update(appeals).where(appeals.c.id == appeal_id).values(values))
    facts = {"decision": made.id}
    target = f"appeal:{appeal_id}"
    audit.append(connection, actor=person, action="appeal.overturn", target=target, facts=facts)
    return made


def get_appeal(connection: sa.Connection, appeal_id: int) -> Appeal:
    """Raises `NotFoundError`."""
    row = connection.execute(sa.select(appeals).where(appeals.c.id == appeal_id)).first()
    if row is None:
        raise NotFoundError(f"There is no appeal {appeal_id}. Nothing was done.")
    return from_row(Appeal, row)


def list_appeals(
    connection: sa.Connection,
    *,
    is_open: bool = True,
    before: int | None = None,
    banks_seen: tuple[str, ...] = ALL_BANKS,
    limit: int = 100,
) -> list[Appeal]:
    """Appeals, newest first; with ``is_open`` those without an answer. ``banks_seen`` as in `CaseFilter`."""
    query = sa.select(appeals).order_by(appeals.c.id.desc()).limit(limit)
    query = query.where(case_is_seen(appeals.c.case_id, banks_seen))
    if is_open:
        query = query.where(appeals.c.outcome.is_(None))
    if before is not None:
        query = query.where(appeals.c.id < before)
    return [from_row(Appeal, row) for row in connection.execute(query)]


def _appealed(
    connection: sa.Connection, account: str | None, content_reference: str | None
) -> tuple[int, int]:
    """The latest decision in force about an account's case, or about the case of a content."""
    d = case_decisions.c
    query = sa.select(d.case_id, d.id).where(d.state == "in_force")
    if content_reference is not None:
        i = case_items.c
        query = query.where(
            d.case_id.in_(sa.select(i.case_id).where(i.content_reference == content_reference))
        )
    elif account is not None:
        query = query.where(d.case_id.in_(sa.select(cases.c.id).where(cases.c.account == account)))
    else:
        raise UsageError("An appeal names an account or a content_reference. Nothing was taken in.")
    row = connection.execute(query.order_by(d.id.desc()).limit(1)).first()
    if row is None:
        raise NotFoundError("Nothing was decided about that account or content. Nothing was taken in.")
    return row.case_id, row.id


def _begin(
    connection: sa.Connection, appeal_id: int, person: str, statement: str
) -> tuple[Appeal, DecisionFacts]:
    """The open appeal and its decision, locked, for somebody who did not take that decision."""
    if not statement.strip() or len(statement) > MAX_STATEMENT:
        raise UsageError(f"A statement of reasons has 1 to {MAX_STATEMENT} characters. Nothing was decided.")
    appeal = get_appeal(connection, appeal_id)
    lock_case(connection, appeal.case_id)
    row = connection.execute(sa.select(appeals).where(appeals.c.id == appeal_id).with_for_update()).one()
    appeal = from_row(Appeal, row)
    if appeal.outcome is not None:
        raise ConflictError(f"Appeal {appeal_id} was {appeal.outcome} by {appeal.decided_by} already.")
    if appeal.answer_id is not None:
        answer = get_decision(connection, appeal.answer_id)
        if answer.state in ("waiting", "approval"):
            raise ConflictError(f"Appeal {appeal_id} is answered; decision {answer.id} is {answer.state}.")
    decision = lock_decision(connection, appeal.decision_id)
    if not decision.by.startswith(RULE) and not are_two_people(decision.by, person):
        raise NotAllowedError(
            f"You took decision {decision.id} yourself, or by another door; an appeal against it is "
            "for somebody else. Nothing was decided."
        )
    return appeal, decision
