"""What the queue shows of each case: how much of what it holds and why, in one line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from holdfast.console.pages.shared import Names
from holdfast.console.texts import Texts
from holdfast.records.tables.base import now
from holdfast.records.tables.review import case_items
from holdfast.review.models import Case

__all__ = ["Row", "rows_of", "summaries"]

_ORDER = ("image", "video", "audio", "unknown")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the queue. ``owner`` is "" where nobody holds the case."""

    id: int
    priority: str
    due: datetime | None
    opened_at: datetime
    summary: str
    account: str
    surface: str
    state: str
    owner: str
    is_mine: bool


def rows_of(connection: sa.Connection, found: Sequence[Case], names: Names, you: str, t: Texts) -> list[Row]:
    """The lines of a page of cases, with one more query for all of them. ``you`` is who looks."""
    said = summaries(connection, found, t)
    at = now()
    return [
        Row(
            id=case.id,
            priority=f"p{case.priority}",
            due=case.due_at if case.state == "open" else None,
            opened_at=case.opened_at,
            summary=said[case.id],
            account=case.account or "",
            surface=case.surface,
            state=case.state,
            owner=names(case.lease_owner) if case.lease_until is not None and case.lease_until > at else "",
            is_mine=case.lease_owner == you,
        )
        for case in found
    ]


def summaries(connection: sa.Connection, found: Sequence[Case], t: Texts) -> dict[int, str]:
    """Case id -> what it holds, in words: "3 pictures, 1 video · a trusted list has the very file"."""
    media: dict[int, dict[str, int]] = defaultdict(dict)
    grounds: dict[int, set[str]] = defaultdict(set)
    c = case_items.c
    kinds = (c.case_id, c.medium, c.outcome, c.trusted, c.rule_class)
    query = sa.select(*kinds, sa.func.count().label("files")).group_by(*kinds)
    for row in connection.execute(query.where(c.case_id.in_([case.id for case in found]))):
        media[row.case_id][row.medium] = media[row.case_id].get(row.medium, 0) + row.files
        grounds[row.case_id].add(_ground(row))
    return {case.id: _words(case, media[case.id], grounds[case.id], t) for case in found}


def _ground(row: sa.Row[tuple[int, str, str, bool, str, int]]) -> str:
    if row.outcome not in ("match", "possible"):
        return "none"
    return f"{'trusted' if row.trusted else 'other'}_{row.outcome}"


def _words(case: Case, media: dict[str, int], grounds: set[str], t: Texts) -> str:
    parts = [t(f"media.{medium}", count=media[medium]) for medium in _ORDER if medium in media]
    if case.text_count:
        parts.append(t("media.text", count=case.text_count))
    words = ", ".join(parts) or t("media.nothing")
    for ground in ("trusted_match", "other_match", "trusted_possible", "other_possible"):
        if ground in grounds:
            return f"{words} · {t(f'ground.{ground}')}"
    return words
