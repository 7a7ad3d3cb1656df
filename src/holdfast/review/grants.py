"""Who may see a file unblurred at this moment: a grant for one person, session, file and lease, for minutes.

There are no addresses that carry a right: every request is checked against the session that asks and against
the grant, and a grant dies with its lease.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from holdfast.errors import NotAllowedError, NotFoundError, ObjectDestroyedError
from holdfast.records import audit
from holdfast.records.dialect import moment
from holdfast.records.tables.base import now
from holdfast.records.tables.review import case_items
from holdfast.records.tables.vault import vault_items
from holdfast.records.tables.viewing import media_grants, media_served
from holdfast.review import approvals
from holdfast.review.cases import get_case
from holdfast.review.leases import is_running, require_lease
from holdfast.review.models import from_row
from holdfast.review.rules import ReviewRules
from holdfast.review.sampling import get_second_review
from holdfast.review.wellness import is_stopped, lock_reviewer, note_exposure, require_may_see, severity_of

__all__ = [
    "Grant",
    "end_grant",
    "get_grant",
    "note_served",
    "require_grant",
    "reveal",
    "reveal_outside",
    "reveal_second",
]


@dataclass(frozen=True, slots=True)
class Grant:
    """One reveal of one file. ``case_id`` is None outside a case."""

    id: int
    person: str
    session: str
    case_id: int | None
    case_item_id: int | None
    item_id: str
    fence: int | None
    approval_id: int | None
    granted_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    last_number: int
    shown_ms: int
    broken: str | None


def reveal(
    connection: sa.Connection,
    case_id: int,
    case_item: int,
    *,
    person: str,
    session: str,
    fence: int,
    rules: ReviewRules,
) -> Grant:
    """Lets the holder of a case see one of its files. It is on record from here on.

    Raises `LeaseLostError`, `NotFoundError`, `ObjectDestroyedError`, and as `wellness.require_may_see`.
    """
    require_lease(connection, case_id, person, fence)
    lock_reviewer(connection, person)
    require_may_see(connection, person, rules)
    i = case_items.c
    query = sa.select(i.item_id, i.matches).where(i.id == case_item, i.case_id == case_id)
    row = connection.execute(query).first()
    if row is None or row.item_id is None:
        raise NotFoundError(f"Case {case_id} holds no file {case_item} that could be shown.")
    _require_held(connection, row.item_id)
    bound = {"case_id": case_id, "case_item_id": case_item, "fence": fence}
    grant = _make(connection, row.item_id, person, session, rules, bound)
    _count(connection, grant, severity_of(row.matches), rules)
    facts = {"case": case_id, "grant": grant.id}
    target = f"item:{row.item_id}"
    audit.append(connection, actor=person, action="media.reveal", target=target, facts=facts)
    return grant


def reveal_outside(
    connection: sa.Connection, item_id: str, *, person: str, session: str, rules: ReviewRules
) -> Grant:
    """Lets a person see a held file outside any case: another person has approved it, for this once.

    Raises `NotAllowedError` without such an approval, and as `reveal`.
    """
    lock_reviewer(connection, person)
    require_may_see(connection, person, rules)
    _require_held(connection, item_id)
    approval = approvals.use(connection, "open_outside_case", f"item:{item_id}", by=person)
    grant = _make(connection, item_id, person, session, rules, {"approval_id": approval.id})
    _count(connection, grant, 1, rules)
    facts = {"grant": grant.id, "approval": approval.id}
    target = f"item:{item_id}"
    audit.append(connection, actor=person, action="media.reveal_outside_case", target=target, facts=facts)
    return grant


def reveal_second(
    connection: sa.Connection, review_id: int, *, person: str, session: str, rules: ReviewRules
) -> Grant:
    """Lets a second reviewer see the file that they are to label, whatever became of its case.

    Raises as `sampling.get_second_review`, `ObjectDestroyedError`, and as `wellness.require_may_see`.
    """
    review = get_second_review(connection, review_id, person)
    lock_reviewer(connection, person)
    require_may_see(connection, person, rules)
    if review.item_id is None:
        raise NotFoundError(f"Of second review {review_id} no file is held that could be shown.")
    _require_held(connection, review.item_id)
    matches = connection.scalar(sa.select(case_items.c.matches).where(case_items.c.id == review.case_item_id))
    bound = {"case_item_id": review.case_item_id}
    grant = _make(connection, review.item_id, person, session, rules, bound)
    _count(connection, grant, severity_of(matches or []), rules)
    facts = {"grant": grant.id, "second_review": review_id}
    target = f"item:{review.item_id}"
    audit.append(connection, actor=person, action="media.reveal_second_review", target=target, facts=facts)
    return grant


def require_grant(connection: sa.Connection, grant_id: int, *, person: str, session: str) -> Grant:
    """The grant, when it is this person's in this session and still good: not ended, its lease running.

    Raises `NotAllowedError`, the same for every reason.
    """
    row = connection.execute(sa.select(media_grants).where(media_grants.c.id == grant_id)).first()
    grant = None if row is None else from_row(Grant, row)
    if (
        grant is None
        or (grant.person, grant.session) != (person, session)
        or grant.ended_at is not None
        or is_stopped(connection, person)
        or grant.expires_at <= now()
        or not _lease_runs(connection, grant)
    ):
        raise NotAllowedError("This reveal is over, or was never yours. Nothing was shown. Reveal it again.")
    return grant


def get_grant(connection: sa.Connection, grant_id: int) -> Grant:
    """Raises `NotFoundError`."""
    query = sa.select(media_grants).where(media_grants.c.id == grant_id)
    row = connection.execute(query.with_for_update()).first()
    if row is None:
        raise NotFoundError(f"There is no reveal {grant_id}.")
    return from_row(Grant, row)


def end_grant(connection: sa.Connection, grant_id: int) -> None:
    """No more bytes under this grant."""
    open_one = sa.update(media_grants).where(media_grants.c.id == grant_id, media_grants.c.ended_at.is_(None))
    connection.execute(open_one.values(ended_at=moment(connection)))


def note_served(
    connection: sa.Connection,
    *,
    item_id: str,
    person: str,
    fidelity: str,
    digest: bytes,
    first_byte: int,
    end_byte: int,
    total_bytes: int,
    grant_id: int | None = None,
    case_id: int | None = None,
) -> None:
    """Bytes ``[first_byte, end_byte)`` of a rendition went out; ``digest`` is the SHA-256 of all of it."""
    values: dict[str, Any] = {"item_id": item_id, "person": person, "fidelity": fidelity, "digest": digest}
    values |= {"first_byte": first_byte, "end_byte": end_byte, "total_bytes": total_bytes}
    values |= {"grant_id": grant_id, "case_id": case_id, "at": moment(connection)}
    connection.execute(sa.insert(media_served).values(values))


def _make(
    connection: sa.Connection,
    item_id: str,
    person: str,
    session: str,
    rules: ReviewRules,
    bound: dict[str, Any],
) -> Grant:
    values: dict[str, Any] = {"item_id": item_id, "person": person, "session": session, **bound}
    values |= {"granted_at": moment(connection), "expires_at": moment(connection, rules.grant_s)}
    values |= {"last_number": 0, "shown_ms": 0}
    made = connection.execute(sa.insert(media_grants).values(values).returning(media_grants.c.id))
    return get_grant(connection, int(made.scalar_one()))


def _count(connection: sa.Connection, grant: Grant, severity: int, rules: ReviewRules) -> None:
    """A file counts once a day, however often it is revealed."""
    g = media_grants.c
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    again = sa.select(g.id).where(g.person == grant.person, g.granted_at >= today, g.id != grant.id)
    if connection.execute(again.where(g.item_id == grant.item_id).limit(1)).first() is None:
        note_exposure(connection, grant.person, rules, items=1, severity=severity)


def _lease_runs(connection: sa.Connection, grant: Grant) -> bool:
    if grant.case_id is None:
        return True
    case = get_case(connection, grant.case_id)
    return (case.lease_owner, case.fence) == (grant.person, grant.fence) and is_running(connection, case)


def _require_held(connection: sa.Connection, item_id: str) -> None:
    state = connection.scalar(sa.select(vault_items.c.state).where(vault_items.c.id == item_id))
    if state is None:
        raise NotFoundError(f"The vault has no item {item_id!r}; nothing was shown.")
    if state == "destroyed":
        raise ObjectDestroyedError(f"Item {item_id} was destroyed; there is nothing to show.")
