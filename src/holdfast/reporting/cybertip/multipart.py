"""Forms (RFC 7578): that of /upload is sent as it is read, so that a film is never in memory as a whole."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from holdfast.errors import ReportingError

__all__ = ["UploadForm", "id_form"]

_PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)


@dataclass(frozen=True)
class UploadForm:
    """The body with the fields ``id`` and ``file``. ``size_bytes`` is the content's, and must be true."""

    report_id: int
    file_name: str
    size_bytes: int
    boundary: str = ""

    def __post_init__(self) -> None:
        if not _PLAIN_NAME.fullmatch(self.file_name):
            raise ReportingError("The name of an uploaded file is plain letters, digits, . _ and -.")
        object.__setattr__(self, "boundary", self.boundary or _new_boundary())

    @property
    def headers(self) -> dict[str, str]:
        size = len(self._head()) + self.size_bytes + len(self._tail())
        return {
            "content-type": f"multipart/form-data; boundary={self.boundary}",
            "content-length": str(size),
        }

    def body(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Raises `ReportingError` when the content has another size than was said; the request then fails."""
        yield self._head()
        sent = 0
        for piece in pieces:
            sent += len(piece)
            if sent > self.size_bytes:
                break
            yield piece
        if sent != self.size_bytes:
            raise ReportingError(
                f"The file has {sent} bytes or more, not {self.size_bytes}; it was not sent."
            )
        yield self._tail()

    def _head(self) -> bytes:
        disposition = f'form-data; name="file"; filename="{self.file_name}"'
        return _id_part(self.boundary, self.report_id) + (
            f"--{self.boundary}\r\nContent-Disposition: {disposition}\r\n"
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode("ascii")

    def _tail(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode("ascii")


def id_form(report_id: int) -> tuple[dict[str, str], bytes]:
    """Headers and body of the form with nothing but a report's id."""
    boundary = _new_boundary()
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return headers, _id_part(boundary, report_id) + f"--{boundary}--\r\n".encode("ascii")


def _id_part(boundary: str, report_id: int) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="id"\r\n\r\n'
    return f"{head}{report_id}\r\n".encode("ascii")


def _new_boundary() -> str:
    return f"holdfast-{secrets.token_hex(16)}"
