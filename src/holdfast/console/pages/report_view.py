"""A report as the document that it becomes: who, what, which files, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from holdfast.console.pages.shared import Names
from holdfast.console.texts import Texts
from holdfast.errors import InvalidDocumentError, NotFoundError
from holdfast.reporting.cybertip.models.people import PersonOrUserReported
from holdfast.reporting.destination import Lack, Receipt
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.desk import Desk
from holdfast.reporting.drafts.listing import receipt_of, standing_of
from holdfast.reporting.drafts.meter import measure
from holdfast.reporting.drafts.models import Content, Draft, State
from holdfast.reporting.drafts.preview import preview

__all__ = ["ReportView", "Row", "report_view", "row_of", "state_words"]

# State -> shape.
SHAPES = {
    State.DRAFT: "draft",
    State.ASKED: "approval",
    State.HOLDING: "countdown",
    State.SENT: "sending",
    State.CANCELLED: "off",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list of reports."""

    id: int
    state: str
    state_words: str
    case_id: int | None
    reference: str
    destination: str
    score: int
    lacks: int
    deadline: datetime | None
    hold_until: datetime | None
    number: str


@dataclass(frozen=True, slots=True)
class File:
    """One file of a report."""

    name: str
    label: str
    viewed: str
    uploaded_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReportView:
    """What the page shows. ``xml`` is "" while the document breaks a rule; ``why_no_xml`` then says which."""

    row: Row
    draft: Draft
    banner: str
    fields: dict[str, str]
    files: tuple[File, ...]
    addresses: tuple[str, ...]
    lacks: tuple[Lack, ...]
    score: int
    xml: str
    why_no_xml: str
    receipt: Receipt | None
    error: str
    asked_by: str
    approved_by: str
    can_edit: bool


def row_of(connection: sa.Connection, draft: Draft, t: Texts) -> Row:
    """The list's line; where it was handed over, with what is heard of it."""
    standing = standing_of(connection, draft)
    state = SHAPES[draft.state]
    if standing is not None and standing.phase in ("filed", "refused"):
        state = "filed" if standing.phase == "filed" else "failed"
    return Row(
        id=draft.id,
        state=state,
        state_words=state_words(draft, None if standing is None else str(standing.phase), t),
        case_id=draft.case_id,
        reference=draft.case_reference,
        destination=draft.destination,
        score=draft.score,
        lacks=draft.lacks,
        deadline=draft.deadline_at if draft.state in (State.DRAFT, State.ASKED) else None,
        hold_until=draft.hold_until if draft.state is State.HOLDING else None,
        number="" if standing is None or standing.reference is None else standing.reference,
    )


def state_words(draft: Draft, phase: str | None, t: Texts) -> str:
    """Where it stands, in words."""
    return t(f"report_phase.{phase}") if phase is not None else t(f"report_state.{draft.state}")


def report_view(connection: sa.Connection, desk: Desk, draft: Draft, names: Names, t: Texts) -> ReportView:
    """The whole page of one report."""
    content = rows.unseal(desk.sealer, draft)
    destination = desk.destinations.get(draft.destination)
    complete = measure(content, destination)
    standing = standing_of(connection, draft)
    xml, why = _preview(connection, desk, draft, content)
    return ReportView(
        row=row_of(connection, draft, t),
        draft=draft,
        banner=destination.banner,
        fields=fields_of(content),
        files=tuple(_file(one, t) for one in content.files),
        addresses=tuple(_addresses(content)),
        lacks=complete.lacks,
        score=complete.score,
        xml=xml,
        why_no_xml=why,
        receipt=_receipt(connection, draft),
        error="" if standing is None or standing.error is None else standing.error,
        asked_by=names(draft.asked_by) if draft.asked_by else "",
        approved_by=names(draft.approved_by) if draft.approved_by else "",
        can_edit=draft.state in (State.DRAFT, State.ASKED, State.HOLDING),
    )


def fields_of(content: Content) -> dict[str, str]:
    """What the form shows and takes back (`report_edit`)."""
    report = content.report
    summary = report.incident_summary
    person = report.persons_reported[0] if report.persons_reported else PersonOrUserReported()
    of_person = person.person_or_user_reported_person
    moment = summary.incident_date_time
    return {
        "incident_type": str(summary.incident_type or ""),
        "incident_date_time": "" if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "platform": summary.platform or "",
        "esp_identifier": person.esp_identifier or "",
        "screen_name": person.screen_name or "",
        "emails": "\n".join(one.value for one in of_person.emails) if of_person else "",
        "phones": "\n".join(one.value for one in of_person.phones) if of_person else "",
        "additional_info": report.additional_info or "",
    }


def _file(file: Any, t: Texts) -> File:
    said = file.description
    return File(
        name=said.original_file_name or t("case.nameless"),
        label="" if said.industry_classification is None else str(said.industry_classification),
        viewed=t("report.viewed_yes" if file.viewed is not None else "report.viewed_no"),
        uploaded_at=said.uploaded_to_esp_timestamp,
    )


def _addresses(content: Content) -> list[str]:
    found = []
    for person in content.report.persons_reported:
        for one in person.ip_capture_events:
            port = "" if one.port is None else f" : {one.port}"
            when = "" if one.date_time is None else f" · {one.date_time:%Y-%m-%d %H:%M:%S %Z}"
            found.append(f"{one.ip_address}{port}{when}")
    return found


def _preview(connection: sa.Connection, desk: Desk, draft: Draft, content: Content) -> tuple[str, str]:
    try:
        return preview(connection, desk, draft, content).xml.decode(), ""
    except InvalidDocumentError as error:
        return "", "; ".join(map(str, error.problems))


def _receipt(connection: sa.Connection, draft: Draft) -> Receipt | None:
    try:
        return receipt_of(connection, draft)
    except NotFoundError:
        return None
