"""The schema's tables as flat rows, for documentation and tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.reporting.cybertip.schema.file_details import FILE_DETAILS
from holdfast.reporting.cybertip.schema.report import REPORT
from holdfast.reporting.cybertip.schema.words import Attribute, Element, Kind, Order, Type, Value

__all__ = ["ROOTS", "Place", "places", "rules_of"]

ROOTS = (REPORT, FILE_DETAILS)


@dataclass(frozen=True, slots=True)
class Place:
    """One element or attribute where it stands. `path` is an XPath without positions."""

    path: str
    element: Element
    parent: Type | None
    attribute: Attribute | None = None

    @property
    def value(self) -> Value | None:
        """The limits of its text; None where it holds children or nothing."""
        if self.attribute is not None:
            return self.attribute.value
        return self.element.type.value if isinstance(self.element.type, Type) else self.element.type


def places() -> list[Place]:
    """Every element and attribute of both documents, in the order of the schema."""
    return [place for root in ROOTS for place in _walk(root, None, "")]


def _walk(element: Element, parent: Type | None, above: str) -> Iterator[Place]:
    path = f"{above}/{element.name}"
    yield Place(path, element, parent)
    if isinstance(element.type, Type):
        for attribute in element.type.attributes:
            yield Place(f"{path}/@{attribute.name}", element, parent, attribute)
        for child in element.type.children:
            yield from _walk(child, element.type, path)


def rules_of(place: Place) -> list[str]:
    """The rules, of structure and of texts, that a document can break at a place, in a fixed order."""
    found = [] if place.value is None else _rules_of_text(place.value)
    if place.attribute is not None:
        return [*found, "attribute_missing"] if place.attribute.is_required else found
    found += ["unknown", "attribute_unknown"] if place.value else ["unknown", "attribute_unknown", "no_text"]
    if place.parent is None:
        return found
    if place.element.least:
        found.append("missing")
    if place.element.most is not None:
        found.append("count")
    if place.parent.order is Order.ONE_OF:
        found.append("one_of")
    if place.parent.order is Order.SEQUENCE and place.element is not place.parent.children[-1]:
        found.append("order")
    return found


def _rules_of_text(value: Value) -> list[str]:
    found = [] if value.kind is Kind.FLAG else ["blank"]
    if value.max_characters is not None:
        found.append("length")
    if value.kind is not Kind.TEXT:
        found.append(value.kind.value)
    if value.kind is Kind.EMAIL:
        found.append("email_local_part")
    if value.kind is Kind.MOMENT:
        found.append("zone")
    if value.is_past:
        found.append("past")
    if value.highest is not None:
        found.append("range")
    return found
