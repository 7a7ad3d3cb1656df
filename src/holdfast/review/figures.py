"""Errors by list and technology, as laws ask for them: reviewed, upheld, disputed, and reversed on appeal.

Counted from the verdicts in force, so that an overturned decision moves its files from one column to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from holdfast.records.tables.banks import banks
from holdfast.records.tables.review import case_decisions, case_items

__all__ = ["TechnologyFigures", "errors_by_technology"]


@dataclass(frozen=True, slots=True)
class TechnologyFigures:
    """Of ``reviewed`` matches ``upheld`` were right, ``disputed`` wrong, ``reversed`` of these on appeal."""

    bank: str
    algorithm: str
    reviewed: int
    upheld: int
    disputed: int
    reversed: int


def errors_by_technology(
    connection: sa.Connection, *, since: datetime, until: datetime
) -> list[TechnologyFigures]:
    """Figures of matches that came from ``since`` until ``until``, by list and algorithm."""
    i, d = case_items.c, case_decisions.c
    overturned = sa.exists().where(d.case_id == i.case_id, d.state == "overturned")
    wrong = i.verdict == "dispute"
    query = (
        sa.select(
            banks.c.name,
            i.algorithm,
            sa.func.count(),
            sa.func.count(sa.case((i.verdict == "confirm", 1))),
            sa.func.count(sa.case((wrong, 1))),
            sa.func.count(sa.case((sa.and_(wrong, overturned), 1))),
        )
        .join(banks, banks.c.id == i.bank_id)
        .where(i.verdict.is_not(None), i.added_at.between(since, until))
        .group_by(banks.c.name, i.algorithm)
        .order_by(banks.c.name, i.algorithm)
    )
    return [TechnologyFigures(row[0], row[1] or "", *row[2:]) for row in connection.execute(query)]
