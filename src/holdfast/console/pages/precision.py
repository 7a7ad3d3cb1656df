"""How often people uphold what lists and technologies say: the figures behind the pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from holdfast.console.texts import Texts
from holdfast.records.tables.banks import banks
from holdfast.records.tables.base import now
from holdfast.records.tables.review import case_items

__all__ = ["Precision", "by_bank", "by_technology", "share_words", "trend_words", "weekly"]

WEEKS: Final = 12
_UPHELD = sa.func.count(sa.case((case_items.c.verdict == "confirm", 1)))
_REVIEWED = sa.func.count(case_items.c.verdict)


@dataclass(frozen=True, slots=True)
class Precision:
    """Of ``reviewed`` matches with a verdict in force people upheld ``upheld``."""

    bank: str
    technology: str
    upheld: int
    reviewed: int

    @property
    def share(self) -> float | None:
        """0 to 1; None where nobody reviewed any."""
        return self.upheld / self.reviewed if self.reviewed else None


def by_bank(connection: sa.Connection) -> dict[str, Precision]:
    """Name of a bank -> its figures over all time, for banks of which anything was reviewed."""
    query = sa.select(banks.c.name, _UPHELD, _REVIEWED).join(case_items, case_items.c.bank_id == banks.c.id)
    rows = connection.execute(query.where(case_items.c.verdict.is_not(None)).group_by(banks.c.name))
    return {row[0]: Precision(row[0], "", row[1], row[2]) for row in rows}


def by_technology(connection: sa.Connection, *, since: datetime) -> list[Precision]:
    """Figures of each bank and algorithm, of matches that came since then."""
    c = case_items.c
    query = sa.select(banks.c.name, c.algorithm, _UPHELD, _REVIEWED).join(banks, c.bank_id == banks.c.id)
    query = query.where(c.verdict.is_not(None), c.added_at >= since).group_by(banks.c.name, c.algorithm)
    rows = connection.execute(query.order_by(banks.c.name, c.algorithm))
    return [Precision(row[0], row[1] or "", row[2], row[3]) for row in rows]


def weekly(connection: sa.Connection) -> dict[str, list[float | None]]:
    """Name of a bank -> its precision in each of the last twelve weeks, the oldest first."""
    at = now()
    c = case_items.c
    query = sa.select(banks.c.name, c.added_at, c.verdict).join(banks, c.bank_id == banks.c.id)
    query = query.where(c.verdict.is_not(None), c.added_at >= at - timedelta(weeks=WEEKS))
    counts: dict[str, list[list[int]]] = defaultdict(lambda: [[0, 0] for _ in range(WEEKS)])
    for name, added_at, verdict in connection.execute(query.order_by(c.id.desc()).limit(50_000)):
        week = min(WEEKS - 1, max(0, int((at - added_at) / timedelta(weeks=1))))
        one = counts[name][WEEKS - 1 - week]
        one[0] += verdict == "confirm"
        one[1] += 1
    return {name: [up / all_ if all_ else None for up, all_ in weeks] for name, weeks in counts.items()}


def share_words(share: float | None, t: Texts) -> str:
    """ "99.3 %", or a dash where nothing is known."""
    return t("numbers.unmeasured") if share is None else f"{t.number(share * 100, 1)} %"


def trend_words(values: Sequence[float | None], t: Texts) -> str:
    """The values of a small chart, for those who cannot see it."""
    return t("lists.trend_words", values=", ".join(share_words(value, t) for value in values))
