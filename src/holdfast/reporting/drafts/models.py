"""A draft, what it says, its states."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime

from holdfast.errors import InvalidDocumentError
from holdfast.reporting.cybertip.models.common import Model
from holdfast.reporting.cybertip.models.incident import (
    BatchedReport,
    IncidentSummary,
    InternetDetails,
    ReportAnnotations,
)
from holdfast.reporting.cybertip.models.people import (
    IntendedRecipient,
    LawEnforcement,
    PersonOrUserReported,
    Reporter,
    Victim,
)
from holdfast.reporting.cybertip.models.report import Report
from holdfast.reporting.cybertip.problems import Problem
from holdfast.reporting.cybertip.vocabulary import IncidentType
from holdfast.reporting.filing.models import Submission, SubmittedFile

__all__ = ["Content", "Draft", "DraftReport", "DraftSummary", "Enrichment", "Origin", "State"]


class State(StrEnum):
    """Where a draft stands. The names are those of the column."""

    DRAFT = "draft"
    ASKED = "asked"  # one person wants it filed, a second is asked
    HOLDING = "holding"  # approved; nothing is opened before the hold is over
    SENT = "sent"  # handed over: the filing or the packet knows how it goes on
    CANCELLED = "cancelled"


class Enrichment(StrEnum):
    """Whether the platform was asked what it knows."""

    NONE = "none"
    WANTED = "wanted"
    ANSWERED = "answered"
    FAILED = "failed"


class DraftSummary(Model):
    """As `IncidentSummary`, and both required fields may still be unknown."""

    incident_type: IncidentType | None = None
    platform: str | None = None
    escalate_to_high_priority: str | None = None
    report_annotations: ReportAnnotations | None = None
    incident_date_time: AwareDatetime | None = None
    incident_date_time_description: str | None = None


class DraftReport(Model):
    """As `Report`, unfinished."""

    batched_report: BatchedReport | None = None
    incident_summary: DraftSummary = DraftSummary()
    internet_details: tuple[InternetDetails, ...] = ()
    law_enforcement: LawEnforcement | None = None
    reporter: Reporter
    persons_reported: tuple[PersonOrUserReported, ...] = ()
    intended_recipients: tuple[IntendedRecipient, ...] = ()
    victims: tuple[Victim, ...] = ()
    additional_info: str | None = None

    def unknown(self) -> list[Problem]:
        """The required fields of the summary that nobody has said yet."""
        summary = self.incident_summary
        problems = []
        if summary.incident_type is None:
            path = "/report/incidentSummary/incidentType"
            problems.append(Problem(path, "missing", "must be chosen: what the report is about"))
        if summary.incident_date_time is None:
            path = "/report/incidentSummary/incidentDateTime"
            problems.append(Problem(path, "missing", "must be said: when it happened"))
        return problems

    def finished(self) -> Report:
        """The report. Raises `InvalidDocumentError` while a required field is unknown."""
        if problems := self.unknown():
            words = "; ".join(map(str, problems))
            raise InvalidDocumentError(f"The draft is not a report yet: {words}. Nothing was made.", problems)
        summary = IncidentSummary(**dict(self.incident_summary))
        return Report(**{**dict(self), "incident_summary": summary})


class Origin(Model):
    """Where a value came from: "case", "upload", "platform", "settings" or a person."""

    field: str
    source: str


class Content(Model):
    """All that a draft says; sealed in its row."""

    report: DraftReport
    files: tuple[SubmittedFile, ...] = ()
    origins: tuple[Origin, ...] = ()

    def submission(self) -> Submission:
        """What would be filed. Raises `InvalidDocumentError` while a required field is unknown."""
        return Submission(report=self.report.finished(), files=self.files)

    @property
    def incident_count(self) -> int:
        """As `Report.incident_count`."""
        return max(1, len(self.report.persons_reported)) if self.report.batched_report else 1


@dataclass(frozen=True, slots=True)
class Draft:
    """One row as it was when read. ``version`` grows with every change: what is approved is one version.

    ``lacks``: fields that must be there and are not. ``score``: 0 to 100, how complete it is.
    """

    id: int
    case_reference: str
    case_id: int | None
    case_revision: int | None
    destination: str
    revision: int
    state: State
    version: int
    sealed_content: bytes = field(repr=False)
    sealed_answer: bytes | None = field(repr=False)
    file_count: int
    incident_count: int
    lacks: int
    score: int
    priority: int
    is_imminent: bool
    is_automatic: bool
    needs_second: bool
    rule: str | None
    deadline_at: datetime | None
    retention_days: int
    enrichment: Enrichment
    enrichment_tries: int
    enrichment_due_at: datetime | None
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime
    asked_by: str | None
    asked_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    hold_until: datetime | None
    filing_id: int | None
    packet_id: int | None
    sent_at: datetime | None
    cancelled_by: str | None
    cancelled_at: datetime | None
    reason: str | None
    late_told_at: datetime | None

    def hold_left_s(self, at: datetime) -> float:
        """Seconds until it goes out; 0 when it is due, or not approved."""
        if self.state is not State.HOLDING or self.hold_until is None:
            return 0.0
        return max(0.0, (self.hold_until - at).total_seconds())

    @property
    def number_there(self) -> int | None:
        """Its filing or packet, once it was handed over."""
        return self.filing_id if self.filing_id is not None else self.packet_id
