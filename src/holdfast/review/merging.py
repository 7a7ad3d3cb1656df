"""Cases that belong together, and cases that do not: merged and split while nobody else works on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from holdfast.errors import ConflictError, UsageError
from holdfast.records import audit
from holdfast.records.dialect import moment
from holdfast.records.tables.review import appeals, case_items, case_notes, case_texts, cases, notices
from holdfast.review.cases import get_case, lock_case, touch
from holdfast.review.leases import is_running, require_lease
from holdfast.review.models import Case

__all__ = ["merge", "split"]

_MOVED = (case_items, case_texts, case_notes, notices, appeals)


def merge(connection: sa.Connection, into: int, source: int, *, person: str, fence: int) -> Case:
    """Everything of the open case ``source`` goes into ``into``, which the person holds.

    Both are of one account, or one of none: a report is about one account. Raises `LeaseLostError`,
    `NotFoundError`, `ConflictError`, `UsageError`.
    """
    if into == source:
        raise UsageError("A case cannot be merged with itself. Nothing was done.")
    for one in sorted((into, source)):
        lock_case(connection, one)
    target = require_lease(connection, into, person, fence)
    other = get_case(connection, source)
    if other.state != "open":
        raise ConflictError(f"Case {source} is {other.state}; it was not merged. Only open cases are.")
    if other.lease_owner != person and is_running(connection, other):
        raise ConflictError(f"Case {source} is {other.lease_owner}'s at the moment; it was not merged.")
    if target.account and other.account and target.account != other.account:
        raise UsageError(
            f"Cases {into} and {source} are of two accounts; they were not merged. A report is about one."
        )
    for table in _MOVED:
        connection.execute(sa.update(table).where(table.c.case_id == source).values(case_id=into))
    touch(
        connection,
        source,
        state="merged",
        gathers=False,
        merged_into=into,
        lease_owner=None,
        lease_until=None,
        fence=other.fence + 1,
        media_count=0,
        text_count=0,
        closed_at=moment(connection),
    )
    touch(
        connection,
        into,
        account=target.account or other.account,
        gathers=target.gathers or other.gathers,
        priority=min(target.priority, other.priority),
        due_at=min(target.due_at, other.due_at),
        imminent_at=target.imminent_at or other.imminent_at,
        imminent_by=target.imminent_by or other.imminent_by,
        media_count=target.media_count + other.media_count,
        text_count=target.text_count + other.text_count,
        version=target.version + 1,
    )
    facts = {"source": source}
    audit.append(connection, actor=person, action="case.merge", target=f"case:{into}", facts=facts)
    return get_case(connection, into)


def split(
    connection: sa.Connection, case_id: int, case_items_out: Sequence[int], *, person: str, fence: int
) -> Case:
    """These files go into a case of their own, of the same account and as urgent; that case.

    Raises `LeaseLostError`, `NotFoundError`, `UsageError`.
    """
    case = require_lease(connection, case_id, person, fence)
    ids = sorted(set(case_items_out))
    i = case_items
    found = set(connection.scalars(sa.select(i.c.id).where(i.c.case_id == case_id, i.c.id.in_(ids))))
    if not ids or found != set(ids):
        raise UsageError(f"Case {case_id} does not have all of these files. Nothing was split.")
    if len(ids) == case.media_count and not case.text_count:
        raise UsageError(f"That is all that case {case_id} has. Nothing was split.")
    kept = ("account", "kind", "surface", "priority", "due_at", "opened_by", "imminent_at", "imminent_by")
    values: dict[str, Any] = {name: getattr(case, name) for name in kept}
    values |= {"state": "open", "gathers": False, "version": 1, "text_count": 0, "fence": 0}
    values |= {"annotations": [], "media_count": len(ids), "earlier_case": case_id}
    values |= {"opened_at": moment(connection), "updated_at": moment(connection)}
    made = int(connection.execute(sa.insert(cases).values(values).returning(cases.c.id)).scalar_one())
    connection.execute(sa.update(i).where(i.c.id.in_(ids)).values(case_id=made))
    left = case.media_count - len(ids)
    touch(connection, case_id, media_count=left, version=case.version + 1)
    facts = {"new_case": made, "files": len(ids)}
    audit.append(connection, actor=person, action="case.split", target=f"case:{case_id}", facts=facts)
    return get_case(connection, made)
