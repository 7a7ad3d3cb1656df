"""Bodies and answers of the routes about reports."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from pydantic import AfterValidator, Field, StringConstraints

from holdfast.api.guard import Caller
from holdfast.api.v1.cases import require_case_scope
from holdfast.api.v1.fields import Answer, Reason, Request, printable
from holdfast.errors import NotAllowedError
from holdfast.records.tables.base import now
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.listing import standing_of
from holdfast.reporting.drafts.models import Content, Draft, DraftReport

__all__ = [
    "Approval",
    "Batch",
    "ContentAnswer",
    "Escalation",
    "FilePreviewAnswer",
    "LackAnswer",
    "NewContent",
    "NewReport",
    "PacketReceipt",
    "PreviewAnswer",
    "ReceiptAnswer",
    "ReportAnswer",
    "ReportsAnswer",
    "StandingAnswer",
    "Why",
    "get_seen",
    "may_see",
    "report_answer",
]

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=3000)]
Reference = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(printable)
]
Version = Annotated[int, Field(ge=1, le=2**31 - 1, description="The version that was looked at.")]


class StandingAnswer(Answer):
    """Where a report stands at its destination."""

    phase: str = Field(examples=["filed"], description="waiting, under_way, filed, refused or cancelled.")
    state: str = Field(examples=["filed"], description="In the destination's own words.")
    reference: str | None = Field(examples=["4564654"], description="Their number, or the packet's file.")
    error: str | None
    since: datetime
    cancel_wanted: bool


class ReportAnswer(Answer):
    """A report, from draft to receipt: nothing that it says of people."""

    id: int
    case_reference: str = Field(examples=["case:17"])
    case_id: int | None
    destination: str = Field(examples=["cybertipline-test"])
    revision: int
    state: str = Field(examples=["holding"], description="draft, asked, holding, sent or cancelled.")
    version: int = Field(description="Grows with every change; what is approved is one version.")
    file_count: int
    incident_count: int
    score: int = Field(examples=[84], description="How complete it is, 0 to 100.")
    lacks: int = Field(description="Fields that must be there and are not: it goes nowhere until it is 0.")
    priority: int
    is_imminent: bool
    is_automatic: bool
    needs_second: bool
    rule: str | None = Field(examples=["cybertipline"], description="Of the file of destinations.")
    deadline_at: datetime | None
    enrichment: str = Field(examples=["answered"], description="none, wanted, answered or failed.")
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime
    asked_by: str | None
    approved_by: str | None
    approved_at: datetime | None
    hold_until: datetime | None
    hold_left_s: float = Field(description="Seconds in which it can still be cancelled.")
    sent_at: datetime | None
    cancelled_by: str | None
    cancelled_at: datetime | None
    reason: str | None
    there: StandingAnswer | None = Field(description="null until it was handed over.")


class ReportsAnswer(Answer):
    """Some reports."""

    reports: list[ReportAnswer]


class NewReport(Request):
    """A decided case, or a report of your own that belongs to no case and has no files."""

    case: int | None = Field(default=None, ge=1, le=2**63 - 1, examples=[17])
    reference: Reference | None = Field(default=None, description="With `report`: your name of the matter.")
    destination: str | None = Field(
        default=None, max_length=60, description="By default what the rules say, or the CyberTipline."
    )
    report: DraftReport | None = None


class NewContent(Request):
    """What a draft is to say."""

    version: Version
    content: Content


class Approval(Request):
    """It is to be filed as it is."""

    version: Version


class Why(Request):
    """Why: it is written down with who did it."""

    reason: Reason


class Escalation(Request):
    """Imminent danger: the reason goes to the destination."""

    reason: Text = Field(examples=["a threat for tonight"])


class Batch(Request):
    """One viral file, many accounts."""

    version: Version
    item_id: str = Field(max_length=100, description="The one file of it.")
    accounts: Annotated[list[Reference], Field(min_length=1, max_length=10_000)]
    is_meme: bool = False


class PacketReceipt(Request):
    """What the recipient of a packet gave or told you on taking it."""

    receipt: Annotated[str, StringConstraints(min_length=1, max_length=100_000)]


class LackAnswer(Answer):
    """Something that is not there."""

    field: str = Field(examples=["upload_ip"])
    reason: str = Field(examples=["no upload IP: police cannot find the person without it"])
    must: bool


class ContentAnswer(Answer):
    """What a draft says, where that came from, and what is missing."""

    version: int
    score: int
    lacks: list[LackAnswer]
    content: Content


class FilePreviewAnswer(Answer):
    """The details of one file as they would be sent; the destination's numbers are not known yet."""

    item_id: str
    xml: str
    is_viewed: bool
    exif_is_viewed: bool


class PreviewAnswer(Answer):
    """The exact documents."""

    xml: str
    files: list[FilePreviewAnswer]


class ReceiptAnswer(Answer):
    """What proves that it was filed. ``body`` is theirs, as it came; null where it was lost on the way."""

    destination: str
    reference: str = Field(examples=["4564654"])
    at: datetime
    request_id: str | None
    body: str | None


def report_answer(connection: sa.Connection, draft: Draft) -> ReportAnswer:
    """The answer about one report."""
    standing = standing_of(connection, draft)
    there = None if standing is None else StandingAnswer.model_validate(standing)
    names = ReportAnswer.model_fields.keys() - {"there", "hold_left_s"}
    known = {name: getattr(draft, name) for name in names}
    return ReportAnswer(**known, there=there, hold_left_s=draft.hold_left_s(now()))


def get_seen(caller: Caller, connection: sa.Connection, number: int) -> Draft:
    """The report, where the caller may see it: its case's lists are in their scope.

    Raises `NotFoundError` or `NotAllowedError`.
    """
    draft = rows.get(connection, number)
    if draft.case_id is not None:
        require_case_scope(caller, connection, draft.case_id)
    return draft


def may_see(caller: Caller, connection: sa.Connection, draft: Draft) -> bool:
    """Whether the caller may see it."""
    try:
        get_seen(caller, connection, draft.id)
    except NotAllowedError:
        return False
    return True
