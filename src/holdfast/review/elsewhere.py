"""Decisions about uploads that were reviewed one by one, outside their case (`/v1/decisions/.../review`).

The case knows of it. When nothing is left to decide, it closes: nobody is asked twice, and no clock runs on.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.dialect import moment
from holdfast.records.tables.review import case_items
from holdfast.review.cases import items_of, lock_case, touch
from holdfast.review.deciding import end, write_decision
from holdfast.review.leases import is_running
from holdfast.review.models import CaseItem
from holdfast.review.rules import ReviewRules

__all__ = ["lock_case_of", "note_reviewed"]


def lock_case_of(connection: sa.Connection, event_id: int) -> int | None:
    """The case that an upload lies in, locked: call it before the review, as cases are locked first."""
    case_id = connection.scalar(sa.select(case_items.c.case_id).where(case_items.c.event_id == event_id))
    return None if case_id is None else lock_case(connection, case_id).id


def note_reviewed(
    connection: sa.Connection, case_id: int, event_id: int, *, person: str, verdict: str, rules: ReviewRules
) -> bool:
    """Writes the first review of an upload into its locked case; whether that closed the case.

    A trusted match that was disputed stays open: its content waits for a second person.
    """
    i = case_items.c
    first = sa.update(case_items).where(i.event_id == event_id, i.verdict.is_(None))
    connection.execute(first.values(verdict=verdict))
    case = lock_case(connection, case_id)
    items = items_of(connection, case_id, limit=100_000)
    if case.state != "open" or case.text_count or is_running(connection, case) or not _all_done(items):
        return False
    verdicts = {item.id: item.verdict or "" for item in items}
    decision = write_decision(
        connection,
        case,
        outcome="hold" if "confirm" in verdicts.values() else "release",
        reason="Every upload of the case was reviewed by itself.",
        verdicts=verdicts,
        by=person,
        undo_s=0.0,
        account_action=None,
        needs_second=False,
        rules=rules,
    )
    end(connection, decision, "in_force", person)
    touch(connection, case_id, state="decided", closed_at=moment(connection), alarmed_at=None)
    return True


def _all_done(items: list[CaseItem]) -> bool:
    return all(
        item.verdict is not None and not (item.trusted and item.verdict == "dispute") for item in items
    )
