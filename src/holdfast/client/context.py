"""What the platform knows of an upload, to be sent with it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

__all__ = ["Context"]

MAX_NAME_CHARACTERS = 2056
NO_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")  # control characters, broken ones


@dataclass(frozen=True, slots=True)
class Context:
    """The facts that policy, report and takedown need; kept only with a match or a hold.

    Give ``surface`` and ``country`` always: the scanning policy asks for them. Without
    ``content_reference``, the platform's own name of the content, no removal can be asked for. Raises
    ValueError for an ``uploaded_at`` without zone; everything else is checked by the service. Pass
    ``original_name`` and ``country`` on as you have them: the name is sent without control characters and
    cut to 2,056 characters, and a country that the service does not know counts as unknown.
    """

    content_reference: str | None = None
    account: str | None = None
    surface: str = "unknown"  # "public" | "private" | "unknown"
    country: str | None = None  # ISO 3166-1 alpha-2
    uploaded_at: datetime | None = None  # with zone
    ip: str | None = None
    port: int | None = None
    original_name: str | None = None
    urls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.uploaded_at is not None and self.uploaded_at.utcoffset() is None:
            raise ValueError("uploaded_at has no time zone. Nothing was sent. Use datetime.now(UTC).")

    def to_json(self) -> dict[str, Any]:
        """The JSON object of the API; absent and empty fields are left out."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        if self.uploaded_at is not None:
            found["uploaded_at"] = self.uploaded_at.isoformat()
        if self.original_name is not None:
            found["original_name"] = NO_TEXT.sub("", self.original_name)[:MAX_NAME_CHARACTERS]
        found["urls"] = list(self.urls)
        return {name: value for name, value in found.items() if value not in (None, "", [])}

    def to_header(self) -> str:
        """ASCII text for the header `Holdfast-Context`."""
        return json.dumps(self.to_json(), separators=(",", ":"))
