"""Whether a document is one that the CyberTipline accepts, as far as that is documented.

    problems = validate(xml)          # [] or what is wrong: field, rule, words

Structure first (`schema`), then what several elements must keep together (`rules`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from lxml import etree

from holdfast.records.tables.base import now
from holdfast.reporting.cybertip.problems import Problem
from holdfast.reporting.cybertip.rules import broken_rules
from holdfast.reporting.cybertip.rules.words import path_of
from holdfast.reporting.cybertip.schema.listing import ROOTS
from holdfast.reporting.cybertip.schema.words import Element, Order, Type, Value
from holdfast.reporting.cybertip.texts import check_text
from holdfast.reporting.cybertip.xml import XSI, NotXmlError, parse

__all__ = ["STRUCTURE_RULES", "validate", "validate_tree"]

# Rule -> what it asks for. The rules of texts are in `texts.RULES`, those across elements in `rules`.
STRUCTURE_RULES = {
    "xml": "well-formed XML without a document type",
    "root": "the document is a report or fileDetails, without a namespace",
    "unknown": "no element that does not belong there",
    "order": "elements in the order of the schema",
    "count": "no more of an element than the schema allows",
    "missing": "every element that the schema requires",
    "one_of": "exactly one of the alternatives",
    "no_text": "no text between elements",
    "attribute_unknown": "no attribute that does not belong there",
    "attribute_missing": "every attribute that the schema requires",
}

MAX_PROBLEMS = 100


def validate(xml: bytes, *, at: datetime | None = None, of_batched: bool = False) -> list[Problem]:
    """What is wrong with a document, at most 100 problems; an empty list when nothing is.

    ``at`` is the moment that counts as now. ``of_batched`` says that file details belong to a batched report,
    which has rules of its own.
    """
    try:
        root = parse(xml)
    except NotXmlError as error:
        return [Problem("/", "xml", str(error))]
    return validate_tree(root, at=at, of_batched=of_batched)


def validate_tree(
    root: etree._Element, *, at: datetime | None = None, of_batched: bool = False
) -> list[Problem]:
    """As `validate`, of a parsed document."""
    moment = at or now()
    element = next((one for one in ROOTS if one.name == root.tag), None)
    if element is None:
        return [Problem("/", "root", "is neither report nor fileDetails")]
    problems = [*_element(root, element, f"/{element.name}", moment)]
    problems += broken_rules(root, of_batched=of_batched)
    return problems[:MAX_PROBLEMS]


def _element(node: etree._Element, element: Element, path: str, at: datetime) -> Iterator[Problem]:
    kind = element.type if isinstance(element.type, Type) else Type("", value=element.type)
    yield from _attributes(node, kind, path, at)
    if kind.value is not None:
        yield from _text_only(node, kind.value, path, at)
    else:
        yield from _children(node, kind, path, at)


def _attributes(node: etree._Element, kind: Type, path: str, at: datetime) -> Iterator[Problem]:
    known = {attribute.name: attribute for attribute in kind.attributes}
    for name, text in ((str(key), str(value)) for key, value in node.attrib.items()):
        if name in known:
            yield from _text(text, known[name].value, f"{path}/@{name}", at)
        elif not (node.getparent() is None and name.startswith(f"{{{XSI}}}")):
            yield Problem(f"{path}/@{name}", "attribute_unknown", "does not belong there")
    for attribute in kind.attributes:
        if attribute.is_required and attribute.name not in node.attrib:
            yield Problem(f"{path}/@{attribute.name}", "attribute_missing", "must be there")


def _text_only(node: etree._Element, value: Value, path: str, at: datetime) -> Iterator[Problem]:
    for child in node:
        yield _unknown(child, path)
    if len(node) == 0:
        yield from _text(node.text or "", value, path, at)


def _text(text: str, value: Value, path: str, at: datetime) -> Iterator[Problem]:
    broken = check_text(text, value, at)
    if broken is not None:
        yield Problem(path, *broken)


def _children(node: etree._Element, kind: Type, path: str, at: datetime) -> Iterator[Problem]:
    if any((text or "").strip() for text in (node.text, *(child.tail for child in node))):
        yield Problem(path, "no_text", "has text between its elements")
    places = {child.name: number for number, child in enumerate(kind.children)}
    seen = dict.fromkeys(places, 0)
    furthest = 0
    for child in node:
        name = str(child.tag)
        if name not in places:
            yield _unknown(child, path)
            continue
        element = kind.children[places[name]]
        seen[name] += 1
        here = path_of(child)
        if element.most is not None and seen[name] == element.most + 1:
            yield Problem(here, "count", f"stands there more than {element.most} times")
        if kind.order is Order.SEQUENCE and places[name] < furthest:
            yield Problem(here, "order", f"must stand before {kind.children[furthest].name}")
        furthest = max(furthest, places[name])
        yield from _element(child, element, here, at)
    yield from _numbers(kind, seen, path)


def _numbers(kind: Type, seen: dict[str, int], path: str) -> Iterator[Problem]:
    for element in kind.children:
        if seen[element.name] < element.least:
            yield Problem(f"{path}/{element.name}", "missing", "must be there")
    if kind.order is Order.ONE_OF and sum(seen.values()) != 1:
        yield Problem(path, "one_of", f"must hold exactly one of its {len(seen)} alternatives")


def _unknown(node: etree._Element, path: str) -> Problem:
    return Problem(f"{path}/{etree.QName(node).localname}", "unknown", "does not belong there")
