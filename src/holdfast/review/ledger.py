"""The view ledger: what was shown to whom, and the one thing it proves.

`viewed_in_full` is the answer to the CyberTipline's "file viewed by the company": a fact about one file and
its bytes, never about a copy, a batch or a button. It is False until a grant proves otherwise (`proof`):
every byte at full fidelity went out, the reveal stayed on screen in the focused tab, of sound and film every
second played, no event of the browser is missing, and the person attested it for this file afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from holdfast.records.tables.viewing import attestations, media_grants, media_served

__all__ = ["ItemViews", "Served", "View", "viewed_in_full", "views_of_items"]


@dataclass(frozen=True, slots=True)
class View:
    """One reveal of one file to one person. ``why_not`` is a word where it proves no full view."""

    grant_id: int
    person: str
    granted_at: datetime
    ended_at: datetime | None
    attested_at: datetime | None
    complete: bool
    why_not: str | None
    shown_ms: int


@dataclass(frozen=True, slots=True)
class Served:
    """Bytes that went out: ``[first_byte, end_byte)`` of ``total_bytes``, whose SHA-256 is ``digest``.

    ``digest`` is hexadecimal; None once it was forgotten with the content.
    """

    grant_id: int | None
    person: str
    fidelity: str
    digest: str | None
    first_byte: int
    end_byte: int
    total_bytes: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ItemViews:
    """Everything that was shown of one held file."""

    item_id: str
    viewed_in_full: bool
    full_viewers: tuple[str, ...]
    views: tuple[View, ...]
    served: tuple[Served, ...]

    def words(self) -> str:
        """The ledger in a few words: "not viewed", "viewed blurred", "viewed in full by 2 people"."""
        if self.viewed_in_full:
            count = len(self.full_viewers)
            return f"viewed in full by {count} {'person' if count == 1 else 'people'}"
        if any(one.fidelity == "original" for one in self.served):
            return "viewed in part"
        return "viewed blurred" if self.served else "not viewed"


def viewed_in_full(connection: sa.Connection, item_id: str) -> bool:
    """Whether somebody proved to have seen all of this very file."""
    query = sa.select(sa.literal(1)).where(attestations.c.item_id == item_id, attestations.c.complete)
    return connection.execute(query.limit(1)).first() is not None


def views_of_items(connection: sa.Connection, item_ids: Sequence[str]) -> dict[str, ItemViews]:
    """Item id -> what was shown of it; every given id has a value."""
    views: dict[str, list[View]] = {item_id: [] for item_id in item_ids}
    served: dict[str, list[Served]] = {item_id: [] for item_id in item_ids}
    for row in connection.execute(_views(item_ids)):
        views[row.item_id].append(
            View(
                row.id,
                row.person,
                row.granted_at,
                row.ended_at,
                row.attested_at,
                bool(row.complete),
                row.why_not or row.broken,
                row.shown_ms or 0,
            )
        )
    query = sa.select(media_served).where(media_served.c.item_id.in_(item_ids)).order_by(media_served.c.id)
    for row in connection.execute(query):
        served[row.item_id].append(
            Served(
                row.grant_id,
                row.person,
                row.fidelity,
                None if row.digest is None else bytes(row.digest).hex(),
                row.first_byte,
                row.end_byte,
                row.total_bytes,
                row.at,
            )
        )
    return {item_id: _item(item_id, views[item_id], served[item_id]) for item_id in item_ids}


def _views(item_ids: Sequence[str]) -> sa.Select[tuple[object, ...]]:
    g, a = media_grants, attestations
    columns = (g.c.id, g.c.item_id, g.c.person, g.c.granted_at, g.c.ended_at, g.c.broken)
    attested = (a.c.at.label("attested_at"), a.c.complete, a.c.why_not, a.c.shown_ms)
    joined = g.outerjoin(a, a.c.grant_id == g.c.id)
    return (
        sa.select(*columns, *attested).select_from(joined).where(g.c.item_id.in_(item_ids)).order_by(g.c.id)
    )


def _item(item_id: str, views: list[View], served: list[Served]) -> ItemViews:
    viewers = tuple(sorted({view.person for view in views if view.complete}))
    return ItemViews(item_id, bool(viewers), viewers, tuple(views), tuple(served))
