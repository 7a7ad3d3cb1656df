"""The demo's report: a case is decided, its draft approved, and the worker files it to the stand-in.

Every step is a call that a platform's staff would make. The stand-in is a server of this checkout's; nothing
reaches NCMEC, and its receipt says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from holdfast.client import Client, Context, Report
from holdfast.client.call import json_body, read_call, write_call
from holdfast.errors import HoldfastError

__all__ = ["DemoReport", "report_upload"]

ACCOUNT = "demo-account"
WITHIN_S = 60.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What was filed, and what came back. ``receipt`` is the stand-in's answer, byte for byte."""

    number: int
    destination: str
    score: int
    lacks: tuple[str, ...]
    xml_bytes: int
    reference: str
    receipt: str
    took_s: float

    def lines(self) -> list[str]:
        """The report in a few lines."""
        missing = "; ".join(self.lacks) or "nothing"
        decided = "A reviewer decided the case of one upload; its report was drafted, approved and filed"
        return [
            f"{decided} in {self.took_s:.1f} s.",
            f"It was {self.score} of 100 complete ({self.xml_bytes:,} bytes of XML). Missing: {missing}.",
            f"Report {self.reference}, and its receipt:",
            self.receipt,
        ]


def report_upload(uploader: Client, staff: Client, path: Path) -> DemoReport:
    """Upload ``path`` under an account, decide its case, approve the draft, wait for the receipt."""
    context = Context(
        content_reference="post/reported",
        account=ACCOUNT,
        surface="public",
        country="US",
        urls=("https://photos.example.org/post/reported",),
        uploaded_at=datetime.now(UTC) - timedelta(seconds=1),
        ip="198.51.100.7",
        port=40213,
        original_name=path.name,
    )
    uploader.screen(path, context)
    begun = time.monotonic()
    case = _decide(staff)
    drafted = _wait(lambda: next(iter(staff.reports(case=case)), None), "the report was not drafted")
    content, shown = staff.report_content(drafted.id), staff.preview_report(drafted.id)
    staff.approve_report(drafted.id, drafted.version)
    filed = _wait(lambda: _filed(staff, drafted.id), "the report was not filed")
    receipt = staff.report_receipt(filed.id)
    return DemoReport(
        filed.id,
        filed.destination,
        content.score,
        tuple(lack.reason for lack in content.lacks),
        len(shown.xml.encode()),
        receipt.reference,
        receipt.body or "",
        time.monotonic() - begun,
    )


def _decide(staff: Client) -> int:
    """A reviewer takes the account's case, labels what is in it and decides to report; the case."""
    listed = staff.send(read_call("/v1/cases", _as_it_is, account=ACCOUNT))
    case = int(listed["items"][0]["id"])
    where = f"/v1/cases/{case}"
    fence = _post(staff, f"{where}/lease")["fence"]
    page = staff.send(read_call(where, _as_it_is))
    for media in page["media"]:
        _post(staff, f"{where}/media/{media['id']}/label", fence=fence, label="A2")
    version = page["case"]["version"]
    reason = "the demo: a known photograph plays the part of abuse material"
    _post(staff, f"{where}/decisions", fence=fence, version=version, outcome="report", reason=reason)
    return case


def _post(staff: Client, path: str, **body: Any) -> Any:
    return staff.send(write_call("POST", path, _as_it_is, json_body(**body)))


def _filed(staff: Client, number: int) -> Report | None:
    report = staff.report(number)
    return report if report.is_filed else None


def _wait(look: Callable[[], T | None], what: str) -> T:
    until_s = time.monotonic() + WITHIN_S
    while (found := look()) is None:
        if time.monotonic() > until_s:
            raise HoldfastError(f"The demo gave up after {WITHIN_S:.0f} s: {what}. See the service's log.")
        time.sleep(0.05)
    return found


def _as_it_is(value: Any) -> Any:
    return value
