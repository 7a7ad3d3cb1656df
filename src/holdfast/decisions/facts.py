"""What is known about one upload: the platform's `Context` and the `MatchFacts` that rules are put to.

Both are checked when made, so that everything behind them can rely on them. Lengths follow the limits
of the report form they may end in (NCMEC CyberTipline documentation, 2025-06: identifiers 255, URLs
2083, file names 2056 characters).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from holdfast.decisions.vocabulary import (
    ALGORITHMS,
    BANK_KINDS,
    CLASSIFICATIONS,
    CONTEXT_FIELDS,
    COUNTRIES,
    DECISIVE_DISTANCE_BITS,
    MEDIA,
    OUTCOMES,
    PLAIN_VIEWS,
    STANDINGS,
    SURFACES,
    TIERS,
    UNKNOWN,
    VIEWS,
)
from holdfast.errors import UsageError

__all__ = ["Context", "EntryMatch", "MatchFacts", "is_exact", "may_decide"]

MAX_URLS: Final = 20
MAX_NAME_CHARACTERS: Final = 2056
MAX_CLOCK_SKEW: Final = timedelta(minutes=5)

# Control characters, halves of characters and what no XML document can carry (XML 1.0, section 2.2). All
# else occurs in ordinary names: joiners in emoji, marks of direction, narrow spaces.
_NO_TEXT: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ALSO_CALLED: Final = {"UK": "GB"}  # reserved in ISO 3166-1 for the same country


def is_exact(algorithm: str, listed_size_bytes: int | None, size_bytes: int) -> bool:
    """Whether an *equal* digest proves that the very same file is listed.

    True for SHA-1 and SHA-256, and for MD5 where the list gives the size and it is equal too: two files
    with one MD5 are easily made, two of a chosen size and a chosen listed digest are not.
    """
    if algorithm in ("sha1", "sha256"):
        return True
    return algorithm == "md5" and listed_size_bytes is not None and listed_size_bytes == size_bytes


@dataclass(frozen=True, slots=True)
class Context:
    """What the platform says about the upload; every field may be absent.

    Raises `UsageError`, naming the field. It is kept only with a match or a hold: these are the facts
    that a report and a takedown need.
    """

    content_reference: str | None = None  # the platform's own name of the content
    account: str | None = None
    surface: str = UNKNOWN  # "public" | "private" | "unknown"
    urls: tuple[str, ...] = ()
    country: str | None = None  # ISO 3166-1 alpha-2
    uploaded_at: datetime | None = None  # with zone
    ip: str | None = None
    port: int | None = None
    original_name: str | None = None

    def __post_init__(self) -> None:
        _check_text("content_reference", self.content_reference, 255)
        _check_text("account", self.account, 255)
        _check_text("original_name", self.original_name, MAX_NAME_CHARACTERS)
        _check_choice("surface", self.surface, SURFACES)
        if self.country is not None and (not isinstance(self.country, str) or self.country not in COUNTRIES):
            _refuse("country", "must be a two-letter ISO 3166-1 code in capitals.")
        if self.uploaded_at is not None and (
            not isinstance(self.uploaded_at, datetime) or self.uploaded_at.utcoffset() is None
        ):
            _refuse("uploaded_at", "must be a moment with its time zone.")
        if self.uploaded_at is not None and not 1970 <= self.uploaded_at.year <= 9000:
            # Near the ends of the calendar the same moment does not exist in another zone.
            _refuse("uploaded_at", "must lie in the years 1970 to 9000.")
        if self.ip is not None:
            _check_ip(self.ip)
        if self.port is not None and (type(self.port) is not int or not 1 <= self.port <= 65535):
            _refuse("port", "must be a whole number from 1 to 65535.")
        if not isinstance(self.urls, tuple) or len(self.urls) > MAX_URLS:
            _refuse("urls", f"must be a list of at most {MAX_URLS}.")
        for url in self.urls:
            _check_url(url)

    def present(self, name: str) -> bool:
        """Whether the field ``name`` was given."""
        if name == "surface":
            return self.surface != UNKNOWN
        return getattr(self, name) not in (None, ())

    @classmethod
    def from_json(cls, values: Mapping[str, Any], now: datetime | None = None) -> Context:
        """A context from a JSON object; ``uploaded_at`` is ISO 8601 with zone.

        What users and geolocation make up never keeps an upload from being checked: ``original_name`` is
        freed of control characters and cut, and a ``country`` that is no known code is an unknown one. With
        ``now``, an upload time more than five minutes ahead of it is refused. Raises `UsageError`.
        """
        unknown = sorted(set(values) - set(CONTEXT_FIELDS))
        if unknown:
            name = _NO_TEXT.sub("", unknown[0])[:64]
            _refuse(name, f"is not a known field. Known: {', '.join(CONTEXT_FIELDS)}.")
        given = {name: value for name, value in values.items() if value is not None}
        if isinstance(given.get("uploaded_at"), str):
            given["uploaded_at"] = _parse_moment(given["uploaded_at"])
        if isinstance(given.get("country"), str):
            given["country"] = _known_country(given["country"])
        if isinstance(given.get("original_name"), str):
            given["original_name"] = _NO_TEXT.sub("", given["original_name"])[:MAX_NAME_CHARACTERS] or None
        if "urls" in given:
            if not isinstance(given["urls"], list | tuple):
                _refuse("urls", "must be a list of texts.")
            given["urls"] = tuple(given["urls"])
        context = cls(**given)
        if now is not None and context.uploaded_at is not None and context.uploaded_at > now + MAX_CLOCK_SKEW:
            _refuse("uploaded_at", "lies in the future. Is the clock or the zone wrong?")
        return context

    def to_json(self) -> dict[str, Any]:
        """The object that `from_json` takes; absent fields are left out."""
        found: dict[str, Any] = {}
        for name in CONTEXT_FIELDS:
            value = getattr(self, name)
            if self.present(name):
                found[name] = list(value) if isinstance(value, tuple) else value
        if self.uploaded_at is not None:
            found["uploaded_at"] = self.uploaded_at.isoformat()
        return found


@dataclass(frozen=True, slots=True)
class EntryMatch:
    """One bank entry that the upload is near to, benign entries included. Raises `UsageError`."""

    bank: str
    entry: int
    algorithm: str
    tier: str = "match"
    trusted: bool = False
    bank_kind: str = "known"
    label: str = ""
    classification: str | None = None
    distance_bits: int | None = None  # 0..256; None where the algorithm gives a score
    score: float | None = None
    view: str = "as_is"  # one of vocabulary.VIEWS
    exact: bool = False  # see `is_exact`
    standing: str = "none"  # one of vocabulary.STANDINGS
    seen: str = ""  # the view in words, for people: "mirrored, cropped about 12 %"
    expected_false_alarms: float | None = None  # docs/false-alarms.md; None where nobody can say
    # Of videos, in seconds: where in the upload, and where in the listed one; listed seconds for one of the
    # upload's; and vPDQ's own percentages. No rule asks for them.
    query_start_s: float | None = None
    query_end_s: float | None = None
    ref_start_s: float | None = None
    ref_end_s: float | None = None
    speed: float | None = None
    vpdq_query_percent: float | None = None
    vpdq_ref_percent: float | None = None
    extrapolation_decades: float | None = None

    def __post_init__(self) -> None:
        _check_choice("tier", self.tier, TIERS)
        _check_choice("bank_kind", self.bank_kind, BANK_KINDS)
        _check_choice("view", self.view, VIEWS)
        _check_choice("standing", self.standing, STANDINGS)
        if self.classification is not None:
            _check_choice("classification", self.classification, CLASSIFICATIONS)
        if self.distance_bits is not None and (
            type(self.distance_bits) is not int or not 0 <= self.distance_bits <= 256
        ):
            _refuse("distance_bits", "must be a whole number from 0 to 256.")
        if self.expected_false_alarms is not None and not self.expected_false_alarms >= 0:
            _refuse("expected_false_alarms", "must be a number from 0.")
        if self.exact and ALGORITHMS.get(self.algorithm) != "digest":
            _refuse("exact", f"an exact match is one of equal digests, not of {self.algorithm[:32]!r}.")


@dataclass(frozen=True, slots=True)
class MatchFacts:
    """What screening found out about one upload. Raises `UsageError` for facts that contradict each other.

    ``matches`` holds everything near: matches, those that a benign entry suppressed, and the benign
    entries themselves. The rules weigh them. ``reason`` is the word that goes with *not matchable*
    (`media.types.Reason`). ``list_version`` is the place in the log of the lists that was looked at.
    """

    outcome: str
    medium: str
    matches: tuple[EntryMatch, ...] = ()
    reason: str = ""
    context: Context = field(default_factory=Context)
    list_version: int | None = None

    def __post_init__(self) -> None:
        _check_choice("outcome", self.outcome, OUTCOMES)
        _check_choice("medium", self.medium, MEDIA)
        if self.outcome in ("match", "possible"):
            tiers = {match.tier for match in self.matches if match.bank_kind == "known"}
            if not tiers or (self.outcome == "match" and "match" not in tiers):
                _refuse("matches", f"holds nothing that makes the outcome {self.outcome!r}.")

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> MatchFacts:
        """Facts from the JSON object of a past event. Raises `UsageError`; unknown keys are refused."""
        given = dict(values)
        try:
            matches = tuple(EntryMatch(**match) for match in given.pop("matches", ()))
            context = Context.from_json(given.pop("context", {}))
            return cls(matches=matches, context=context, **given)
        except (TypeError, AttributeError, ValueError) as error:
            raise UsageError(
                f"These facts are not of the known form: {error}. They were not used."
            ) from error

    def to_json(self) -> dict[str, Any]:
        """The object that `from_json` takes."""
        matches = [{one.name: getattr(match, one.name) for one in fields(match)} for match in self.matches]
        return {
            "outcome": self.outcome,
            "medium": self.medium,
            "reason": self.reason,
            "matches": matches,
            "context": self.context.to_json(),
            "list_version": self.list_version,
        }


def may_decide(match: EntryMatch) -> bool:
    """Whether this match may block or draft a report at all, whatever a rule says (architecture, section 7).

    Only the very same file, or a picture within 31 bits that was at most turned or freed of a border.
    Beyond 31 bits, any other view, *possible*, *same scene*, a sound, and a score alone may only hold.
    """
    if match.bank_kind != "known" or match.tier != "match":
        return False
    if match.exact:
        return True
    return (
        match.distance_bits is not None
        and match.distance_bits <= DECISIVE_DISTANCE_BITS
        and match.view in PLAIN_VIEWS
        and ALGORITHMS.get(match.algorithm) == "picture"
    )


def _refuse(name: str, problem: str) -> NoReturn:
    raise UsageError(f"{name}: {problem} Nothing was done with the upload.")


def _check_choice(name: str, value: object, options: tuple[str, ...]) -> None:
    if value not in options:
        _refuse(name, f"must be one of {', '.join(options)}.")


def _check_text(name: str, value: object, max_characters: int) -> None:
    if value is None:
        return
    if not isinstance(value, str) or not value or len(value) > max_characters:
        _refuse(name, f"must be a text of 1 to {max_characters} characters.")
    if _NO_TEXT.search(value):
        _refuse(name, "holds a control character, or half of a character.")


def _known_country(text: str) -> str | None:
    """The code of a country, or None for whatever else it says (T1, XX, nothing)."""
    code = text.strip().upper()
    code = _ALSO_CALLED.get(code, code)
    return code if code in COUNTRIES else None


def _check_ip(value: object) -> None:
    try:
        address = ip_address(value) if isinstance(value, str) else None
    except ValueError:
        address = None
    if address is None or getattr(address, "scope_id", None) is not None:
        _refuse("ip", "must be an IPv4 or IPv6 address without a zone index.")


def _check_url(value: object) -> None:
    _check_text("urls", value, 2083)
    try:
        parts = urlsplit(str(value))
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", str(value))
        private = parts.username is not None or parts.password is not None
    except ValueError:
        good, private = False, False
    if not good:
        _refuse("urls", "holds something that is not an http or https address.")
    if private:
        _refuse("urls", "holds an address with a user name or password in it.")


def _parse_moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        _refuse("uploaded_at", "must be ISO 8601 with a zone, such as 2026-11-24T09:30:00+01:00.")
