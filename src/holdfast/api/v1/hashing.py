"""The fingerprints of given bytes, as they go on a list. Nothing is looked up and nothing is kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.bodies import streams
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1 import uploads
from holdfast.api.writes import json_response

__all__ = ["router"]

router = APIRouter(tags=["hashing"])


class PdqModel(BaseModel):
    hash: str = Field(description="64 hexadecimal digits.")
    quality: int = Field(description="0 to 100; below 50 it means nothing.")
    convention: str = Field(examples=["full"])
    frame: int
    backdrop: str | None


class HashAnswer(BaseModel):
    """Digests always; PDQ of a picture, vPDQ of a video, else ``reason`` says why not."""

    file: str
    medium: str
    size_bytes: int
    md5: str
    sha1: str
    sha256: str
    pdq: list[PdqModel]
    vpdq: list[str] | None = Field(
        description='Of a video: "hash,quality,seconds" of one frame a second, as HMA writes it.'
    )
    reason: str
    detail: str


class HashUrl(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=8192, examples=["https://media.example.org/p/8f31.jpg"])


@router.post(
    "/v1/hash",
    response_model=HashAnswer,
    responses=responses(400, 408, 413, 415, 422),
    openapi_extra=uploads.BINARY,
)
@streams
async def hash_body(caller: Annotated[Caller, Guard(Permission.HASH_COMPUTE)]) -> Response:
    """The request's body is the file."""
    return await uploads.with_body(caller, lambda data: _hash(caller, data, ""))


@router.post(
    "/v1/hash/form",
    response_model=HashAnswer,
    responses=responses(400, 408, 413, 415, 422),
    openapi_extra=uploads.FORM,
)
@streams
async def hash_form(caller: Annotated[Caller, Guard(Permission.HASH_COMPUTE)]) -> Response:
    """A file in a form."""
    return await uploads.with_form(
        caller, lambda data, form: _hash(caller, data, form["file"].filename or "")
    )


@router.post("/v1/hash/url", response_model=HashAnswer, responses=responses(413, 422, 502))
async def hash_url(caller: Annotated[Caller, Guard(Permission.HASH_COMPUTE)], body: HashUrl) -> Response:
    """What lies at a URL that may be fetched."""
    return await uploads.with_url(caller, body.url, lambda data: _hash(caller, data, ""))


def _hash(caller: Caller, data: bytes, name: str) -> Response:
    return json_response(caller.runtime.screener.hasher.hash_bytes(data, name).to_json())
