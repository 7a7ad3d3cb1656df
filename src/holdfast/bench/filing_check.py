"""What `bench filing` looks for in the end: in the rows, and at the stand-in, which knows none of them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from holdfast.bench.filing_home import FilingHome
from holdfast.records.tables.filings import filing_alarms, filing_attempts, filings
from holdfast.reporting.filing.decide import AlarmKind

__all__ = ["Findings", "look"]

CASE = re.compile(r"<espIdentifier>(case-\d+)</espIdentifier>")


@dataclass
class Findings:
    """Numbers of defects: all 0, or the protocol is wrong."""

    not_filed: int = 0  # cases without a finished report
    filed_twice: int = 0  # cases with more than one
    wrong_row: int = 0  # the row says another report than the stand-in has, or another state
    wrong_files: int = 0  # reports with other files than the case has, or described for another report
    silent_orphans: int = 0  # reports left open that no row names and no alarm tells of
    known_open: int = 0  # reports left open whose id a row names
    lost_receipts: int = 0  # filed, without a receipt and without an alarm


def look(
    home: FilingHome, reports: Sequence[Mapping[str, Any]], cases: Mapping[str, Sequence[str]]
) -> tuple[Counter[str], Findings]:
    """How the reports ended, and every defect."""
    by_case: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for report in reports:
        by_case[_case(report)].append(report)
    rows, alarms, known = _rows(home)
    findings, outcomes = Findings(), Counter(f"reports {report['state']}" for report in reports)
    for case, files in cases.items():
        row, ours = rows[case], by_case[case]
        finished = [report for report in ours if report["state"] == "finished"]
        findings.not_filed += not finished
        findings.filed_twice += len(finished) > 1
        is_right = row.state == "filed" and [report["id"] for report in finished] == [row.report_id]
        findings.wrong_row += not is_right
        findings.wrong_files += any(not _has_files(report, files) for report in finished)
        unheard = AlarmKind.ORPHAN_POSSIBLE not in alarms[row.id]
        for report in ours:
            if report["state"] == "open":
                findings.known_open += report["id"] in known
                findings.silent_orphans += report["id"] not in known and unheard
        without = row.receipt is None
        findings.lost_receipts += without and AlarmKind.RECEIPT_MISSING not in alarms[row.id]
        outcomes["receipts kept"] += not without
        outcomes["receipts lost on the wire, alarm raised"] += without
        outcomes["cases with a possible orphan, alarm raised"] += not unheard
    return outcomes, findings


def _rows(home: FilingHome) -> tuple[dict[str, Any], dict[int, set[str]], set[int]]:
    """Case -> row, filing -> kinds of its alarms, report ids that rows know."""
    with home.database.read() as connection:
        columns = (
            filings.c.id,
            filings.c.case_reference,
            filings.c.state,
            filings.c.report_id,
            filings.c.receipt,
        )
        rows: dict[str, Any] = {row.case_reference: row for row in connection.execute(sa.select(*columns))}
        alarms: dict[int, set[str]] = defaultdict(set)
        for filing_id, kind in connection.execute(sa.select(filing_alarms.c.filing_id, filing_alarms.c.kind)):
            alarms[filing_id].add(kind)
        query = sa.select(filing_attempts.c.report_id).where(filing_attempts.c.report_id.is_not(None))
        known = {int(report_id) for report_id in connection.scalars(query)}
    return rows, alarms, known


def _case(report: Mapping[str, Any]) -> str:
    found = CASE.search(report["xml"])
    return found[1] if found else ""


def _has_files(report: Mapping[str, Any], files: Sequence[str]) -> bool:
    """Whether these are its files, in this order, each described for this very report."""
    right = f"<reportId>{report['id']}</reportId>"
    are_described = all(right in (file["details"] or "") for file in report["files"])
    return are_described and [file["sha256"] for file in report["files"]] == list(files)
