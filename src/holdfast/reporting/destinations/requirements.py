"""What the recipient of a packet may ask for, one word each: what it means, and whether it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from holdfast.reporting.cybertip.models.common import IpCaptureEvent
from holdfast.reporting.filing.models import Submission

__all__ = ["REQUIREMENTS", "Requirement", "addresses_of", "texts_of"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """``reason``: what is lost without it."""

    reason: str
    is_there: Callable[[Submission], bool]


def addresses_of(submission: Submission) -> Iterator[IpCaptureEvent]:
    """Every internet address in a report and its files."""
    for person in submission.report.persons_reported:
        yield from person.ip_capture_events
    for file in submission.files:
        if file.description.ip_capture_event is not None:
            yield file.description.ip_capture_event


def texts_of(submission: Submission) -> Iterator[str]:
    """What was written: the content of messages and posts."""
    for details in submission.report.internet_details:
        for one in (
            details.chat_im_incident,
            details.email_incident,
            details.newsgroup_incident,
            details.online_gaming_incident,
        ):
            if one is not None and one.content:
                yield one.content


def _has_account(submission: Submission) -> bool:
    return any(
        person.esp_identifier or person.screen_name or person.profile_urls
        for person in submission.report.persons_reported
    )


REQUIREMENTS: Final[Mapping[str, Requirement]] = {
    "account": Requirement("which account it was: nobody can be asked about it otherwise", _has_account),
    "address": Requirement(
        "an internet address: police cannot find the person without it",
        lambda submission: any(True for _ in addresses_of(submission)),
    ),
    "content": Requirement(
        "a file or a text: there is nothing to look at",
        lambda submission: bool(submission.files) or any(True for _ in texts_of(submission)),
    ),
    "file": Requirement("a file", lambda submission: bool(submission.files)),
    "email": Requirement(
        "an e-mail address of the person reported",
        lambda submission: any(
            person.person_or_user_reported_person and person.person_or_user_reported_person.emails
            for person in submission.report.persons_reported
        ),
    ),
}
