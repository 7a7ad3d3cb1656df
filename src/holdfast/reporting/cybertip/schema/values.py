"""Kinds of text content and their limits."""

from __future__ import annotations

from enum import StrEnum

from holdfast.reporting.cybertip.schema.words import Kind, Value
from holdfast.reporting.cybertip.vocabulary import COUNTRIES, US_STATES

__all__ = [
    "BOOLEAN",
    "COUNTRY",
    "EMAIL",
    "FLAG",
    "IP_ADDRESS",
    "LATITUDE",
    "LONGITUDE",
    "MOMENT",
    "PAST_DATE",
    "PAST_MOMENT",
    "REPORT_ID",
    "TEXT",
    "URL",
    "US_STATE",
    "choice",
    "integer",
    "pattern",
    "text",
]

TEXT = Value(Kind.TEXT)  # the documentation names no limit
URL = Value(Kind.URL, max_characters=2083)
EMAIL = Value(Kind.EMAIL, max_characters=255)
BOOLEAN = Value(Kind.BOOLEAN)
FLAG = Value(Kind.FLAG)
MOMENT = Value(Kind.MOMENT)
PAST_MOMENT = Value(Kind.MOMENT, is_past=True)
PAST_DATE = Value(Kind.DATE, is_past=True)
IP_ADDRESS = Value(Kind.IP_ADDRESS)
LATITUDE = Value(Kind.DECIMAL, lowest=-90, highest=90)
LONGITUDE = Value(Kind.DECIMAL, lowest=-180, highest=180)
REPORT_ID = Value(Kind.INTEGER, lowest=1, highest=2**63 - 1)
COUNTRY = Value(Kind.CHOICE, choices=tuple(sorted(COUNTRIES)))
US_STATE = Value(Kind.CHOICE, choices=tuple(sorted(US_STATES)))


def text(max_characters: int) -> Value:
    """Text of at most so many characters (Unicode code points)."""
    return Value(Kind.TEXT, max_characters=max_characters)


def choice(words: type[StrEnum]) -> Value:
    """One of the words of an enumeration."""
    return Value(Kind.CHOICE, choices=tuple(words))


def integer(lowest: int, highest: int) -> Value:
    """A whole number in a range, both ends included."""
    return Value(Kind.INTEGER, lowest=lowest, highest=highest)


def pattern(expression: str, max_characters: int | None = None) -> Value:
    """Text that a regular expression matches as a whole."""
    return Value(Kind.PATTERN, pattern=expression, max_characters=max_characters)
