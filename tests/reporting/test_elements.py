"""Every element and attribute: what it allows at its limit, and each way of breaking it by name.

One test a place of the schema; docs/cybertip-elements.md names it. What the product refuses here the
stand-in refuses too, by tables and code of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import timedelta

import pytest
from lxml import etree

from holdfast.reporting.cybertip.build import build_file_details, build_report
from holdfast.reporting.cybertip.problems import Problem, positions
from holdfast.reporting.cybertip.schema.listing import Place, places, rules_of
from holdfast.reporting.cybertip.schema.words import Kind, Order, Type, Value
from holdfast.reporting.cybertip.validate import validate, validate_tree
from tests.reporting.judges import stand_in_errors
from tests.reporting.samples import AT, MOMENT, batched_report, full_file_details, full_report

PLACES = [place for place in places() if not place.element.is_legacy]
REQUIRED = {place.path: place.element.least > 0 for place in PLACES if place.attribute is None}
LATER = (AT + timedelta(days=1)).isoformat()
# Kind -> texts that are wrong there, with the rule that says so.
WRONG: dict[Kind, list[tuple[str, str]]] = {
    Kind.TEXT: [],
    Kind.URL: [("example.org/a", "url"), ("http://example.org/a b", "url"), ("ftp:/x", "url")],
    Kind.EMAIL: [
        ("ana", "email"),
        ("ana@b@example.org", "email"),
        ("a" * 65 + "@example.org", "email_local_part"),
    ],
    Kind.BOOLEAN: [("yes", "boolean")],
    Kind.FLAG: [("false", "flag"), ("0", "flag")],
    Kind.MOMENT: [
        ("2026-10-01", "moment"),
        ("2026-10-01T10:00:00", "zone"),
        ("2026-13-01T10:00:00Z", "moment"),
    ],
    Kind.DATE: [("28.2.1990", "date"), ("1990-02-30", "date")],
    Kind.INTEGER: [("1.5", "integer"), ("one", "integer")],
    Kind.DECIMAL: [("north", "decimal")],
    Kind.IP_ADDRESS: [
        ("300.1.1.1", "ip_address"),
        ("fe80::1%eth0", "ip_address"),
        ("example.org", "ip_address"),
    ],
    Kind.CHOICE: [("none of them", "choice")],
    Kind.PATTERN: [("x", "pattern")],
}
NOT_IN_STAND_IN = {Kind.DECIMAL}  # it takes any number where the documentation names no limits


@pytest.fixture(scope="module")
def documents() -> dict[str, etree._Element]:
    """The documents that hold every place between them, parsed."""
    return {
        "report": etree.fromstring(build_report(full_report(), at=AT)),
        "batched": etree.fromstring(build_report(batched_report(), at=AT)),
        "fileDetails": etree.fromstring(build_file_details(full_file_details(), at=AT)),
    }


def test_the_full_documents_are_valid(documents: dict[str, etree._Element]) -> None:
    for document in documents.values():
        assert validate_tree(document, at=AT) == []
        assert stand_in_errors(etree.tostring(document), AT) == []


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.path)
def test_element(place: Place, documents: dict[str, etree._Element]) -> None:
    name = place.path.split("/")[1]
    document = _cut(documents["batched" if "batchedReport" in place.path else name], place)
    assert stand_in_errors(etree.tostring(document), AT) == []
    broken = set()
    for mutated, rule, path in _mutations(place, document):
        xml = etree.tostring(mutated)
        problems = validate(xml, at=AT)
        assert (rule, path) in _named(problems), (rule, path, [str(problem) for problem in problems])
        is_known_to_both = not (place.value and place.value.kind in NOT_IN_STAND_IN and rule == "range")
        assert not is_known_to_both or stand_in_errors(xml, AT), (rule, path)
        broken.add(rule)
    assert broken == set(rules_of(place))  # what docs/cybertip-elements.md says of it, neither more nor less


def _named(problems: list[Problem]) -> set[tuple[str, str]]:
    return {(problem.rule, positions(problem.path)) for problem in problems}


def _cut(document: etree._Element, place: Place) -> etree._Element:
    """A valid copy with most of what is beside the way to a place left out: it is faster to look at."""
    root = copy.deepcopy(document)
    steps = [step for step in place.path.split("/")[2:] if not step.startswith("@")]
    node, path = root, f"/{root.tag}"
    for number, step in enumerate(steps):
        is_last = number == len(steps) - 1
        keep = next(child for child in node if child.tag == step and _holds(child, steps[number + 1 :]))
        for child in list(node):
            is_required = REQUIRED.get(f"{path}/{child.tag}", False)
            if child is not keep and not is_required and (child.tag == step or not is_last):
                node.remove(child)
        node, path = keep, f"{path}/{step}"
    return document if validate_tree(root, at=AT) else root


def _holds(node: etree._Element, steps: list[str]) -> bool:
    return not steps or node.find("/".join(steps)) is not None


def _node(root: etree._Element, place: Place) -> etree._Element:
    steps = [step for step in place.path.split("/")[2:] if not step.startswith("@")]
    found = root.find("/".join(steps)) if steps else root
    assert found is not None, place.path
    return found


def _mutations(place: Place, document: etree._Element) -> Iterator[tuple[etree._Element, str, str]]:
    """Copies with one thing broken each, with the rule and the path that must be named."""

    def changed() -> tuple[etree._Element, etree._Element]:
        root = copy.deepcopy(document)
        return root, _node(root, place)

    if place.attribute is not None:
        for text, rule in _wrong_texts(place.attribute.value):
            root, node = changed()
            node.set(place.attribute.name, text)
            yield root, rule, place.path
        if place.attribute.is_required:
            root, node = changed()
            del node.attrib[place.attribute.name]
            yield root, "attribute_missing", place.path
        return
    root, node = changed()
    node.set("surprise", "1")
    yield root, "attribute_unknown", f"{place.path}/@surprise"
    if place.value is not None:
        for text, rule in _wrong_texts(place.value):
            root, node = changed()
            node.text = text
            yield root, rule, place.path
    else:
        root, node = changed()
        node.text = "words between the elements"
        yield root, "no_text", place.path
    root, node = changed()
    etree.SubElement(node, "surprise")
    yield root, "unknown", f"{place.path}/surprise"
    if place.parent is not None:
        yield from _misplaced(place, document)


def _misplaced(place: Place, document: etree._Element) -> Iterator[tuple[etree._Element, str, str]]:
    def changed() -> tuple[etree._Element, etree._Element, etree._Element]:
        root = copy.deepcopy(document)
        node = _node(root, place)
        parent = node.getparent()
        assert parent is not None
        return root, node, parent

    assert place.parent is not None
    above = place.path.rsplit("/", 1)[0]
    if place.element.least:
        root, node, parent = changed()
        parent.remove(node)
        yield root, "missing", place.path
    if place.parent.order is Order.ONE_OF:
        root, node, parent = changed()
        parent.remove(node)
        yield root, "one_of", above
        root, node, parent = changed()
        parent.append(etree.Element(next(one.name for one in place.parent.children if one.name != node.tag)))
        yield root, "one_of", above
    if place.element.most == 1:
        root, node, parent = changed()
        node.addnext(copy.deepcopy(node))
        yield root, "count", place.path
    root, node, parent = changed()
    later = next((one for one in node.itersiblings() if one.tag != node.tag), None)
    if later is not None and place.parent.order is Order.SEQUENCE:
        later.addnext(node)
        yield root, "order", place.path


def _wrong_texts(value: Value) -> Iterator[tuple[str, str]]:
    yield from WRONG[value.kind]
    if value.kind is not Kind.FLAG:
        yield " ", "blank"
    if value.max_characters is not None:
        yield "9" * (value.max_characters + 1), "length"
    if value.is_past:
        yield (LATER if value.kind is Kind.MOMENT else LATER[:10]), "past"
    if value.highest is not None and value.lowest is not None:
        yield str(value.highest + 1), "range"
        yield str(value.lowest - 1), "range"


def test_any_order_is_any_order(documents: dict[str, etree._Element]) -> None:
    root = copy.deepcopy(documents["fileDetails"])
    annotations = root.find("fileAnnotations")
    assert annotations is not None
    annotations[:] = reversed(annotations)
    assert validate_tree(root, at=AT) == []


def test_what_the_schema_keeps_and_the_documentation_dropped_is_read_and_never_written() -> None:
    legacy = [place for place in places() if place.element.is_legacy]
    assert [place.path for place in legacy] == ["/fileDetails/fileName", "/fileDetails/potentialMeme"]
    xml = build_file_details(full_file_details(), at=AT)
    for place in legacy:
        assert isinstance(place.element.type, Value | Type)
        assert f"<{place.element.name}>".encode() not in xml.replace(b"<potentialMeme>true", b"")
    older = xml.replace(b"<originalFileName>", b"<fileName>a.jpg</fileName><originalFileName>")
    assert validate(older, at=AT) == []


def test_a_document_of_another_kind_is_refused() -> None:
    assert _named(validate(b"<reportResponse/>")) == {("root", "/")}
    assert _named(validate(b'<report xmlns="urn:x"/>')) == {("root", "/")}
    for xml in (b"", b"<report>", b"\xff", b'<!DOCTYPE report [<!ENTITY a "b">]><report/>'):
        assert _named(validate(xml)) == {("xml", "/")}
    assert _named(validate(b"<!DOCTYPE report><report/>")) == {("xml", "/")}


def test_the_schema_location_on_the_root_is_allowed(documents: dict[str, etree._Element]) -> None:
    root = copy.deepcopy(documents["report"])
    root.set(
        "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation", "https://report.example/xsd"
    )
    assert validate_tree(root, at=AT) == []
    summary = root.find("incidentSummary")
    assert summary is not None
    summary.set("{http://www.w3.org/2001/XMLSchema-instance}nil", "true")
    assert any(problem.rule == "attribute_unknown" for problem in validate_tree(root, at=AT))


def test_no_value_is_quoted() -> None:
    secret = "nobody-may-read-this"
    xml = build_report(full_report(), at=AT).replace(MOMENT.isoformat().encode(), secret.encode())
    xml = xml.replace(b"2001:db8::1", secret.encode())
    problems = validate(xml, at=AT)
    assert problems
    assert secret not in " ".join(map(str, problems))
