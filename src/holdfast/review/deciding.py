"""Deciding a case, and taking that back while it can be.

A decision names the lease and the version of the case that the person looked at: where either has moved on,
it is refused as a whole. It does nothing at once. After `ReviewRules.undo_s`, and after a second person's
word where a match on a trusted list is cleared, `settling` makes it take effect, all of it or nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from holdfast.errors import ConflictError, NotAllowedError, NotFoundError, UsageError
from holdfast.records import audit
from holdfast.records.dialect import moment
from holdfast.records.tables.base import now
from holdfast.records.tables.review import appeals, approvals, case_decisions, case_items, case_labels, cases
from holdfast.review import approvals as second
from holdfast.review.case_facts import DecisionFacts, decision_from
from holdfast.review.cases import get_case, items_of, lock_case, touch
from holdfast.review.leases import require_lease
from holdfast.review.models import Case, CaseItem
from holdfast.review.rules import ReviewRules
from holdfast.review.words import ACCOUNT_ACTIONS, NOT_A_MATCH, OUTCOMES

__all__ = [
    "MAX_REASON",
    "approve",
    "decide",
    "get_decision",
    "lock_decision",
    "undo",
    "withdraw",
    "write_decision",
]

MAX_REASON = 500


def decide(
    connection: sa.Connection,
    case_id: int,
    *,
    person: str,
    fence: int,
    version: int,
    outcome: str,
    reason: str,
    rules: ReviewRules,
    account_action: str | None = None,
    not_a_match: str | None = None,
) -> DecisionFacts:
    """Decides an open case. What has the label "none" is disputed, everything else confirmed.

    ``outcome``: a key of `words.OUTCOMES`; "release" disputes everything, and ``not_a_match`` says why for
    files without a label. ``account_action``: what the platform is asked to do with the account. Imminent
    danger is reported without the time to undo. Raises `LeaseLostError`, `ConflictError` when something came
    to the case since ``version``, `UsageError`.
    """
    reason = _checked(outcome, reason, account_action)
    case = require_lease(connection, case_id, person, fence)
    if case.version != version:
        raise ConflictError(
            f"Something came to case {case_id} since you looked at it. Nothing was decided. Look at what is "
            "new, and decide then."
        )
    items = items_of(connection, case_id, limit=100_000)
    if outcome == "release":
        _label_rest(connection, items, person, not_a_match)
        items = items_of(connection, case_id, limit=100_000)
    verdicts = _verdicts(case, items, outcome)
    trusted = any(item.trusted and verdicts[item.id] == "dispute" for item in items)
    undo_s = 0.0 if case.priority == 0 else rules.undo_s
    return write_decision(
        connection,
        case,
        outcome=outcome,
        reason=reason,
        verdicts=verdicts,
        by=person,
        undo_s=undo_s,
        account_action=account_action,
        needs_second=trusted,
        rules=rules,
    )


def write_decision(
    connection: sa.Connection,
    case: Case,
    *,
    outcome: str,
    reason: str,
    verdicts: dict[int, str],
    by: str,
    undo_s: float,
    account_action: str | None,
    needs_second: bool,
    rules: ReviewRules,
) -> DecisionFacts:
    """Writes a decision about a locked case down; the case waits from then on, and nobody holds it."""
    d = case_decisions
    last = connection.scalar(sa.select(sa.func.max(d.c.revision)).where(d.c.case_id == case.id))
    values: dict[str, Any] = {
        "case_id": case.id,
        "revision": (last or 0) + 1,
        "outcome": outcome,
        "account_action": account_action,
        "reason": reason,
        "verdicts": {str(item): verdict for item, verdict in verdicts.items()},
        "by": by,
        "at": moment(connection),
        "state": "approval" if needs_second else "waiting",
        "in_force_after": now() + timedelta(seconds=undo_s),
    }
    decision_id = int(connection.execute(sa.insert(d).values(values).returning(d.c.id)).scalar_one())
    touch(
        connection,
        case.id,
        state="waiting",
        gathers=False,
        lease_owner=None,
        lease_until=None,
        fence=case.fence + 1,
    )
    said = {"decision": decision_id, "outcome": outcome, "account_action": account_action}
    if needs_second:
        said["approval"] = second.ask(
            connection,
            "clear_trusted",
            f"case:{case.id}",
            by=by,
            why=reason,
            rules=rules,
            case_id=case.id,
            decision_id=decision_id,
        )
    audit.append(connection, actor=by, action="case.decide", target=f"case:{case.id}", facts=said)
    return get_decision(connection, decision_id)


def undo(connection: sa.Connection, decision_id: int, *, person: str, may_any: bool = False) -> DecisionFacts:
    """Takes a decision back that has not taken effect; the case is open again.

    ``may_any``: also another person's. Raises `NotFoundError`, `NotAllowedError`, `ConflictError` when it is
    too late.
    """
    decision = _lock_both(connection, decision_id)
    if decision.by != person and not may_any:
        raise NotAllowedError(f"Decision {decision_id} is {decision.by}'s; it was not taken back.")
    if decision.state not in ("waiting", "approval"):
        raise ConflictError(
            f"Decision {decision_id} is {decision.state} already; it was not taken back. Appeal against it, "
            "or open the case of what is new."
        )
    withdraw(connection, decision, "undone", person)
    _close_questions(connection, decision_id, person)
    facts = {"decision": decision_id}
    audit.append(connection, actor=person, action="case.undo", target=f"case:{decision.case_id}", facts=facts)
    return get_decision(connection, decision_id)


def approve(
    connection: sa.Connection,
    approval_id: int,
    *,
    person: str,
    verdict: str,
    signed_in_at: Any = None,
) -> DecisionFacts | None:
    """A second person's word on a question; the decision that it was about, where it was about one.

    "approved" lets the decision take effect when the time to undo is over; "refused" opens the case again.
    Raises as `approvals.answer`.
    """
    asked = second.get_approval(connection, approval_id)
    decision = None if asked.decision_id is None else _lock_both(connection, asked.decision_id)
    second.answer(connection, approval_id, person=person, verdict=verdict, signed_in_at=signed_in_at)
    if decision is None:
        return None
    if decision.state != "approval":
        raise ConflictError(f"Decision {decision.id} is {decision.state}; nothing was approved.")
    if verdict == "approved":
        connection.execute(
            sa.update(case_decisions).where(case_decisions.c.id == decision.id).values(state="waiting")
        )
    else:
        withdraw(connection, decision, "refused", person)
    return get_decision(connection, decision.id)


def get_decision(connection: sa.Connection, decision_id: int) -> DecisionFacts:
    """Raises `NotFoundError`."""
    return _one(connection, sa.select(case_decisions), decision_id)


def lock_decision(connection: sa.Connection, decision_id: int) -> DecisionFacts:
    """As `get_decision`, kept from others until the end of the transaction. Lock its case first."""
    return _one(connection, sa.select(case_decisions).with_for_update(), decision_id)


def end(connection: sa.Connection, decision: DecisionFacts, state: str, by: str) -> None:
    """The decision's last state."""
    values = {"state": state, "ended_at": moment(connection), "ended_by": by}
    connection.execute(sa.update(case_decisions).where(case_decisions.c.id == decision.id).values(values))


