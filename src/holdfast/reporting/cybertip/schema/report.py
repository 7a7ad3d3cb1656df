"""The document of /submit. Source: appendix B of the documentation, and the schema."""

from __future__ import annotations

from holdfast.reporting.cybertip.schema.incident import BATCHED_REPORT, INCIDENT_SUMMARY, INTERNET_DETAILS
from holdfast.reporting.cybertip.schema.people import (
    INTENDED_RECIPIENT,
    LAW_ENFORCEMENT,
    PERSON_OR_USER_REPORTED,
    REPORTER,
    VICTIM,
)
from holdfast.reporting.cybertip.schema.values import TEXT
from holdfast.reporting.cybertip.schema.words import Type, many, maybe, one

__all__ = ["REPORT"]

# More than one person is for batched reports only: rule "one_person".
REPORT = one(
    "report",
    Type(
        "Report",
        (
            maybe("batchedReport", BATCHED_REPORT),
            one("incidentSummary", INCIDENT_SUMMARY),
            many("internetDetails", "internet_details", INTERNET_DETAILS),
            maybe("lawEnforcement", LAW_ENFORCEMENT),
            one("reporter", REPORTER),
            many("personOrUserReported", "persons_reported", PERSON_OR_USER_REPORTED),
            many("intendedRecipient", "intended_recipients", INTENDED_RECIPIENT),
            many("victim", "victims", VICTIM),
            maybe("additionalInfo", TEXT),
        ),
    ),
)
