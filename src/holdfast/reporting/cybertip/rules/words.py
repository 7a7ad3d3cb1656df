"""What a rule across elements is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

__all__ = ["Rule", "Scope", "path_of"]


class Scope(StrEnum):
    """Which documents a rule is about."""

    ANY = "any document"
    REPORT = "report"
    BATCHED_REPORT = "batched report"
    FILE_DETAILS = "fileDetails"
    BATCHED_FILE = "fileDetails of a batched report"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``says`` ends the sentence "this element ..."; ``broken_at``: the paths that break it."""

    name: str
    scope: Scope
    says: str
    broken_at: Callable[[etree._Element], Iterable[str]]


def path_of(node: etree._Element, attribute: str | None = None) -> str:
    """The XPath of an element or of one of its attributes, spelt as `validate` does."""
    path = node.getroottree().getpath(node)
    return path if attribute is None else f"{path}/@{attribute}"
