"""Sources: who says that a hash is known, and the sharing terms on which they said so."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator, Field
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.fields import Answer, Limit, Line, ListChange, Page, Request, page, printable
from holdfast.api.writes import Write, Writing
from holdfast.banks import sources
from holdfast.banks.models import Handling, Source

__all__ = ["router"]

router = APIRouter(tags=["banks"])

SourceName = Annotated[str, Path(max_length=200, examples=["ncmec"]), AfterValidator(printable)]


class Terms(Request):
    """What may be done with the source's hashes."""

    may_match: bool = Field(default=True, description="Match uploads against them.")
    may_export: bool = Field(default=False, description="Show them, and write them to a file.")
    share_with: list[Annotated[Line, Field(min_length=1, max_length=200)]] = Field(
        default_factory=list, max_length=100, description='Recipients by name; "*" is anybody.'
    )


class SourceAnswer(Answer):
    """One source with its terms."""

    name: str = Field(examples=["ncmec"])
    kind: str = Field(examples=["exchange"], description="own, import, exchange or sample.")
    terms: Terms
    created_at: datetime

    @classmethod
    def of(cls, source: Source) -> Self:
        handling = source.handling
        terms = Terms(
            may_match=handling.may_match,
            may_export=handling.may_export,
            share_with=list(handling.share_with),
        )
        return cls(name=source.name, kind=source.kind, terms=terms, created_at=source.created_at)


class ChangedSource(SourceAnswer, ListChange):
    """The source as it is now."""


@router.get("/v1/sources", summary="List sources", responses=responses(422))
def list_sources(
    caller: Annotated[Caller, Guard(Permission.BANK_READ)],
    after: Annotated[str, Query(max_length=200, description="The `next` of the page before.")] = "",
    limit: Limit = 100,
) -> Page[SourceAnswer]:
    """Who says that hashes are known, by name, with their sharing terms."""
    with caller.runtime.database.read() as connection:
        found = [source for source in sources.list_sources(connection) if source.name > after]
    found.sort(key=lambda source: source.name)  # as in `banks.list_banks`
    items = [SourceAnswer.of(source) for source in found[:limit]]
    return page(items, limit, [item.name for item in items])


@router.put(
    "/v1/sources/{source}/terms",
    summary="Set a source's sharing terms",
    response_model=ChangedSource,
    responses=responses(404, 422),
)
def set_terms(
    source: SourceName, body: Terms, write: Annotated[Write, Writing(Permission.BANK_WRITE)]
) -> Response:
    """Terms travel with every hash: where matching is no longer allowed, its hashes stop matching at once.

    A source's hashes may be in any bank, so that a key with a list of banks cannot set its terms.
    """
    write.principal.require_bank("*", change=True)
    handling = Handling(body.may_match, body.may_export, tuple(body.share_with))

    def work(connection: sa.Connection) -> SourceAnswer:
        changed = SourceAnswer.of(sources.set_handling(connection, source, handling))
        write.note(connection, "source.terms", f"source:{source}", **body.model_dump())
        return changed

    return write.change_lists(work)
