"""What happened, and where. Source: appendices B.1 and B.2 of the documentation, and the schema."""

from __future__ import annotations

from holdfast.reporting.cybertip.schema.common import ADDRESS, EMAIL_ADDRESS, IP_CAPTURE_EVENT, PHONE
from holdfast.reporting.cybertip.schema.values import (
    BOOLEAN,
    FLAG,
    LATITUDE,
    LONGITUDE,
    PAST_MOMENT,
    TEXT,
    URL,
    choice,
    text,
)
from holdfast.reporting.cybertip.schema.words import Attribute, Order, Type, many, maybe, one
from holdfast.reporting.cybertip.vocabulary import BatchReason, IncidentType

__all__ = ["BATCHED_REPORT", "INCIDENT_SUMMARY", "INTERNET_DETAILS"]

BATCHED_REPORT = Type(
    "BatchedReport", attributes=(Attribute("reason", choice(BatchReason), is_required=True),)
)

REPORT_ANNOTATIONS = Type(
    "ReportAnnotations",
    (
        maybe("sextortion", FLAG),
        maybe("csamSolicitation", FLAG),
        maybe("minorToMinorInteraction", FLAG),
        maybe("spam", FLAG),
        maybe("sadisticOnlineExploitation", FLAG),
    ),
    Order.ANY,
)

INCIDENT_SUMMARY = Type(
    "IncidentSummary",
    (
        one("incidentType", choice(IncidentType)),
        maybe("platform", text(256)),
        maybe("escalateToHighPriority", text(3000)),
        maybe("reportAnnotations", REPORT_ANNOTATIONS),
        one("incidentDateTime", PAST_MOMENT),
        maybe("incidentDateTimeDescription", text(3000)),
    ),
)

_EMAILS = many("emailAddress", "email_addresses", EMAIL_ADDRESS)
_CONTENT = maybe("content", TEXT)
_MORE = maybe("additionalInfo", TEXT)

WEB_PAGE = Type(
    "WebPageIncident",
    (many("url", "urls", URL), _MORE),
    attributes=(Attribute("thirdPartyHostedContent", BOOLEAN),),
)
EMAIL = Type("EmailIncident", (_EMAILS, _CONTENT, _MORE))
NEWSGROUP = Type("NewsgroupIncident", (maybe("name", text(255)), _EMAILS, _CONTENT, _MORE))
CHAT = Type(
    "ChatImIncident",
    (maybe("chatClient", text(255)), maybe("chatRoomName", text(255)), _CONTENT, _MORE),
)
GAMING = Type(
    "OnlineGamingIncident",
    (maybe("gameName", text(255)), maybe("console", text(255)), _CONTENT, _MORE),
)
CELL_PHONE = Type(
    "CellPhoneIncident",
    (maybe("phoneNumber", PHONE), maybe("latitude", LATITUDE), maybe("longitude", LONGITUDE), _MORE),
)
NON_INTERNET = Type(
    "NonInternetIncident",
    (maybe("locationName", text(255)), many("incidentAddress", "incident_addresses", ADDRESS), _MORE),
)
PEER_TO_PEER = Type(
    "PeerToPeerIncident",
    (
        maybe("client", text(255)),
        many("ipCaptureEvent", "ip_capture_events", IP_CAPTURE_EVENT),
        maybe("fileNames", TEXT),
        _MORE,
    ),
)

INTERNET_DETAILS = Type(
    "InternetDetails",
    (
        maybe("webPageIncident", WEB_PAGE),
        maybe("emailIncident", EMAIL),
        maybe("newsgroupIncident", NEWSGROUP),
        maybe("chatImIncident", CHAT),
        maybe("onlineGamingIncident", GAMING),
        maybe("cellPhoneIncident", CELL_PHONE),
        maybe("nonInternetIncident", NON_INTERNET),
        maybe("peer2peerIncident", PEER_TO_PEER),
    ),
    Order.ONE_OF,
)
