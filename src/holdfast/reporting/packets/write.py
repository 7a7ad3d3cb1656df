"""Report and files to a packet.

for piece in write_packet(submission, contents, recipient=..., signer=..., reference="case-12", sender="..."):
    file.write(piece)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.records.tables.base import now
from holdfast.reporting.cybertip.build import build_report
from holdfast.reporting.filing.contents import Contents
from holdfast.reporting.filing.models import Submission, SubmittedFile
from holdfast.reporting.filing.views import proves_exif, proves_view
from holdfast.reporting.packets import tar
from holdfast.reporting.packets.keys import Signer
from holdfast.reporting.packets.manifest import MANIFEST_NAME, SIGNATURE_NAME, Manifest, PacketFile
from holdfast.vault.sealing import Recipient, encrypt_stream

__all__ = ["write_packet"]

XML_NAME = "report.xml"


def write_packet(
    submission: Submission,
    contents: Contents,
    *,
    recipient: Recipient,
    signer: Signer,
    reference: str,
    sender: str,
) -> Iterator[bytes]:
    """The packet, piece by piece, in constant memory. It is whole only when all of it has come.

    Opening each file is on record in the vault. Raises `InvalidDocumentError` before the first piece,
    `NotFoundError`, `VaultError` or `ReportingError` on the way: throw away what came.
    """
    xml = build_report(submission.report)
    return encrypt_stream(_plain(submission, contents, xml, recipient, signer, reference, sender), recipient)


def _plain(
    submission: Submission,
    contents: Contents,
    xml: bytes,
    recipient: Recipient,
    signer: Signer,
    reference: str,
    sender: str,
) -> Iterator[bytes]:
    made_at = now()
    mtime_s = int(made_at.timestamp())
    files = []
    yield from tar.member(XML_NAME, len(xml), [xml], mtime_s=mtime_s)
    for number, file in enumerate(submission.files, 1):
        content = contents.open(file.item_id, purpose=f"packet {reference}")
        digests = _Digests(content.pieces)
        name = f"files/{number:04d}{file.suffix}"
        yield from tar.member(name, content.size_bytes, digests, mtime_s=mtime_s)
        files.append(_described(file, name, content.size_bytes, digests))
    manifest = Manifest(
        made_at=made_at,
        reference=reference,
        sender=sender,
        to=str(recipient),
        report=submission.report,
        files=tuple(files),
    )
    body = manifest.model_dump_json(exclude_defaults=True, indent=1).encode()
    yield from tar.member(MANIFEST_NAME, len(body), [body], mtime_s=mtime_s)
    signature = signer.sign(body)
    yield from tar.member(SIGNATURE_NAME, len(signature), [signature], mtime_s=mtime_s)
    yield tar.end()


def _described(file: SubmittedFile, name: str, size_bytes: int, digests: _Digests) -> PacketFile:
    sha256 = digests.sha256.hexdigest()
    return PacketFile(
        name=name,
        size_bytes=size_bytes,
        md5=digests.md5.hexdigest(),
        sha256=sha256,
        was_viewed=proves_view(file.viewed, item_id=file.item_id, sha256=sha256),
        exif_was_viewed=proves_exif(file.viewed, item_id=file.item_id, sha256=sha256),
        description=file.description,
    )


@dataclass
class _Digests:
    """The pieces of a file, digested as they go by."""

    pieces: Iterator[bytes]

    def __post_init__(self) -> None:
        self.md5 = hashlib.md5(usedforsecurity=False)  # police systems still look files up by it
        self.sha256 = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self.md5.update(piece)
            self.sha256.update(piece)
            yield piece
