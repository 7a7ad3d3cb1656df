"""Health: lists, queues, workers, vault, exchanges, each with its state in words and what to do."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.console.pages.health_view import Section, sections
from holdfast.console.render import page, texts_for
from holdfast.console.texts import Texts

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/console/health")
def health(caller: Annotated[Caller, Guard(Permission.METRICS_READ)]) -> Response:
    """Everything that is looked at, and one line that sums it up."""
    t = texts_for(caller)
    with caller.runtime.database.read() as connection:
        found = sections(connection, caller, t)
    return page(caller, "health.html", here="health", sections=found, summary=_summary(found, t))


def _summary(found: list[Section], t: Texts) -> str:
    rows = [row for section in found for row in section.rows]
    broken = [row for row in rows if row.state == "problem"]
    if broken:
        return t("health.some_bad", count=len(broken), first=broken[0].name)
    wanting = sum(row.state == "warning" for row in rows)
    return t("health.some_warn", count=wanting) if wanting else t("health.all_well")
