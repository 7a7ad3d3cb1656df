"""The reports of the stand-in: opened, filled, finished, retracted, or deleted by the clock. In memory."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from standins.cybertipline import grammar, rules
from standins.cybertipline.answers import Answer, done, failure, success
from standins.cybertipline.tree import MalformedError, Node, read

__all__ = ["Desk", "StoredFile", "StoredReport"]

OPEN_FOR_S = 24 * 3600.0  # from the opening
IDLE_FOR_S = 3600.0  # from the last upload or file details; the later of the two counts


@dataclass
class StoredFile:
    id: str
    name: str
    md5: str
    sha256: str
    size_bytes: int
    details: bytes | None = None


@dataclass
class StoredReport:
    id: int
    owner: str
    opened_at: float
    touched_at: float
    xml: bytes
    is_batched: bool
    state: str = "open"  # "open" | "finished" | "retracted" | "expired"
    files: dict[str, StoredFile] = field(default_factory=dict)

    @property
    def expires_at(self) -> float:
        return max(self.opened_at + OPEN_FOR_S, self.touched_at + IDLE_FOR_S)


class Desk:
    """Takes documents and files, and keeps the rules. Safe in many threads. ``clock`` as `time.time`."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        # Far from real ids, and never the same again when the stand-in is started anew.
        self._ids = itertools.count(time.time_ns() // 1_000)
        self._lock = threading.Lock()
        self._reports: dict[int, StoredReport] = {}

    def submit(self, owner: str, body: bytes) -> Answer:
        root = _read(body, "report")
        if isinstance(root, Answer):
            return root
        if wrong := self._wrong(root):
            return _invalid(wrong)
        with self._lock:
            now = self._clock()
            is_batched = root.first("batchedReport") is not None
            report = StoredReport(next(self._ids), owner, now, now, body, is_batched)
            self._reports[report.id] = report
        return success(report.id)

    def upload(self, owner: str, report_id: int, name: str, md5: str, sha256: str, size_bytes: int) -> Answer:
        with self._lock:
            report = self._open(owner, report_id)
            if isinstance(report, Answer):
                return report
            file = StoredFile(secrets.token_hex(16), name, md5, sha256, size_bytes)
            report.files[file.id] = file
            report.touched_at = self._clock()
        return success(report_id, file_id=file.id, md5=md5)

    def file_details(self, owner: str, body: bytes) -> Answer:
        root = _read(body, "fileDetails")
        if isinstance(root, Answer):
            return root
        if wrong := grammar.errors(root, self._now()):
            return _invalid(wrong)
        report_id, file_id = int(root.value("reportId") or 0), root.value("fileId") or ""
        with self._lock:
            report = self._open(owner, report_id)
            if isinstance(report, Answer):
                return report
            file = report.files.get(file_id)
            if file is None:
                return failure(5002, report_id=report_id)
            if file.details is not None:
                return _invalid(["file details were supplied already"])
            if wrong := rules.file_errors(root, batched=report.is_batched):
                return _invalid(wrong)
            file.details = body
            report.touched_at = self._clock()
        return success(report_id)

    def finish(self, owner: str, report_id: int) -> Answer:
        with self._lock:
            report = self._open(owner, report_id)
            if isinstance(report, Answer):
                return report
            if report.is_batched and len(report.files) > 1:
                return _invalid(["only 1 uploaded file is allowed in a batched report"])
            report.state = "finished"
            return done(report_id, list(report.files))

    def retract(self, owner: str, report_id: int) -> Answer:
        with self._lock:
            report = self._open(owner, report_id)
            if isinstance(report, Answer):
                return report
            report.state = "retracted"
        return success(report_id)

    def reports(self, state: str | None = None) -> list[StoredReport]:
        """All reports, oldest first, or those in one state."""
        with self._lock:
            for report in self._reports.values():
                self._expire(report)
            return [report for report in self._reports.values() if state in (None, report.state)]

    def finished(self) -> list[StoredReport]:
        """The reports that would have been filed."""
        return self.reports("finished")

    def forget(self) -> None:
        """Throw away everything; ids go on."""
        with self._lock:
            self._reports.clear()

    def _open(self, owner: str, report_id: int) -> StoredReport | Answer:
        report = self._reports.get(report_id)
        if report is None:
            return failure(5001, report_id=report_id)
        self._expire(report)
        if report.owner != owner:
            return failure(3300, report_id=report_id)
        codes = {"finished": 5102, "retracted": 5101, "expired": 5001}
        return report if report.state == "open" else failure(codes[report.state], report_id=report_id)

    def _expire(self, report: StoredReport) -> None:
        if report.state == "open" and self._clock() > report.expires_at:
            report.state = "expired"

    def _wrong(self, root: Node) -> list[str]:
        return grammar.errors(root, self._now()) or rules.report_errors(root)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _read(body: bytes, name: str) -> Node | Answer:
    try:
        root = read(body)
    except MalformedError as error:
        return failure(4110, str(error))
    return root if root.name == name else failure(4000, f"expected <{name}>")


def _invalid(wrong: list[str]) -> Answer:
    return failure(4100, "\n".join(wrong[:5]))
