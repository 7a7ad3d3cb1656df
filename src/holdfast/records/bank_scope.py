"""What a key that is bound to some banks may see: their names, and conditions for the rows of every list.

Scopes go by name; a trailing ``*`` stands for any ending. What came of a bank that is gone is seen by those
only who see all banks. What came of no bank (text, a notice, an item without a decision) is seen by all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from holdfast.records.tables.banks import banks, entries
from holdfast.records.tables.decisions import decisions
from holdfast.records.tables.review import case_items

__all__ = ["ALL_BANKS", "case_is_seen", "decision_is_seen", "is_named", "item_is_seen"]

ALL_BANKS = ("*",)


def is_named(bank: str, patterns: Sequence[str]) -> bool:
    """Whether one of the names or beginnings of names is the bank's."""
    return any(bank.startswith(one[:-1]) if one.endswith("*") else bank == one for one in patterns)


def case_is_seen(case_id: sa.ColumnElement[Any], patterns: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether a case has no media of other banks. True where ``case_id`` is null."""
    if "*" in patterns:
        return sa.true()
    i = case_items.alias()
    other = sa.and_(
        i.c.bank_id.is_not(None), i.c.bank_id.not_in(sa.select(banks.c.id).where(_named(patterns)))
    )
    return ~sa.exists().where(i.c.case_id == case_id, other)


def decision_is_seen(table: sa.FromClause, patterns: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether a row of ``table`` (`decisions`, or an alias of it) names an entry of these banks, or none."""
    if "*" in patterns:
        return sa.true()
    of_bank = sa.exists().where(
        entries.c.id == table.c.entry_id, entries.c.bank_id == banks.c.id, _named(patterns)
    )
    return sa.or_(table.c.entry_id.is_(None), of_bank)


def item_is_seen(item_id: sa.ColumnElement[Any], patterns: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether no decision about an entry of another bank is about the held item."""
    if "*" in patterns:
        return sa.true()
    d = decisions.alias()
    return ~sa.exists().where(d.c.item_id == item_id, ~decision_is_seen(d, patterns))


def _named(patterns: Sequence[str]) -> sa.ColumnElement[bool]:
    name = banks.c.name
    # No LIKE: on SQLite it takes small for capital letters.
    named = [
        sa.func.substr(name, 1, len(one) - 1) == one[:-1] if one.endswith("*") else name == one
        for one in patterns
    ]
    return sa.or_(sa.false(), *named)
