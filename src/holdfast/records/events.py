"""Events: matches, holds and what was done about them, one row each, never changed.

Content that matched nothing has no event: `append` refuses every kind that is not in `KINDS`, and what
else is worth knowing is counted (`records/counters.py`).

Ids are given out in the order of the commits, without gaps. A reader that keeps the last id it saw as its
cursor therefore misses nothing and sees nothing twice, however long a writer's transaction takes. The
price: from its first `append` to its end a transaction makes other appenders wait, so append last.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from holdfast.errors import NotFoundError, UsageError
from holdfast.records.dialect import moment, upsert
from holdfast.records.tables.events import events, log_positions

__all__ = ["KINDS", "Event", "append", "get", "latest", "lock", "of_content", "prune", "read"]

KINDS = frozenset(
    {
        "match",  # content matched a list
        "possible",  # a person must look
        "hold.placed",
        "hold.released",
        "hold.destroyed",
        "action.confirmed",  # and it says that it did
        "action.overdue",  # and it has not said so in time
        "decision.reviewed",  # a person confirmed or disputed a match
        "deep_check.lost",  # told by webhook alone: an upload was not looked at from all sides after all
        "brake.tripped",  # an entry, or an account, matches too often to be believed
        "report.requested",  # a report is to be filed
        "report.opened",  # it is open at the destination, and not filed yet
        "report.retracted",  # it was withdrawn there before it was filed, and is begun anew
        "report.filed",
        "report.refused",  # the destination takes no such report: a person must look
        "report.cancelled",
        "report.alarm",  # a filing needs a person
        "case.decided",  # what people decided about an account's content took effect
        "case.imminent",  # somebody is in imminent danger: whoever is on call is paged
        "case.overdue",  # a case is past its clock, and nobody has decided it
        "notice.received",  # somebody told us of content
        "appeal.received",  # somebody says that a decision was wrong
        "appeal.decided",
        "approval.alone",  # one person did alone what takes two
        "report.drafted",  # a case is to be reported: nothing is filed yet
        "report.changed",  # a draft: by a person, or given back to people
        "report.approved",  # a person wants it filed as it is; the hold begins
        "report.enriched",  # the platform said what it knows of the account
        "report.shadowed",  # the automatic rule would have filed it
        "report.packet_written",  # a packet lies ready to be handed over
        "report.late",  # it is not filed, and its deadline has passed
    }
)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `facts` is a JSON object; `id` is its place in the log."""

    id: int
    kind: str
    content_reference: str | None
    facts: dict[str, Any]
    at: datetime


def append(
    connection: sa.Connection, kind: str, facts: Mapping[str, Any], *, content_reference: str | None = None
) -> int:
    """Write one event into the caller's transaction; its id. Raises `UsageError` for an unknown kind."""
    if kind not in KINDS:
        raise UsageError(
            f"{kind!r} is no kind of event; nothing was written. Only matches, holds and what follows from "
            "them are kept one by one; count everything else."
        )
    give = upsert(connection, log_positions).values(log="events", position=1)
    position = connection.execute(
        give.on_conflict_do_update(
            index_elements=[log_positions.c.log], set_={"position": log_positions.c.position + 1}
        ).returning(log_positions.c.position)
    ).scalar_one()
    connection.execute(
        sa.insert(events).values(
            id=position,
            kind=kind,
            content_reference=content_reference,
            facts=dict(facts),
            at=moment(connection),
        )
    )
    return int(position)


def lock(connection: sa.Connection) -> None:
    """Makes other appenders wait from here on: for who locks rows that appenders lock behind their event."""
    position = sa.select(log_positions.c.position).where(log_positions.c.log == "events")
    connection.execute(position.with_for_update()).first()


def read(
    connection: sa.Connection, *, after: int = 0, kinds: Collection[str] | None = None, limit: int = 100
) -> list[Event]:
    """Up to ``limit`` events with an id above ``after``, oldest first. The last id is the next cursor."""
    query = sa.select(events).where(events.c.id > after).order_by(events.c.id).limit(limit)
    if kinds is not None:
        query = query.where(events.c.kind.in_(kinds))
    return [Event(**row._mapping) for row in connection.execute(query)]


def of_content(connection: sa.Connection, content_reference: str, limit: int = 100) -> list[Event]:
    """The newest events about one content, newest first."""
    query = sa.select(events).where(events.c.content_reference == content_reference)
    return [
        Event(**row._mapping) for row in connection.execute(query.order_by(events.c.id.desc()).limit(limit))
    ]


def get(connection: sa.Connection, event_id: int) -> Event:
    """One event. Raises `NotFoundError`."""
    row = connection.execute(sa.select(events).where(events.c.id == event_id)).first()
    if row is None:
        raise NotFoundError(f"There is no event {event_id}; it may have been pruned.")
    return Event(**row._mapping)


def latest(connection: sa.Connection) -> int:
    """The id of the newest event, also when it is pruned; 0 when there never was one."""
    query = sa.select(log_positions.c.position).where(log_positions.c.log == "events")
    return int(connection.execute(query).scalar() or 0)


def prune(
    connection: sa.Connection, *, before: datetime, kinds: Collection[str] | None = None, limit: int = 1000
) -> int:
    """Delete up to ``limit`` events older than a moment, when their retention ends; the number of them."""
    old = sa.select(events.c.id).where(events.c.at < before).order_by(events.c.at).limit(limit)
    if kinds is not None:
        old = old.where(events.c.kind.in_(kinds))
    return connection.execute(sa.delete(events).where(events.c.id.in_(old))).rowcount
