"""The calls about reports: drafts, what they say, approval, receipts. What a report says is plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from holdfast.client.call import Call, json_body, part, read_call, write_call
from holdfast.client.decoding import decode, field_of
from holdfast.client.exchange import Stream
from holdfast.client.pages import each

__all__ = [
    "Receipt",
    "Report",
    "ReportContent",
    "ReportLack",
    "ReportPreview",
    "ReportStanding",
    "approve_report",
    "cancel_report",
    "change_report",
    "draft_report",
    "escalate_report",
    "follow_up_report",
    "preview_report",
    "report",
    "report_content",
    "report_receipt",
    "reports",
]


@dataclass(frozen=True, slots=True)
class ReportStanding:
    """Where a report stands at its destination. ``phase``: waiting, under_way, filed, refused, cancelled."""

    phase: str
    state: str
    reference: str | None
    error: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """One report. ``state``: draft, asked, holding, sent or cancelled. ``there``: None until it was sent.

    ``lacks`` counts what must be there and is not; ``score`` is how complete it is, 0 to 100.
    """

    id: int
    case_reference: str
    destination: str
    revision: int
    state: str
    version: int
    file_count: int
    incident_count: int
    score: int
    lacks: int
    is_imminent: bool
    is_automatic: bool
    deadline_at: datetime | None
    approved_by: str | None
    hold_left_s: float
    reason: str | None
    there: ReportStanding | None

    @property
    def is_filed(self) -> bool:
        return self.there is not None and self.there.phase == "filed"


@dataclass(frozen=True, slots=True)
class ReportLack:
    """Something that is not there, and what that costs."""

    field: str
    reason: str
    must: bool


@dataclass(frozen=True, slots=True)
class ReportContent:
    """What a report says: ``content`` has report, files and where each part came from."""

    version: int
    score: int
    lacks: tuple[ReportLack, ...]
    content: Any


@dataclass(frozen=True, slots=True)
class ReportPreview:
    """The exact documents that would be sent."""

    xml: str
    files: Any


@dataclass(frozen=True, slots=True)
class Receipt:
    """What proves that a report was filed. ``body`` is the destination's own answer, as it came."""

    destination: str
    reference: str
    at: datetime
    request_id: str | None
    body: str | None


_REPORT = partial(decode, Report)


def reports(*, state: str | None = None, case: int | None = None) -> Stream[Report]:
    """Reports, newest first; or those of one state or case."""
    return each("/v1/reports", Report, cursor="before", state=state, case=case)


def report(report: int) -> Call[Report]:
    """One report, here and at its destination."""
    return read_call(_of(report), _REPORT)


def draft_report(case: int) -> Call[tuple[Report, ...]]:
    """Drafts the reports of a decided case: one for each destination. Nothing is filed."""
    return write_call("POST", "/v1/reports", field_of(tuple[Report, ...], "reports"), json_body(case=case))


def report_content(report: int) -> Call[ReportContent]:
    """What it says, and what is missing."""
    return read_call(f"{_of(report)}/content", partial(decode, ReportContent))


def change_report(report: int, content: Mapping[str, Any], version: int) -> Call[Report]:
    """Changes what it says, as a whole. An approval is gone with it."""
    body = json_body(content=dict(content), version=version)
    return write_call("PUT", f"{_of(report)}/content", _REPORT, body)


def preview_report(report: int) -> Call[ReportPreview]:
    """The exact documents that would be sent."""
    return read_call(f"{_of(report)}/preview", partial(decode, ReportPreview))


def approve_report(report: int, version: int) -> Call[Report]:
    """It is to be filed as it is; its hold begins, or a second person is asked."""
    return write_call("POST", f"{_of(report)}/approve", _REPORT, json_body(version=version))


def cancel_report(report: int, reason: str) -> Call[Report]:
    """Cancels it, or retracts what is open; not what is finished."""
    return write_call("POST", f"{_of(report)}/cancel", _REPORT, json_body(reason=reason))


def escalate_report(report: int, reason: str) -> Call[Report]:
    """Imminent danger: it escalates, and hold and second person fall away."""
    return write_call("POST", f"{_of(report)}/imminent", _REPORT, json_body(reason=reason))


def follow_up_report(report: int) -> Call[Report]:
    """Drafts the next report about the same; it names the earlier ones."""
    return write_call("POST", f"{_of(report)}/follow-up", _REPORT)


def report_receipt(report: int) -> Call[Receipt]:
    """The receipt. NotFoundError until it is filed."""
    return read_call(f"{_of(report)}/receipt", partial(decode, Receipt))


def _of(report: int) -> str:
    return f"/v1/reports/{part(report)}"
