"""How complete a draft is, and what is lost by what is missing. It never asks that a value be made up.

What must be there comes from the destination. The rest is weighed by what it is worth to whoever has to find
a person with it. Whether a file was viewed counts for nothing here: that describes a report, and neither
delays it nor lowers it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from holdfast.errors import InvalidDocumentError
from holdfast.reporting.cybertip.models.people import PersonOrUserReported
from holdfast.reporting.destination import Destination, Lack
from holdfast.reporting.destinations.requirements import addresses_of, texts_of
from holdfast.reporting.drafts.models import Content
from holdfast.reporting.filing.models import Submission

__all__ = ["Completeness", "measure"]


@dataclass(frozen=True, slots=True)
class Completeness:
    """``score``: 0 to 100. ``lacks``: what must be there first, then by weight."""

    score: int
    lacks: tuple[Lack, ...]

    @property
    def must(self) -> tuple[Lack, ...]:
        """Without these it goes nowhere."""
        return tuple(lack for lack in self.lacks if lack.must)


@dataclass(frozen=True, slots=True)
class _Wish:
    field: str
    weight: int
    reason: str
    is_there: Callable[[Submission], bool]
    applies: Callable[[Submission], bool] = lambda _: True


def _persons(submission: Submission) -> tuple[PersonOrUserReported, ...]:
    return submission.report.persons_reported


def _of_people(submission: Submission, name: str) -> bool:
    return any(
        getattr(person.person_or_user_reported_person, name)
        for person in _persons(submission)
        if person.person_or_user_reported_person is not None
    )


def _has_files(submission: Submission) -> bool:
    return bool(submission.files)


def _every_file(name: str) -> Callable[[Submission], bool]:
    return lambda submission: all(
        getattr(file.description, name) not in (None, ()) for file in submission.files
    )


_WISHES: Final = (
    _Wish(
        "account",
        20,
        "no account: the platform itself could not say whom it is about",
        lambda s: any(p.esp_identifier or p.screen_name for p in _persons(s)),
    ),
    _Wish(
        "upload_ip",
        20,
        "no upload IP: police cannot find the person without it",
        lambda s: any(True for _ in addresses_of(s)),
    ),
    _Wish(
        "upload_ip_moment",
        8,
        "an IP without date and time: providers give the same address to others minutes later",
        lambda s: all(one.date_time is not None for one in addresses_of(s)),
        lambda s: any(True for _ in addresses_of(s)),
    ),
    _Wish(
        "upload_ip_port",
        6,
        "an IP without its source port: behind carrier-grade NAT thousands share one address",
        lambda s: all(one.port is not None for one in addresses_of(s)),
        lambda s: any(True for _ in addresses_of(s)),
    ),
    _Wish(
        "email",
        10,
        "no e-mail address of the person: often the quickest way to a name",
        lambda s: _of_people(s, "emails"),
    ),
    _Wish("phone", 6, "no telephone number of the person", lambda s: _of_people(s, "phones")),
    _Wish(
        "content",
        12,
        "neither a file nor a text: there is nothing to look at",
        lambda s: _has_files(s) or any(True for _ in texts_of(s)),
    ),
    _Wish(
        "upload_time",
        6,
        "a file without the time of its upload",
        _every_file("uploaded_to_esp_timestamp"),
        _has_files,
    ),
    _Wish(
        "file_hashes",
        4,
        "a file without hashes of the original",
        _every_file("original_file_hashes"),
        _has_files,
    ),
    _Wish(
        "file_place",
        4,
        "a file without the address that it lay at",
        _every_file("location_of_file"),
        _has_files,
    ),
    _Wish(
        "where",
        4,
        "no words about where it happened: neither pages, nor a chat or room",
        lambda s: bool(s.report.internet_details),
    ),
)


def measure(content: Content, destination: Destination) -> Completeness:
    """What is there and what is not, for one destination."""
    must = [Lack(one.path, one.message, must=True) for one in content.report.unknown()]
    try:
        submission = content.submission()
    except InvalidDocumentError:
        return Completeness(0, tuple(must))
    must += destination.lacks(submission)
    if submission.report.batched_report is not None:  # its form takes nothing more
        return Completeness(0 if must else 100, tuple(must))
    wishes = [wish for wish in _WISHES if wish.applies(submission)]
    missing = [wish for wish in wishes if not wish.is_there(submission)]
    whole = sum(wish.weight for wish in wishes)
    score = round(100 * (whole - sum(wish.weight for wish in missing)) / whole)
    missing.sort(key=lambda wish: -wish.weight)
    advised = [Lack(wish.field, wish.reason, must=False) for wish in missing]
    return Completeness(score, (*must, *advised))
