"""The document of /submit."""

from __future__ import annotations

from holdfast.reporting.cybertip.models.common import Model
from holdfast.reporting.cybertip.models.incident import BatchedReport, IncidentSummary, InternetDetails
from holdfast.reporting.cybertip.models.people import (
    IntendedRecipient,
    LawEnforcement,
    PersonOrUserReported,
    Reporter,
    Victim,
)

__all__ = ["Report"]


class Report(Model):
    """A report. Files are not part of it: they are uploaded to it. None need be."""

    batched_report: BatchedReport | None = None
    incident_summary: IncidentSummary
    internet_details: tuple[InternetDetails, ...] = ()
    law_enforcement: LawEnforcement | None = None
    reporter: Reporter
    persons_reported: tuple[PersonOrUserReported, ...] = ()
    intended_recipients: tuple[IntendedRecipient, ...] = ()
    victims: tuple[Victim, ...] = ()
    additional_info: str | None = None

    @property
    def incident_count(self) -> int:
        """Incidents that it tells of: a batched report tells of one a person, any other of one."""
        return max(1, len(self.persons_reported)) if self.batched_report else 1
