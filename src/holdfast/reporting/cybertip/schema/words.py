"""What the schema's tables are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Attribute", "Element", "Kind", "Order", "Type", "Value", "many", "maybe", "one", "some"]


class Kind(StrEnum):
    """What a text must be; each is one function in `holdfast.reporting.cybertip.texts`."""

    TEXT = "text"
    URL = "url"
    EMAIL = "email"
    BOOLEAN = "boolean"
    FLAG = "flag"  # present or absent: the only value is true
    MOMENT = "moment"  # ISO 8601 with a zone
    DATE = "date"
    INTEGER = "integer"
    DECIMAL = "decimal"
    IP_ADDRESS = "ip_address"
    CHOICE = "choice"
    PATTERN = "pattern"


class Order(StrEnum):
    """How the children of an element stand."""

    SEQUENCE = "sequence"  # in the order of the table
    ANY = "any"  # in any order, each at most once
    ONE_OF = "one_of"  # exactly one child


@dataclass(frozen=True, slots=True)
class Value:
    """Text content and its limits. Both ends of a range are allowed values."""

    kind: Kind
    max_characters: int | None = None
    lowest: int | None = None
    highest: int | None = None
    choices: tuple[str, ...] = ()
    pattern: str | None = None  # of the whole text
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of an element. `field` is its name in the model."""

    name: str
    value: Value
    is_required: bool = False

    @property
    def field(self) -> str:
        return _snake(self.name)


@dataclass(frozen=True, slots=True)
class Type:
    """What an element holds: text or children, and attributes. `name` is that of the model class."""

    name: str
    children: tuple[Element, ...] = ()
    order: Order = Order.SEQUENCE
    value: Value | None = None
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Element:
    """One place in a type: ``least`` to ``most`` (None: any number) elements of this name.

    ``is_legacy``: in the schema, no longer in the documentation. Accepted in a document from elsewhere,
    never written: models have no such field.
    """

    name: str
    field: str
    type: Value | Type
    least: int
    most: int | None
    is_legacy: bool = False

    @property
    def number(self) -> str:
        """How many: "1", "0..1", "0..n" or "1..n"."""
        if self.least == self.most:
            return str(self.least)
        return f"{self.least}..{'n' if self.most is None else self.most}"


def one(name: str, of: Value | Type) -> Element:
    """Exactly one."""
    return Element(name, _snake(name), of, 1, 1)


def maybe(name: str, of: Value | Type, *, is_legacy: bool = False) -> Element:
    """At most one."""
    return Element(name, _snake(name), of, 0, 1, is_legacy)


def many(name: str, field: str, of: Value | Type) -> Element:
    """Any number; ``field`` is the plural."""
    return Element(name, field, of, 0, None)


def some(name: str, field: str, of: Value | Type) -> Element:
    """At least one; ``field`` is the plural."""
    return Element(name, field, of, 1, None)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
