"""The words of an exchange, as plain values that cannot be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from holdfast.errors import UsageError

__all__ = ["Exchange", "Field", "Programme", "check_fields"]

MAX_TEXT_CHARACTERS = 2_000
MAX_SET_MEMBERS = 10_000
MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that an exchange or its credentials are set up with. ``kind`` is a word of `_CHECKS`."""

    name: str
    kind: str
    help: str
    required: bool = True
    default: Any = None
    choices: tuple[str, ...] | None = None

    def check(self, value: Any) -> Any:
        """``value`` in the form that is kept. Raises UsageError; a value is never quoted."""
        checked = _CHECKS[self.kind](value)
        if checked is None or (self.choices is not None and checked not in self.choices):
            wanted = f"one of {', '.join(self.choices)}" if self.choices else self.kind
            raise UsageError(f'wrong value for field "{self.name}" - should be {wanted}')
        return checked


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme that can be set up. ``credentials`` is None where it takes none.

    ``why_not_fetched`` says why nothing is fetched from it, "" where something is.
    """

    kind: str
    config: tuple[Field, ...] = ()
    credentials: tuple[Field, ...] | None = None
    why_not_fetched: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A programme that was set up, with the bank that its hashes go to, and how the last fetch went.

    ``fetch_succeeded`` is None while nothing was ever fetched. ``config`` holds no secret.
    """

    id: int
    name: str
    kind: str
    bank_id: int
    config: Mapping[str, Any]
    enabled: bool
    checkpoint_at: datetime | None
    fetch_started_at: datetime | None
    fetched_at: datetime | None
    fetch_succeeded: bool | None
    fetch_error: str | None
    fetched_items: int
    up_to_date: bool


def check_fields(fields: tuple[Field, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of ``given`` by field, defaults filled in. Raises UsageError naming the field."""
    known = {one.name for one in fields}
    for name in given:
        if name not in known:
            raise UsageError(f'unknown field "{name[:100]}"')
    values = {}
    for one in fields:
        value = given.get(one.name)
        if value is None and one.required:
            raise UsageError(f'missing value for field "{one.name}"')
        values[one.name] = one.default if value is None else one.check(value)
    return values


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= MAX_TEXT_CHARACTERS else None


def _number(value: Any) -> int | None:
    """A whole number, 0 or more; its digits as text count too, for forms that send all as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= MAX_NUMBER else None


def _numbers(value: Any) -> list[int] | None:
    if not isinstance(value, list) or len(value) > MAX_SET_MEMBERS:
        return None
    numbers = [_number(one) for one in value]
    return None if None in numbers else sorted({one for one in numbers if one is not None})


_CHECKS = {"string": _text, "enum": _text, "number": _number, "set_of_number": _numbers}
