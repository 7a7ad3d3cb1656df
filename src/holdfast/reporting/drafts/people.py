"""Accounts as the form wants them: what uploads say, and what the platform adds. Nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from holdfast.decisions.facts import Context
from holdfast.reporting.cybertip.models.common import IpCaptureEvent, Model, Person
from holdfast.reporting.cybertip.models.people import PersonOrUserReported
from holdfast.reporting.drafts.media import upload_event
from holdfast.review.models import CaseItem

__all__ = ["account_person", "merge", "merge_people"]

MAX_EVENTS = 200  # of one person; the newest

M = TypeVar("M", bound=Model)


def account_person(
    account: str | None, platform: str | None, items: Iterable[CaseItem], earlier: Sequence[int] = ()
) -> PersonOrUserReported | None:
    """The account that a case is about, with every address that its uploads came from.

    None where no account is known: then nobody is named, and no name is made up.
    """
    if account is None:
        return None
    return PersonOrUserReported(
        esp_identifier=account,
        esp_service=None if platform is None else platform[:100],
        ip_capture_events=_addresses(items),
        prior_reports=tuple(earlier),
    )


def merge(ours: M, more: M) -> M:
    """``ours``, with what only ``more`` says. Where both say something ours stays; lists take in what is new.

    Persons and their parts are merged field by field.
    """
    changed: dict[str, Any] = {}
    for name in type(ours).model_fields:
        mine, theirs = getattr(ours, name), getattr(more, name)
        if isinstance(mine, tuple) and isinstance(theirs, tuple):
            new = tuple(one for one in theirs if one not in mine)
            if new:
                changed[name] = mine + new
        elif mine is None and theirs is not None:
            changed[name] = theirs
        elif isinstance(mine, Person) and isinstance(theirs, Person):
            changed[name] = merge(mine, theirs)
    return ours.model_copy(update=changed) if changed else ours


def merge_people(
    ours: tuple[PersonOrUserReported, ...], more: PersonOrUserReported
) -> tuple[PersonOrUserReported, ...]:
    """The persons with what is said of the one with the same identifier; a new one where there is none."""
    for place, person in enumerate(ours):
        if person.esp_identifier == more.esp_identifier:
            return (*ours[:place], merge(person, more), *ours[place + 1 :])
    return (*ours, more)


def _addresses(items: Iterable[CaseItem]) -> tuple[IpCaptureEvent, ...]:
    events = [upload_event(Context.from_json(item.context)) for item in items]
    known = dict.fromkeys(event for event in events if event is not None)
    return tuple(known)[-MAX_EVENTS:]
