"""Checks of single texts: each says what is wrong in the words of a schema processor, or None."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from datetime import UTC, date, datetime

__all__ = ["check", "moment_of"]

INCIDENT_TYPES = {
    "Child Pornography (possession, manufacture, and distribution)",
    "Child Sex Trafficking",
    "Child Sex Tourism",
    "Child Sexual Molestation",
    "Misleading Domain Name",
    "Misleading Words or Digital Images on the Internet",
    "Online Enticement of Children for Sexual Acts",
    "Unsolicited Obscene Material Sent to a Child",
}
US_STATES = set(
    """
    AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND
    OH OK OR PA PR RI SC SD TN TX UT VT VI VA WA WV WI WY GU
    """.split()  # noqa: SIM905  (readable)
)


def check(kind: str, text: str, now: datetime) -> str | None:
    """What is wrong with ``text`` as a value of this kind of grammar.txt; None when nothing is."""
    if kind.isdigit():
        return _limited(text, int(kind))
    if kind.startswith("{"):
        return _enumerated(text, set(kind[1:-1].split("|")))
    return _KINDS[kind](text, now)


def moment_of(text: str) -> datetime | None:
    """The moment of an ISO 8601 text with a zone; None for anything else."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text.strip()):
        return None
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def _facet(text: str, facet: str, kind: str) -> str:
    return f"cvc-{facet}: Value '{text[:60]}' is not facet-valid with respect to type '{kind}'."


def _limited(text: str, limit: int) -> str | None:
    if not text.strip():
        return "must not be blank"
    return f"length must be between 0 and {limit}" if len(text) > limit else None


def _text(text: str, _now: datetime) -> str | None:
    return None if text.strip() else "must not be blank"


def _enumerated(text: str, words: set[str]) -> str | None:
    return None if text in words else _facet(text, "enumeration-valid", "enumeration")


def _yes_no(text: str, _now: datetime) -> str | None:
    if text.strip() in ("true", "false", "1", "0"):
        return None
    return f"cvc-datatype-valid.1.2.1: '{text[:60]}' is not a valid value for 'boolean'."


def _flag(text: str, _now: datetime) -> str | None:
    if text.strip() in ("", "true", "1"):
        return None
    return "cvc-elt.5.2.2.2.2: The value of the element does not match the fixed value 'true'."


def _moment(text: str, _now: datetime) -> str | None:
    if moment_of(text) is not None:
        return None
    zoneless = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?", text.strip())
    return "time zone is required" if zoneless else _facet(text, "datatype-valid", "dateTime")


def _past(text: str, now: datetime) -> str | None:
    wrong = _moment(text, now)
    moment = moment_of(text)
    return "must be in the past" if wrong is None and moment is not None and moment > now else wrong


def _birthday(text: str, now: datetime) -> str | None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip()):
        return _facet(text, "datatype-valid", "date")
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return _facet(text, "datatype-valid", "date")
    return "must be in the past" if day >= now.astimezone(UTC).date() else None


def _between(lowest: int, highest: int) -> Callable[[str, datetime], str | None]:
    def check_number(text: str, _now: datetime) -> str | None:
        try:
            number = int(text)
        except ValueError:
            return f"cvc-datatype-valid.1.2.1: '{text[:60]}' is not a valid value for 'integer'."
        return None if lowest <= number <= highest else f"must be between {lowest} and {highest}"

    return check_number


def _number(text: str, _now: datetime) -> str | None:
    try:
        float(text)
    except ValueError:
        return f"cvc-datatype-valid.1.2.1: '{text[:60]}' is not a valid value for 'double'."
    return None


def _url(text: str, _now: datetime) -> str | None:
    if len(text) > 2083:
        return "length must be between 0 and 2083"
    return (
        None if re.fullmatch(r"(https?|ftp)://[^\s/?#@]+(:\d+)?([/?#]\S*)?", text) else "must be a valid URL"
    )


def _mailbox(text: str, _now: datetime) -> str | None:
    if len(text) > 255:
        return "length must be between 0 and 255"
    local, at, domain = text.rpartition("@")
    well_formed = (
        at and local and not re.search(r"[\s@]", local) and re.fullmatch(r"[^\s.@]+(\.[^\s.@]+)+", domain)
    )
    if not well_formed:
        return "must be a well-formed email address"
    return "local part must be at most 64 characters" if len(local) > 64 else None


def _ip(text: str, _now: datetime) -> str | None:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return None
    return "must be a valid IP address"


def _form(expression: str, limit: int = 1000) -> Callable[[str, datetime], str | None]:
    def check_form(text: str, _now: datetime) -> str | None:
        if not re.fullmatch(expression, text):
            return _facet(text, "pattern-valid", expression)
        return f"length must be between 0 and {limit}" if len(text) > limit else None

    return check_form


_KINDS: dict[str, Callable[[str, datetime], str | None]] = {
    "text": _text,
    "yes-no": _yes_no,
    "flag": _flag,
    "moment": _moment,
    "past": _past,
    "birthday": _birthday,
    "age": _between(0, 150),
    "port": _between(1, 65535),
    "report-id": _between(1, 2**63 - 1),
    "number": _number,
    "url": _url,
    "mailbox": _mailbox,
    "ip": _ip,
    "incident-type": lambda text, _now: _enumerated(text, INCIDENT_TYPES),
    "relevance": lambda text, _now: _enumerated(text, {"Reported", "Supplemental Reported"}),
    "us-state": lambda text, _now: _enumerated(text, US_STATES),
    "country": _form("[A-Z]{2}"),
    "calling-code": _form(r"\+[0-9]{1,3}"),
    "extension": _form("[0-9]+", 10),
}
