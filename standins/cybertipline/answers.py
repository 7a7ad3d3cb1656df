"""What is answered: codes, and XML that says everywhere that nothing was filed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

__all__ = ["NOT_FILED", "Answer", "done", "failure", "success"]

NOT_FILED = "NOT FILED: a stand-in answered, nothing reached NCMEC"
HEAD = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<!-- {NOT_FILED} -->\n'
TEXTS = {
    1000: "Server error",
    1100: "Save failed",
    1110: "Upload failed",
    1111: "File upload failed",
    1210: "Resource not found",
    1300: "Update failed",
    2000: "Authentication required",
    3000: "User is not authorized to perform this action",
    3100: "User does not have authorization to make submissions",
    3300: "User does not have authorization to make updates",
    4000: "Invalid request",
    4100: "Validation failed",
    4110: "Malformed XML submittal",
    4200: "Malformed file submittal",
    5001: "Report does not exist",
    5002: "File does not exist",
    5101: "Report already retracted",
    5102: "Report already finished",
}


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    code: int
    content_type: str = "text/xml; charset=utf-8"


def success(
    report_id: int | None = None,
    *,
    file_id: str | None = None,
    md5: str | None = None,
    description: str = "Success",
) -> Answer:
    """A reportResponse with code 0."""
    return _response(200, 0, f"{description} ({NOT_FILED})", report_id, file_id, md5)


def failure(code: int, detail: str = "", report_id: int | None = None) -> Answer:
    """A reportResponse with an error code, under the HTTP status that goes with it."""
    text = TEXTS.get(code, "Unknown")
    return _response(_status(code), code, f"{text}: {detail}" if detail else text, report_id, None, None)


def done(report_id: int, file_ids: Sequence[str]) -> Answer:
    """A reportDoneResponse: the receipt."""
    files = "".join(f"\n    <fileId>{escape(file_id)}</fileId>" for file_id in file_ids)
    xml = (
        f"{HEAD}<reportDoneResponse>\n  <responseCode>0</responseCode>\n  <reportId>{report_id}</reportId>\n"
        f"  <files>{files}\n  </files>\n</reportDoneResponse>\n"
    )
    return Answer(200, xml.encode(), 0)


def _response(
    status: int, code: int, description: str, report_id: int | None, file_id: str | None, md5: str | None
) -> Answer:
    parts = [
        f"<responseCode>{code}</responseCode>",
        f"<responseDescription>{escape(description)}</responseDescription>",
    ]
    if report_id is not None:
        parts.append(f"<reportId>{report_id}</reportId>")
    if file_id is not None:
        parts.append(f"<fileId>{escape(file_id)}</fileId>")
    if md5 is not None:
        parts.append(f"<hash>{md5}</hash>")
    body = "\n  ".join(parts)
    return Answer(status, f"{HEAD}<reportResponse>\n  {body}\n</reportResponse>\n".encode(), code)


def _status(code: int) -> int:
    if code < 2000:
        return 500
    return {2: 401, 3: 403, 4: 400, 5: 404}.get(code // 1000, 500)
