"""How often people uphold what lists and technologies say: the figures behind the pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import sqlalchemy as sa

from holdfast.console.texts import Texts
from holdfast.records.tables.banks import banks
from holdfast.records.tables.base import now
from holdfast.records.tables.review import case_items

__all__ = ["Precision", "by_bank", "by_technology", "share_words", "trend_words"]

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


def by_bank(connection: sa.Connection) -> dict[str, tuple[Precision, list[float | None]]]:
    """Name of a bank -> its figures over all time, and its precision in each of the last twelve weeks.

    The oldest week first; banks of which nothing was reviewed are absent. One walk through all that was.
    """
    c = case_items.c
    day = sa.func.date(c.added_at, type_=sa.String)
    query = sa.select(banks.c.name, day, _UPHELD, _REVIEWED).join(banks, c.bank_id == banks.c.id)
    days: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    today = now().date()
    for name, at, upheld, reviewed in connection.execute(
        query.where(c.verdict.is_not(None)).group_by(banks.c.name, day)
    ):
        weeks_ago = (today - date.fromisoformat(str(at))).days // 7
        days[name].append((weeks_ago, upheld, reviewed))
    return {name: (_total(name, found), _weekly(found)) for name, found in days.items()}


def by_technology(connection: sa.Connection, *, since: datetime) -> list[Precision]:
    """Figures of each bank and algorithm, of matches that came since then."""
    c = case_items.c
    query = sa.select(banks.c.name, c.algorithm, _UPHELD, _REVIEWED).join(banks, c.bank_id == banks.c.id)
    query = query.where(c.verdict.is_not(None), c.added_at >= since).group_by(banks.c.name, c.algorithm)
    rows = connection.execute(query.order_by(banks.c.name, c.algorithm))
    return [Precision(row[0], row[1] or "", row[2], row[3]) for row in rows]


def share_words(share: float | None, t: Texts) -> str:
    """ "99.3 %", or a dash where nothing is known."""
    return t("numbers.unmeasured") if share is None else f"{t.number(share * 100, 1)} %"


def trend_words(values: Sequence[float | None], t: Texts) -> str:
    """The values of a small chart, for those who cannot see it."""
    return t("lists.trend_words", values=", ".join(share_words(value, t) for value in values))


def _total(name: str, found: list[tuple[int, int, int]]) -> Precision:
    return Precision(name, "", sum(one[1] for one in found), sum(one[2] for one in found))


def _weekly(found: list[tuple[int, int, int]]) -> list[float | None]:
    weeks = [[0, 0] for _ in range(WEEKS)]
    for weeks_ago, upheld, reviewed in found:
        if 0 <= weeks_ago < WEEKS:
            weeks[WEEKS - 1 - weeks_ago][0] += upheld
            weeks[WEEKS - 1 - weeks_ago][1] += reviewed
    return [upheld / reviewed if reviewed else None for upheld, reviewed in weeks]
