"""The document of /fileinfo."""

from __future__ import annotations

from pydantic import AwareDatetime, StrictBool, StrictInt

from holdfast.reporting.cybertip.models.common import DeviceId, IpCaptureEvent, Model
from holdfast.reporting.cybertip.vocabulary import Classification, FileRelevance, MetadataType

__all__ = [
    "Details",
    "FileAnnotations",
    "FileDescription",
    "FileDetails",
    "NameValuePair",
    "OriginalFileHash",
]


class FileAnnotations(Model):
    anime_drawing_virtual_hentai: StrictBool = False
    potential_meme: StrictBool = False
    viral: StrictBool = False
    possible_self_production: StrictBool = False
    physical_harm: StrictBool = False
    violence_gore: StrictBool = False
    bestiality: StrictBool = False
    live_streaming: StrictBool = False
    infant: StrictBool = False
    generative_ai: StrictBool = False


class OriginalFileHash(Model):
    """`hash_type` is free text of at most 64 characters: MD5, SHA1, PDQ, ..."""

    value: str
    hash_type: str


class NameValuePair(Model):
    name: str
    value: str


class Details(Model):
    name_value_pairs: tuple[NameValuePair, ...]
    type: MetadataType | None = None


class FileDescription(Model):
    """What the company knows of a file before it is uploaded.

    `ip_capture_event`: one only, that of the upload; others belong to the person.
    """

    original_file_name: str | None = None
    uploaded_to_esp_timestamp: AwareDatetime | None = None
    location_of_file: str | None = None
    publicly_available: StrictBool | None = None
    file_relevance: FileRelevance | None = None
    file_annotations: FileAnnotations | None = None
    industry_classification: Classification | None = None
    original_file_hashes: tuple[OriginalFileHash, ...] = ()
    ip_capture_event: IpCaptureEvent | None = None
    device_ids: tuple[DeviceId, ...] = ()
    details: tuple[Details, ...] = ()
    additional_infos: tuple[str, ...] = ()


class FileDetails(FileDescription):
    """What is said of one uploaded file, at most once.

    `file_viewed_by_esp`: somebody of the company saw all of this very file. It changes what police may open
    without a warrant, so it is a fact from the view ledger and nothing else.
    """

    report_id: StrictInt
    file_id: str
    file_viewed_by_esp: StrictBool | None = None
    exif_viewed_by_esp: StrictBool | None = None
