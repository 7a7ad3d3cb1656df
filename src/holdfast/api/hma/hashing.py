"""`/h`: the hashes of a content."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.bodies import streams
from holdfast.api.guard import Caller, Guard
from holdfast.api.hma.bodies import read_form
from holdfast.api.hma.errors import HmaRoute, responses
from holdfast.api.hma.lookups import enabled
from holdfast.api.hma.media import Media, fetch_media, hash_media, not_checked, signals_of, uploaded
from holdfast.api.v1.uploads import in_threads
from holdfast.api.writes import json_response

__all__ = ["CONTENT_TYPE", "FILE", "TYPES", "router"]

CONTENT_TYPE: Any = Query(default=None, description="photo or video; by default what the server says.")
TYPES: Any = Query(default=None, description="Only these signal types: a comma list.")
FILE: Any = {
    "requestBody": {
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "description": "One file; the field's name is its content type.",
                    "properties": {
                        "photo": {"type": "string", "format": "binary"},
                        "video": {"type": "string", "format": "binary"},
                    },
                }
            }
        }
    }
}

router = APIRouter(tags=["HMA: hashing"], route_class=HmaRoute)


@router.get("/h/hash", responses=responses(400, 413))
async def hash_url(
    caller: Annotated[Caller, Guard(Permission.HMA_HASH)],
    url: Annotated[str, Query(description="What to fetch and hash.")],
    content_type: str | None = CONTENT_TYPE,
    types: str | None = TYPES,
) -> Response:
    """The hashes of what lies at a URL, by signal type. A host must be on the allow-list."""
    able = await enabled(caller)
    return await in_threads(
        caller, lambda: _hash(caller, fetch_media(caller, url, content_type, types, able))
    )


@router.post("/h/hash", responses=responses(400, 408, 413), openapi_extra=FILE)
@streams
async def hash_upload(
    caller: Annotated[Caller, Guard(Permission.HMA_HASH)], types: str | None = TYPES
) -> Response:
    """The hashes of an uploaded file, by signal type."""
    able = await enabled(caller)
    async with read_form(caller) as form:
        media = uploaded(form, types, able)
        return await in_threads(caller, lambda: _hash(caller, media))


def _hash(caller: Caller, media: Media) -> Response:
    hashes = hash_media(caller.runtime, media)
    response = json_response(signals_of(hashes, media.types))
    if hashes.reason:
        response.headers.update(not_checked("not_matchable", hashes.reason))
    return response
