"""Who reports, who is reported, recipients, victims, accounts."""

from __future__ import annotations

from datetime import date

from pydantic import StrictBool, StrictInt

from holdfast.reporting.cybertip.models.common import (
    AccountPermanentlyDisabled,
    AccountTemporarilyDisabled,
    Address,
    ContactPerson,
    DeviceId,
    Email,
    EstimatedLocation,
    IpCaptureEvent,
    Model,
    Person,
    Phone,
)
from holdfast.reporting.cybertip.vocabulary import AccountRelation

__all__ = [
    "AccountPlatform",
    "AssociatedAccount",
    "IntendedRecipient",
    "LawEnforcement",
    "PersonOrUserReported",
    "Reporter",
    "ServedLegalProcessInternational",
    "Victim",
]


class ServedLegalProcessInternational(Model):
    value: StrictBool
    flea_country: str | None = None


class LawEnforcement(Model):
    """Police who know of the incident already, or who asked."""

    agency_name: str
    case_number: str | None = None
    officer_contact: ContactPerson | None = None
    reported_to_le: StrictBool | None = None
    served_legal_process_domestic: StrictBool | None = None
    served_legal_process_international: ServedLegalProcessInternational | None = None


class Reporter(Model):
    """The company. `reporting_person` needs an e-mail address."""

    reporting_person: Person
    contact_person: ContactPerson | None = None
    company_template: str | None = None
    terms_of_service: str | None = None
    legal_url: str | None = None


class AccountPlatform(Model):
    value: str
    third_party_user: StrictBool | None = None


class AssociatedAccount(Model):
    """Another account of the same person, or that of a parent or guardian."""

    platform: AccountPlatform | None = None
    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None
    approximate_age: StrictInt | None = None
    date_of_birth: date | None = None
    phones: tuple[Phone, ...] = ()
    emails: tuple[Email, ...] = ()
    all_emails_reported: StrictBool | None = None
    addresses: tuple[Address, ...] = ()
    esp_service: str | None = None
    esp_identifier: str | None = None
    profile_urls: tuple[str, ...] = ()
    screen_name: str | None = None
    display_names: tuple[str, ...] = ()
    profile_bio: str | None = None
    group_identifier: str | None = None
    compromised_account: StrictBool | None = None
    account_temporarily_disabled: AccountTemporarilyDisabled | None = None
    account_permanently_disabled: AccountPermanentlyDisabled | None = None
    ip_capture_events: tuple[IpCaptureEvent, ...] = ()
    device_ids: tuple[DeviceId, ...] = ()
    prior_reports: tuple[StrictInt, ...] = ()
    additional_info: str | None = None
    type: AccountRelation


class PersonOrUserReported(Model):
    """The suspect, as the report will show them. `prior_reports`: ids of earlier CyberTipline reports."""

    person_or_user_reported_person: Person | None = None
    vehicle_description: str | None = None
    esp_identifier: str | None = None
    esp_service: str | None = None
    compromised_account: StrictBool | None = None
    screen_name: str | None = None
    display_names: tuple[str, ...] = ()
    profile_urls: tuple[str, ...] = ()
    profile_bio: str | None = None
    ip_capture_events: tuple[IpCaptureEvent, ...] = ()
    device_ids: tuple[DeviceId, ...] = ()
    third_party_user_reported: StrictBool | None = None
    prior_reports: tuple[StrictInt, ...] = ()
    group_identifier: str | None = None
    account_temporarily_disabled: AccountTemporarilyDisabled | None = None
    account_permanently_disabled: AccountPermanentlyDisabled | None = None
    estimated_location: EstimatedLocation | None = None
    all_emails_reported: StrictBool | None = None
    associated_accounts: tuple[AssociatedAccount, ...] = ()
    additional_info: str | None = None


class IntendedRecipient(Model):
    intended_recipient_person: Person | None = None
    esp_identifier: str | None = None
    esp_service: str | None = None
    compromised_account: StrictBool | None = None
    screen_name: str | None = None
    display_names: tuple[str, ...] = ()
    profile_urls: tuple[str, ...] = ()
    profile_bio: str | None = None
    ip_capture_events: tuple[IpCaptureEvent, ...] = ()
    device_ids: tuple[DeviceId, ...] = ()
    prior_reports: tuple[StrictInt, ...] = ()
    group_identifier: str | None = None
    account_temporarily_disabled: AccountTemporarilyDisabled | None = None
    account_permanently_disabled: AccountPermanentlyDisabled | None = None
    estimated_location: EstimatedLocation | None = None
    all_emails_reported: StrictBool | None = None
    additional_infos: tuple[str, ...] = ()


class Victim(Model):
    victim_person: Person
    esp_identifier: str | None = None
    esp_service: str | None = None
    compromised_account: StrictBool | None = None
    screen_name: str | None = None
    display_names: tuple[str, ...] = ()
    profile_urls: tuple[str, ...] = ()
    profile_bio: str | None = None
    ip_capture_events: tuple[IpCaptureEvent, ...] = ()
    device_ids: tuple[DeviceId, ...] = ()
    school_name: str | None = None
    prior_reports: tuple[StrictInt, ...] = ()
    account_temporarily_disabled: AccountTemporarilyDisabled | None = None
    account_permanently_disabled: AccountPermanentlyDisabled | None = None
    estimated_location: EstimatedLocation | None = None
    all_emails_reported: StrictBool | None = None
    associated_accounts: tuple[AssociatedAccount, ...] = ()
    additional_info: str | None = None
