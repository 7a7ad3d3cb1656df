"""The exact documents that would be sent, before anything is."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from holdfast.reporting.cybertip.build import build_file_details
from holdfast.reporting.cybertip.models.file_details import FileDetails
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.desk import Desk
from holdfast.reporting.drafts.models import Content, Draft, State
from holdfast.reporting.drafts.views import with_proofs
from holdfast.reporting.filing.models import SubmittedFile
from holdfast.reporting.filing.requests import ANY_FILE_ID, earlier_ids, get
from holdfast.reporting.filing.steps import report_document
from holdfast.reporting.filing.views import proves_exif, proves_view

__all__ = ["FilePreview", "Preview", "preview"]

UNKNOWN_REPORT = 1  # the destination gives it when the report is opened


@dataclass(frozen=True, slots=True)
class FilePreview:
    """One file's details. Numbers that the destination gives are not known yet."""

    item_id: str
    xml: bytes
    is_viewed: bool
    exif_is_viewed: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The report, byte for byte, and the details of its files."""

    xml: bytes
    files: tuple[FilePreview, ...]


def preview(connection: sa.Connection, desk: Desk, draft: Draft, content: Content | None = None) -> Preview:
    """What would be sent now, or was sent. Raises `InvalidDocumentError` while it breaks a rule."""
    content = content or rows.unseal(desk.sealer, draft)
    if draft.state in (State.DRAFT, State.ASKED):  # an approval asks the ledger once more
        content = content.model_copy(update={"files": with_proofs(connection, content.files)})
    own = None if draft.filing_id is None else get(connection, draft.filing_id).revision
    earlier = earlier_ids(connection, draft.destination, draft.case_reference, before=own)
    submission = content.submission()
    is_batched = submission.report.batched_report is not None
    return Preview(
        xml=report_document(submission, earlier),
        files=tuple(_file(file, is_batched) for file in submission.files),
    )


def _file(file: SubmittedFile, is_batched: bool) -> FilePreview:
    sha256 = next(
        (one.value for one in file.description.original_file_hashes if one.hash_type == "SHA256"),
        file.viewed.sha256 if file.viewed is not None else "",
    )
    is_viewed = proves_view(file.viewed, item_id=file.item_id, sha256=sha256)
    exif_is_viewed = proves_exif(file.viewed, item_id=file.item_id, sha256=sha256)
    details = FileDetails(
        report_id=UNKNOWN_REPORT,
        file_id=ANY_FILE_ID,
        file_viewed_by_esp=is_viewed,
        exif_viewed_by_esp=exif_is_viewed,
        **dict(file.description),
    )
    return FilePreview(
        file.item_id, build_file_details(details, of_batched=is_batched), is_viewed, exif_is_viewed
    )
