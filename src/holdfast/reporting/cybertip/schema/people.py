"""Who reports, who is reported, recipients, victims, accounts.

Source: appendices B.3 to B.8 of the documentation, and the schema.
"""

from __future__ import annotations

from holdfast.reporting.cybertip.schema.common import (
    ADDRESS,
    CONTACT_PERSON,
    DEVICE_ID,
    EMAIL_ADDRESS,
    ESTIMATED_LOCATION,
    IP_CAPTURE_EVENT,
    PERMANENTLY_DISABLED,
    PERSON,
    PHONE,
    TEMPORARILY_DISABLED,
)
from holdfast.reporting.cybertip.schema.values import (
    BOOLEAN,
    COUNTRY,
    PAST_DATE,
    REPORT_ID,
    TEXT,
    URL,
    choice,
    integer,
    text,
)
from holdfast.reporting.cybertip.schema.words import Attribute, Type, many, maybe, one
from holdfast.reporting.cybertip.vocabulary import AccountRelation

__all__ = ["INTENDED_RECIPIENT", "LAW_ENFORCEMENT", "PERSON_OR_USER_REPORTED", "REPORTER", "VICTIM"]

_INTERNATIONAL = Type(
    "ServedLegalProcessInternational", value=BOOLEAN, attributes=(Attribute("fleaCountry", COUNTRY),)
)

LAW_ENFORCEMENT = Type(
    "LawEnforcement",
    (
        one("agencyName", text(255)),
        maybe("caseNumber", text(100)),
        maybe("officerContact", CONTACT_PERSON),
        maybe("reportedToLe", BOOLEAN),
        maybe("servedLegalProcessDomestic", BOOLEAN),
        maybe("servedLegalProcessInternational", _INTERNATIONAL),
    ),
)

REPORTER = Type(
    "Reporter",
    (
        one("reportingPerson", PERSON),
        maybe("contactPerson", CONTACT_PERSON),
        maybe("companyTemplate", TEXT),
        maybe("termsOfService", TEXT),
        maybe("legalURL", URL),
    ),
)

_PRIOR_REPORTS = many("priorCTReports", "prior_reports", REPORT_ID)
_DISPLAY_NAMES = many("displayName", "display_names", text(255))
_PROFILE_URLS = many("profileUrl", "profile_urls", URL)
_IP_EVENTS = many("ipCaptureEvent", "ip_capture_events", IP_CAPTURE_EVENT)
_DEVICES = many("deviceId", "device_ids", DEVICE_ID)
_ACCOUNT = (
    maybe("espIdentifier", text(255)),
    maybe("espService", text(100)),
    maybe("compromisedAccount", BOOLEAN),
    maybe("screenName", text(256)),
    _DISPLAY_NAMES,
    _PROFILE_URLS,
    maybe("profileBio", TEXT),
    _IP_EVENTS,
    _DEVICES,
)
_DISABLED = (
    maybe("accountTemporarilyDisabled", TEMPORARILY_DISABLED),
    maybe("accountPermanentlyDisabled", PERMANENTLY_DISABLED),
)
_GROUP = maybe("groupIdentifier", text(255))
_STANDING = (
    *_DISABLED,
    maybe("estimatedLocation", ESTIMATED_LOCATION),
    maybe("allEmailsReported", BOOLEAN),
)

# The documentation calls the attribute accountType and optional; the schema, which the service checks
# with, says type and required.
ASSOCIATED_ACCOUNT = Type(
    "AssociatedAccount",
    (
        maybe(
            "platform",
            Type("AccountPlatform", value=text(256), attributes=(Attribute("thirdPartyUser", BOOLEAN),)),
        ),
        maybe("firstName", text(256)),
        maybe("middleName", text(256)),
        maybe("lastName", text(256)),
        maybe("approximateAge", integer(0, 150)),
        maybe("dateOfBirth", PAST_DATE),
        many("phone", "phones", PHONE),
        many("email", "emails", EMAIL_ADDRESS),
        maybe("allEmailsReported", BOOLEAN),
        many("address", "addresses", ADDRESS),
        maybe("espService", text(256)),
        maybe("espIdentifier", text(256)),
        _PROFILE_URLS,
        maybe("screenName", text(256)),
        _DISPLAY_NAMES,
        maybe("profileBio", TEXT),
        maybe("groupIdentifier", text(256)),
        maybe("compromisedAccount", BOOLEAN),
        *_DISABLED,
        _IP_EVENTS,
        _DEVICES,
        many("priorCTReport", "prior_reports", REPORT_ID),  # the singular, only here
        maybe("additionalInfo", TEXT),
    ),
    attributes=(Attribute("type", choice(AccountRelation), is_required=True),),
)
_ASSOCIATED = many("associatedAccount", "associated_accounts", ASSOCIATED_ACCOUNT)

PERSON_OR_USER_REPORTED = Type(
    "PersonOrUserReported",
    (
        maybe("personOrUserReportedPerson", PERSON),
        maybe("vehicleDescription", text(300)),
        *_ACCOUNT,
        maybe("thirdPartyUserReported", BOOLEAN),
        _PRIOR_REPORTS,
        _GROUP,
        *_STANDING,
        _ASSOCIATED,
        maybe("additionalInfo", TEXT),
    ),
)

INTENDED_RECIPIENT = Type(
    "IntendedRecipient",
    (
        maybe("intendedRecipientPerson", PERSON),
        *_ACCOUNT,
        _PRIOR_REPORTS,
        _GROUP,
        *_STANDING,
        many("additionalInfo", "additional_infos", TEXT),
    ),
)

VICTIM = Type(
    "Victim",
    (
        one("victimPerson", PERSON),
        *_ACCOUNT,
        maybe("schoolName", text(255)),
        _PRIOR_REPORTS,
        *_STANDING,
        _ASSOCIATED,
        maybe("additionalInfo", TEXT),
    ),
)
