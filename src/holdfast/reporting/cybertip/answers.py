"""The service's answers, read from their XML. Source: appendix D of the documentation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from holdfast.reporting.cybertip.codes import CODES, Meaning, meaning_of
from holdfast.reporting.cybertip.xml import NotXmlError, parse

__all__ = ["Answer", "read_answer"]

MAX_DESCRIPTION = 2000
_NUMBER = re.compile(r"-?\d{1,18}", re.ASCII)
_TOKEN = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. ``body`` is what came, byte for byte: of /finish it is the receipt.

    ``description`` may quote what was sent: never log it. ``file_ids`` is None where the answer has no list.
    """

    code: int
    description: str = field(repr=False)
    report_id: int | None
    file_id: str | None
    md5: str | None
    file_ids: tuple[str, ...] | None
    status: int
    request_id: str | None
    body: bytes = field(repr=False)

    @property
    def meaning(self) -> Meaning:
        return meaning_of(self.code)

    @property
    def says(self) -> str:
        """The code in words of ours, safe for a log."""
        return f"{self.code} {CODES.get(self.code, ('not documented', None))[0]}"


def read_answer(body: bytes, *, status: int, request_id: str | None) -> Answer:
    """The answer in ``body``. Raises `ValueError` (also `NotXmlError`) when it is none of the service's."""
    root = parse(body)
    if root.tag not in ("reportResponse", "reportDoneResponse"):
        raise NotXmlError("it is no answer of the service")
    code = _number(root, "responseCode")
    if code is None or (code == 0 and status >= 300):
        raise NotXmlError("it has no code, or one that its HTTP status contradicts")
    files = root.find("files")
    ids = None if files is None else tuple(_token(node.text) or "" for node in files.iterfind("fileId"))
    return Answer(
        code=code,
        description=(root.findtext("responseDescription") or "")[:MAX_DESCRIPTION],
        report_id=_number(root, "reportId"),
        file_id=_token(root.findtext("fileId")),
        md5=_token(root.findtext("hash")),
        file_ids=ids,
        status=status,
        request_id=request_id,
        body=body,
    )


def _number(root: etree._Element, name: str) -> int | None:
    text = (root.findtext(name) or "").strip()
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise NotXmlError(f"its {name} is no number")
    return int(text)


def _token(text: str | None) -> str | None:
    stripped = (text or "").strip()
    if not stripped:
        return None
    if not _TOKEN.fullmatch(stripped):
        raise NotXmlError("an id or a digest in it is of no form that we know")
    return stripped
