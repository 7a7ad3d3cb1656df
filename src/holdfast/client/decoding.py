"""Typed values from JSON. What is unknown is passed over, what is missing or of another type is an error."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from holdfast.client.errors import UnexpectedAnswerError

__all__ = ["decode", "field_of"]

T = TypeVar("T")


def decode(kind: type[T], value: Any, where: str = "answer") -> T:
    """``value``, parsed JSON, as ``kind``: a dataclass of plain values, moments, enums and others like it.

    A field `class_` stands for the JSON key ``class``. Of several dataclasses it is the first that fits.
    Raises UnexpectedAnswerError, which names the place and never the value.
    """
    made: T = _decode(kind, value, where)
    return made


def field_of(kind: type[T], name: str) -> Callable[[Any], T]:
    """A reader of one field of a JSON object."""

    def read(value: Any) -> T:
        if not isinstance(value, Mapping) or name not in value:
            raise _wrong(f"answer.{name}", "there")
        return decode(kind, value[name], f"answer.{name}")

    return read


def _decode(kind: Any, value: Any, where: str) -> Any:
    if kind is Any:
        return value
    if is_dataclass(kind):
        return _object(kind, value, where)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        wanted = [one for one in get_args(kind) if one is not type(None)]
        return None if value is None else _decode(_fitting(wanted, value), value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise _wrong(where, "a list")
        return tuple(_decode(get_args(kind)[0], one, f"{where}[{at}]") for at, one in enumerate(value))
    if origin is dict:
        if not isinstance(value, Mapping):
            raise _wrong(where, "an object")
        return dict(value)
    return _plain(kind, value, where)


def _fitting(kinds: list[Any], value: Any) -> Any:
    """The first dataclass of which ``value`` has all that it must have, else the first kind."""
    if len(kinds) > 1 and isinstance(value, Mapping):
        for kind in kinds:
            if all(key in value for key, _, required in _fields(kind).values() if required):
                return kind
    return kinds[0]


def _plain(kind: Any, value: Any, where: str) -> Any:
    if kind is datetime or issubclass(kind, Enum):
        try:
            return datetime.fromisoformat(value) if kind is datetime else kind(value)
        except (TypeError, ValueError):
            raise _wrong(where, "a moment" if kind is datetime else "a known word") from None
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise _wrong(where, kind.__name__)
    return value


def _object(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(where, "an object")
    found = {}
    for name, (key, hint, required) in _fields(kind).items():
        if key in value:
            found[name] = _decode(hint, value[key], f"{where}.{key}")
        elif required:
            raise _wrong(f"{where}.{key}", "there")
    return kind(**found)


@cache
def _fields(kind: Any) -> dict[str, tuple[str, Any, bool]]:
    hints = get_type_hints(kind)
    return {
        one.name: (
            one.name.removesuffix("_"),
            hints[one.name],
            one.default is MISSING and one.default_factory is MISSING,
        )
        for one in fields(kind)
    }


def _wrong(where: str, wanted: str) -> UnexpectedAnswerError:
    return UnexpectedAnswerError(
        f"The answer is not of the known form: {where} is not {wanted}. Nothing is known about the content. "
        "Do client and service have versions that fit?"
    )
