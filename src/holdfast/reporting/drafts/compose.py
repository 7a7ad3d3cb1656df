"""A case as a report. Every value has a source; what nobody said is left out, and the meter says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from holdfast.decisions.facts import Context
from holdfast.reporting.configured import reporter
from holdfast.reporting.cybertip.models.incident import (
    ChatImIncident,
    InternetDetails,
    ReportAnnotations,
    WebPageIncident,
)
from holdfast.reporting.cybertip.models.people import IntendedRecipient, PersonOrUserReported
from holdfast.reporting.cybertip.schema.report import REPORT
from holdfast.reporting.cybertip.schema.words import Element, Type
from holdfast.reporting.cybertip.vocabulary import IncidentType
from holdfast.reporting.drafts.media import Digests, file_of_item, first_moment
from holdfast.reporting.drafts.models import Content, DraftReport, DraftSummary, Origin
from holdfast.reporting.drafts.people import account_person
from holdfast.reporting.drafts.texts import ascii_url, carried
from holdfast.review.case_facts import CaseFacts, MediaFacts
from holdfast.review.texts import Message
from holdfast.settings import ReportingSettings

__all__ = ["compose", "is_imminent", "reported_media"]

MAX_URLS: Final = 100
MAX_RECIPIENTS: Final = 100
MOMENT_OF_FINDING: Final = "The moment at which it was found: when it was uploaded is not known."
ESCALATION: Final = "A reviewer of the company marked imminent danger to a child on {at:%Y-%m-%d %H:%M} UTC."


def is_imminent(facts: CaseFacts) -> bool:
    """Whether a person marked imminent danger."""
    return facts.case.imminent_at is not None


def reported_media(facts: CaseFacts) -> list[MediaFacts]:
    """What the decision in force confirmed, and is still held: the files of the report, oldest first."""
    verdicts = {} if facts.decision is None else facts.decision.verdicts
    return [
        one
        for one in facts.media
        if verdicts.get(one.item.id) == "confirm"
        and one.item.item_id is not None
        and one.hold_state in ("held", "released")
    ]


def compose(
    facts: CaseFacts, settings: ReportingSettings, reports: Sequence[int], digests: Mapping[str, Digests]
) -> Content:
    """The draft of a case. ``reports``: numbers of earlier reports about the same account.

    ``digests`` are those of held items. Nothing is asked and nothing opened here.
    """
    media = reported_media(facts)
    messages = facts.messages or ()
    files = tuple(
        file_of_item(
            one.item,
            digests.get(one.item.item_id or ""),
            with_classification=settings.industry_classification,
            of_stream="liveStreaming" in one.item.annotations,
        )
        for one in media
    )
    person = _person(facts, settings, media, messages, reports)
    report = DraftReport(
        incident_summary=_summary(facts, settings, media, messages),
        internet_details=tuple(_places(settings, media, messages)),
        reporter=reporter(settings),
        persons_reported=() if person is None else (person,),
        intended_recipients=_recipients(messages),
        additional_info=_unheld(facts),
    )
    return Content(report=report, files=files, origins=tuple(_origins(report, files)))


def _summary(
    facts: CaseFacts, settings: ReportingSettings, media: Sequence[MediaFacts], messages: Sequence[Message]
) -> DraftSummary:
    case = facts.case
    moment = _moment(media, messages)
    known = {child.name: child.field for child in _annotation_elements()}
    flags = {known[name]: True for name in case.annotations if name in known}
    escalate = ESCALATION.format(at=case.imminent_at) if case.imminent_at is not None else None
    found = min((one.item.added_at for one in media), default=None)
    return DraftSummary(
        incident_type=_incident_type(facts, media),
        platform=settings.platform,
        escalate_to_high_priority=escalate,
        report_annotations=ReportAnnotations(**flags) if flags else None,
        incident_date_time=moment or found,
        incident_date_time_description=MOMENT_OF_FINDING if moment is None and found is not None else None,
    )


def _incident_type(facts: CaseFacts, media: Sequence[MediaFacts]) -> IncidentType | None:
    """What a reviewer chose; files that were confirmed as such material need no choosing."""
    if facts.case.incident_type is not None:
        return IncidentType(facts.case.incident_type)
    return IncidentType.CSAM if media else None


def _moment(media: Sequence[MediaFacts], messages: Sequence[Message]) -> datetime | None:
    uploaded = first_moment(one.item for one in media)
    written = [one.sent_at for one in messages if one.is_suspect and one.sent_at is not None]
    return min([*written, *([] if uploaded is None else [uploaded])], default=None)


def _person(
    facts: CaseFacts,
    settings: ReportingSettings,
    media: Sequence[MediaFacts],
    messages: Sequence[Message],
    reports: Sequence[int],
) -> PersonOrUserReported | None:
    suspects = sorted({one.sender for one in messages if one.is_suspect})
    account = facts.case.account or (suspects[0] if len(suspects) == 1 else None)
    items = [one.item for one in media]
    return account_person(account, settings.platform, items, reports)


def _recipients(messages: Sequence[Message]) -> tuple[IntendedRecipient, ...]:
    """Whom the suspect wrote to. Who of them is a victim is for a person to say."""
    names = dict.fromkeys(one.recipient for one in messages if one.is_suspect and one.recipient)
    return tuple(IntendedRecipient(esp_identifier=name) for name in list(names)[:MAX_RECIPIENTS] if name)


def _places(
    settings: ReportingSettings, media: Sequence[MediaFacts], messages: Sequence[Message]
) -> Iterator[InternetDetails]:
    """Where it happened: pages, then conversations by room."""
    given = (ascii_url(url) for one in media for url in Context.from_json(one.item.context).urls)
    urls = tuple(dict.fromkeys(url for url in given if url is not None))
    if urls:
        yield InternetDetails(web_page_incident=WebPageIncident(urls=urls[:MAX_URLS]))
    for room in dict.fromkeys(one.room for one in messages):
        chat = ChatImIncident(
            chat_client=None if settings.platform is None else settings.platform[:255],
            chat_room_name=None if room is None else carried(room)[:255],
            content=_transcript([one for one in messages if one.room == room]),
        )
        yield InternetDetails(chat_im_incident=chat)


def _transcript(messages: Sequence[Message]) -> str:
    """One line a message, as they were written."""
    lines = (
        f"[{'time unknown' if one.sent_at is None else one.sent_at.isoformat()}] {one.sender}"
        f"{'' if one.recipient is None else f' to {one.recipient}'}: {one.text}"
        for one in messages
    )
    return carried("\n".join(lines))


def _unheld(facts: CaseFacts) -> str | None:
    """That more was found than is sent: a report must not look whole where it is not."""
    verdicts = {} if facts.decision is None else facts.decision.verdicts
    confirmed = sum(verdict == "confirm" for verdict in verdicts.values())
    missing = confirmed - len(reported_media(facts))
    if missing <= 0:
        return None
    noun = "upload was" if missing == 1 else "uploads were"
    return f"{missing} more {noun} found in this case; the company holds no copy of what was in them."


def _origins(report: DraftReport, files: Sequence[object]) -> Iterator[Origin]:
    yield Origin(field="reporter", source="settings")
    summary = report.incident_summary
    for name in ("incident_type", "report_annotations", "escalate_to_high_priority"):
        if getattr(summary, name) is not None:
            yield Origin(field=f"incident_summary.{name}", source="case")
    if summary.platform is not None:
        yield Origin(field="incident_summary.platform", source="settings")
    if summary.incident_date_time is not None:
        found = summary.incident_date_time_description == MOMENT_OF_FINDING
        yield Origin(field="incident_summary.incident_date_time", source="case" if found else "upload")
    for name in ("persons_reported", "intended_recipients", "internet_details"):
        if getattr(report, name):
            yield Origin(field=name, source="upload" if files else "messages")
    if files:
        yield Origin(field="files", source="upload")


def _annotation_elements() -> tuple[Element, ...]:
    report = REPORT.type
    assert isinstance(report, Type)  # noqa: S101
    summary = next(child for child in report.children if child.name == "incidentSummary").type
    assert isinstance(summary, Type)  # noqa: S101
    annotations = next(child for child in summary.children if child.name == "reportAnnotations").type
    assert isinstance(annotations, Type)  # noqa: S101
    return annotations.children
