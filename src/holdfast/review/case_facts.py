"""A whole case at one moment, put together for what is made of it: a draft, a sealed package, a page.

Nothing here opens content. What is sealed beside it (its SHA-256, for one) is in `Vault.read_facts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from holdfast.records.tables.review import (
    appeals,
    case_decisions,
    cases,
    media_clusters,
    notices,
)
from holdfast.records.tables.vault import vault_items
from holdfast.records.tables.viewing import media_shapes
from holdfast.review.cases import Note, get_case, items_of, notes_of
from holdfast.review.ledger import ItemViews, views_of_items
from holdfast.review.models import Case, CaseItem, from_row
from holdfast.review.texts import Message, Sealer, messages_of, unseal_words

__all__ = [
    "AppealFacts",
    "CaseFacts",
    "ClusterFacts",
    "DecisionFacts",
    "MediaFacts",
    "NoticeFacts",
    "case_facts",
    "decision_from",
    "decisions_of",
]


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """The group of copies that a file belongs to, and what was decided of it before, if anything."""

    id: int
    members: int
    verdict: str | None
    label: str | None
    decided_by: str | None
    decided_at: datetime | None
    decided_case: int | None


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """One upload: what it is, where it came from (``item.context``), why it matched, what was said and seen.

    ``viewed_in_full`` is the ledger's word about this very file. ``hold_state``: None where none is held.
    """

    item: CaseItem
    hold_state: str | None
    size_bytes: int | None
    cluster: ClusterFacts | None
    views: ItemViews | None
    length_s: float | None = None  # of a video that was looked at; None where nobody knows

    @property
    def viewed_in_full(self) -> bool:
        return self.views is not None and self.views.viewed_in_full


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """What somebody told us. ``words`` are None where they were not unsealed."""

    id: int
    reference: str
    kind: str
    content_references: list[str]
    known_copies: int
    received_at: datetime
    received_by: str
    due_at: datetime
    outcome: str | None
    closed_at: datetime | None
    words: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class DecisionFacts:
    """One decision about the case. ``verdicts``: case item -> "confirm" or "dispute"."""

    id: int
    case_id: int
    revision: int
    outcome: str
    account_action: str | None
    reason: str
    verdicts: dict[int, str]
    by: str
    at: datetime
    state: str
    in_force_after: datetime
    ended_at: datetime | None
    ended_by: str | None


@dataclass(frozen=True, slots=True)
class AppealFacts:
    """Somebody says that a decision was wrong, and what came of it."""

    id: int
    reference: str
    decision_id: int
    received_at: datetime
    due_at: datetime
    outcome: str | None
    statement: str | None
    decided_by: str | None
    decided_at: datetime | None
    words: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case and everything in it. ``messages`` is None where they were not unsealed: not the same as none.

    ``earlier_cases`` are those of the same account, newest first: their reports are named in a new one.
    """

    case: Case
    media: tuple[MediaFacts, ...]
    messages: tuple[Message, ...] | None
    notices: tuple[NoticeFacts, ...]
    decisions: tuple[DecisionFacts, ...]
    appeals: tuple[AppealFacts, ...]
    notes: tuple[Note, ...]
    earlier_cases: tuple[int, ...]

    @property
    def decision(self) -> DecisionFacts | None:
        """The decision that is in force, if one is."""
        return next((one for one in reversed(self.decisions) if one.state == "in_force"), None)


def case_facts(connection: sa.Connection, case_id: int, *, sealer: Sealer | None = None) -> CaseFacts:
    """The case as it is now. With ``sealer`` also what people wrote.

    Raises `NotFoundError`, and with ``sealer`` `ObjectDamagedError` or `KeyUnavailableError`.
    """
    case = get_case(connection, case_id)
    messages = None if sealer is None else tuple(messages_of(connection, case_id, sealer))
    return CaseFacts(
        case=case,
        media=tuple(_media(connection, items_of(connection, case_id, limit=100_000))),
        messages=messages,
        notices=tuple(_notices(connection, case_id, sealer)),
        decisions=tuple(decisions_of(connection, case_id)),
        appeals=tuple(_appeals(connection, case_id, sealer)),
        notes=tuple(notes_of(connection, case_id)),
        earlier_cases=tuple(_earlier(connection, case)),
    )


def decisions_of(connection: sa.Connection, case_id: int) -> list[DecisionFacts]:
    """Every decision about a case, oldest first."""
    d = case_decisions
    rows = connection.execute(sa.select(d).where(d.c.case_id == case_id).order_by(d.c.revision))
    return [decision_from(row) for row in rows]


def decision_from(row: sa.Row[Any]) -> DecisionFacts:
    """A row of `case_decisions` as a value."""
    verdicts = {int(item): verdict for item, verdict in row.verdicts.items()}
    known = row._mapping
    values = {name: known[name] for name in DecisionFacts.__slots__ if name != "verdicts"}
    return DecisionFacts(**values, verdicts=verdicts)


def _media(connection: sa.Connection, items: list[CaseItem]) -> list[MediaFacts]:
    held = sorted({item.item_id for item in items if item.item_id is not None})
    views = views_of_items(connection, held)
    v, m = vault_items.c, media_clusters.c
    states = {
        row.id: row
        for row in connection.execute(sa.select(v.id, v.state, v.size_bytes).where(v.id.in_(held)))
    }
    shapes = sa.select(media_shapes.c.item_id, media_shapes.c.duration_s)
    rows = connection.execute(shapes.where(media_shapes.c.item_id.in_(held)))
    lengths = {row.item_id: row.duration_s for row in rows}
    ids = {item.cluster_id for item in items if item.cluster_id is not None}
    rows = connection.execute(sa.select(media_clusters).where(m.id.in_(ids)))
    clusters = {row.id: from_row(ClusterFacts, row) for row in rows}
    found = []
    for item in items:
        state = states.get(item.item_id)
        found.append(
            MediaFacts(
                item,
                None if state is None else state.state,
                None if state is None else state.size_bytes,
                None if item.cluster_id is None else clusters.get(item.cluster_id),
                None if item.item_id is None else views[item.item_id],
                lengths.get(item.item_id),
            )
        )
    return found


def _notices(connection: sa.Connection, case_id: int, sealer: Sealer | None) -> list[NoticeFacts]:
    query = sa.select(notices).where(notices.c.case_id == case_id).order_by(notices.c.id)
    return [_with_words(NoticeFacts, row, sealer) for row in connection.execute(query)]


def _appeals(connection: sa.Connection, case_id: int, sealer: Sealer | None) -> list[AppealFacts]:
    query = sa.select(appeals).where(appeals.c.case_id == case_id).order_by(appeals.c.id)
    return [_with_words(AppealFacts, row, sealer) for row in connection.execute(query)]


def _with_words(kind: Any, row: sa.Row[Any], sealer: Sealer | None) -> Any:
    values = {name: row._mapping[name] for name in kind.__slots__ if name != "words"}
    words = None if sealer is None else unseal_words(sealer, row.sealed, row.reference)
    return kind(**values, words=words)


def _earlier(connection: sa.Connection, case: Case) -> list[int]:
    if case.account is None:
        return []
    query = sa.select(cases.c.id).where(cases.c.account == case.account, cases.c.id < case.id)
    rows = connection.scalars(query.where(cases.c.state != "merged").order_by(cases.c.id.desc()).limit(100))
    return [int(one) for one in rows]
