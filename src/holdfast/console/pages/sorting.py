"""What belongs to a case and how urgent it is: priority, merging, splitting, for whoever holds the case."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.v1.fields import Id
from holdfast.console.pages.case import Fence
from holdfast.console.pages.shared import see
from holdfast.errors import UsageError
from holdfast.review import clocks, merging
from holdfast.review.leases import require_lease

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

MAX_FILES = 1000


@router.post("/console/cases/{case}/priority")
def priority(
    caller: Annotated[Caller, Guard(Permission.CASE_WRITE)],
    case: Id,
    fence: Fence,
    priority: Annotated[int, Form(ge=1, le=5)],
) -> Response:
    """Its clock runs from now, and never gets longer."""
    with caller.runtime.database.write() as connection:
        require_lease(connection, case, caller.subject, fence)
        clocks.set_priority(connection, case, priority, by=caller.subject, rules=caller.runtime.review)
    return see(f"/console/cases/{case}")


@router.post("/console/cases/{case}/merge")
def merge(
    caller: Annotated[Caller, Guard(Permission.CASE_WRITE)],
    case: Id,
    fence: Fence,
    source: Annotated[int, Form(ge=1, lt=2**63)],
) -> Response:
    """Everything of another open case of the account comes into this one."""
    with caller.runtime.database.write() as connection:
        merging.merge(connection, case, source, person=caller.subject, fence=fence)
    return see(f"/console/cases/{case}")


@router.post("/console/cases/{case}/split")
def split(
    caller: Annotated[Caller, Guard(Permission.CASE_WRITE)],
    case: Id,
    fence: Fence,
    files: Annotated[list[str], Form(max_length=MAX_FILES)] = [],  # noqa: B006  (FastAPI copies it)
) -> Response:
    """The chosen groups become a case of their own, which nobody holds yet."""
    numbers = [number for group in files for number in group.split(",")]
    if not numbers or len(numbers) > MAX_FILES or not all(one.isdigit() and len(one) < 19 for one in numbers):
        raise UsageError("Choose the groups that become a case of their own. Nothing was split.")
    with caller.runtime.database.write() as connection:
        made = merging.split(connection, case, [*map(int, numbers)], person=caller.subject, fence=fence)
    return see(f"/console/cases/{made.id}")
