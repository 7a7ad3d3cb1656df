"""What the platform says about an upload: as a header, a query parameter, or a part of a JSON body."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from holdfast.decisions.facts import Context
from holdfast.errors import UsageError
from holdfast.records.tables.base import now

__all__ = ["ContextModel", "context_of", "parse_context"]

MAX_CHARACTERS = 65_536
EXAMPLE: Any = {
    "content_reference": "post/8f31/photo/1",
    "account": "user-4711",
    "surface": "public",
    "country": "US",
    "uploaded_at": "2026-11-24T09:30:00+01:00",
    "ip": "203.0.113.7",
    "port": 51334,
    "original_name": "IMG_0001.jpg",
    "urls": ["https://photos.example/p/8f31"],
}


class ContextModel(BaseModel):
    """The facts that a report and a takedown need later. Kept only with a match or a hold."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    content_reference: str | None = Field(
        default=None, max_length=255, description="Your name of the content."
    )
    account: str | None = Field(default=None, max_length=255, description="Your name of the account.")
    surface: str = Field(default="unknown", description="public, private or unknown: the policy asks for it.")
    urls: list[str] = Field(default_factory=list, max_length=20, description="Where it can be seen.")
    country: str | None = Field(
        default=None,
        description="ISO 3166-1 alpha-2: the policy asks for it. Any other text counts as unknown.",
    )
    uploaded_at: datetime | None = Field(default=None, description="When it was uploaded, with time zone.")
    ip: str | None = Field(default=None, description="Where it was uploaded from.")
    port: int | None = Field(default=None, description="The port there.")
    original_name: str | None = Field(
        default=None,
        description="The file's own name: kept without control characters, the first 2,056 characters of it.",
    )

    def to_context(self) -> Context:
        """The checked context. Raises UsageError."""
        return Context.from_json(self.model_dump(), now())


def context_of(request: Request) -> Context:
    """The context in the header `Holdfast-Context` or the query parameter ``context``; empty without.

    Raises UsageError for anything that is not a context.
    """
    text = request.headers.get("holdfast-context")
    if text is None:
        text = request.query_params.get("context")
    return parse_context(text)


def parse_context(text: str | None) -> Context:
    """A context from JSON text. Raises UsageError, which never quotes it."""
    if not text:
        return Context()
    if len(text) > MAX_CHARACTERS:
        raise UsageError("context: is longer than 65,536 characters. Nothing was done with the upload.")
    try:
        values: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError("context: is not JSON. Nothing was done with the upload.") from None
    if not isinstance(values, dict):
        raise UsageError("context: must be a JSON object. Nothing was done with the upload.")
    return Context.from_json(values, now())
