"""Against an operator's own copy of NCMEC's schema: set HOLDFAST_CYBERTIP_XSD to its path.

The file is given to registered companies and is not part of Holdfast: these tests run where one is at hand.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from holdfast.reporting.cybertip.build import build_file_details, build_report
from holdfast.reporting.cybertip.models.file_details import FileDetails
from holdfast.reporting.cybertip.models.report import Report
from holdfast.reporting.cybertip.schema.listing import places
from holdfast.reporting.cybertip.xsd import OwnSchema
from tests.reporting.drawing import valid_file_details, valid_reports
from tests.reporting.samples import (
    AT,
    batched_file_details,
    batched_report,
    full_file_details,
    full_report,
    minimum_report,
)

XS = "{http://www.w3.org/2001/XMLSchema}"
PATH = os.environ.get("HOLDFAST_CYBERTIP_XSD")
pytestmark = pytest.mark.skipif(PATH is None, reason="needs an own copy of the schema: HOLDFAST_CYBERTIP_XSD")
quickly = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@pytest.fixture(scope="module")
def schema() -> OwnSchema:
    assert PATH is not None
    return OwnSchema(Path(PATH))


@pytest.mark.parametrize("report", [full_report(), batched_report(), minimum_report()])
def test_sample_reports(schema: OwnSchema, report: Report) -> None:
    assert schema.validate(build_report(report, at=AT)) == []


@pytest.mark.parametrize("details", [full_file_details(), batched_file_details()])
def test_sample_file_details(schema: OwnSchema, details: FileDetails) -> None:
    assert schema.validate(build_file_details(details, at=AT)) == []


@quickly
@given(valid_reports())
def test_any_report(schema: OwnSchema, report: Report) -> None:
    assert schema.validate(build_report(report, at=AT)) == []


@quickly
@given(valid_file_details())
def test_any_file_details(schema: OwnSchema, details: FileDetails) -> None:
    assert schema.validate(build_file_details(details, at=AT)) == []


def test_every_place_of_the_schema_is_in_our_tables_and_in_the_same_order() -> None:
    assert PATH is not None
    root = etree.parse(PATH).getroot()
    theirs = [line for name in ("report", "fileDetails") for line in _listed(root, name)]
    ours = [
        (place.path, None if place.attribute else place.element.number)
        for place in places()
        if place.path.count("/") > 1
    ]
    assert sorted(theirs, key=str) == sorted(ours, key=str)
    assert [path for path, number in theirs if number] == [path for path, number in ours if number]


def _listed(root: etree._Element, name: str) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []

    def walk(node: etree._Element, path: str) -> None:
        for child in node:
            if child.tag == f"{XS}attribute":
                found.append((f"{path}/@{child.get('name')}", None))
            elif child.tag == f"{XS}element":
                name = child.get("name") or child.get("ref")
                optional = (child.getparent()).tag == f"{XS}choice"  # type: ignore[union-attr]
                least = "0" if optional else child.get("minOccurs", "1")
                most = child.get("maxOccurs", "1").replace("unbounded", "n")
                found.append((f"{path}/{name}", least if least == most else f"{least}..{most}"))
                walk(_type(child), f"{path}/{name}")
            elif child.tag != f"{XS}annotation":
                walk(child, path)

    def _type(element: etree._Element) -> etree._Element:
        if element.get("ref"):
            element = next(one for one in root if one.get("name") == element.get("ref"))
        wanted = element.get("type")
        named = [one for one in root if one.tag == f"{XS}complexType" and one.get("name") == wanted]
        return named[0] if named else element

    walk(next(one for one in root if one.get("name") == name), f"/{name}")
    return found
