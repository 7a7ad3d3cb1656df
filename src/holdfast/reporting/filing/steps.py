"""The calls of the protocol: each makes its document, asks, and gives back what was said. Nothing is written.

An answer that says "success" about another report than was asked about counts as no answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from holdfast.errors import UnansweredError
from holdfast.records.tables.base import now
from holdfast.reporting.cybertip.answers import Answer
from holdfast.reporting.cybertip.build import build_file_details, build_report
from holdfast.reporting.cybertip.client import Client
from holdfast.reporting.cybertip.compose import follow_up
from holdfast.reporting.cybertip.models.file_details import FileDetails
from holdfast.reporting.filing.contents import Content
from holdfast.reporting.filing.decide import Step
from holdfast.reporting.filing.history import Said
from holdfast.reporting.filing.models import Submission, SubmittedFile
from holdfast.reporting.filing.views import proves_exif, proves_view

__all__ = ["Uploaded", "describe", "finish", "report_document", "retract", "submit", "upload"]


@dataclass(frozen=True)
class Uploaded:
    """An upload: what was said, and what the bytes that were sent prove."""

    said: Said
    file_id: str  # "" where none came
    md5_is_ours: bool
    was_viewed: bool
    exif_was_viewed: bool


def report_document(submission: Submission, earlier: list[int]) -> bytes:
    """The report that names the ``earlier`` ones of its case. Raises `InvalidDocumentError`."""
    return build_report(follow_up(submission.report, earlier))


def submit(client: Client, document: bytes, attempt_id: int) -> Said:
    """Open a report."""
    said = _ask(Step.SUBMIT, attempt_id, document, lambda: client.submit(document))
    is_without_id = said.answer is not None and said.answer.code == 0 and said.answer.report_id is None
    return replace(said, is_contradictory=is_without_id)


def upload(
    client: Client,
    file: SubmittedFile,
    content: Content,
    *,
    number: int,
    report_id: int,
    attempt_id: int,
    on_piece: Callable[[], None],
) -> Uploaded:
    """Send one file. ``on_piece`` is called while it goes, and may raise; so may the content."""
    digests = _Digests(content.pieces, on_piece)
    name = f"file-{number + 1}{file.suffix}"
    said = _ask(
        Step.UPLOAD,
        attempt_id,
        None,
        lambda: client.upload(report_id, name, content.size_bytes, digests),
    )
    said = _about(said, report_id)
    if said.answer is not None and said.answer.code == 0 and said.answer.file_id is None:
        said = replace(said, is_contradictory=True)
    sha256 = digests.sha256.hexdigest()
    theirs = (said.answer.md5 or "").lower() if said.answer is not None else ""
    return Uploaded(
        said=said,
        file_id=(said.answer.file_id or "") if said.answer is not None else "",
        md5_is_ours=theirs == digests.md5.hexdigest(),
        was_viewed=proves_view(file.viewed, item_id=file.item_id, sha256=sha256),
        exif_was_viewed=proves_exif(file.viewed, item_id=file.item_id, sha256=sha256),
    )


def describe(
    client: Client,
    file: SubmittedFile,
    arrived: Uploaded,
    *,
    report_id: int,
    of_batched: bool,
    attempt_id: int,
) -> Said:
    """Send the details of a file that has arrived. Raises `InvalidDocumentError`."""
    details = FileDetails(
        report_id=report_id,
        file_id=arrived.file_id,
        file_viewed_by_esp=arrived.was_viewed,
        exif_viewed_by_esp=arrived.exif_was_viewed,
        **dict(file.description),
    )
    document = build_file_details(details, of_batched=of_batched)
    return _about(_ask(Step.DETAILS, attempt_id, document, lambda: client.file_details(document)), report_id)


def finish(client: Client, report_id: int, attempt_id: int) -> Said:
    """File the report."""
    said = _about(_ask(Step.FINISH, attempt_id, None, lambda: client.finish(report_id)), report_id)
    is_nameless = said.answer is not None and said.answer.code == 0 and said.answer.report_id is None
    return replace(said, is_contradictory=True) if is_nameless else said


def retract(client: Client, report_id: int, attempt_id: int) -> Said:
    """Withdraw the report."""
    return _about(_ask(Step.RETRACT, attempt_id, None, lambda: client.retract(report_id)), report_id)


def _ask(step: Step, attempt_id: int, document: bytes | None, call: Callable[[], Answer]) -> Said:
    sent_at: datetime = now()
    try:
        return Said(step, attempt_id, sent_at, document, call(), None)
    except UnansweredError as error:
        return Said(step, attempt_id, sent_at, document, None, error)


def _about(said: Said, report_id: int) -> Said:
    answer = said.answer
    is_other = answer is not None and answer.code == 0 and answer.report_id not in (None, report_id)
    return replace(said, is_contradictory=True) if is_other else said


class _Digests:
    """The pieces of a file, digested as they go by."""

    def __init__(self, pieces: Iterator[bytes], on_piece: Callable[[], None]) -> None:
        self._pieces = pieces
        self._on_piece = on_piece
        self.md5 = hashlib.md5(usedforsecurity=False)  # what the destination answers with
        self.sha256 = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._on_piece()
            self.md5.update(piece)
            self.sha256.update(piece)
            yield piece
