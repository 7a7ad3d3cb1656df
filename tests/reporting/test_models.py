"""Models and schema say the same; what is written comes back."""

from __future__ import annotations

import types
import typing
from typing import Any

import pytest
from lxml import etree
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from holdfast.errors import InvalidDocumentError
from holdfast.reporting.cybertip.build import build_file_details, build_report
from holdfast.reporting.cybertip.models.common import Email, Person
from holdfast.reporting.cybertip.models.file_details import FileAnnotations, FileDetails
from holdfast.reporting.cybertip.models.report import Report
from holdfast.reporting.cybertip.schema.listing import ROOTS
from holdfast.reporting.cybertip.schema.words import Element, Kind, Type, Value
from tests.reporting.samples import (
    AT,
    MOMENT,
    batched_report,
    full_file_details,
    full_report,
    minimum_report,
    model_class,
)


def _types() -> dict[str, Type]:
    found: dict[str, Type] = {}

    def walk(kind: Type) -> None:
        found[kind.name] = kind
        for child in kind.children:
            if isinstance(child.type, Type):
                walk(child.type)

    for root in ROOTS:
        assert isinstance(root.type, Type)
        walk(root.type)
    return found


@pytest.mark.parametrize("kind", _types().values(), ids=lambda kind: kind.name)
def test_a_model_has_the_fields_of_its_type(kind: Type) -> None:
    children = {child.field: child for child in kind.children if not child.is_legacy}
    attributes = {one.field: one for one in kind.attributes}
    fields = model_class(kind.name).model_fields
    value = {"value"} if kind.value is not None else set()
    assert set(fields) == {*children, *attributes, *value}
    for name, child in children.items():
        assert _number(fields[name]) == _wanted_number(child), name
        assert _inner_name(fields[name]) == _wanted_name(child), name
    for name, attribute in attributes.items():
        assert fields[name].is_required() == attribute.is_required


def _number(field: FieldInfo) -> str:
    if typing.get_origin(field.annotation) is tuple:
        return "many"
    return "one" if field.is_required() else "maybe"


def _wanted_number(child: Element) -> str:
    if child.most is None:
        return "many"
    return "one" if child.least else "maybe"


def _inner_name(field: FieldInfo) -> str | None:
    """The model class that a field holds; None for plain values."""
    inner: Any = field.annotation
    while isinstance(inner, types.UnionType) or typing.get_origin(inner) in (tuple, typing.Union):
        inner = typing.get_args(inner)[0]
    return inner.__name__ if hasattr(inner, "model_fields") else None


def _wanted_name(child: Element) -> str | None:
    return child.type.name if isinstance(child.type, Type) else None


@pytest.mark.parametrize(
    "report", [full_report(), batched_report(), minimum_report()], ids=["full", "batched", "minimum"]
)
def test_a_report_survives_json(report: Report) -> None:
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_file_details_survive_json() -> None:
    made = full_file_details()
    assert FileDetails.model_validate_json(made.model_dump_json()) == made


def test_texts_are_written_as_they_are() -> None:
    text = "a < b & \"c\" 'd'  \t two\nlines\r\n🙂 عربى ]]>"
    report = minimum_report().model_copy(update={"additional_info": text})
    root = etree.fromstring(build_report(report, at=AT))
    assert root.findtext("additionalInfo") == text
    assert root.findtext("incidentSummary/incidentDateTime") == MOMENT.isoformat()


@pytest.mark.parametrize("text", ["\x00", "\x0b", "\ud800", "\ufffe"])
def test_what_xml_cannot_carry_is_named(text: str) -> None:
    report = minimum_report().model_copy(update={"additional_info": f"a{text}b"})
    with pytest.raises(InvalidDocumentError) as caught:
        build_report(report, at=AT)
    assert [(one.path, one.rule) for one in caught.value.problems] == [
        ("/report/additionalInfo", "characters")
    ]


def test_unset_flags_are_not_written() -> None:
    details = FileDetails(
        report_id=1, file_id="f", file_annotations=FileAnnotations(), file_viewed_by_esp=False
    )
    root = etree.fromstring(build_file_details(details, at=AT))
    assert [child.tag for child in root] == ["reportId", "fileId", "fileViewedByEsp"]


def test_the_message_names_the_first_problems_and_counts_the_others() -> None:
    person = Person(emails=tuple(Email(value="no address") for _ in range(8)))
    reporter = minimum_report().reporter.model_copy(update={"reporting_person": person})
    with pytest.raises(InvalidDocumentError, match=r"and 3 more") as caught:
        build_report(minimum_report().model_copy(update={"reporter": reporter}), at=AT)
    assert len(caught.value.problems) == 8
    assert "no address" not in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"file_viewed_by_esp": "yes"},
        {"uploaded_to_esp_timestamp": "2026-10-01T10:00:00"},
        {"viewed_by_esp": True},
        {"ip_capture_event": [{"ip_address": "192.0.2.1"}, {"ip_address": "192.0.2.2"}]},
    ],
)
def test_wrong_types_are_refused_at_once(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FileDetails.model_validate({"report_id": 1, "file_id": "f", **fields})


def test_incidents_are_counted_apart_from_reports() -> None:
    assert batched_report().incident_count == 3
    assert full_report().incident_count == minimum_report().incident_count == 1


def test_every_value_of_the_schema_is_of_a_known_kind() -> None:
    values = [
        child.type for kind in _types().values() for child in kind.children if isinstance(child.type, Value)
    ]
    assert {value.kind for value in values} <= set(Kind)
