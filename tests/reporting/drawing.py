"""Random documents: drawn from the schema's tables, or from anything at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from holdfast.reporting.cybertip.models.common import Model
from holdfast.reporting.cybertip.models.file_details import FileDetails
from holdfast.reporting.cybertip.models.incident import InternetDetails
from holdfast.reporting.cybertip.models.report import Report
from holdfast.reporting.cybertip.schema.file_details import FILE_DETAILS
from holdfast.reporting.cybertip.schema.report import REPORT
from holdfast.reporting.cybertip.schema.words import Element, Kind, Order, Type, Value
from tests.reporting.samples import AT, MAIL, model_class

__all__ = ["valid_file_details", "valid_reports", "wild_file_details", "wild_reports"]

_LETTERS = st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff")
_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2026, 10, 30), timezones=_ZONES)  # noqa: DTZ001
_PATTERNS = {r"\+[0-9]{1,3}": st.just("+999"), r"[0-9]+": st.from_regex(r"\A[0-9]{1,10}\Z")}


def _texts(limit: int) -> st.SearchStrategy[str]:
    """Texts that are not blank, often as long as they may be."""
    short = st.text(_LETTERS, min_size=1, max_size=min(limit, 12)).filter(lambda text: bool(text.strip()))
    return short | short.map(lambda text: (text * limit)[: limit - 1] + "x")


def valid_value(value: Value) -> st.SearchStrategy[Any]:
    """Values that are allowed."""
    if value.kind is Kind.CHOICE:
        return st.sampled_from(value.choices)
    if value.kind is Kind.PATTERN:
        return _PATTERNS[value.pattern or ""]
    drawn: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.TEXT: _texts(value.max_characters or 200),
        Kind.URL: st.sampled_from(
            ["https://example.org", "http://a.example:8080/b?c=d#e", "ftp://[2001:db8::1]/x"]
        ),
        Kind.EMAIL: st.just(MAIL),
        Kind.BOOLEAN: st.booleans(),
        Kind.FLAG: st.booleans(),
        Kind.MOMENT: _MOMENTS,
        Kind.DATE: st.dates(date(1900, 1, 1), date(2026, 10, 30)),
        Kind.INTEGER: st.integers(value.lowest or 0, value.highest),
        Kind.DECIMAL: st.floats(value.lowest, value.highest),
        Kind.IP_ADDRESS: st.ip_addresses().map(str),
    }
    return drawn[value.kind]


def wild_value(value: Value) -> st.SearchStrategy[Any]:
    """Values of the model's own type, allowed or not."""
    anything = st.text(max_size=40) | _texts((value.max_characters or 20) + 1)
    odd: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.BOOLEAN: st.booleans(),
        Kind.FLAG: st.booleans(),
        Kind.MOMENT: st.datetimes(timezones=_ZONES | st.just(UTC)),
        Kind.DATE: st.dates(),
        Kind.INTEGER: st.integers(),
        Kind.DECIMAL: st.floats(),
    }
    return valid_value(value) | odd.get(value.kind, anything)


@st.composite
def models(draw: st.DrawFn, kind: Type, wild: bool) -> Model:
    """A model of a type; most fields that may be empty are."""
    values = wild_value if wild else valid_value
    fields: dict[str, Any] = {}
    for attribute in kind.attributes:
        if attribute.is_required or draw(st.integers(0, 3)) == 0:
            is_word = attribute.value.kind is Kind.CHOICE and attribute.field != "flea_country"
            fields[attribute.field] = draw((valid_value if is_word else values)(attribute.value))
    if kind.value is not None:
        fields["value"] = draw(values(kind.value))
    if kind.order is Order.ONE_OF:
        chosen = [draw(st.sampled_from(kind.children))]
    else:
        chosen = [child for child in kind.children if child.least or draw(st.integers(0, 4)) == 0]
    for child in chosen:
        if not child.is_legacy:
            fields[child.field] = draw(_field(child, wild))
    return model_class(kind.name)(**(fields if wild else _within_rules(kind, fields)))


def _field(child: Element, wild: bool) -> st.SearchStrategy[Any]:
    if isinstance(child.type, Value):
        is_word = child.type.kind is Kind.CHOICE and len(child.type.choices) < 20
        one = wild_value(child.type) if wild and not is_word else valid_value(child.type)
    else:
        one = models(child.type, wild)
    return one if child.most == 1 else st.lists(one, min_size=child.least, max_size=2).map(tuple)


def _within_rules(kind: Type, fields: dict[str, Any]) -> dict[str, Any]:
    """The same fields, made to keep the rules across elements."""
    if "verification_date" in fields:
        fields["verified"] = True
    if "country_calling_code" in fields and fields["value"].strip().startswith("+"):
        del fields["country_calling_code"]
    for later in ("user_notified_date", "reenabled_date"):
        if later in fields and "disabled_date" in fields:
            fields[later] = fields["disabled_date"] + timedelta(hours=1)
    if kind.name == "EstimatedLocation":
        fields.setdefault("country_code", "US")
        if fields["country_code"] == "US" and {"city", "region"} & fields.keys():
            fields["region"] = "CA"
    if kind.name == "AssociatedAccount" and "date_of_birth" in fields:
        fields.pop("approximate_age", None)
    if kind.name == "FileDetails":
        fields.pop("exif_viewed_by_esp", None) if not fields.get("file_viewed_by_esp") else None
        if fields.get("file_relevance") == "Supplemental Reported":
            fields.pop("industry_classification", None)
            fields.pop("file_annotations", None)
    return fields


@st.composite
def valid_reports(draw: st.DrawFn) -> Report:
    """Reports that keep every rule."""
    assert isinstance(REPORT.type, Type)
    report = draw(models(REPORT.type, wild=False))
    assert isinstance(report, Report)
    person = report.reporter.reporting_person
    mail = {"emails": (*person.emails, {"value": MAIL})}
    changes: dict[str, Any] = {
        "batched_report": None,
        "reporter": {**report.reporter.model_dump(), "reporting_person": {**person.model_dump(), **mail}},
        "persons_reported": report.persons_reported[:1],
    }
    if any(_has_addresses(one) for one in report.internet_details):
        victim = {"victim_person": {"emails": [{"value": MAIL}]}}
        changes["victims"] = [*(one.model_dump() for one in report.victims), victim]
    return Report.model_validate({**report.model_dump(), **changes})


def _has_addresses(one: InternetDetails) -> bool:
    incident = one.email_incident or one.newsgroup_incident
    return incident is not None and bool(incident.email_addresses)


def valid_file_details() -> st.SearchStrategy[FileDetails]:
    """File details that keep every rule."""
    assert isinstance(FILE_DETAILS.type, Type)
    return models(FILE_DETAILS.type, wild=False)  # type: ignore[return-value]


def wild_reports() -> st.SearchStrategy[Report]:
    """Reports of any values at all."""
    assert isinstance(REPORT.type, Type)
    return models(REPORT.type, wild=True)  # type: ignore[return-value]


def wild_file_details() -> st.SearchStrategy[FileDetails]:
    """File details of any values at all."""
    assert isinstance(FILE_DETAILS.type, Type)
    return models(FILE_DETAILS.type, wild=True)  # type: ignore[return-value]


assert datetime(2026, 10, 31, tzinfo=UTC) < AT  # everything drawn lies before it
