"""Rules for persons, contacts and accounts, wherever they stand. Source: appendices A and B."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from holdfast.reporting.cybertip.rules.words import Rule, Scope, path_of
from holdfast.reporting.cybertip.texts import parse_boolean, parse_moment
from holdfast.reporting.cybertip.vocabulary import US_STATES

__all__ = ["RULES"]

_CONTACTS = ("email", "emailAddress", "phone", "phoneNumber")
_DISABLED = ("accountTemporarilyDisabled", "accountPermanentlyDisabled")
_FILLING = re.compile(r"[\s().\-/]")


def _verified_for_date(root: etree._Element) -> Iterator[str]:
    for node in root.iter(*_CONTACTS):
        if "verificationDate" in node.attrib and parse_boolean(node.get("verified")) is not True:
            yield path_of(node, "verified")


def _phone_without_country(root: etree._Element) -> Iterator[str]:
    for node in root.iter("phone", "phoneNumber"):
        code = node.get("countryCallingCode")
        if code and _FILLING.sub("", node.text or "").startswith(code):
            yield path_of(node)


def _notified_after_disabled(root: etree._Element) -> Iterator[str]:
    for node in root.iter(*_DISABLED):
        disabled, notified = (
            parse_moment(node.get("disabledDate")),
            parse_moment(node.get("userNotifiedDate")),
        )
        if disabled and notified and notified < disabled:
            yield path_of(node, "userNotifiedDate")


def _reenabled_after_disabled(root: etree._Element) -> Iterator[str]:
    for node in root.iter("accountTemporarilyDisabled"):
        disabled, enabled = parse_moment(node.get("disabledDate")), parse_moment(node.get("reenabledDate"))
        if disabled and enabled and enabled <= disabled:
            yield path_of(node, "reenabledDate")


def _location_country(root: etree._Element) -> Iterator[str]:
    for node in root.iter("estimatedLocation"):
        if not (node.findtext("countryCode") or "").strip():
            yield path_of(node)


def _location_us_region(root: etree._Element) -> Iterator[str]:
    for node in root.iter("estimatedLocation"):
        region = node.find("region")
        if node.findtext("countryCode") == "US" and region is not None and region.text not in US_STATES:
            yield path_of(region)


def _location_us_city(root: etree._Element) -> Iterator[str]:
    for node in root.iter("estimatedLocation"):
        has_city = node.find("city") is not None
        if node.findtext("countryCode") == "US" and has_city and not (node.findtext("region") or "").strip():
            yield path_of(node)


def _age_or_birth(root: etree._Element) -> Iterator[str]:
    for node in root.iter("associatedAccount"):
        if node.find("approximateAge") is not None and node.find("dateOfBirth") is not None:
            yield path_of(node)


RULES = (
    Rule(
        "verified_for_date",
        Scope.ANY,
        "must be true where a verification date is given",
        _verified_for_date,
    ),
    Rule(
        "phone_without_country",
        Scope.ANY,
        "must not begin with its own country calling code",
        _phone_without_country,
    ),
    Rule(
        "notified_after_disabled",
        Scope.ANY,
        "must not be before the account was disabled",
        _notified_after_disabled,
    ),
    Rule(
        "reenabled_after_disabled",
        Scope.ANY,
        "must be after the account was disabled",
        _reenabled_after_disabled,
    ),
    Rule("location_country", Scope.ANY, "must name a country", _location_country),
    Rule(
        "location_us_region",
        Scope.ANY,
        "must be the postal abbreviation of a state in the United States",
        _location_us_region,
    ),
    Rule(
        "location_us_city",
        Scope.ANY,
        "must name the state beside a city in the United States",
        _location_us_city,
    ),
    Rule("age_or_birth", Scope.ANY, "must give the age or the date of birth, not both", _age_or_birth),
)
