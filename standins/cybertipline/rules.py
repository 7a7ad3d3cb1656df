"""What several elements must keep together, as the documentation says it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from standins.cybertipline.tree import Node
from standins.cybertipline.wording import US_STATES, moment_of

__all__ = ["file_errors", "report_errors"]

MEMES = {"viral", "potentialMeme"}


def report_errors(report: Node) -> list[str]:
    """What is wrong with a report that keeps the grammar."""
    batched = report.first("batchedReport") is not None
    found = [*_people(report), *_reporting(report, batched)]
    return found + list(_batched_report(report)) if batched else found


def file_errors(details: Node, *, batched: bool) -> list[str]:
    """What is wrong with file details that keep the grammar."""
    found = [*_people(details), *_file(details)]
    return found + list(_batched_file(details)) if batched else found


def _people(root: Node) -> Iterator[str]:
    for contact in root.below("email", "emailAddress", "phone", "phoneNumber"):
        if "verificationDate" in contact.attributes and contact.attributes.get("verified") not in (
            "true",
            "1",
        ):
            yield _says(contact, "verified must be true when verificationDate is supplied")
        calling_code = contact.attributes.get("countryCallingCode", "")
        if calling_code and re.sub(r"[^+0-9]", "", contact.text).startswith(calling_code):
            yield _says(contact, "must not start with country calling code")
    for account in root.below("accountTemporarilyDisabled", "accountPermanentlyDisabled"):
        disabled = moment_of(account.attributes.get("disabledDate", ""))
        notified = moment_of(account.attributes.get("userNotifiedDate", ""))
        enabled = moment_of(account.attributes.get("reenabledDate", ""))
        if disabled and notified and notified < disabled:
            yield _says(account, "userNotifiedDate must be on or after the disabledDate")
        if disabled and enabled and enabled <= disabled:
            yield _says(account, "reenabledDate must be after the disabledDate")
    for place in root.below("estimatedLocation"):
        country, region = place.value("countryCode"), place.value("region")
        if not country:
            yield _says(place, "countryCode must not be blank")
        elif country == "US" and region and region not in US_STATES:
            yield _says(place, "region must be a valid US state or territory postal abbreviation")
        elif country == "US" and place.value("city") and not region:
            yield _says(place, "region must not be blank")
    for account in root.below("associatedAccount"):
        if account.first("approximateAge") and account.first("dateOfBirth"):
            yield _says(account, "approximateAge may not be set if dateOfBirth is supplied")


def _reporting(report: Node, batched: bool) -> Iterator[str]:
    if not report.all("reporter/reportingPerson/email"):
        yield _says(report, "reportingPerson: email is required")
    if not batched and len(report.all("personOrUserReported")) > 1:
        yield _says(report, "only one personOrUserReported is allowed")
    of_people = {
        email.text.strip()
        for path in (
            "personOrUserReported/personOrUserReportedPerson/email",
            "intendedRecipient/intendedRecipientPerson/email",
            "victim/victimPerson/email",
        )
        for email in report.all(path)
    }
    for email in report.below("emailAddress"):
        if email.text.strip() not in of_people:
            yield _says(email, "must also be supplied as a person, recipient or victim email address")


def _batched_report(report: Node) -> Iterator[str]:
    for name in ("internetDetails", "lawEnforcement", "intendedRecipient", "victim", "additionalInfo"):
        if report.first(name):
            yield _says(report, f"{name} is not allowed in a batched report")
    if report.first("incidentSummary/escalateToHighPriority"):
        yield _says(report, "escalateToHighPriority is not allowed in a batched report")
    for person in report.all("personOrUserReported"):
        if [child.name for child in person.children] != ["espIdentifier"]:
            yield _says(person, "only espIdentifier is allowed in a batched report")


def _file(details: Node) -> Iterator[str]:
    if details.value("exifViewedByEsp") in ("true", "1") and details.value("fileViewedByEsp") not in (
        "true",
        "1",
    ):
        yield _says(details, "fileViewedByEsp must be true when exifViewedByEsp is true")
    if details.first("potentialMeme") and details.first("fileAnnotations"):
        yield _says(details, "potentialMeme and fileAnnotations exclude each other")
    if details.value("fileRelevance") == "Supplemental Reported":
        if details.first("industryClassification"):
            yield _says(details, "fileRelevance may not be Supplemental Reported with industryClassification")
        if details.first("potentialMeme") or details.first("fileAnnotations/potentialMeme"):
            yield _says(details, "fileRelevance may not be Supplemental Reported with potentialMeme")


def _batched_file(details: Node) -> Iterator[str]:
    tags = {child.name for node in details.all("fileAnnotations") for child in node.children}
    if not tags & MEMES:
        yield _says(details, "the file of a batched report must be annotated as viral or potentialMeme")
    if tags - MEMES:
        yield _says(details, f"{sorted(tags - MEMES)} not allowed for the file of a batched report")
    for name in (
        "originalFileName",
        "locationOfFile",
        "originalFileHash",
        "ipCaptureEvent",
        "deviceId",
        "details",
        "additionalInfo",
    ):
        if details.first(name):
            yield _says(details, f"{name} is not allowed for the file of a batched report")
    if details.value("fileRelevance") not in (None, "Reported"):
        yield _says(details, "fileRelevance must be Reported in a batched report")


def _says(node: Node, text: str) -> str:
    return f"[{node.line},{node.column}] - {text} (element '{node.name}')"
