"""Today: what is next for me, what waits, how much I saw, what changed, and whether the system is well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.console.pages.health_view import system_words
from holdfast.console.pages.queue_view import rows_of
from holdfast.console.pages.shared import names_of
from holdfast.console.pages.stop import stop_of
from holdfast.console.pages.wellness import exposure_of
from holdfast.console.render import page, texts_for
from holdfast.console.texts import Texts
from holdfast.records.tables.base import now
from holdfast.records.tables.people import sessions
from holdfast.records.tables.review import cases
from holdfast.review.appeals import list_appeals
from holdfast.review.approvals import list_approvals
from holdfast.review.cases import CaseFilter, list_cases
from holdfast.review.sampling import open_second_reviews

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_OPEN = sa.literal("open", literal_execute=True)  # spelt out, for the partial index


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits at one priority, and the clock that is next to run out."""

    priority: str
    number: int
    waiting: int
    taken: int
    oldest_due: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    words: str
    href: str


@router.get("/console")
def today(caller: Annotated[Caller, Guard(Permission.CONSOLE_USE)]) -> Response:
    """The landing page. Who may not read cases sees the system's line alone."""
    t = texts_for(caller)
    reads = caller.allows(Permission.CASE_READ)
    with caller.runtime.database.read() as connection:
        queues = _queues(connection) if reads else []
        mine = list_cases(connection, CaseFilter(owner=caller.subject)) if reads else []
        names = names_of(connection, [], caller, t)
        last = _last_here(connection, caller)
        told: dict[str, Any] = {
            "mine": rows_of(connection, mine, names, caller.subject, t) if mine else [],
            "stop": stop_of(connection, caller, t) if reads else None,
            "exposure": exposure_of(connection, caller, t) if reads else None,
            "changes": list(_changes(connection, caller, last, t)) if reads else [],
            "system_words": system_words(connection, caller, t),
        }
    waiting = sum(queue.waiting for queue in queues)
    return page(caller, "today.html", here="today", queues=queues, waiting=waiting, last_here=last, **told)


def _queues(connection: sa.Connection) -> list[Queue]:
    """Two queries: one that the queue's index answers alone, and one over the few cases that are held."""
    c = cases.c
    # Only open cases are held. To ask for the state too would lead SQLite to the queue's index, row by row.
    held = sa.select(c.priority, sa.func.count()).where(c.lease_owner.is_not(None), c.lease_until > now())
    rows = connection.execute(held.group_by(c.priority))
    taken = {row[0]: int(row[1]) for row in rows}
    query = sa.select(c.priority, sa.func.count(), sa.func.min(c.due_at)).where(c.state == _OPEN)
    waits = connection.execute(query.group_by(c.priority).order_by(c.priority))
    return [Queue(f"p{p}", p, count - taken.get(p, 0), taken.get(p, 0), due) for p, count, due in waits]


def _last_here(connection: sa.Connection, caller: Caller) -> datetime | None:
    """When the person's session before this one was used last."""
    session = caller.session
    if session is None:
        return None
    s = sessions.c
    query = sa.select(sa.func.max(s.seen_at)).where(s.person_id == session.person.id, s.id != session.id)
    last: datetime | None = connection.scalar(query)
    return last


def _changes(connection: sa.Connection, caller: Caller, since: datetime | None, t: Texts) -> Iterator[Change]:
    """What concerns this person: first what waits for them, then what happened meanwhile."""
    if caller.allows(Permission.CASE_APPROVE) and (asked := list_approvals(connection)):
        yield Change(t("today.changes.approvals", count=len(asked)), "/console/approvals")
    if open_appeals := list_appeals(connection):
        yield Change(t("today.changes.appeals", count=len(open_appeals)), "/console/appeals")
    if caller.allows(Permission.CASE_WRITE) and (second := open_second_reviews(connection, caller.subject)):
        yield Change(t("today.changes.second", count=len(second)), "/console/second-reviews")
    if since is None:
        return
    c = cases.c
    decided = connection.scalar(sa.select(sa.func.count()).where(c.state == "decided", c.closed_at > since))
    opened = connection.scalar(sa.select(sa.func.count()).where(c.opened_at > since, c.state == _OPEN))
    if decided:
        yield Change(t("today.changes.decided", count=decided), "/console/queue?state=decided")
    if opened:
        yield Change(t("today.changes.opened", count=opened), "/console/queue")
