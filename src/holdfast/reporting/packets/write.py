"""Report and files to a packet.

for piece in write_packet(submission, contents, recipient=..., signer=..., reference="case-12", sender="..."):
    file.write(piece)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from holdfast.records.tables.base import now
from holdfast.reporting.cybertip.build import build_report
from holdfast.reporting.filing.contents import Contents
from holdfast.reporting.filing.models import Submission, SubmittedFile
from holdfast.reporting.filing.views import proves_exif, proves_view
from holdfast.reporting.packets.manifest import KIND, XML_NAME, Manifest, PacketFile
from holdfast.vault.package import Packed, Part, write_package
from holdfast.vault.sealing import Recipient
from holdfast.vault.signing import Signer

__all__ = ["write_packet"]


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
    `NotFoundError` or `VaultError` on the way: throw away what came.
    """
    xml = build_report(submission.report)
    made_at = now()

    def manifest(packed: Sequence[Packed]) -> bytes:
        files = [file for file in packed if file.name != XML_NAME]
        said = Manifest(
            made_at=made_at,
            reference=reference,
            sender=sender,
            to=str(recipient),
            report=submission.report,
            files=tuple(map(_described, submission.files, files)),
        )
        return said.model_dump_json(exclude_defaults=True, indent=1).encode()

    parts = _parts(xml, submission, contents, purpose=f"packet {reference}")
    return write_package(parts, manifest, kind=KIND, recipient=recipient, signer=signer)


def _parts(xml: bytes, submission: Submission, contents: Contents, *, purpose: str) -> Iterator[Part]:
    yield Part(XML_NAME, len(xml), [xml])
    for number, file in enumerate(submission.files, 1):
        content = contents.open(file.item_id, purpose=purpose)
        yield Part(f"files/{number:04d}{file.suffix}", content.size_bytes, content.pieces)


def _described(file: SubmittedFile, packed: Packed) -> PacketFile:
    return PacketFile(
        name=packed.name,
        size_bytes=packed.size_bytes,
        md5=packed.md5,
        sha256=packed.sha256,
        was_viewed=proves_view(file.viewed, item_id=file.item_id, sha256=packed.sha256),
        exif_was_viewed=proves_exif(file.viewed, item_id=file.item_id, sha256=packed.sha256),
        description=file.description,
    )
