"""Models to XML. What the rules forbid is never written: an error names field and rule instead.

xml = build_report(report)                          # bytes, ready to send
xml = build_file_details(details, of_batched=False)
"""

from __future__ import annotations

from datetime import datetime

from lxml import etree

from holdfast.errors import InvalidDocumentError
from holdfast.reporting.cybertip.models.common import Model
from holdfast.reporting.cybertip.models.file_details import FileDetails
from holdfast.reporting.cybertip.models.report import Report
from holdfast.reporting.cybertip.problems import Problem
from holdfast.reporting.cybertip.schema.file_details import FILE_DETAILS
from holdfast.reporting.cybertip.schema.report import REPORT
from holdfast.reporting.cybertip.schema.words import Attribute, Element, Kind, Order, Type, Value
from holdfast.reporting.cybertip.validate import validate
from holdfast.reporting.cybertip.xml import serialise

__all__ = ["build_file_details", "build_report"]

SHOWN_PROBLEMS = 5


def build_report(report: Report, *, at: datetime | None = None) -> bytes:
    """The document of /submit in UTF-8. ``at`` counts as now.

    Raises `InvalidDocumentError`: its ``problems`` name every field and the rule it breaks.
    """
    return _build(report, REPORT, at=at, of_batched=False)


def build_file_details(
    details: FileDetails, *, of_batched: bool = False, at: datetime | None = None
) -> bytes:
    """The document of /fileinfo in UTF-8. ``of_batched``: the report is a batched one, with stricter rules.

    Raises `InvalidDocumentError`.
    """
    return _build(details, FILE_DETAILS, at=at, of_batched=of_batched)


def _build(model: Model, root: Element, *, at: datetime | None, of_batched: bool) -> bytes:
    unwritable: list[Problem] = []
    node = _node(model, root, f"/{root.name}", unwritable)
    xml = serialise(node)
    # The bytes are checked, not the tree: what is sent is what was looked at.
    problems = unwritable or validate(xml, at=at, of_batched=of_batched)
    if problems:
        shown = "; ".join(map(str, problems[:SHOWN_PROBLEMS]))
        more = f"; and {len(problems) - SHOWN_PROBLEMS} more" if len(problems) > SHOWN_PROBLEMS else ""
        raise InvalidDocumentError(f"The {root.name} was not written: {shown}{more}.", problems)
    return xml


def _node(model: object, element: Element, path: str, unwritable: list[Problem]) -> etree._Element:
    node = etree.Element(element.name)
    kind = element.type
    if isinstance(kind, Value):
        _set(node, None, _text(model), path, unwritable)
        return node
    for attribute in kind.attributes:
        _set_attribute(node, attribute, getattr(model, attribute.field), path, unwritable)
    if kind.value is not None:
        _set(node, None, _text(getattr(model, "value")), path, unwritable)  # noqa: B009  (any model)
    for child in kind.children:
        if not child.is_legacy:
            for value in _given(getattr(model, child.field), child):
                node.append(_node(value, child, f"{path}/{child.name}", unwritable))
    return node


def _given(value: object, element: Element) -> tuple[object, ...]:
    """The values to write: none for None, for a flag that is not set and for a group of unset flags."""
    if value is None:
        return ()
    if element.most is None:
        return value if isinstance(value, tuple) else (value,)
    kind = element.type
    if isinstance(kind, Value) and kind.kind is Kind.FLAG:
        return (value,) if value else ()
    if isinstance(kind, Type) and kind.order is Order.ANY:
        return (value,) if any(getattr(value, child.field) for child in kind.children) else ()
    return (value,)


def _set_attribute(
    node: etree._Element, attribute: Attribute, value: object, path: str, unwritable: list[Problem]
) -> None:
    if value is not None:
        _set(node, attribute.name, _text(value), f"{path}/@{attribute.name}", unwritable)


def _set(
    node: etree._Element, attribute: str | None, text: str, path: str, unwritable: list[Problem]
) -> None:
    try:
        if attribute is None:
            node.text = text
        else:
            node.set(attribute, text)
    except ValueError:  # lxml refuses what XML cannot carry
        unwritable.append(Problem(path, "characters", "holds a character that XML cannot carry"))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
