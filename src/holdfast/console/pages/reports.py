"""Reports: what is being prepared, one report as the document that it becomes, approval, cancelling."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.v1.fields import Id
from holdfast.console.pages.confirming import Confirmation
from holdfast.console.pages.report_edit import edited
from holdfast.console.pages.report_view import report_view, row_of
from holdfast.console.pages.shared import link, names_of, see
from holdfast.console.render import page, texts_for
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.approval import approve, cancel, edit
from holdfast.reporting.drafts.listing import list_drafts
from holdfast.reporting.drafts.models import State
from holdfast.review.words import INCIDENT_TYPES

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

PAGE = 50
_Version = Annotated[int, Form(ge=1, lt=2**31)]
_Go = Annotated[str, Form(max_length=10)]


@router.get("/console/reports")
def show_reports(
    caller: Annotated[Caller, Guard(Permission.REPORT_READ)],
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """Drafts and what became of them, the newest first."""
    t = texts_for(caller)
    with caller.runtime.database.read() as connection:
        found = list_drafts(connection, before_id=before, limit=PAGE + 1)
        shown = [row_of(connection, draft, t) for draft in found[:PAGE]]
    on = link("/console/reports", before=shown[-1].id) if len(found) > PAGE else ""
    return page(caller, "reports.html", here="reports", rows=shown, next_href=on)


@router.get("/console/reports/{report}")
def show_report(caller: Annotated[Caller, Guard(Permission.REPORT_READ)], report: Id) -> Response:
    """One report: the form, what is missing, the exact document, and what is heard of it."""
    t, desk = texts_for(caller), caller.runtime.desk
    with caller.runtime.database.read() as connection:
        draft = rows.get(connection, report)
        names = names_of(connection, [draft.asked_by, draft.approved_by, draft.created_by], caller, t)
        view = report_view(connection, desk, draft, names, t)
    types = [(one, t(f"incident.{number}")) for number, one in enumerate(INCIDENT_TYPES)]
    return page(caller, "report.html", here="reports", report=view, incident_types=types)


@router.post("/console/reports/{report}/edit")
async def edit_report(caller: Annotated[Caller, Guard(Permission.REPORT_DRAFT)], report: Id) -> Response:
    """Changes what the form shows, for the version that was looked at. An approval of before is gone."""
    form = await caller.request.form(max_fields=50)
    given = {name: value.replace("\r\n", "\n") for name, value in form.items() if isinstance(value, str)}
    version = int(given["version"]) if given.get("version", "").isdigit() else 0
    desk = caller.runtime.desk

    def work() -> None:
        with caller.runtime.database.write() as connection:
            draft = rows.lock(connection, report, version)
            content = edited(rows.unseal(desk.sealer, draft), given, by=caller.subject)
            edit(connection, desk, report, content, version=version, by=caller.subject)

    await run_in_threadpool(work)
    return see(f"/console/reports/{report}")


@router.get("/console/reports/{report}/approve")
def confirm_approval(caller: Annotated[Caller, Guard(Permission.REPORT_APPROVE)], report: Id) -> Response:
    """What approving does, before it is done."""
    t, desk = texts_for(caller), caller.runtime.desk
    with caller.runtime.database.read() as connection:
        draft = rows.get(connection, report)
    destination = desk.destinations.get(draft.destination)
    second = draft.needs_second and draft.state is State.DRAFT and not draft.is_imminent
    told = Confirmation(
        title=t("report.approve_title", report=str(report)),
        follows=t("report.asks_second" if second else "report.approve_does"),
        facts=(
            (t("reports.destination"), destination.title),
            (t("reports.complete"), t("report.score", score=draft.score)),
            (t("confirm.files"), t.number(draft.file_count)),
        ),
        warnings=(destination.banner,),
        action=f"/console/reports/{report}/approve",
        fields=(("version", str(draft.version)),),
        button=t("report.ask" if second else "report.approve"),
        back=f"/console/reports/{report}",
        is_final=not second,
    )
    return page(caller, "confirm.html", here="reports", confirm=told)


@router.post("/console/reports/{report}/approve")
def approve_report(
    caller: Annotated[Caller, Guard(Permission.REPORT_APPROVE)], report: Id, version: _Version, go: _Go
) -> Response:
    """It is to be filed as it is. Then its hold runs, wholly before anything is opened."""
    if go == "yes":
        with caller.runtime.database.write() as connection:
            approve(connection, caller.runtime.desk, report, version=version, by=caller.subject)
    return see(f"/console/reports/{report}")


@router.post("/console/reports/{report}/cancel")
def cancel_report(
    caller: Annotated[Caller, Guard(Permission.REPORT_RETRACT)],
    report: Id,
    reason: Annotated[str, Form(max_length=600)],
) -> Response:
    """Nobody wants it any more. Before the hand-over that leaves no trace at the destination."""
    with caller.runtime.database.write() as connection:
        cancel(connection, caller.runtime.desk, report, by=caller.subject, reason=reason)
    return see(f"/console/reports/{report}")
