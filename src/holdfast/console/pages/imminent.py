"""Imminent danger: a child is in danger now. The case goes first, and whoever is on call is paged."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.v1.fields import Id
from holdfast.console.pages.confirming import Confirmation
from holdfast.console.pages.shared import see
from holdfast.console.render import page, texts_for
from holdfast.review.cases import get_case
from holdfast.review.clocks import set_imminent

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/console/cases/{case}/imminent")
def confirm(caller: Annotated[Caller, Guard(Permission.CASE_WRITE)], case: Id) -> Response:
    """What it sets off, before it does."""
    t = texts_for(caller)
    with caller.runtime.database.read() as connection:
        found = get_case(connection, case)
    told = Confirmation(
        title=t("imminent.title", case=str(case)),
        follows=t("imminent.does"),
        facts=((t("case.account"), found.account or t("queue.no_account")),),
        warnings=(t("imminent.warning"),),
        action=f"/console/cases/{case}/imminent",
        fields=(),
        button=t("imminent.button"),
        back=f"/console/cases/{case}",
        is_final=True,
    )
    return page(caller, "confirm.html", here="queue", confirm=told)


@router.post("/console/cases/{case}/imminent")
def mark(
    caller: Annotated[Caller, Guard(Permission.CASE_WRITE)],
    case: Id,
    go: Annotated[str, Form(max_length=10)],
) -> Response:
    """Marks the case."""
    if go == "yes":
        with caller.runtime.database.write() as connection:
            set_imminent(connection, case, by=caller.subject, rules=caller.runtime.review)
    return see(f"/console/cases/{case}")
