"""What a packet says of itself: the report, and every file with its digests."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, StrictBool, StrictInt

from holdfast.reporting.cybertip.models.common import Model
from holdfast.reporting.cybertip.models.file_details import FileDescription
from holdfast.reporting.cybertip.models.report import Report

__all__ = ["KIND", "XML_NAME", "Manifest", "PacketFile"]

KIND = "packet"
XML_NAME = "report.xml"


class PacketFile(Model):
    """One file. `name` is its place in the packet; digests in lower-case hex."""

    name: str
    size_bytes: StrictInt
    md5: str
    sha256: str
    was_viewed: StrictBool
    exif_was_viewed: StrictBool
    description: FileDescription


class Manifest(Model):
    """Format 1. `reference` is the sender's own name of the case, `to` the recipient's key."""

    format: Literal[1] = 1
    made_at: AwareDatetime
    reference: str
    sender: str
    to: str
    report: Report
    files: tuple[PacketFile, ...]
