"""Whose case it is: a lease with an owner everybody sees, a heartbeat, and a number that grows.

Who takes a case gets a number, the *fence*. Every step names it; when somebody else took the case in between
the number has grown, and the step is refused as a whole. So a reviewer whose browser slept through the lease
decides nothing twice, and nothing over another's head.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from holdfast.errors import ConflictError, LeaseLostError
from holdfast.records import audit
from holdfast.records.dialect import moment
from holdfast.records.tables.review import cases
from holdfast.review.cases import CaseFilter, get_case, list_conditions, lock_case
from holdfast.review.models import Case
from holdfast.review.rules import ReviewRules

__all__ = ["Lease", "hand_back", "heartbeat", "is_running", "require_lease", "take", "take_next"]


@dataclass(frozen=True, slots=True)
class Lease:
    """One person's hold on one case, until a moment."""

    case_id: int
    owner: str
    fence: int
    until: datetime


def take(
    connection: sa.Connection, case_id: int, person: str, rules: ReviewRules, *, from_other: bool = False
) -> Lease:
    """The case is this person's, for `ReviewRules.lease_s`.

    One that is theirs already stays so under the same number. ``from_other`` takes it although another's
    lease runs (for whoever may assign cases). Raises `NotFoundError`, and `ConflictError` for a case that is
    not open or is another's.
    """
    case = lock_case(connection, case_id)
    if case.state != "open":
        raise ConflictError(f"Case {case_id} is {_state(case)}; it was not taken. Open it to read it.")
    mine = case.lease_owner == person
    if not mine and not from_other and is_running(connection, case):
        raise ConflictError(
            f"Case {case_id} is {case.lease_owner}'s until {case.lease_until:%H:%M} UTC; it was not taken. "
            "Take another, or ask them to hand it back."
        )
    lease = _grant(connection, case, person, rules, is_new=not mine)
    if not mine:
        audit.append(connection, actor=person, action="case.take", target=f"case:{case_id}")
    return lease


def take_next(
    connection: sa.Connection, person: str, rules: ReviewRules, wanted: CaseFilter | None = None
) -> Lease | None:
    """The first open case that nobody holds, by priority and clock; None where there is none.

    Two people who ask at one moment get two cases.
    """
    conditions = list_conditions(connection, replace(wanted or CaseFilter(), state="open"))
    free = sa.or_(cases.c.lease_until.is_(None), cases.c.lease_until <= moment(connection))
    query = sa.select(cases.c.id).where(*conditions, free)
    query = query.order_by(cases.c.priority, cases.c.due_at, cases.c.id).limit(1)
    case_id = connection.scalar(query.with_for_update(skip_locked=True))
    return None if case_id is None else take(connection, case_id, person, rules)


def heartbeat(connection: sa.Connection, case_id: int, person: str, fence: int, rules: ReviewRules) -> Lease:
    """The lease runs on from now. Raises `LeaseLostError`."""
    case = require_lease(connection, case_id, person, fence)
    return _grant(connection, case, person, rules, is_new=False)


def hand_back(connection: sa.Connection, case_id: int, person: str, fence: int) -> None:
    """The case is anybody's again. Raises `LeaseLostError`."""
    require_lease(connection, case_id, person, fence)
    _set(connection, case_id, lease_owner=None, lease_until=None, fence=fence + 1)
    audit.append(connection, actor=person, action="case.hand_back", target=f"case:{case_id}")


def require_lease(connection: sa.Connection, case_id: int, person: str, fence: int) -> Case:
    """The case, locked, when it is this person's under this number and open.

    A lease that ran out while nobody else took the case still counts: nothing happened in between. Raises
    `NotFoundError`, and `LeaseLostError` when it is another's by now, was decided, merged or handed back.
    """
    case = lock_case(connection, case_id)
    if case.state == "open" and (case.lease_owner, case.fence) == (person, fence):
        return case
    now_whose = f"it is {case.lease_owner}'s now" if case.lease_owner else "nobody holds it now"
    if case.state != "open":
        now_whose = f"it is {_state(case)}"
    raise LeaseLostError(
        f"Case {case_id} is no longer yours: {now_whose}. Nothing was changed. Look at it again, and take it "
        "if it is still to be done."
    )


def is_running(connection: sa.Connection, case: Case) -> bool:
    """Whether somebody's lease on the case runs at this moment."""
    query = sa.select(cases.c.id).where(cases.c.id == case.id, cases.c.lease_until > moment(connection))
    return connection.execute(query).first() is not None


def _grant(connection: sa.Connection, case: Case, person: str, rules: ReviewRules, *, is_new: bool) -> Lease:
    fence = case.fence + is_new
    until = moment(connection, rules.lease_s)
    _set(connection, case.id, lease_owner=person, lease_until=until, fence=fence)
    now_until = get_case(connection, case.id).lease_until
    assert now_until is not None  # noqa: S101  (written just above)
    return Lease(case.id, person, fence, now_until)


def _set(connection: sa.Connection, case_id: int, **values: object) -> None:
    connection.execute(sa.update(cases).where(cases.c.id == case_id).values(**values))


def _state(case: Case) -> str:
    if case.state == "merged":
        return f"part of case {case.merged_into} now"
    return {"waiting": "decided, and waits to take effect", "decided": "decided"}.get(case.state, case.state)
