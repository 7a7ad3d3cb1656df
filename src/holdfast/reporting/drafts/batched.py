"""One report for many accounts that passed on one viral file: the CyberTipline's "bundled" report.

It counts one incident an account. Its form takes the accounts' identifiers and one file, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from holdfast.errors import UsageError
from holdfast.reporting.configured import reporter
from holdfast.reporting.cybertip.models.file_details import FileAnnotations, FileDescription
from holdfast.reporting.cybertip.models.incident import BatchedReport
from holdfast.reporting.cybertip.models.people import PersonOrUserReported
from holdfast.reporting.cybertip.vocabulary import BatchReason, FileRelevance
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.approval import replace_content
from holdfast.reporting.drafts.desk import Desk
from holdfast.reporting.drafts.models import Content, Draft, DraftReport, DraftSummary, Origin

__all__ = ["make_batched"]

MAX_ACCOUNTS = 10_000


def make_batched(
    connection: sa.Connection,
    desk: Desk,
    number: int,
    accounts: Sequence[str],
    *,
    item_id: str,
    is_meme: bool,
    version: int,
    by: str,
) -> Draft:
    """Turn a draft into a batched report about one of its files and all ``accounts``.

    Raises `UsageError` without accounts, with one named twice, or for a file that the draft has not;
    `NotFoundError`, `ConflictError`.
    """
    if not accounts or len(set(accounts)) != len(accounts) or len(accounts) > MAX_ACCOUNTS:
        raise UsageError(
            f"A batched report names 1 to {MAX_ACCOUNTS} accounts, each once; nothing was changed."
        )
    draft = rows.lock(connection, number, version)
    content = rows.unseal(desk.sealer, draft)
    files = [file for file in content.files if file.item_id == item_id]
    if not files:
        raise UsageError(f"Report {number} has no file {item_id[:40]!r}; nothing was changed.")
    file = files[0]
    said = file.description
    annotations = FileAnnotations(potential_meme=is_meme, viral=True)
    description = FileDescription(
        uploaded_to_esp_timestamp=said.uploaded_to_esp_timestamp,
        publicly_available=said.publicly_available,
        file_relevance=FileRelevance.REPORTED,
        file_annotations=annotations,
        industry_classification=said.industry_classification,
    )
    summary = content.report.incident_summary
    report = DraftReport(
        batched_report=BatchedReport(reason=BatchReason.VIRAL_POTENTIAL_MEME),
        incident_summary=DraftSummary(
            incident_type=summary.incident_type,
            platform=summary.platform,
            incident_date_time=summary.incident_date_time,
            incident_date_time_description=summary.incident_date_time_description,
        ),
        reporter=reporter(desk.settings),
        persons_reported=tuple(PersonOrUserReported(esp_identifier=account) for account in accounts),
    )
    batched = Content(
        report=report,
        files=(file.model_copy(update={"description": description}),),
        origins=(*content.origins, Origin(field="persons_reported", source=by)),
    )
    return replace_content(connection, desk, draft, batched, by=by, action="report.batch")
