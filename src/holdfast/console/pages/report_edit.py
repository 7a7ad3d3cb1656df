"""From the fields of the page back to what a report says. What the page does not show stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from holdfast.console.pages.report_view import fields_of
from holdfast.errors import UsageError
from holdfast.reporting.cybertip.models.common import Email, Person, Phone
from holdfast.reporting.cybertip.models.people import PersonOrUserReported
from holdfast.reporting.cybertip.vocabulary import IncidentType
from holdfast.reporting.drafts.models import Content, Origin

__all__ = ["edited"]

FIELDS = frozenset(
    {
        "incident_type",
        "incident_date_time",
        "platform",
        "esp_identifier",
        "screen_name",
        "emails",
        "phones",
        "additional_info",
    }
)
_OF_PERSON = frozenset({"esp_identifier", "screen_name", "emails", "phones"})
# Field of the form -> what its origin is noted under.
_ORIGINS = {
    **dict.fromkeys(_OF_PERSON, "persons_reported"),
    "incident_type": "incident_summary.incident_type",
    "incident_date_time": "incident_summary.incident_date_time",
    "platform": "incident_summary.platform",
}


def edited(content: Content, given: Mapping[str, str], *, by: str) -> Content:
    """The content with what was changed in the form; each change is on record as ``by``'s word.

    Raises `UsageError` naming the field.
    """
    before = fields_of(content)
    changes = {
        name: given[name].strip() for name in FIELDS & set(given) if given[name].strip() != before[name]
    }
    if not changes:
        return content
    try:
        report = content.report.model_copy(
            update={
                "incident_summary": content.report.incident_summary.model_copy(update=_summary(changes)),
                "persons_reported": _persons(content, changes),
                "additional_info": changes.get("additional_info", content.report.additional_info) or None,
            }
        )
        said = {_ORIGINS.get(name, name) for name in changes}
        origins = [one for one in content.origins if one.field not in said]
        origins += [Origin(field=name, source=by) for name in sorted(said)]
        changed = content.model_copy(update={"report": report, "origins": tuple(origins)})
        return Content.model_validate(changed.model_dump())  # copies are not checked by themselves
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise UsageError(f"{where}: {error.errors()[0]['msg']}. Nothing was changed.") from None


def _summary(changes: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if "incident_type" in changes:
        made["incident_type"] = IncidentType(changes["incident_type"]) if changes["incident_type"] else None
    if "incident_date_time" in changes:
        made["incident_date_time"] = _moment(changes["incident_date_time"])
    if "platform" in changes:
        made["platform"] = changes["platform"] or None
    return made


def _persons(content: Content, changes: Mapping[str, str]) -> tuple[PersonOrUserReported, ...]:
    """The first person, changed; one is made where there was none and something is said of one."""
    persons = content.report.persons_reported
    if not _OF_PERSON & set(changes):
        return persons
    first = persons[0] if persons else PersonOrUserReported()
    known = first.person_or_user_reported_person or Person()
    update: dict[str, Any] = {
        name: changes[name] or None for name in ("esp_identifier", "screen_name") if name in changes
    }
    if "emails" in changes:
        kept = {one.value: one for one in known.emails}
        known = known.model_copy(
            update={"emails": tuple(kept.get(one, Email(value=one)) for one in changes["emails"].split())}
        )
    if "phones" in changes:
        numbers = [line.strip() for line in changes["phones"].splitlines() if line.strip()]
        held = {one.value: one for one in known.phones}
        known = known.model_copy(update={"phones": tuple(held.get(one, Phone(value=one)) for one in numbers)})
    if known != Person():
        update["person_or_user_reported_person"] = known
    return (first.model_copy(update=update), *persons[1:])


def _moment(text: str) -> datetime | None:
    """A moment as ISO 8601; without a zone it is UTC. Raises `UsageError`."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            "The moment is no date and time, such as 2026-11-24T09:30:00Z. Nothing was changed."
        ) from None
    return found if found.utcoffset() is not None else found.replace(tzinfo=UTC)
