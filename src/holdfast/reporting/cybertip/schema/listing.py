"""The schema's tables as flat rows, for documentation and tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.reporting.cybertip.schema.file_details import FILE_DETAILS
from holdfast.reporting.cybertip.schema.report import REPORT
from holdfast.reporting.cybertip.schema.words import Attribute, Element, Type, Value

__all__ = ["ROOTS", "Place", "places"]

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
