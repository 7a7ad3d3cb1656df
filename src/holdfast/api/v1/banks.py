"""Banks: make, list, change, delete. Their entries are in `entries`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.fields import Answer, BankName, Limit, Line, ListChange, Name, Page, Request, page
from holdfast.api.writes import Write, Writing
from holdfast.banks import service
from holdfast.banks.models import Bank

__all__ = ["router"]

router = APIRouter(tags=["banks"])

Note = Annotated[Line, Field(max_length=255, examples=["our own list"])]
Radius = Annotated[int, Field(ge=0, le=63, description="Bits within which a PDQ hash matches.")]

Matching = Annotated[
    Literal["classic", "calibrated"],
    Field(
        description="classic: what lies within the radius as it is, turned, mirrored or freed of a border. "
        "calibrated: beyond 31 bits, and in other views, expected false alarms decide."
    ),
]
DeepPerHour = Annotated[
    int,
    Field(ge=0, le=service.MAX_DEEP_PER_HOUR, description="Deep checks an hour for this bank; 0 for none."),
]


class NewBank(Request):
    """A bank that does not exist yet."""

    name: Name = Field(examples=["KNOWN"])
    kind: Literal["known", "benign"] = Field(default="known", description="benign: a match suppresses.")
    trusted: bool = Field(default=False, description="Its exact matches are acted on without a person.")
    max_distance_bits: Radius = service.DEFAULT_MAX_DISTANCE_BITS
    matching: Matching = "calibrated"
    deep_per_hour: DeepPerHour = 0
    reference_views: bool = Field(
        default=False, description="Store views of its own media beside their hashes."
    )
    note: Note = ""


class BankChange(Request):
    """What is given is changed, the rest stays."""

    name: Name | None = Field(default=None, description="A new name.")
    enabled: bool | None = None
    trusted: bool | None = None
    max_distance_bits: Radius | None = None
    matching: Matching | None = None
    deep_per_hour: DeepPerHour | None = None
    reference_views: bool | None = Field(default=None, description="For media added from now on.")
    note: Note | None = None


class Counts(Answer):
    """What a bank holds; ``active`` fingerprints are those that match."""

    entries: int
    fingerprints: int
    active: int


class BankAnswer(Answer):
    """One bank."""

    name: str = Field(examples=["KNOWN"])
    kind: str = Field(examples=["known"])
    trusted: bool
    enabled: bool = Field(examples=[True], description="A disabled one matches nothing.")
    max_distance_bits: int = Field(examples=[31])
    matching: str = Field(examples=["calibrated"], description="classic or calibrated.")
    deep_per_hour: int = Field(examples=[0], description="Deep checks an hour; 0 for none.")
    reference_views: bool = Field(description="Views of its own media are stored beside their hashes.")
    note: str = Field(examples=["our own list"])
    created_at: datetime
    counts: Counts | None = Field(default=None, description="Only where it was asked for.")

    @classmethod
    def of(cls, bank: Bank) -> Self:
        return cls.model_validate(bank)


class ChangedBank(BankAnswer, ListChange):
    """The bank as it is now."""


class BankDeleted(Answer):
    """How many entries went with the bank."""

    entries_deleted: int = Field(examples=[1200])


class DeletedBank(BankDeleted, ListChange):
    """How many entries went with the bank."""


@router.get("/v1/banks", summary="List banks", responses=responses(422))
def list_banks(
    caller: Annotated[Caller, Guard(Permission.BANK_READ)],
    after: Annotated[str, Query(max_length=200, description="The `next` of the page before.")] = "",
    limit: Limit = 100,
) -> Page[BankAnswer]:
    """The banks that the key may see, by name."""
    with caller.runtime.database.read() as connection:
        banks = service.list_banks(connection)
    seen = [bank for bank in banks if bank.name > after and caller.principal.banks.may_see(bank.name)]
    seen.sort(key=lambda bank: bank.name)  # a database may sort by a language's rules, `after` does not
    items = [BankAnswer.of(bank) for bank in seen[:limit]]
    return page(items, limit, [item.name for item in items])


@router.post(
    "/v1/banks",
    status_code=201,
    summary="Make a bank",
    response_model=ChangedBank,
    responses=responses(409, 422),
)
def create_bank(body: NewBank, write: Annotated[Write, Writing(Permission.BANK_WRITE)]) -> Response:
    """A new bank, enabled and empty. Its name cannot be used by another one."""
    write.principal.require_bank(body.name, change=True)

    def work(connection: sa.Connection) -> BankAnswer:
        bank = service.create_bank(connection, **body.model_dump())
        write.note(connection, "bank.create", f"bank:{bank.name}", kind=bank.kind, trusted=bank.trusted)
        return BankAnswer.of(bank)

    return write.change_lists(work, status=201)


@router.get("/v1/banks/{bank}", summary="Show a bank", responses=responses(404, 422))
def get_bank(
    caller: Annotated[Caller, Guard(Permission.BANK_READ)],
    bank: BankName,
    counts: Annotated[bool, Query(description="Count what it holds: a second at a million.")] = False,
) -> BankAnswer:
    """One bank, with the number of its entries and fingerprints where asked for."""
    caller.principal.require_bank(bank)
    with caller.runtime.database.read() as connection:
        found = service.get_bank(connection, bank)
        answer = BankAnswer.of(found)
        if counts:
            answer.counts = Counts.model_validate(service.bank_counts(connection, found.id))
    return answer


@router.patch(
    "/v1/banks/{bank}",
    summary="Change a bank",
    response_model=ChangedBank,
    responses=responses(404, 409, 422),
)
def change_bank(
    bank: BankName, body: BankChange, write: Annotated[Write, Writing(Permission.BANK_WRITE)]
) -> Response:
    """A disabled bank matches nothing. A key that is bound to banks needs both names, old and new."""
    for name in (bank, body.name or bank):
        write.principal.require_bank(name, change=True)
    changes = body.model_dump(exclude={"name"})

    def work(connection: sa.Connection) -> BankAnswer:
        changed = service.update_bank(connection, bank, new_name=body.name, **changes)
        asked = body.model_dump(exclude_none=True, exclude={"note"})
        write.note(connection, "bank.change", f"bank:{bank}", **asked)
        return BankAnswer.of(changed)

    return write.change_lists(work)


@router.delete(
    "/v1/banks/{bank}", summary="Delete a bank", response_model=DeletedBank, responses=responses(404, 422)
)
def delete_bank(bank: BankName, write: Annotated[Write, Writing(Permission.BANK_DELETE)]) -> Response:
    """The bank with all it holds; it ceases to match at once. This cannot be undone."""
    write.principal.require_bank(bank, change=True)

    def work(connection: sa.Connection) -> BankDeleted:
        deleted = service.delete_bank(connection, bank)
        write.note(connection, "bank.delete", f"bank:{bank}", entries=deleted)
        return BankDeleted(entries_deleted=deleted)

    return write.change_lists(work)