def withdraw(connection: sa.Connection, decision: DecisionFacts, state: str, by: str) -> None:
    """A decision that takes no effect: its case is open again, or decided as before the appeal."""
    end(connection, decision, state, by)
    a = appeals
    unanswered = {"answer_id": None, "not_a_match": None, "statement": None, "decided_by": None}
    answered = sa.update(a).where(a.c.answer_id == decision.id).values(unanswered)
    if connection.execute(answered).rowcount:
        touch(connection, decision.case_id, state="decided")
    else:
        _reopen(connection, decision.case_id)


def _reopen(connection: sa.Connection, case_id: int) -> None:
    """It gathers again unless its account has another open case by now."""
    case = get_case(connection, case_id)
    other = sa.select(cases.c.id).where(cases.c.account == case.account, cases.c.gathers)
    gathers = case.account is not None and connection.execute(other).first() is None
    touch(connection, case_id, state="open", gathers=gathers, closed_at=None)


def _checked(outcome: str, reason: str, account_action: str | None) -> str:
    if outcome not in OUTCOMES:
        raise UsageError(f"{outcome[:20]!r} is no outcome: {', '.join(OUTCOMES)}. Nothing was decided.")
    if account_action is not None and account_action not in ACCOUNT_ACTIONS:
        raise UsageError(
            f"{account_action[:20]!r} is nothing the platform is asked for: {', '.join(ACCOUNT_ACTIONS)}. "
            "Nothing was decided."
        )
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON:
        raise UsageError(f"A decision needs a reason of 1 to {MAX_REASON} characters. Nothing was decided.")
    return reason


