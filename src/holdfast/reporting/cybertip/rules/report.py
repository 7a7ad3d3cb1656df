"""Rules for a report. Source: appendices A, B.2 and B.4."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from holdfast.reporting.cybertip.rules.words import Rule, Scope, path_of

__all__ = ["RULES"]

_EMAILS_OF_PEOPLE = (
    "personOrUserReported/personOrUserReportedPerson/email",
    "intendedRecipient/intendedRecipientPerson/email",
    "victim/victimPerson/email",
)


def _reporter_email(root: etree._Element) -> Iterator[str]:
    for person in root.iterfind("reporter/reportingPerson"):
        if person.find("email") is None:
            yield path_of(person)


def _one_person(root: etree._Element) -> Iterator[str]:
    if root.find("batchedReport") is None:
        for person in root.findall("personOrUserReported")[1:]:
            yield path_of(person)


def _incident_email(root: etree._Element) -> Iterator[str]:
    known = {(node.text or "").strip() for path in _EMAILS_OF_PEOPLE for node in root.iterfind(path)}
    for node in root.iter("emailAddress"):
        if (node.text or "").strip() not in known:
            yield path_of(node)


RULES = (
    Rule("reporter_email", Scope.REPORT, "must have an e-mail address", _reporter_email),
    Rule(
        "one_person",
        Scope.REPORT,
        "is one too many: only a batched report has several persons",
        _one_person,
    ),
    Rule(
        "incident_email",
        Scope.REPORT,
        "must also be an address of the person reported, a recipient or a victim",
        _incident_email,
    ),
)
