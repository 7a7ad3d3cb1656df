"""The page of the audit log: who did what to what, the newest first."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.console.pages.shared import link, names_of
from holdfast.console.render import page, texts_for
from holdfast.records import audit

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
Text = Annotated[str, Query(max_length=300)]


@router.get("/console/audit")
def show(
    caller: Annotated[Caller, Guard(Permission.AUDIT_READ)],
    who: Text = "",
    target: Text = "",
    before: Annotated[str, Query(max_length=19)] = "",
) -> Response:
    """One page of rows; ``before`` is the last one of the page before."""
    start = int(before) if before.isascii() and before.isdigit() else None
    wanted = {"actor": who.strip() or None, "target": target.strip() or None}
    with caller.runtime.database.read() as connection:
        found = audit.newest(connection, before=start, limit=PAGE + 1, **wanted)
        named = {name for entry in found for name in (entry.actor, entry.target)}
        names = names_of(connection, named, caller, texts_for(caller))
        end = audit.head(connection)
    rows = found[:PAGE]
    given: dict[str, Any] = {"who": who, "target": target}
    older = link("/console/audit", **given, before=rows[-1].position) if len(found) > PAGE else ""
    return page(
        caller,
        "audit.html",
        here="audit",
        rows=rows,
        names=names,
        given=given,
        head=end,
        older=older,
        newest=link("/console/audit", **given) if start is not None else "",
    )
