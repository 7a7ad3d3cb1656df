"""Reports: drafts of cases, what they say, what would be sent, receipts."""

from __future__ import annotations

from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.cases import require_case_scope
from holdfast.api.v1.fields import MAX_ID, BeforeId, Id, Limit, Page, page
from holdfast.api.v1.report_models import (
    Batch,
    ContentAnswer,
    FilePreviewAnswer,
    LackAnswer,
    NewContent,
    NewReport,
    PreviewAnswer,
    ReceiptAnswer,
    ReportAnswer,
    ReportsAnswer,
    get_seen,
    may_see,
    report_answer,
)
from holdfast.api.writes import Write, Writing
from holdfast.errors import UsageError
from holdfast.reporting.destinations.table import CYBERTIPLINE
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.approval import edit
from holdfast.reporting.drafts.batched import make_batched
from holdfast.reporting.drafts.by_hand import follow_up, new_draft
from holdfast.reporting.drafts.listing import list_drafts, receipt_of
from holdfast.reporting.drafts.meter import measure
from holdfast.reporting.drafts.models import State
from holdfast.reporting.drafts.preview import preview
from holdfast.reporting.drafts.sources import case_reference, draft_case

__all__ = ["router"]

router = APIRouter(tags=["reports"])


@router.get("/v1/reports", summary="List reports", responses=responses(422))
def list_reports(
    caller: Annotated[Caller, Guard(Permission.REPORT_READ)],
    state: Annotated[Literal["draft", "asked", "holding", "sent", "cancelled"] | None, Query()] = None,
    case: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[ReportAnswer]:
    """Newest first, with where each stands at its destination. Nothing that they say of people."""
    with caller.runtime.database.read() as connection:
        found = list_drafts(
            connection,
            states=None if state is None else [State(state)],
            case_reference=None if case is None else case_reference(case),
            before_id=before,
            limit=limit,
        )
        answers = [report_answer(connection, draft) for draft in found if may_see(caller, connection, draft)]
    return page(answers, limit, [draft.id for draft in found])


@router.post(
    "/v1/reports",
    status_code=201,
    summary="Draft a report",
    response_model=ReportsAnswer,
    responses=responses(404, 409, 422),
)
def draft_report(body: NewReport, write: Annotated[Write, Writing(Permission.REPORT_DRAFT)]) -> Response:
    """Of a case that was decided: one report for each destination that the rules name. Nothing is filed.

    The worker does the same by itself within seconds of the decision; asking twice makes nothing twice.
    """
    runtime = write.caller.runtime
    if (body.case is None) == (body.report is None or body.reference is None):
        raise UsageError("Give a case, or a report with a reference. Nothing was drafted.")
    made: list[int] = []
    if body.case is not None:
        with runtime.database.read() as connection:
            require_case_scope(write.caller, connection, body.case)
        drafts = draft_case(
            runtime.database,
            runtime.desk,
            runtime.contents,
            body.case,
            by=write.subject,
            destination=body.destination,
        )
        made = [draft.id for draft in drafts]

    def work(connection: sa.Connection) -> ReportsAnswer:
        if body.report is not None and body.reference is not None:
            draft = new_draft(
                connection,
                runtime.desk,
                body.reference,
                body.report,
                destination=body.destination or CYBERTIPLINE,
                by=write.subject,
            )
            made.append(draft.id)
        found = [report_answer(connection, rows.get(connection, number)) for number in made]
        return ReportsAnswer(reports=found)

    return write.run(work, status=201)


@router.get("/v1/reports/{report}", summary="Show a report", responses=responses(404, 422))
def get_report(caller: Annotated[Caller, Guard(Permission.REPORT_READ)], report: Id) -> ReportAnswer:
    """Where it stands, here and at its destination."""
    with caller.runtime.database.read() as connection:
        return report_answer(connection, get_seen(caller, connection, report))


@router.get("/v1/reports/{report}/content", summary="What a report says", responses=responses(404, 422))
def get_content(caller: Annotated[Caller, Guard(Permission.REPORT_READ)], report: Id) -> ContentAnswer:
    """Its content, where each part came from, and what is missing, by what that costs."""
    desk = caller.runtime.desk
    with caller.runtime.database.read() as connection:
        draft = get_seen(caller, connection, report)
    content = rows.unseal(desk.sealer, draft)
    complete = measure(content, desk.destinations.get(draft.destination))
    return ContentAnswer(
        version=draft.version,
        score=complete.score,
        lacks=[LackAnswer.model_validate(lack) for lack in complete.lacks],
        content=content,
    )


@router.put(
    "/v1/reports/{report}/content",
    summary="Change what a report says",
    response_model=ReportAnswer,
    responses=responses(404, 409, 422),
)
def put_content(
    report: Id, body: NewContent, write: Annotated[Write, Writing(Permission.REPORT_DRAFT)]
) -> Response:
    """As a whole, for the version that was looked at. An approval of what was there is gone.

    Whether a file was viewed is the ledger's word, and files come from the case: neither can be changed.
    """

    def work(connection: sa.Connection) -> ReportAnswer:
        desk = write.caller.runtime.desk
        get_seen(write.caller, connection, report)
        changed = edit(connection, desk, report, body.content, version=body.version, by=write.subject)
        return report_answer(connection, changed)

    return write.run(work)


@router.get("/v1/reports/{report}/preview", summary="Preview a report", responses=responses(404, 422))
def get_preview(caller: Annotated[Caller, Guard(Permission.REPORT_READ)], report: Id) -> PreviewAnswer:
    """The exact documents that would be sent. 422 names what breaks a rule."""
    with caller.runtime.database.read() as connection:
        shown = preview(connection, caller.runtime.desk, get_seen(caller, connection, report))
    files = [
        FilePreviewAnswer(
            item_id=file.item_id,
            xml=file.xml.decode(),
            is_viewed=file.is_viewed,
            exif_is_viewed=file.exif_is_viewed,
        )
        for file in shown.files
    ]
    return PreviewAnswer(xml=shown.xml.decode(), files=files)


@router.post(
    "/v1/reports/{report}/batch",
    summary="Make a report a batched one",
    response_model=ReportAnswer,
    responses=responses(404, 409, 422),
)
def batch(report: Id, body: Batch, write: Annotated[Write, Writing(Permission.REPORT_DRAFT)]) -> Response:
    """One viral file that many accounts passed on: each account counts as an incident."""

    def work(connection: sa.Connection) -> ReportAnswer:
        get_seen(write.caller, connection, report)
        changed = make_batched(
            connection,
            write.caller.runtime.desk,
            report,
            body.accounts,
            item_id=body.item_id,
            is_meme=body.is_meme,
            version=body.version,
            by=write.subject,
        )
        return report_answer(connection, changed)

    return write.run(work)


@router.post(
    "/v1/reports/{report}/follow-up",
    status_code=201,
    summary="Draft a follow-up",
    response_model=ReportAnswer,
    responses=responses(404, 409, 422),
)
def make_follow_up(report: Id, write: Annotated[Write, Writing(Permission.REPORT_DRAFT)]) -> Response:
    """The next report about the same; it names the earlier ones by itself."""

    def work(connection: sa.Connection) -> ReportAnswer:
        get_seen(write.caller, connection, report)
        made = follow_up(connection, write.caller.runtime.desk, report, by=write.subject)
        return report_answer(connection, made)

    return write.run(work, status=201)


@router.get("/v1/reports/{report}/receipt", summary="Show a receipt", responses=responses(404, 422))
def get_receipt(caller: Annotated[Caller, Guard(Permission.REPORT_READ)], report: Id) -> ReceiptAnswer:
    """What the destination answered, byte for byte. 404 until it is filed."""
    with caller.runtime.database.read() as connection:
        found = receipt_of(connection, get_seen(caller, connection, report))
    return ReceiptAnswer(
        destination=found.destination,
        reference=found.reference,
        at=found.at,
        request_id=found.request_id,
        body=None if found.body is None else found.body.decode("utf-8", "replace"),
    )
