"""Types that several elements share."""

from __future__ import annotations

from datetime import date

from pydantic import AwareDatetime, BaseModel, ConfigDict, StrictBool, StrictInt

from holdfast.reporting.cybertip.vocabulary import AddressType, EmailType, EventName, PhoneType

__all__ = [
    "AccountPermanentlyDisabled",
    "AccountTemporarilyDisabled",
    "Address",
    "ContactPerson",
    "DeviceId",
    "Email",
    "EstimatedLocation",
    "IpCaptureEvent",
    "Model",
    "Person",
    "Phone",
]


class Model(BaseModel):
    """Base of the models: no unknown fields, no changes. Raises pydantic's `ValidationError`."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Email(Model):
    value: str
    type: EmailType | None = None
    verified: StrictBool | None = None
    verification_date: AwareDatetime | None = None


class Phone(Model):
    """`value` is the number without the country's calling code, which has a field of its own ("+44")."""

    value: str
    type: PhoneType | None = None
    verified: StrictBool | None = None
    verification_date: AwareDatetime | None = None
    country_calling_code: str | None = None
    extension: str | None = None


class Address(Model):
    address: str | None = None
    city: str | None = None
    zip_code: str | None = None
    state: str | None = None
    non_usa_state: str | None = None
    country: str | None = None
    type: AddressType | None = None


class ContactPerson(Model):
    first_name: str | None = None
    last_name: str | None = None
    phones: tuple[Phone, ...] = ()
    emails: tuple[Email, ...] = ()
    addresses: tuple[Address, ...] = ()


class Person(ContactPerson):
    age: StrictInt | None = None
    date_of_birth: date | None = None


class IpCaptureEvent(Model):
    """An address that an account was seen at. Police need the moment too, and often the port."""

    ip_address: str
    event_name: EventName | None = None
    date_time: AwareDatetime | None = None
    possible_proxy: StrictBool | None = None
    port: StrictInt | None = None


class DeviceId(Model):
    """`id_type` is free text: IMEI, ICCID, SSID, ..."""

    id_type: str
    id_value: str
    event_name: EventName | None = None
    date_time: AwareDatetime | None = None


class EstimatedLocation(Model):
    city: str | None = None
    region: str | None = None
    country_code: str | None = None
    verified: StrictBool | None = None
    timestamp: AwareDatetime | None = None


class AccountTemporarilyDisabled(Model):
    value: StrictBool
    disabled_date: AwareDatetime | None = None
    user_notified: StrictBool | None = None
    user_notified_date: AwareDatetime | None = None
    reenabled_date: AwareDatetime | None = None


class AccountPermanentlyDisabled(Model):
    value: StrictBool
    disabled_date: AwareDatetime | None = None
    user_notified: StrictBool | None = None
    user_notified_date: AwareDatetime | None = None
