"""Documents made from the schema's tables: whole ones, with every element at its limit."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from holdfast.reporting.cybertip.models import common, file_details, incident, people, report
from holdfast.reporting.cybertip.models.common import Model, Person
from holdfast.reporting.cybertip.models.file_details import FileAnnotations, FileDetails
from holdfast.reporting.cybertip.models.incident import BatchedReport, IncidentSummary, InternetDetails
from holdfast.reporting.cybertip.models.people import AssociatedAccount, PersonOrUserReported, Reporter
from holdfast.reporting.cybertip.models.report import Report
from holdfast.reporting.cybertip.schema.file_details import FILE_DETAILS
from holdfast.reporting.cybertip.schema.report import REPORT
from holdfast.reporting.cybertip.schema.words import Element, Kind, Order, Type, Value
from holdfast.reporting.cybertip.vocabulary import (
    AccountRelation,
    BatchReason,
    Classification,
    FileRelevance,
    IncidentType,
)

__all__ = [
    "AT",
    "MAIL",
    "MOMENT",
    "batched_file_details",
    "batched_report",
    "full_file_details",
    "full_report",
    "limit_value",
    "minimum_report",
    "model_class",
]

AT = datetime(2026, 11, 1, tzinfo=UTC)  # what counts as now
MOMENT = datetime(2024, 10, 1, 12, 30, tzinfo=UTC)
MAIL = "ana@example.org"
_MODULES = (common, incident, people, report, file_details)
_PATTERNS = {r"\+[0-9]{1,3}": "+44", r"[0-9]+": "1234567890"}


def model_class(name: str) -> type[Model]:
    """The model of a type of the schema."""
    found: type[Model] = next(getattr(module, name) for module in _MODULES if hasattr(module, name))
    assert issubclass(found, Model)
    return found


def limit_value(value: Value) -> Any:
    """A value that is allowed and as long as can be."""
    made: dict[Kind, Any] = {
        Kind.TEXT: "x" * (value.max_characters or 7),
        Kind.URL: "https://example.org/".ljust(value.max_characters or 0, "a"),
        Kind.EMAIL: MAIL,
        Kind.BOOLEAN: True,
        Kind.FLAG: True,
        Kind.MOMENT: MOMENT,
        Kind.DATE: date(1990, 2, 28),
        Kind.INTEGER: value.highest,
        Kind.DECIMAL: float(value.highest or 0),
        Kind.IP_ADDRESS: "2001:db8::1",
        Kind.PATTERN: _PATTERNS.get(value.pattern or ""),
    }
    if value.kind is Kind.CHOICE:
        return "US" if "US" in value.choices else value.choices[0]
    return made[value.kind]


def full(kind: Type) -> Any:
    """A model with every field set."""
    fields: dict[str, Any] = {one.field: limit_value(one.value) for one in kind.attributes}
    if kind.value is not None:
        fields["value"] = limit_value(kind.value)
    for child in kind.children:
        if not child.is_legacy:
            fields[child.field] = _full_field(child)
    if kind.name == "EstimatedLocation":
        fields["region"] = "CA"
    if kind.name == "AssociatedAccount":
        del fields["date_of_birth"]
    if "reenabled_date" in fields:
        fields["reenabled_date"] = AT
    return model_class(kind.name)(**fields)


def _full_field(child: Element) -> Any:
    if isinstance(child.type, Value):
        one = limit_value(child.type)
    elif child.type.order is Order.ONE_OF:
        return tuple(
            InternetDetails(**{variant.field: _full_field(variant)}) for variant in child.type.children
        )
    else:
        one = full(child.type)
    if child.name == "associatedAccount":
        born = one.model_copy(update={"approximate_age": None, "date_of_birth": date(1990, 2, 28)})
        return (one, born)
    return one if child.most == 1 else (one,)


def full_report() -> Report:
    """Every element that a report may hold that is not batched."""
    assert isinstance(REPORT.type, Type)
    made = full(REPORT.type)
    assert isinstance(made, Report)
    return made.model_copy(update={"batched_report": None})


def full_file_details() -> FileDetails:
    """Every element that file details may hold."""
    assert isinstance(FILE_DETAILS.type, Type)
    made = full(FILE_DETAILS.type)
    assert isinstance(made, FileDetails)
    return made


def minimum_report() -> Report:
    """The least that is a report."""
    return Report(
        incident_summary=IncidentSummary(incident_type=IncidentType.ENTICEMENT, incident_date_time=MOMENT),
        reporter=Reporter(reporting_person=Person(emails=(common.Email(value=MAIL),))),
    )


def batched_report() -> Report:
    """A batched report of three accounts."""
    persons = tuple(PersonOrUserReported(esp_identifier=f"account-{number}") for number in range(3))
    return minimum_report().model_copy(
        update={
            "batched_report": BatchedReport(reason=BatchReason.VIRAL_POTENTIAL_MEME),
            "persons_reported": persons,
        }
    )


def batched_file_details() -> FileDetails:
    """The most that may be said of the file of a batched report."""
    return FileDetails(
        report_id=1,
        file_id="f",
        uploaded_to_esp_timestamp=MOMENT,
        file_viewed_by_esp=True,
        exif_viewed_by_esp=True,
        publicly_available=False,
        file_relevance=FileRelevance.REPORTED,
        file_annotations=FileAnnotations(viral=True, potential_meme=True),
        industry_classification=Classification.B2,
    )


def account(**fields: Any) -> AssociatedAccount:
    """An associated account with the one field that it must have."""
    return AssociatedAccount(type=AccountRelation.LINKED, **fields)
