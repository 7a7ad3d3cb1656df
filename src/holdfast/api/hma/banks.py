"""`/c/banks` and `/c/bank/<name>`: make, show, change and delete banks.

Benign banks, which HMA does not have, are not seen here. A bank outside the key's scope looks absent.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.hma.errors import HmaError, HmaRoute, responses
from holdfast.api.hma.ratios import Ratios, bank_json, ratios_of, set_bank_ratio
from holdfast.api.writes import json_response
from holdfast.banks.models import Bank
from holdfast.banks.service import create_bank, delete_bank, get_bank, list_banks, update_bank
from holdfast.errors import ConflictError, NotFoundError
from holdfast.records import audit

__all__ = ["bank_or_404", "find_bank", "make_bank", "router", "take_effect"]

BAD_NAME = "Bank names must be UPPER_WITH_UNDERSCORE"
_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,199}")

Ratio = Annotated[
    float,
    Field(ge=0, le=1, allow_inf_nan=False, description="0 (never) to 1 (always); a number as text too."),
]

router = APIRouter(tags=["HMA: banks"], route_class=HmaRoute)


class BankModel(BaseModel):
    matching_enabled_ratio: float = Field(examples=[1.0])
    name: str = Field(examples=["MY_BANK"])


class NewBank(BaseModel):
    """``enabled`` counts where no ratio is given."""

    name: str = Field(examples=["MY_BANK"])
    enabled_ratio: Ratio | None = None
    enabled: bool | None = None

    def ratio(self) -> float:
        return 1.0 if self.enabled is None else float(self.enabled)


class BankChange(BaseModel):
    """Only what is given is changed."""

    name: str | None = None
    enabled_ratio: Ratio | None = None
    enabled: bool | None = None


class Message(BaseModel):
    message: str = Field(examples=["Done"])


@router.get("/c/banks", response_model=list[BankModel], responses=responses(schemas=()))
def banks_of(caller: Annotated[Caller, Guard(Permission.HMA_BANK_READ)]) -> Response:
    """All banks that the key may see."""
    with caller.runtime.database.read() as connection:
        found = [bank for bank in list_banks(connection) if _is_seen(caller, bank)]
        known = ratios_of(connection, [bank.id for bank in found])
    return json_response([bank_json(bank, known) for bank in found])


@router.post("/c/banks", status_code=201, response_model=BankModel, responses=responses(400))
def create(caller: Annotated[Caller, Guard(Permission.HMA_BANK_WRITE)], body: NewBank) -> Response:
    """A new bank of known content, not trusted."""
    ratio = body.ratio() if body.enabled_ratio is None else body.enabled_ratio
    _check_name(body.name)
    caller.principal.require_bank(body.name, change=True)
    with caller.runtime.database.write() as connection:
        bank = make_bank(connection, body.name, ratio)
        note(connection, caller, "bank.create", bank.name, ratio=ratio)
        answer = bank_json(bank, ratios_of(connection, [bank.id]))
    take_effect(caller)
    return json_response(answer, 201)


@router.get("/c/bank/{bank_name}", response_model=BankModel, responses=responses(404))
def show(caller: Annotated[Caller, Guard(Permission.HMA_BANK_READ)], bank_name: str) -> Response:
    """One bank."""
    with caller.runtime.database.read() as connection:
        bank = bank_or_404(connection, caller, bank_name)
        return json_response(bank_json(bank, ratios_of(connection, [bank.id])))


@router.put("/c/bank/{bank_name}", response_model=BankModel, responses=responses(400, 404))
def update(
    caller: Annotated[Caller, Guard(Permission.HMA_BANK_WRITE)], bank_name: str, body: BankChange
) -> Response:
    """Renames a bank, or sets how often it is asked. The ratio counts for this API alone."""
    if body.name is not None:
        _check_name(body.name)
    with caller.runtime.database.write() as connection:
        bank = find_bank(connection, caller, bank_name)
        if bank is None:
            raise HmaError(404, "Bank not found")
        caller.principal.require_bank(bank_name, change=True)
        if body.name is not None and body.name != bank.name:
            bank = _rename(connection, caller, bank, body.name)
        bank = _set_ratio(connection, bank, body)
        answer = bank_json(bank, ratios_of(connection, [bank.id]))
        note(connection, caller, "bank.change", bank_name, **answer)
    take_effect(caller)
    return json_response(answer)


@router.delete("/c/bank/{bank_name}", response_model=Message, responses=responses())
def delete(caller: Annotated[Caller, Guard(Permission.HMA_BANK_DELETE)], bank_name: str) -> Response:
    """Deletes a bank with all it holds. Also "Done" when there was none."""
    with caller.runtime.database.write() as connection:
        if find_bank(connection, caller, bank_name) is not None:
            caller.principal.require_bank(bank_name, change=True)
            deleted = delete_bank(connection, bank_name)
            note(connection, caller, "bank.delete", bank_name, entries=deleted)
    take_effect(caller)
    return json_response({"message": "Done"})


def note(connection: sa.Connection, caller: Caller, action: str, bank: str, **facts: object) -> None:
    """An audit row of the caller, in the transaction of what is done to the bank."""
    audit.append(connection, actor=caller.subject, action=action, target=f"bank:{bank}", facts=facts)


def take_effect(caller: Caller) -> None:
    """Makes a change that was just written count for the next look-up of this process."""
    caller.runtime.follower.try_look()
    ratios: Ratios = caller.request.app.state.hma_ratios
    ratios.forget()


def find_bank(connection: sa.Connection, caller: Caller, name: str) -> Bank | None:
    """The bank of that name, None when there is none that this API shows to the caller."""
    try:
        bank = get_bank(connection, name)
    except NotFoundError:
        return None
    return bank if _is_seen(caller, bank) else None


def bank_or_404(connection: sa.Connection, caller: Caller, name: str, *, change: bool = False) -> Bank:
    """The same. Raises HmaError 404; with ``change`` NotAllowedError when the key may only see it."""
    bank = find_bank(connection, caller, name)
    if bank is None:
        raise HmaError(404, f"bank '{name[:200]}' not found")
    if change:
        caller.principal.require_bank(bank.name, change=True)
    return bank


def make_bank(connection: sa.Connection, name: str, ratio: float = 1.0) -> Bank:
    """A new bank. Raises HmaError 403 when the name is taken."""
    try:
        bank = create_bank(connection, name)
    except ConflictError:
        raise HmaError(403, "Bank already exists") from None
    if ratio != 1.0:
        set_bank_ratio(connection, bank.id, ratio)
    return bank


def _rename(connection: sa.Connection, caller: Caller, bank: Bank, name: str) -> Bank:
    caller.principal.require_bank(name, change=True)
    try:
        return update_bank(connection, bank.name, new_name=name)
    except ConflictError:
        raise HmaError(403, "Bank name already exists") from None


def _set_ratio(connection: sa.Connection, bank: Bank, body: BankChange) -> Bank:
    """A ratio above 0 also switches on a bank that was switched off altogether: it would have no effect."""
    ratio: Any = body.enabled_ratio
    if ratio is None and body.enabled is not None:
        ratio = float(body.enabled)
    if ratio is None:
        return bank
    set_bank_ratio(connection, bank.id, ratio)
    return update_bank(connection, bank.name, enabled=True) if ratio > 0 and not bank.enabled else bank


def _is_seen(caller: Caller, bank: Bank) -> bool:
    return bank.kind == "known" and caller.principal.banks.may_see(bank.name)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise HmaError(400, BAD_NAME)
