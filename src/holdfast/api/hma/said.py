"""What clients say of a content with the request that adds it: metadata and a note, in several dialects.

HMA's own clients send both in a JSON body, or in a form whose field ``metadata`` is JSON text. Coop sends
``content_id``, ``content_uri`` and ``metadata`` (the inner object alone) as form fields or in the query.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from holdfast.api.hma.errors import HmaError
from holdfast.api.hma.store import Metadata

__all__ = ["checked_note", "metadata_in_form", "metadata_in_json"]

MAX_NOTE_CHARACTERS = 255
MAX_DATA_CHARACTERS = 65_536
_OWN_KEYS = frozenset({"content_id", "content_uri", "json", "collab"})


class _Metadata(BaseModel):
    model_config = ConfigDict(extra="forbid")

    content_id: str | None = Field(default=None, max_length=500)
    content_uri: str | None = Field(default=None, max_length=2083)
    data: dict[str, Any] | None = Field(default=None, alias="json")


def metadata_in_json(value: Any) -> Metadata | None:
    """What stands under ``metadata`` in a JSON body. Raises HmaError 400."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise HmaError(400, "metadata should be a json object")
    return _checked({name: part for name, part in value.items() if name != "collab"})


def metadata_in_form(fields: Mapping[str, str]) -> Metadata | None:
    """What stands in the fields of a form, or in the query of a request without one. Raises HmaError 400."""
    said: dict[str, Any] = {}
    if "metadata" in fields:
        try:
            value = json.loads(fields["metadata"])
        except (ValueError, RecursionError):
            raise HmaError(400, "metadata form field must be valid JSON") from None
        if not isinstance(value, dict):
            raise HmaError(400, "metadata should be a json object")
        said = dict(value) if set(value) <= _OWN_KEYS else {"json": value}
        said.pop("collab", None)
    for name in ("content_id", "content_uri"):
        if fields.get(name):
            said[name] = fields[name]
    return _checked(said) if said else None


def checked_note(value: Any) -> str | None:
    """A note, None for an empty one. Raises HmaError 400."""
    if not value:
        return None
    if not isinstance(value, str):
        raise HmaError(400, "note should be a string")
    if len(value) > MAX_NOTE_CHARACTERS:
        raise HmaError(400, f"note must be at most {MAX_NOTE_CHARACTERS} characters")
    return value


def _checked(values: dict[str, Any]) -> Metadata | None:
    try:
        said = _Metadata.model_validate(values)
    except ValidationError as error:
        what = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise HmaError(400, f"Invalid metadata: {what}") from None
    for text in (said.content_id, said.content_uri):
        if text and not text.isprintable():
            raise HmaError(400, "Invalid metadata: content_id and content_uri must be printable")
    if said.data is not None and not _is_storable(said.data):
        raise HmaError(400, "Invalid metadata: json: has characters that cannot be kept, or is too long")
    if said.content_id is None and said.content_uri is None and said.data is None:
        return None
    return Metadata(said.content_id, said.content_uri, said.data)


def _is_storable(data: dict[str, Any]) -> bool:
    """PostgreSQL keeps neither NUL nor half a surrogate pair, nor numbers that are none."""
    try:
        text = json.dumps(data, allow_nan=False, ensure_ascii=False)
        text.encode()
    except ValueError:
        return False
    return len(text) <= MAX_DATA_CHARACTERS and "\\u0000" not in text
