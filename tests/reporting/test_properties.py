"""Whatever the builder accepts is valid by two judges; any single change of a valid document is named."""

from __future__ import annotations

import copy

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from holdfast.errors import InvalidDocumentError
from holdfast.reporting.cybertip.build import build_file_details, build_report
from holdfast.reporting.cybertip.models.file_details import FileDetails
from holdfast.reporting.cybertip.models.report import Report
from holdfast.reporting.cybertip.problems import positions
from holdfast.reporting.cybertip.schema.listing import places
from holdfast.reporting.cybertip.schema.words import Order
from holdfast.reporting.cybertip.validate import validate
from tests.reporting.drawing import valid_file_details, valid_reports, wild_file_details, wild_reports
from tests.reporting.judges import stand_in_errors
from tests.reporting.samples import AT

PLACES = {place.path: place for place in places() if place.attribute is None}
quickly = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@quickly
@given(valid_reports())
def test_reports_within_the_rules_are_built_and_valid(report: Report) -> None:
    xml = build_report(report, at=AT)
    assert validate(xml, at=AT) == []
    assert stand_in_errors(xml, AT) == []


@quickly
@given(valid_file_details())
def test_file_details_within_the_rules_are_built_and_valid(details: FileDetails) -> None:
    xml = build_file_details(details, at=AT)
    assert validate(xml, at=AT) == []
    assert stand_in_errors(xml, AT) == []


@quickly
@given(wild_reports())
def test_what_is_built_of_anything_is_valid(report: Report) -> None:
    try:
        xml = build_report(report, at=AT)
    except InvalidDocumentError as error:
        assert error.problems
    else:
        assert validate(xml, at=AT) == []
        assert stand_in_errors(xml, AT) == []


@quickly
@given(wild_file_details(), st.booleans())
def test_what_is_built_of_any_file_details_is_valid(details: FileDetails, of_batched: bool) -> None:
    try:
        xml = build_file_details(details, of_batched=of_batched, at=AT)
    except InvalidDocumentError as error:
        assert error.problems
    else:
        assert validate(xml, at=AT, of_batched=of_batched) == []
        assert stand_in_errors(xml, AT, of_batched=of_batched) == []


@quickly
@given(valid_reports() | valid_file_details(), st.data())
def test_any_single_change_is_named(document: Report | FileDetails, data: st.DataObject) -> None:
    built = (
        build_report(document, at=AT) if isinstance(document, Report) else build_file_details(document, at=AT)
    )
    root = etree.fromstring(built)
    nodes = [node for node in root.iter() if node is not root]
    node = nodes[data.draw(st.integers(0, len(nodes) - 1))]
    path = positions(root.getroottree().getpath(node))
    place, parent = PLACES[path], node.getparent()
    assert parent is not None
    assert place.parent is not None
    change = data.draw(st.sampled_from(["again", "away", "elsewhere", "rename", "inside"]))
    expected: set[tuple[str, str]] = set()
    if change == "again" and place.element.most == 1:
        node.addnext(copy.deepcopy(node))
        expected = {("count", path)}
    elif change == "away" and place.element.least and parent.findall(node.tag) == [node]:
        parent.remove(node)
        expected = {("missing", path)}
    elif change == "elsewhere" and place.parent.order is Order.SEQUENCE and node.tag != parent[-1].tag:
        parent.append(node)
        expected = {("order", path)}
    elif change == "rename":
        node.tag = "surprise"
        expected = {("unknown", f"{path.rsplit('/', 1)[0]}/surprise")}
    elif change == "inside":
        etree.SubElement(node, "surprise")
        expected = {("unknown", f"{path}/surprise")}
    problems = validate(etree.tostring(root), at=AT)
    assert expected <= {(one.rule, positions(one.path)) for one in problems}
    assert bool(expected) == bool(problems)
    assert bool(expected) == bool(stand_in_errors(etree.tostring(root), AT))
