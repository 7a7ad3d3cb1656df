"""Reports: what moves them, and what about them needs a person."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.fields import Answer, Id, Moment, Request
from holdfast.api.v1.report_models import (
    Approval,
    Escalation,
    PacketReceipt,
    ReportAnswer,
    Why,
    get_seen,
    report_answer,
)
from holdfast.api.writes import Write, Writing
from holdfast.errors import UsageError
from holdfast.reporting.destinations.packet import acknowledge
from holdfast.reporting.drafts import automatic
from holdfast.reporting.drafts.approval import approve, cancel, mark_imminent
from holdfast.reporting.drafts.listing import counts
from holdfast.reporting.filing import alarms

__all__ = ["router"]

router = APIRouter(tags=["reports"])


class AlarmAnswer(Answer):
    """Something about a filing needs a person."""

    id: int
    filing_id: int
    kind: str = Field(examples=["blocked"])
    detail: str
    times: int
    raised_at: datetime
    repeated_at: datetime


class AlarmsAnswer(Answer):
    alarms: list[AlarmAnswer]


class ClearedAnswer(Answer):
    cleared: int


class CountAnswer(Answer):
    """Three things apart: a batched report tells of many incidents."""

    phase: str = Field(examples=["filed"])
    reports: int
    incidents: int
    files: int


class CountsAnswer(Answer):
    counts: list[CountAnswer]


class AutomaticAnswer(Answer):
    """The rule that files exact matches on trusted banks without a person."""

    state: str = Field(examples=["off"], description="off, stopped, shadow, capped or on.")
    shadow_until: datetime | None
    filed_in_24h: int
    daily_cap: int
    stopped_by: str | None


class Switch(Request):
    """The stop switch."""

    action: Literal["stop", "resume"]


@router.post(
    "/v1/reports/{report}/approve",
    summary="Approve a report",
    response_model=ReportAnswer,
    responses=responses(404, 409, 422),
)
def approve_report(
    report: Id, body: Approval, write: Annotated[Write, Writing(Permission.REPORT_APPROVE)]
) -> Response:
    """It is to be filed as it is. Then its hold runs, wholly before anything is opened at the destination.

    Where a second person is asked for, the first approval makes it `asked`, and somebody else's `holding`.
    """

    def work(connection: sa.Connection) -> ReportAnswer:
        desk = write.caller.runtime.desk
        get_seen(write.caller, connection, report)
        changed = approve(connection, desk, report, version=body.version, by=write.subject)
        return report_answer(connection, changed)

    return write.run(work)


@router.post(
    "/v1/reports/{report}/cancel",
    summary="Cancel or retract a report",
    response_model=ReportAnswer,
    responses=responses(404, 409, 422),
)
def cancel_report(
    report: Id, body: Why, write: Annotated[Write, Writing(Permission.REPORT_RETRACT)]
) -> Response:
    """Before the hand-over it leaves no trace; after it, what is open at the destination is retracted first.

    409 once it is finished there: only NCMEC can withdraw it then.
    """

    def work(connection: sa.Connection) -> ReportAnswer:
        desk = write.caller.runtime.desk
        get_seen(write.caller, connection, report)
        return report_answer(
            connection, cancel(connection, desk, report, by=write.subject, reason=body.reason)
        )

    return write.run(work)


@router.post(
    "/v1/reports/{report}/imminent",
    summary="Mark imminent danger",
    response_model=ReportAnswer,
    responses=responses(404, 409, 422),
)
def imminent(
    report: Id, body: Escalation, write: Annotated[Write, Writing(Permission.REPORT_DRAFT)]
) -> Response:
    """It escalates at once; hold and second person fall away, also for one that waits for them."""

    def work(connection: sa.Connection) -> ReportAnswer:
        desk = write.caller.runtime.desk
        get_seen(write.caller, connection, report)
        changed = mark_imminent(connection, desk, report, body.reason, by=write.subject)
        return report_answer(connection, changed)

    return write.run(work)


@router.post(
    "/v1/reports/{report}/receipt",
    summary="Write down a packet's receipt",
    response_model=ReportAnswer,
    responses=responses(404, 409, 422),
)
def record_receipt(
    report: Id, body: PacketReceipt, write: Annotated[Write, Writing(Permission.REPORT_FILE)]
) -> Response:
    """You handed a packet over: this is what you were given or told."""

    def work(connection: sa.Connection) -> ReportAnswer:
        draft = get_seen(write.caller, connection, report)
        if draft.packet_id is None:
            raise UsageError(f"Report {report} has no packet; nothing was written down.")
        acknowledge(connection, draft.packet_id, body.receipt.encode(), by=write.subject)
        write.note(connection, "report.receipt", f"report:{report}")
        return report_answer(connection, draft)

    return write.run(work)


@router.get("/v1/report-alarms", summary="List what needs a person", responses=responses())
def list_alarms(caller: Annotated[Caller, Guard(Permission.REPORT_READ)]) -> AlarmsAnswer:
    """Filings that are stuck, refused, or filed without a receipt; oldest first, at most 1000."""
    with caller.runtime.database.read() as connection:
        found = alarms.list_alarms(connection, banks_seen=caller.principal.banks.seen)
    return AlarmsAnswer(alarms=[AlarmAnswer.model_validate(alarm) for alarm in found])


@router.post(
    "/v1/report-alarms/{alarm}/clear",
    summary="Clear an alarm",
    response_model=ClearedAnswer,
    responses=responses(404, 422),
)
def clear_alarm(alarm: Id, write: Annotated[Write, Writing(Permission.REPORT_FILE)]) -> Response:
    """A person has seen to it."""

    def work(connection: sa.Connection) -> ClearedAnswer:
        if (report := alarms.report_of(connection, alarm)) is not None:
            get_seen(write.caller, connection, report)
        alarms.clear(connection, alarm, by=write.subject)
        write.note(connection, "report.alarm_clear", f"alarm:{alarm}")
        return ClearedAnswer(cleared=alarm)

    return write.run(work)


@router.get("/v1/report-counts", summary="Count reports, incidents and files", responses=responses(422))
def count_reports(
    caller: Annotated[Caller, Guard(Permission.REPORT_READ)],
    since: Annotated[Moment | None, Query()] = None,
    until: Annotated[Moment | None, Query()] = None,
) -> CountsAnswer:
    """What was handed over to destinations, by how far it has come."""
    with caller.runtime.database.read() as connection:
        found = counts(connection, since=since, until=until)
    rows_of = [
        CountAnswer(phase=str(phase), reports=one.reports, incidents=one.incidents, files=one.files)
        for phase, one in found.items()
    ]
    return CountsAnswer(counts=rows_of)


@router.get("/v1/report-automatic", summary="Where the automatic rule stands", responses=responses())
def get_automatic(caller: Annotated[Caller, Guard(Permission.REPORT_READ)]) -> AutomaticAnswer:
    """Whether reports are filed without a person, and how many in 24 hours."""
    with caller.runtime.database.read() as connection:
        return AutomaticAnswer.model_validate(automatic.automatic(connection, caller.runtime.desk))


@router.post(
    "/v1/report-automatic",
    summary="Stop the automatic rule",
    response_model=AutomaticAnswer,
    responses=responses(409, 422),
)
def switch_automatic(body: Switch, write: Annotated[Write, Writing(Permission.REPORT_APPROVE)]) -> Response:
    """`stop` takes back what is still held; `resume` begins a new shadow time."""

    def work(connection: sa.Connection) -> AutomaticAnswer:
        change = automatic.stop if body.action == "stop" else automatic.resume
        change(connection, by=write.subject)
        return AutomaticAnswer.model_validate(automatic.automatic(connection, write.caller.runtime.desk))

    return write.run(work)
