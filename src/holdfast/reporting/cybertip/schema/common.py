"""Types that several elements share. Source: appendix A of the documentation, and the schema."""

from __future__ import annotations

from holdfast.reporting.cybertip.schema.values import (
    BOOLEAN,
    COUNTRY,
    EMAIL,
    IP_ADDRESS,
    MOMENT,
    PAST_DATE,
    PAST_MOMENT,
    US_STATE,
    choice,
    integer,
    pattern,
    text,
)
from holdfast.reporting.cybertip.schema.words import Attribute, Type, many, maybe, one
from holdfast.reporting.cybertip.vocabulary import AddressType, EmailType, EventName, PhoneType

__all__ = [
    "ADDRESS",
    "CONTACT_PERSON",
    "DEVICE_ID",
    "EMAIL_ADDRESS",
    "ESTIMATED_LOCATION",
    "IP_CAPTURE_EVENT",
    "PERMANENTLY_DISABLED",
    "PERSON",
    "PHONE",
    "TEMPORARILY_DISABLED",
]

_VERIFIED = (Attribute("verified", BOOLEAN), Attribute("verificationDate", PAST_MOMENT))

EMAIL_ADDRESS = Type("Email", value=EMAIL, attributes=(Attribute("type", choice(EmailType)), *_VERIFIED))

PHONE = Type(
    "Phone",
    value=text(50),
    attributes=(
        Attribute("type", choice(PhoneType)),
        *_VERIFIED,
        Attribute("countryCallingCode", pattern(r"\+[0-9]{1,3}")),
        Attribute("extension", pattern(r"[0-9]+", max_characters=10)),
    ),
)

ADDRESS = Type(
    "Address",
    (
        maybe("address", text(255)),
        maybe("city", text(100)),
        maybe("zipCode", text(20)),
        maybe("state", US_STATE),
        maybe("nonUsaState", text(100)),
        maybe("country", COUNTRY),
    ),
    attributes=(Attribute("type", choice(AddressType)),),
)

_CONTACT = (
    maybe("firstName", text(100)),
    maybe("lastName", text(100)),
    many("phone", "phones", PHONE),
    many("email", "emails", EMAIL_ADDRESS),
    many("address", "addresses", ADDRESS),
)
CONTACT_PERSON = Type("ContactPerson", _CONTACT)
PERSON = Type("Person", (*_CONTACT, maybe("age", integer(0, 150)), maybe("dateOfBirth", PAST_DATE)))

IP_CAPTURE_EVENT = Type(
    "IpCaptureEvent",
    (
        one("ipAddress", IP_ADDRESS),
        maybe("eventName", choice(EventName)),
        maybe("dateTime", PAST_MOMENT),
        maybe("possibleProxy", BOOLEAN),
        maybe("port", integer(1, 65535)),
    ),
)

DEVICE_ID = Type(
    "DeviceId",
    (
        one("idType", text(255)),
        one("idValue", text(2083)),
        maybe("eventName", choice(EventName)),
        maybe("dateTime", PAST_MOMENT),
    ),
)

ESTIMATED_LOCATION = Type(
    "EstimatedLocation",
    (
        maybe("city", text(255)),
        maybe("region", text(255)),
        maybe("countryCode", COUNTRY),
    ),
    attributes=(Attribute("verified", BOOLEAN), Attribute("timestamp", PAST_MOMENT)),
)

_DISABLED = (
    Attribute("disabledDate", PAST_MOMENT),
    Attribute("userNotified", BOOLEAN),
    Attribute("userNotifiedDate", PAST_MOMENT),
)
# The day of coming back may lie ahead: the documentation does not ask for the past here.
TEMPORARILY_DISABLED = Type(
    "AccountTemporarilyDisabled", value=BOOLEAN, attributes=(*_DISABLED, Attribute("reenabledDate", MOMENT))
)
PERMANENTLY_DISABLED = Type("AccountPermanentlyDisabled", value=BOOLEAN, attributes=_DISABLED)