def _label_rest(
    connection: sa.Connection, items: list[CaseItem], person: str, not_a_match: str | None
) -> None:
    """Files without a label get "none" with the reason given; one with another label forbids a release."""
    other = [item.id for item in items if item.label not in (None, "none")]
    if other:
        raise UsageError(
            f"File {other[0]} of this case is labelled as abuse; nothing was released. Label it none, with "
            "the reason, or decide otherwise."
        )
    rest = [item.id for item in items if item.label is None]
    if not rest:
        return
    if not_a_match not in NOT_A_MATCH:
        raise UsageError(
            f"Say why it is no match: {', '.join(NOT_A_MATCH)}. Nothing was decided: {len(rest)} files have "
            "no label."
        )
    said: dict[str, Any] = {"label": "none", "not_a_match": not_a_match, "annotations": []}
    changed = sa.update(case_items).where(case_items.c.id.in_(rest))
    connection.execute(changed.values(**said, labelled_by=person, labelled_at=moment(connection)))
    rows = [{"case_item_id": one, "person": person, **said} for one in rest]
    connection.execute(sa.insert(case_labels).values(at=moment(connection)), rows)


def _verdicts(case: Case, items: list[CaseItem], outcome: str) -> dict[int, str]:
    found = {item.id: "dispute" if item.label == "none" else "confirm" for item in items}
    kept = [item for item, verdict in found.items() if verdict == "confirm"]
    if outcome == "nothing" and items:
        raise UsageError(f"Case {case.id} has media: report, hold or release them. Nothing was decided.")
    if outcome == "release" and not items:
        raise UsageError(f"Case {case.id} holds nothing to release. Nothing was decided. Choose nothing.")
    if outcome == "hold" and items and not kept:
        raise UsageError("Every file is labelled none: release them. Nothing was decided.")
    if outcome == "report" and not kept and not case.text_count:
        raise UsageError(
            "There is nothing to report: no message, and every file is labelled none. Nothing was decided."
        )
    return found


def _close_questions(connection: sa.Connection, decision_id: int, person: str) -> None:
    a = approvals
    values = {"verdict": "refused", "answered_by": person, "answered_at": moment(connection)}
    asked = sa.update(a).where(a.c.decision_id == decision_id, a.c.verdict.is_(None))
    connection.execute(asked.values(values))


def _lock_both(connection: sa.Connection, decision_id: int) -> DecisionFacts:
    """The decision, locked behind its case: cases are locked first, by everybody."""
    lock_case(connection, get_decision(connection, decision_id).case_id)
    return lock_decision(connection, decision_id)


def _one(connection: sa.Connection, query: sa.Select[Any], decision_id: int) -> DecisionFacts:
    row = connection.execute(query.where(case_decisions.c.id == decision_id)).first()
    if row is None:
        raise NotFoundError(f"There is no decision {decision_id} about a case. Nothing was done.")
    return decision_from(row)
