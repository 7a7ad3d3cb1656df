"""Cases that need nobody's eyes: every file is the very file that a trusted list names.

Off by default. What such a case is decided as is what its rule asked for: reported where it asked for a
draft, else kept. It is no person's word: nothing is said of an entry, and no second review is asked.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.dialect import moment
from holdfast.records.tables.decisions import decisions
from holdfast.records.tables.review import case_items, cases
from holdfast.review.cases import items_of, lock_case
from holdfast.review.deciding import write_decision
from holdfast.review.models import Case, CaseItem
from holdfast.review.rules import ReviewRules

__all__ = ["RULE", "close_by_rule"]

RULE = "rule:"
QUIET_S = 60.0  # an upload seldom comes alone: the case is closed when nothing more came for so long
BATCH = 100


def close_by_rule(
    connection: sa.Connection, rules: ReviewRules, *, quiet_s: float = QUIET_S, limit: int = BATCH
) -> list[int]:
    """Decides cases that nobody has to look at; the decisions, which take effect like others."""
    if not rules.close_by_rule:
        return []
    i, c = case_items.c, cases.c
    by_rule = sa.and_(i.labelled_by.is_not(None), sa.func.substr(i.labelled_by, 1, len(RULE)) == RULE)
    rest = sa.exists().where(i.case_id == c.id, sa.or_(i.labelled_by.is_(None), ~by_rule))
    free = sa.or_(c.lease_until.is_(None), c.lease_until <= moment(connection))
    is_open = c.state == sa.literal("open", literal_execute=True)
    query = sa.select(c.id).where(is_open, c.text_count == 0, c.media_count > 0, c.priority > 0, free, ~rest)
    quiet = query.where(c.updated_at <= moment(connection, -quiet_s)).order_by(c.id).limit(limit)
    made = []
    for case_id in list(connection.scalars(quiet)):
        case = lock_case(connection, case_id)
        items = items_of(connection, case_id, limit=100_000)
        if case.state == "open" and not case.text_count and all(_is_by_rule(item) for item in items):
            made.append(_decide(connection, case, items, rules))
    return made


def _decide(connection: sa.Connection, case: Case, items: list[CaseItem], rules: ReviewRules) -> int:
    d = decisions.c
    query = sa.select(d.actions).where(d.event_id.in_([item.event_id for item in items]))
    wants_report = any(actions.get("draft_report") for actions in connection.scalars(query))
    decision = write_decision(
        connection,
        case,
        outcome="report" if wants_report else "hold",
        reason="Every file is the very file that a trusted list names; nobody had to look.",
        verdicts={item.id: "confirm" for item in items},
        by=items[0].labelled_by or RULE,
        undo_s=rules.undo_s,
        account_action=None,
        needs_second=False,
        rules=rules,
    )
    return decision.id


def _is_by_rule(item: CaseItem) -> bool:
    return item.labelled_by is not None and item.labelled_by.startswith(RULE)
