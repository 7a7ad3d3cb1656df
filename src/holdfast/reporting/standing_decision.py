"""Whether the decision that a report rests on still stands: asked in every transaction that moves one on."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from holdfast.records.tables.drafts import report_drafts
from holdfast.records.tables.review import case_decisions

__all__ = ["WITH_DECISION", "is_taken_back", "taken_back"]

t, d = report_drafts, case_decisions
WITH_DECISION: Final = t.join(d, sa.and_(d.c.case_id == t.c.case_id, d.c.revision == t.c.case_revision))


def taken_back() -> sa.ColumnElement[bool]:
    """Of a row of `WITH_DECISION`: its decision was overturned, undone or refused."""
    return d.c.state.in_(("overturned", "undone", "refused"))


def is_taken_back(
    connection: sa.Connection, *, draft_id: int | None = None, filing_id: int | None = None
) -> bool:
    """Whether the decision behind a draft, or behind a filing, was taken back. False where it has none."""
    which = t.c.filing_id == filing_id if draft_id is None else t.c.id == draft_id
    query = sa.select(t.c.id).select_from(WITH_DECISION).where(which, taken_back())
    return connection.execute(query.limit(1)).first() is not None
