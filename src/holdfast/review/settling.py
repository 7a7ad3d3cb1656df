"""What a decision does when it takes effect: all of it in one transaction, once, whoever is killed meanwhile.

Held content is kept or released, what was said flows back to entries and lists, copies in other cases carry
the word over, notices are answered, the platform is told. An outcome "report" is picked up by the room of
reports: its event and row are here, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from holdfast.decisions.webhooks import outbox
from holdfast.errors import NotFoundError, ObjectDestroyedError
from holdfast.records import events
from holdfast.records.dialect import moment
from holdfast.records.tables.decisions import decisions
from holdfast.records.tables.review import (
    appeals,
    approvals,
    case_decisions,
    case_items,
    cases,
    media_clusters,
    notices,
)
from holdfast.records.tables.vault import vault_items
from holdfast.review import held
from holdfast.review.by_rule import RULE
from holdfast.review.case_facts import DecisionFacts
from holdfast.review.cases import items_of, lock_case, touch
from holdfast.review.clusters import count_avoided
from holdfast.review.deciding import end, get_decision, lock_decision
from holdfast.review.flowing import say_of_entries
from holdfast.review.models import Case, CaseItem, from_row
from holdfast.review.rules import ReviewRules
from holdfast.review.sampling import ask_second_reviews
from holdfast.vault import preservation

__all__ = ["due_decisions", "settle", "stuck_decisions"]


def due_decisions(connection: sa.Connection, limit: int = 100) -> list[int]:
    """Decisions whose time to undo is over, the oldest first."""
    d = case_decisions
    waiting = d.c.state == sa.literal("waiting", literal_execute=True)  # for the partial index
    query = sa.select(d.c.id).where(waiting, d.c.in_force_after <= moment(connection))
    return list(connection.scalars(query.order_by(d.c.in_force_after, d.c.id).limit(limit)))


def stuck_decisions(connection: sa.Connection, *, late_s: float) -> list[int]:
    """Cases whose decision should have taken effect more than ``late_s`` seconds ago, and has not."""
    d = case_decisions
    waiting = d.c.state == sa.literal("waiting", literal_execute=True)  # for the partial index
    query = sa.select(d.c.case_id).where(waiting, d.c.in_force_after <= moment(connection, -late_s))
    return list(connection.scalars(query.order_by(d.c.in_force_after, d.c.id)))


def settle(connection: sa.Connection, decision_id: int, rules: ReviewRules) -> bool:
    """Makes a decision take effect, if it still waits and its time has come. Whether it did.

    Safe to call twice, from several processes, and after a kill at any step. Raises `NotFoundError`.
    """
    case_id = get_decision(connection, decision_id).case_id
    copies = _lock_cases(connection, case_id)
    decision = lock_decision(connection, decision_id)
    if decision.state != "waiting" or not _is_due(connection, decision_id):
        return False
    case = lock_case(connection, case_id)
    _relabel(connection, decision)
    items = items_of(connection, case_id, limit=100_000)
    _lock_held(connection, [*items, *copies])
    end(connection, decision, "in_force", decision.by)
    approved_by = _approver(connection, decision_id)
    for item in items:
        verdict = decision.verdicts.get(item.id)
        if verdict is not None:
            _apply(connection, decision, item, verdict, approved_by, rules)
    if decision.outcome == "report":
        _preserve(connection, decision, items)
    _remember(connection, decision, items)
    for copy in copies:
        _carry_over(connection, decision, copy, approved_by, rules)
    _close(connection, decision)
    say_of_entries(connection, items, decision.verdicts, by=decision.by)
    ask_second_reviews(connection, items, rules)
    _tell(connection, case, decision, items)
    return True


def _is_due(connection: sa.Connection, decision_id: int) -> bool:
    d = case_decisions.c
    query = sa.select(d.id).where(d.id == decision_id, d.in_force_after <= moment(connection))
    return connection.execute(query).first() is not None


def _lock_held(connection: sa.Connection, items: Sequence[CaseItem]) -> None:
    """Groups, decisions about uploads, then held items: all of them before the first event is written."""
    groups = sa.select(media_clusters.c.id).where(media_clusters.c.id.in_([i.cluster_id for i in items]))
    connection.execute(groups.order_by(media_clusters.c.id).with_for_update()).all()
    by_event = sa.select(decisions.c.event_id).where(decisions.c.event_id.in_([i.event_id for i in items]))
    connection.execute(by_event.order_by(decisions.c.event_id).with_for_update()).all()
    by_id = sa.select(vault_items.c.id).where(vault_items.c.id.in_([i.item_id for i in items]))
    connection.execute(by_id.order_by(vault_items.c.id).with_for_update()).all()


def _lock_cases(connection: sa.Connection, case_id: int) -> list[CaseItem]:
    """Locks the case and those with undecided copies of its files, in the order of ids; the copies."""
    i, c = case_items.c, cases.c
    groups = sa.select(i.cluster_id).where(i.case_id == case_id, i.cluster_id.is_not(None))
    copies = (
        sa.select(i.id, i.case_id)
        .join(cases, c.id == i.case_id)
        .where(i.cluster_id.in_(groups), i.case_id != case_id, i.verdict.is_(None), c.state == "open")
    )
    rows = connection.execute(copies).all()
    for one in sorted({case_id, *(row.case_id for row in rows)}):
        lock_case(connection, one)
    query = sa.select(case_items).join(cases, c.id == i.case_id).where(i.id.in_([row.id for row in rows]))
    still = query.where(i.verdict.is_(None), c.state == "open").order_by(i.id)
    return [from_row(CaseItem, row) for row in connection.execute(still)]


def _relabel(connection: sa.Connection, decision: DecisionFacts) -> None:
    """An appeal that overturns a decision says of all its files why they are no match."""
    a = appeals.c
    why = connection.scalar(sa.select(a.not_a_match).where(a.answer_id == decision.id))
    if why is not None:
        said: dict[str, Any] = {"label": "none", "not_a_match": why, "annotations": []}
        changed = sa.update(case_items).where(case_items.c.case_id == decision.case_id)
        connection.execute(changed.values(**said, labelled_by=decision.by, labelled_at=moment(connection)))


def _apply(
    connection: sa.Connection,
    decision: DecisionFacts,
    item: CaseItem,
    verdict: str,
    approved_by: str | None,
    rules: ReviewRules,
    reason: str | None = None,
) -> None:
    changed = sa.update(case_items).where(case_items.c.id == item.id)
    connection.execute(changed.values(verdict=verdict))
    said: dict[str, Any] = {
        "person": decision.by,
        "verdict": verdict,
        "reason": reason or _reason(decision, item),
    }
    if item.event_id is not None:
        with suppress(NotFoundError):  # an event may have been pruned with its decision
            held.review_decision(
                connection,
                item.event_id,
                cleared_window=rules.cleared_window,
                is_rule=decision.by.startswith(RULE),
                **said,
            )
    if item.item_id is None:
        return
    with suppress(ObjectDestroyedError):  # gone already, on the clock or by a request: nothing to do
        if verdict == "dispute":
            held.release_hold(
                connection,
                item.item_id,
                actor=approved_by or decision.by,
                purpose=f"case {decision.case_id}: {item.not_a_match or 'no match'}",
                cleared_window=rules.cleared_window,
                is_approved=True,
            )
        else:
            held.hold_again(connection, item.item_id, actor=decision.by, purpose=f"case {decision.case_id}")


def _preserve(connection: sa.Connection, decision: DecisionFacts, items: Sequence[CaseItem]) -> None:
    """What is to be reported is kept from this very moment on, whenever a report of it is drafted."""
    confirmed = [item.item_id for item in items if decision.verdicts.get(item.id) == "confirm"]
    held_items = [item_id for item_id in confirmed if item_id is not None]
    preservation.begin(connection, f"case:{decision.case_id}", held_items, actor=decision.by)


def _reason(decision: DecisionFacts, item: CaseItem) -> str:
    if item.not_a_match is not None:
        return f"{item.not_a_match}: {decision.reason}"[:500]
    return decision.reason


def _remember(connection: sa.Connection, decision: DecisionFacts, items: Sequence[CaseItem]) -> None:
    """Each group of copies has the word of its latest decision."""
    for item in items:
        verdict = decision.verdicts.get(item.id)
        if item.cluster_id is None or verdict is None:
            continue
        said: dict[str, Any] = {"verdict": verdict, "label": item.label, "not_a_match": item.not_a_match}
        said |= {"decided_by": decision.by, "decided_case": decision.case_id}
        changed = sa.update(media_clusters).where(media_clusters.c.id == item.cluster_id)
        connection.execute(
            changed.values(**said, annotations=item.annotations, decided_at=moment(connection))
        )


def _carry_over(
    connection: sa.Connection,
    decision: DecisionFacts,
    copy: CaseItem,
    approved_by: str | None,
    rules: ReviewRules,
) -> None:
    """A copy in another open case: labelled alike without a look; what was cleared is released there too.

    The other case still needs its own decision: it is about another account.
    """
    row = connection.execute(sa.select(media_clusters).where(media_clusters.c.id == copy.cluster_id)).one()
    if row.label is not None and copy.label is None:
        said = {"label": row.label, "not_a_match": row.not_a_match, "annotations": row.annotations}
        changed = sa.update(case_items).where(case_items.c.id == copy.id)
        connection.execute(changed.values(**said, labelled_by=row.decided_by, labelled_at=moment(connection)))
        touch(connection, copy.case_id, version=cases.c.version + 1)
        count_avoided(connection, "copy")
    takes_two = copy.trusted and approved_by is None  # its own list is trusted: nobody has approved that
    if row.verdict == "dispute" and row.decided_case == decision.case_id and not takes_two:
        reason = f"copy of what case {decision.case_id} cleared: {decision.reason}"[:500]
        _apply(connection, decision, copy, "dispute", approved_by, rules, reason)


def _close(connection: sa.Connection, decision: DecisionFacts) -> None:
    touch(connection, decision.case_id, state="decided", closed_at=moment(connection), alarmed_at=None)
    n = notices
    acted = "acted" if decision.outcome in ("report", "hold") else "no_action"
    answered = sa.update(n).where(n.c.case_id == decision.case_id, n.c.outcome.is_(None))
    connection.execute(answered.values(outcome=acted, closed_at=moment(connection)))
    a = appeals
    row = connection.execute(sa.select(a).where(a.c.answer_id == decision.id).with_for_update()).first()
    if row is not None:  # this decision overturns another
        values = {"outcome": "overturned", "decided_at": moment(connection)}
        connection.execute(sa.update(a).where(a.c.id == row.id).values(values))
        end(connection, get_decision(connection, row.decision_id), "overturned", decision.by)


def _approver(connection: sa.Connection, decision_id: int) -> str | None:
    a = approvals.c
    return connection.scalar(
        sa.select(a.answered_by).where(a.decision_id == decision_id, a.verdict == "approved")
    )


def _tell(connection: sa.Connection, case: Case, decision: DecisionFacts, items: Sequence[CaseItem]) -> None:
    told = {
        "case": case.id,
        "decision": decision.id,
        "account": case.account,
        "outcome": decision.outcome,
        "account_action": decision.account_action,
        "content": [
            {"content_reference": item.content_reference, "verdict": decision.verdicts[item.id]}
            for item in items
            if item.content_reference is not None and item.id in decision.verdicts
        ][:1000],
    }
    facts = {**told, "by": decision.by, "revision": decision.revision}
    event = events.append(connection, "case.decided", facts)
    outbox.publish(connection, "case.decided", told, event_id=event)
