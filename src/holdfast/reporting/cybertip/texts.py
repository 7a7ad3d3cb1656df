"""Whether a text is what its place wants: one function for each kind of content.

Stricter than the schema where the documentation is (zones, the past, ISO countries), and where it says only
"valid" or "well-formed": what passes here is plain enough for any reasonable reading of those words.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache

from holdfast.reporting.cybertip.schema.words import Kind, Value

__all__ = ["RULES", "check_text", "parse_boolean", "parse_moment"]

# Rule -> what it asks for. Each is broken by one function below.
RULES = {
    "blank": "text that is there holds more than spaces",
    "length": "no more characters than the limit",
    "characters": "no characters that XML cannot carry",
    "url": "an absolute http, https or ftp URL in visible ASCII",
    "email": "one plain address, local@domain.tld",
    "email_local_part": "at most 64 characters before the @",
    "boolean": "true or false",
    "flag": "a flag is there and true, or not there",
    "moment": "a date and time of ISO 8601, to the second",
    "zone": "a date and time has a zone: Z or an offset",
    "date": "a date of ISO 8601",
    "past": "before this moment, by our own clock",
    "integer": "a whole number",
    "decimal": "a number",
    "range": "within the limits",
    "ip_address": "an IPv4 or IPv6 address without a zone",
    "choice": "one of the words of the list",
    "pattern": "of the form that the schema gives",
}

MAX_LOCAL_PART = 64
MAX_OFFSET = timedelta(hours=14)  # of XML schema's time zones
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+-]\d\d:\d\d)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,3})?", re.ASCII)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL = re.compile(
    rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z][A-Za-z0-9-]{{0,61}}[A-Za-z0-9]", re.ASCII
)
_URL = re.compile(
    rf"(?:https?|ftp)://(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])(?::\d{{1,5}})?"
    r"(?:[/?#][!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]*)?",
    re.ASCII,
)
# What XML 1.0 (section 2.2) leaves out of its characters.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def check_text(text: str, value: Value, now: datetime) -> tuple[str, str] | None:
    """The rule that ``text`` breaks and a sentence about it, or None. ``now`` has a zone."""
    if _NO_XML.search(text):
        return "characters", "holds a character that XML cannot carry"
    if value.kind is Kind.FLAG:
        return _flag(text)
    if not text.strip():
        return "blank", "is blank; leave it out instead"
    if value.max_characters is not None and len(text) > value.max_characters:
        return "length", f"has {len(text)} characters, at most {value.max_characters} are allowed"
    check = _CHECKS.get(value.kind)
    return None if check is None else check(text, value, now)


def parse_boolean(text: str | None) -> bool | None:
    """The value of a boolean as XML schema spells it; None for anything else."""
    return {"true": True, "1": True, "false": False, "0": False}.get((text or "").strip())


def parse_moment(text: str | None) -> datetime | None:
    """The moment that a text names; None where it names none or has no zone."""
    match = _MOMENT.fullmatch((text or "").strip())
    if match is None or match[2] is None:
        return None
    try:
        moment = datetime.fromisoformat(match[0])
    except ValueError:
        return None
    return moment if abs(moment.utcoffset() or MAX_OFFSET) <= MAX_OFFSET else None


def _flag(text: str) -> tuple[str, str] | None:
    is_true = not text.strip() or parse_boolean(text) is True
    return None if is_true else ("flag", "is not true; leave it out instead")


def _url(text: str, _value: Value, _now: datetime) -> tuple[str, str] | None:
    return None if _URL.fullmatch(text) else ("url", "is not an absolute http, https or ftp URL in ASCII")


def _email(text: str, _value: Value, _now: datetime) -> tuple[str, str] | None:
    if not _EMAIL.fullmatch(text):
        return "email", "is not a plain e-mail address"
    if text.index("@") > MAX_LOCAL_PART:
        return "email_local_part", f"has more than {MAX_LOCAL_PART} characters before the @"
    return None


def _boolean(text: str, _value: Value, _now: datetime) -> tuple[str, str] | None:
    return None if parse_boolean(text) is not None else ("boolean", "is neither true nor false")


def _moment(text: str, value: Value, now: datetime) -> tuple[str, str] | None:
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return "moment", "is not a date and time of ISO 8601"
    if match[2] is None:
        return "zone", "has no time zone; end it in Z or an offset such as +01:00"
    moment = parse_moment(text)
    if moment is None:
        return "moment", "is not a date and time that exists"
    return ("past", "does not lie in the past") if value.is_past and moment >= now else None


def _date(text: str, value: Value, now: datetime) -> tuple[str, str] | None:
    try:
        day = date.fromisoformat(text.strip()) if _DATE.fullmatch(text.strip()) else None
    except ValueError:
        day = None
    if day is None:
        return "date", "is not a date of ISO 8601"
    return ("past", "does not lie in the past") if value.is_past and day >= now.date() else None


def _integer(text: str, value: Value, _now: datetime) -> tuple[str, str] | None:
    if not _INTEGER.fullmatch(text.strip()):
        return "integer", "is not a whole number"
    return _range(int(text), value)


def _decimal(text: str, value: Value, _now: datetime) -> tuple[str, str] | None:
    number = float(text) if _DECIMAL.fullmatch(text.strip()) else math.inf
    return _range(number, value) if math.isfinite(number) else ("decimal", "is not a number")


def _range(number: float, value: Value) -> tuple[str, str] | None:
    too_low = value.lowest is not None and number < value.lowest
    too_high = value.highest is not None and number > value.highest
    return ("range", f"is not within {value.lowest} and {value.highest}") if too_low or too_high else None


def _ip_address(text: str, _value: Value, _now: datetime) -> tuple[str, str] | None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return "ip_address", "is not an IP address"
    return ("ip_address", "has a zone") if "%" in text else None


def _choice(text: str, value: Value, _now: datetime) -> tuple[str, str] | None:
    return None if text in value.choices else ("choice", "is not one of the words of the list")


def _pattern(text: str, value: Value, _now: datetime) -> tuple[str, str] | None:
    return None if _compiled(value.pattern or "").fullmatch(text) else ("pattern", "is not of the right form")


@lru_cache(maxsize=32)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.ASCII)


_CHECKS: dict[Kind, Callable[[str, Value, datetime], tuple[str, str] | None]] = {
    Kind.URL: _url,
    Kind.EMAIL: _email,
    Kind.BOOLEAN: _boolean,
    Kind.MOMENT: _moment,
    Kind.DATE: _date,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.IP_ADDRESS: _ip_address,
    Kind.CHOICE: _choice,
    Kind.PATTERN: _pattern,
}
