"""What happened, and where."""

from __future__ import annotations

from pydantic import AwareDatetime, StrictBool

from holdfast.reporting.cybertip.models.common import Address, Email, IpCaptureEvent, Model, Phone
from holdfast.reporting.cybertip.vocabulary import BatchReason, IncidentType

__all__ = [
    "BatchedReport",
    "CellPhoneIncident",
    "ChatImIncident",
    "EmailIncident",
    "IncidentSummary",
    "InternetDetails",
    "NewsgroupIncident",
    "NonInternetIncident",
    "OnlineGamingIncident",
    "PeerToPeerIncident",
    "ReportAnnotations",
    "WebPageIncident",
]


class BatchedReport(Model):
    reason: BatchReason


class ReportAnnotations(Model):
    sextortion: StrictBool = False
    csam_solicitation: StrictBool = False
    minor_to_minor_interaction: StrictBool = False
    spam: StrictBool = False
    sadistic_online_exploitation: StrictBool = False


class IncidentSummary(Model):
    """`escalate_to_high_priority` is a reason in words; that it is there is what escalates."""

    incident_type: IncidentType
    platform: str | None = None
    escalate_to_high_priority: str | None = None
    report_annotations: ReportAnnotations | None = None
    incident_date_time: AwareDatetime
    incident_date_time_description: str | None = None


class WebPageIncident(Model):
    urls: tuple[str, ...] = ()
    additional_info: str | None = None
    third_party_hosted_content: StrictBool | None = None


class EmailIncident(Model):
    """Each address must also be one of the person reported, a recipient or a victim."""

    email_addresses: tuple[Email, ...] = ()
    content: str | None = None
    additional_info: str | None = None


class NewsgroupIncident(Model):
    """Each address must also be one of the person reported, a recipient or a victim."""

    name: str | None = None
    email_addresses: tuple[Email, ...] = ()
    content: str | None = None
    additional_info: str | None = None


class ChatImIncident(Model):
    chat_client: str | None = None
    chat_room_name: str | None = None
    content: str | None = None
    additional_info: str | None = None


class OnlineGamingIncident(Model):
    game_name: str | None = None
    console: str | None = None
    content: str | None = None
    additional_info: str | None = None


class CellPhoneIncident(Model):
    """`latitude` and `longitude` in degrees."""

    phone_number: Phone | None = None
    latitude: float | None = None
    longitude: float | None = None
    additional_info: str | None = None


class NonInternetIncident(Model):
    location_name: str | None = None
    incident_addresses: tuple[Address, ...] = ()
    additional_info: str | None = None


class PeerToPeerIncident(Model):
    client: str | None = None
    ip_capture_events: tuple[IpCaptureEvent, ...] = ()
    file_names: str | None = None
    additional_info: str | None = None


class InternetDetails(Model):
    """Exactly one of the eight."""

    web_page_incident: WebPageIncident | None = None
    email_incident: EmailIncident | None = None
    newsgroup_incident: NewsgroupIncident | None = None
    chat_im_incident: ChatImIncident | None = None
    online_gaming_incident: OnlineGamingIncident | None = None
    cell_phone_incident: CellPhoneIncident | None = None
    non_internet_incident: NonInternetIncident | None = None
    peer2peer_incident: PeerToPeerIncident | None = None
