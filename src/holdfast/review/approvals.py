"""What takes two people: clearing a match on a trusted list, an original outside a case.

One person asks and says why, another with the permission answers. Where an organisation has one approver
only, the rules may let the person who asked approve the clearing of a match: after a delay, with a new
sign-in, told to the owner and marked in the audit log. Never for showing. Destroying evidence takes two
people too: `vault.destruction`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from holdfast.decisions.webhooks import outbox
from holdfast.errors import ConflictError, NotAllowedError, NotFoundError, UsageError
from holdfast.records import audit, events
from holdfast.records.bank_scope import ALL_BANKS, case_is_seen, item_is_seen
from holdfast.records.dialect import moment
from holdfast.records.tables.base import now
from holdfast.records.tables.review import approvals
from holdfast.records.two_people import are_two_people
from holdfast.review.models import from_row
from holdfast.review.rules import ReviewRules

__all__ = ["KINDS", "Approval", "answer", "ask", "get_approval", "item_of", "list_approvals", "use"]

KINDS = {
    "clear_trusted": "Clear a match on a trusted list",
    "open_outside_case": "Open an original outside a case",
}
ITEM = "item:"
MAX_WHY = 500


@dataclass(frozen=True, slots=True)
class Approval:
    """A question to a second person, and the answer. ``alone_after``: see `ReviewRules.single_approver`."""

    id: int
    kind: str
    target: str
    case_id: int | None
    decision_id: int | None
    why: str
    asked_by: str
    asked_at: datetime
    alone_after: datetime | None
    expires_at: datetime | None
    verdict: str | None
    answered_by: str | None
    answered_at: datetime | None
    was_alone: bool
    used_at: datetime | None


def ask(
    connection: sa.Connection,
    kind: str,
    target: str,
    *,
    by: str,
    why: str,
    rules: ReviewRules,
    case_id: int | None = None,
    decision_id: int | None = None,
) -> int:
    """Asks for a second person's word; the question's id. ``target`` is "case:17" or "item:ID"."""
    why = why.strip()
    if kind not in KINDS or not why or len(why) > MAX_WHY:
        raise UsageError(f"A question to a second person says why, in 1 to {MAX_WHY} characters.")
    may_be_alone = kind == "clear_trusted" and rules.single_approver
    values: dict[str, Any] = {"kind": kind, "target": target, "case_id": case_id, "why": why}
    values |= {"decision_id": decision_id, "asked_by": by, "asked_at": moment(connection)}
    made = connection.execute(
        sa.insert(approvals)
        .values(
            **values,
            was_alone=False,
            alone_after=moment(connection, rules.alone_after_s) if may_be_alone else None,
            expires_at=moment(connection, rules.approval_expires_s),
        )
        .returning(approvals.c.id)
    ).scalar_one()
    facts = {"approval": made, "kind": kind}
    audit.append(connection, actor=by, action="approval.ask", target=target, facts=facts)
    return int(made)


def answer(
    connection: sa.Connection,
    approval_id: int,
    *,
    person: str,
    verdict: str,
    signed_in_at: datetime | None = None,
) -> Approval:
    """A second person's "approved" or "refused". Give ``signed_in_at`` of the session that answers.

    Raises `NotFoundError`, `ConflictError` when it was answered or is over, and `NotAllowedError` where the
    person who asked may not answer (yet, or without a new sign-in).
    """
    asked = _lock(connection, approval_id)
    if verdict not in ("approved", "refused"):
        raise UsageError("The answer is approved or refused. Nothing was answered.")
    if asked.verdict is not None:
        raise ConflictError(f"Question {approval_id} was {asked.verdict} by {asked.answered_by} already.")
    if asked.expires_at is not None and asked.expires_at <= now():
        raise ConflictError(f"Question {approval_id} is over; nothing was approved. Ask again.")
    is_alone = person == asked.asked_by and verdict == "approved"
    if is_alone:
        _forbid_alone(asked, signed_in_at)
    elif verdict == "approved" and not are_two_people(asked.asked_by, person):
        raise NotAllowedError(
            f"{asked.asked_by} asked, and {person} may be the same person by another door; nothing was "
            "approved. Where a person asked, a person who signed in answers, and where a key, another key."
        )
    connection.execute(
        sa.update(approvals)
        .where(approvals.c.id == approval_id)
        .values(verdict=verdict, answered_by=person, answered_at=moment(connection), was_alone=is_alone)
    )
    facts: dict[str, Any] = {"approval": approval_id, "kind": asked.kind, "asked_by": asked.asked_by}
    if is_alone:
        told = {"approval": approval_id, "kind": asked.kind, "target": asked.target, "by": person}
        event = events.append(connection, "approval.alone", told)
        outbox.publish(connection, "approval.alone", told, event_id=event)
        facts["alone"] = True
    audit.append(connection, actor=person, action=f"approval.{verdict}", target=asked.target, facts=facts)
    return get_approval(connection, approval_id)


def use(connection: sa.Connection, kind: str, target: str, *, by: str) -> Approval:
    """Takes an approval that another person gave to ``by``'s question; it serves once, and not for ever.

    Raises `NotAllowedError` where there is none.
    """
    a = approvals.c
    query = sa.select(approvals).where(a.kind == kind, a.target == target, a.asked_by == by)
    query = query.where(a.verdict == "approved", a.used_at.is_(None), a.answered_by != by)
    query = query.where(a.expires_at > moment(connection))
    row = connection.execute(query.order_by(a.id).limit(1).with_for_update()).first()
    if row is None:
        raise NotAllowedError(
            f"{KINDS[kind]} takes two people, and nobody else has approved it for you. Nothing was done. "
            "Ask for it, and let somebody else answer."
        )
    connection.execute(sa.update(approvals).where(a.id == row.id).values(used_at=moment(connection)))
    return from_row(Approval, row)


def get_approval(connection: sa.Connection, approval_id: int) -> Approval:
    """Raises `NotFoundError`."""
    return _one(connection, sa.select(approvals).where(approvals.c.id == approval_id), approval_id)


def item_of(asked: Approval) -> str | None:
    """The held item that a question is about; None for one about a case."""
    return asked.target.removeprefix(ITEM) if asked.target.startswith(ITEM) else None


def list_approvals(
    connection: sa.Connection,
    *,
    is_open: bool = True,
    kind: str | None = None,
    asked_by: str | None = None,
    before: int | None = None,
    banks_seen: tuple[str, ...] = ALL_BANKS,
    limit: int = 100,
) -> list[Approval]:
    """Questions, newest first; with ``is_open`` those that wait for an answer.

    ``banks_seen`` as in `CaseFilter`: also for questions about held items.
    """
    query = sa.select(approvals).order_by(approvals.c.id.desc()).limit(limit)
    query = query.where(case_is_seen(approvals.c.case_id, banks_seen))
    query = query.where(item_is_seen(sa.func.substr(approvals.c.target, len(ITEM) + 1), banks_seen))
    if kind is not None:
        query = query.where(approvals.c.kind == kind)
    if asked_by is not None:
        query = query.where(approvals.c.asked_by == asked_by)
    if is_open:
        query = query.where(approvals.c.verdict.is_(None), approvals.c.expires_at > moment(connection))
    if before is not None:
        query = query.where(approvals.c.id < before)
    return [from_row(Approval, row) for row in connection.execute(query)]


def _forbid_alone(asked: Approval, signed_in_at: datetime | None) -> None:
    if asked.alone_after is None:
        raise NotAllowedError(
            "You asked for this yourself; nothing was approved. It takes two people: somebody else has to "
            "approve it."
        )
    if now() < asked.alone_after:
        raise NotAllowedError(
            "You asked for this yourself; alone you may approve it from "
            f"{asked.alone_after:%Y-%m-%d %H:%M} UTC on. Nothing was approved."
        )
    if signed_in_at is None or signed_in_at < asked.alone_after:
        raise NotAllowedError(
            "To approve alone what you asked for, sign in once more first. Nothing was approved."
        )


def _lock(connection: sa.Connection, approval_id: int) -> Approval:
    query = sa.select(approvals).where(approvals.c.id == approval_id)
    return _one(connection, query.with_for_update(), approval_id)


def _one(connection: sa.Connection, query: sa.Select[Any], approval_id: int) -> Approval:
    row = connection.execute(query).first()
    if row is None:
        raise NotFoundError(f"There is no question {approval_id} to a second person. Nothing was done.")
    return from_row(Approval, row)
