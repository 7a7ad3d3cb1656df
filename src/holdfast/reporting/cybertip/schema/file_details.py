"""The document of /fileinfo. Source: appendix C of the documentation, and the schema."""

from __future__ import annotations

from holdfast.reporting.cybertip.schema.common import DEVICE_ID, IP_CAPTURE_EVENT
from holdfast.reporting.cybertip.schema.values import (
    BOOLEAN,
    FLAG,
    PAST_MOMENT,
    REPORT_ID,
    TEXT,
    URL,
    choice,
    text,
)
from holdfast.reporting.cybertip.schema.words import Attribute, Order, Type, many, maybe, one, some
from holdfast.reporting.cybertip.vocabulary import Classification, FileRelevance, MetadataType

__all__ = ["FILE_DETAILS"]

FILE_ANNOTATIONS = Type(
    "FileAnnotations",
    (
        maybe("animeDrawingVirtualHentai", FLAG),
        maybe("potentialMeme", FLAG),
        maybe("viral", FLAG),
        maybe("possibleSelfProduction", FLAG),
        maybe("physicalHarm", FLAG),
        maybe("violenceGore", FLAG),
        maybe("bestiality", FLAG),
        maybe("liveStreaming", FLAG),
        maybe("infant", FLAG),
        maybe("generativeAi", FLAG),
    ),
    Order.ANY,
)

FILE_HASH = Type(
    "OriginalFileHash", value=TEXT, attributes=(Attribute("hashType", text(64), is_required=True),)
)

METADATA = Type(
    "Details",
    (
        some(
            "nameValuePair",
            "name_value_pairs",
            Type("NameValuePair", (one("name", text(64)), one("value", TEXT))),
        ),
    ),
    attributes=(Attribute("type", choice(MetadataType)),),
)

FILE_DETAILS = one(
    "fileDetails",
    Type(
        "FileDetails",
        (
            one("reportId", REPORT_ID),
            one("fileId", TEXT),
            maybe("fileName", TEXT, is_legacy=True),
            maybe("originalFileName", text(2056)),
            maybe("uploadedToEspTimestamp", PAST_MOMENT),
            maybe("locationOfFile", URL),
            maybe("fileViewedByEsp", BOOLEAN),
            maybe("exifViewedByEsp", BOOLEAN),
            maybe("publiclyAvailable", BOOLEAN),
            maybe("fileRelevance", choice(FileRelevance)),
            maybe("potentialMeme", BOOLEAN, is_legacy=True),
            maybe("fileAnnotations", FILE_ANNOTATIONS),
            maybe("industryClassification", choice(Classification)),
            many("originalFileHash", "original_file_hashes", FILE_HASH),
            maybe("ipCaptureEvent", IP_CAPTURE_EVENT),
            many("deviceId", "device_ids", DEVICE_ID),
            many("details", "details", METADATA),
            many("additionalInfo", "additional_infos", TEXT),
        ),
    ),
)
