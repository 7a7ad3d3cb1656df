"""Reports of the usual kinds, put together.

A report about text or about a user alone is a plain `Report` without files: `conversation` says what was
written. A live room or a class has no form of its own in the schema: `live_room` and `live_class` use the
nearest one, beside the summary's ``platform``; clips of what was streamed carry the annotation
``live_streaming`` and transcripts are supplemental files.
"""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.errors import UsageError
from holdfast.reporting.cybertip.models.incident import (
    BatchedReport,
    ChatImIncident,
    IncidentSummary,
    InternetDetails,
    WebPageIncident,
)
from holdfast.reporting.cybertip.models.people import PersonOrUserReported, Reporter
from holdfast.reporting.cybertip.models.report import Report
from holdfast.reporting.cybertip.vocabulary import BatchReason

__all__ = ["batched_report", "conversation", "follow_up", "live_class", "live_room"]


def batched_report(summary: IncidentSummary, reporter: Reporter, accounts: Sequence[str]) -> Report:
    """One report for many accounts that passed on one viral file; ``accounts`` are your identifiers.

    Nothing else may be said of them, and exactly one file goes with it, annotated viral or as a potential
    meme. Raises `UsageError` without accounts or with one named twice.
    """
    if not accounts or len(set(accounts)) != len(accounts):
        raise UsageError("A batched report names at least one account, and each once; nothing was made.")
    return Report(
        batched_report=BatchedReport(reason=BatchReason.VIRAL_POTENTIAL_MEME),
        incident_summary=summary,
        reporter=reporter,
        persons_reported=tuple(PersonOrUserReported(esp_identifier=account) for account in accounts),
    )


def conversation(client: str, text: str, *, note: str | None = None) -> InternetDetails:
    """What was written in messages, on the service or app ``client``."""
    return InternetDetails(
        chat_im_incident=ChatImIncident(chat_client=client, content=text, additional_info=note)
    )


def live_room(
    client: str, room: str, *, transcript: str | None = None, note: str | None = None
) -> InternetDetails:
    """A room where people talk or stream live. ``note``: who spoke when, for how long it was live."""
    return InternetDetails(
        chat_im_incident=ChatImIncident(
            chat_client=client, chat_room_name=room, content=transcript, additional_info=note
        )
    )


def live_class(urls: Sequence[str], *, note: str | None = None) -> InternetDetails:
    """A lesson or course that has pages of its own. Without pages it is a `live_room`."""
    return InternetDetails(web_page_incident=WebPageIncident(urls=tuple(urls), additional_info=note))


def follow_up(report: Report, earlier: Sequence[int]) -> Report:
    """The report with the ids of earlier CyberTipline reports about the same case.

    They stand with the person reported; where there is none, in the additional information. A batched report
    has no place for them and stays as it is.
    """
    if not earlier or report.batched_report is not None:
        return report
    if not report.persons_reported:
        numbers = ", ".join(map(str, earlier))
        note = f"Earlier CyberTipline reports on this case: {numbers}."
        whole = note if report.additional_info is None else f"{report.additional_info}\n{note}"
        return report.model_copy(update={"additional_info": whole})
    first, *others = report.persons_reported
    known = dict.fromkeys([*first.prior_reports, *earlier])
    person = first.model_copy(update={"prior_reports": tuple(known)})
    return report.model_copy(update={"persons_reported": (person, *others)})
