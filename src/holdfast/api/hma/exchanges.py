"""`/c/exchanges`: programmes that trade lists; each is set up with a bank of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.hma.banks import Message, take_effect
from holdfast.api.hma.bodies import read_json
from holdfast.api.hma.errors import HmaError, HmaRoute, responses
from holdfast.api.writes import JSON, json_response
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.exchanges.models import Exchange, Programme
from holdfast.exchanges.models import Field as ExchangeField
from holdfast.exchanges.programmes import PROGRAMMES
from holdfast.exchanges.service import (
    bank_of,
    create_exchange,
    delete_exchange,
    get_exchange,
    has_credentials,
    list_exchanges,
    set_credentials,
    switch_exchange,
)

__all__ = ["router"]

_NAME = re.compile(r"[A-Z0-9_]{1,200}")
NO_OBJECT = "this endpoint expects a json object payload"
_CREATE: Any = {
    "requestBody": {
        "content": {
            JSON: {
                "schema": {"type": "object"},
                "example": {"bank": "MY_EXCHANGE", "api": "sample", "api_json": {}},
            }
        }
    }
}
_CREDENTIALS: Any = {
    "requestBody": {
        "content": {
            JSON: {"schema": {"type": "object"}, "example": {"credential_json": {"api_token": "..."}}}
        }
    }
}

router = APIRouter(tags=["HMA: exchanges"], route_class=HmaRoute)


class ExchangeChange(BaseModel):
    enabled: bool | None = Field(default=None, description="Fetch from it or not.")


class ApiState(BaseModel):
    supports_authentification: bool
    has_set_authentification: bool


class FetchStatus(BaseModel):
    """Moments in unix seconds. ``reason`` says why nothing was fetched, or what went wrong."""

    checkpoint_ts: int | None
    fetched_items: int
    last_fetch_complete_ts: int | None
    last_fetch_succeeded: bool | None
    running_fetch_start_ts: int | None
    up_to_date: bool
    reason: str


@router.get("/c/exchanges", response_model=list[str], responses=responses(schemas=()))
def names(caller: Annotated[Caller, Guard(Permission.HMA_EXCHANGE_READ)]) -> Response:
    """The exchanges whose banks the key may see."""
    with caller.runtime.database.read() as connection:
        found = [one.name for one in list_exchanges(connection) if _may_see(connection, caller, one)]
    return json_response(found)


@router.post(
    "/c/exchanges",
    status_code=201,
    response_model=Message,
    responses=responses(400, 408, 413, 415, schemas=()),
    openapi_extra=_CREATE,
)
async def create(caller: Annotated[Caller, Guard(Permission.HMA_EXCHANGE_WRITE)]) -> Response:
    """Sets up a programme, with a new bank of the same name."""
    body = await read_json(caller.request)
    if not isinstance(body, dict):
        raise HmaError(400, NO_OBJECT)
    await run_in_threadpool(_create, caller, body)
    return json_response({"message": "Created successfully"}, 201)


# Before the routes with a name in the path.
@router.get("/c/exchanges/apis", response_model=list[str], responses=responses(schemas=()))
async def apis(caller: Annotated[Caller, Guard(Permission.HMA_EXCHANGE_READ)]) -> Response:
    """The programmes that can be set up."""
    return json_response(list(PROGRAMMES))


@router.get("/c/exchanges/api/{api_name}", response_model=ApiState, responses=responses(400))
def api_state(caller: Annotated[Caller, Guard(Permission.HMA_EXCHANGE_READ)], api_name: str) -> Response:
    """Does a programme take credentials, and are there any?"""
    with caller.runtime.database.read() as connection:
        return json_response(_api_state(connection, _programme(api_name)))


@router.post(
    "/c/exchanges/api/{api_name}",
    response_model=ApiState,
    responses=responses(400, 408, 413, 415),
    openapi_extra=_CREDENTIALS,
)
async def set_api(caller: Annotated[Caller, Guard(Permission.HMA_CREDENTIALS)], api_name: str) -> Response:
    """Keeps a programme's credentials, encrypted; `{}` removes them."""
    body = await read_json(caller.request)
    if not isinstance(body, dict):
        raise HmaError(400, NO_OBJECT)
    return json_response(await run_in_threadpool(_set_credentials, caller, api_name, body))


@router.get("/c/exchanges/api/{api_name}/schema", responses=responses(404))
async def api_schema(
    caller: Annotated[Caller, Guard(Permission.HMA_EXCHANGE_READ)], api_name: str
) -> Response:
    """The fields of a programme's configuration and credentials: a form can be built from them."""
    programme = PROGRAMMES.get(api_name)
    if programme is None:
        raise HmaError(404, f"Exchange API '{api_name[:100]}' not found")
    own = None if programme.credentials is None else {"fields": _fields(programme.credentials)}
    return json_response({"config_schema": {"fields": _fields(programme.config)}, "credentials_schema": own})


@router.get("/c/exchange/{exchange_name}", responses=responses(404))
def show(caller: Annotated[Caller, Guard(Permission.HMA_EXCHANGE_READ)], exchange_name: str) -> Response:
    """An exchange's configuration."""
    with caller.runtime.database.read() as connection:
        return _config(_exchange_or_404(connection, caller, exchange_name))


@router.put("/c/exchange/{exchange_name}", responses=responses(404))
def update(
    caller: Annotated[Caller, Guard(Permission.HMA_EXCHANGE_WRITE)], exchange_name: str, body: ExchangeChange
) -> Response:
    """Switches fetching on or off; what was fetched goes on matching."""
    with caller.runtime.database.write() as connection:
        exchange = _exchange_or_404(connection, caller, exchange_name, change=True)
        if body.enabled is not None:
            exchange = switch_exchange(connection, exchange_name, enabled=body.enabled)
    return _config(exchange)


@router.delete("/c/exchange/{exchange_name}", response_model=Message, responses=responses())
def delete(caller: Annotated[Caller, Guard(Permission.HMA_BANK_DELETE)], exchange_name: str) -> Response:
    """Leaves an exchange; its bank goes with it. Needs `hma.exchange_write` as well."""
    caller.principal.require(Permission.HMA_EXCHANGE_WRITE)
    with caller.runtime.database.write() as connection:
        if _find(connection, caller, exchange_name) is not None:
            _exchange_or_404(connection, caller, exchange_name, change=True)
            delete_exchange(connection, exchange_name)
    take_effect(caller)
    return json_response({"message": "Exchange deleted"})


@router.get("/c/exchange/{exchange_name}/status", response_model=FetchStatus, responses=responses(404))
def status(caller: Annotated[Caller, Guard(Permission.HMA_EXCHANGE_READ)], exchange_name: str) -> Response:
    """How the last fetch went."""
    with caller.runtime.database.read() as connection:
        exchange = _exchange_or_404(connection, caller, exchange_name)
    return json_response(
        {
            "checkpoint_ts": _seconds(exchange.checkpoint_at),
            "fetched_items": exchange.fetched_items,
            "last_fetch_complete_ts": _seconds(exchange.fetched_at),
            "last_fetch_succeeded": exchange.fetch_succeeded,
            "running_fetch_start_ts": _seconds(exchange.fetch_started_at),
            "up_to_date": exchange.up_to_date,
            "reason": exchange.fetch_error or _why_never(exchange),
        }
    )


def _create(caller: Caller, body: dict[str, Any]) -> None:
    bank, kind, config = body.get("bank"), body.get("api"), body.get("api_json", {})
    if bank is None:
        raise HmaError(400, "bank is required")
    if not isinstance(bank, str) or not _NAME.fullmatch(bank):
        raise HmaError(400, "Field `bank` must match /^[A-Z0-9_]+$/")
    if not isinstance(config, dict):
        raise HmaError(400, "Field `api_json` must be object")
    if kind is None:
        raise HmaError(400, "Field `api_type` is required")
    if not isinstance(kind, str) or kind not in PROGRAMMES:
        raise HmaError(400, f"No such exchange type '{str(kind)[:100]}'")
    caller.principal.require_bank(bank, change=True)
    # HMA's clients may send what the server itself puts in.
    own = {name: value for name, value in config.items() if name not in ("name", "api", "enabled")}
    with caller.runtime.database.write() as connection:
        try:
            create_exchange(connection, bank, kind, own, enabled=config.get("enabled", True) is not False)
        except UsageError as error:
            raise HmaError(400, f"Failed to parse `api_json` - {error}") from error
        except ConflictError as error:
            what = "Exchange" if _exists(connection, bank) else "Bank"
            raise HmaError(403, f"{what} already exists") from error
    take_effect(caller)


def _set_credentials(caller: Caller, api_name: str, body: dict[str, Any]) -> dict[str, bool]:
    programme = _programme(api_name)
    given = body.get("credential_json")
    with caller.runtime.database.write() as connection:
        if given is not None:
            if not isinstance(given, dict):
                raise HmaError(400, "Failed to parse `credential_json` - should be an object")
            try:
                set_credentials(connection, caller.runtime.sealer, api_name, given)
            except UsageError as error:
                raise HmaError(400, f"Failed to parse `credential_json` - {error}") from error
        return _api_state(connection, programme)


def _api_state(connection: sa.Connection, programme: Programme) -> dict[str, bool]:
    return {
        "supports_authentification": programme.credentials is not None,
        "has_set_authentification": has_credentials(connection, programme.kind),
    }


def _programme(api_name: str) -> Programme:
    programme = PROGRAMMES.get(api_name)
    if programme is None:
        raise HmaError(400, f"no such Exchange API '{api_name[:100]}'")
    return programme


def _find(connection: sa.Connection, caller: Caller, name: str) -> Exchange | None:
    """The exchange, None where there is none whose bank the caller may see."""
    try:
        exchange = get_exchange(connection, name)
    except NotFoundError:
        return None
    return exchange if _may_see(connection, caller, exchange) else None


def _exchange_or_404(
    connection: sa.Connection, caller: Caller, name: str, *, change: bool = False
) -> Exchange:
    """The same. Raises HmaError 404; with ``change`` NotAllowedError when the key may only see it."""
    exchange = _find(connection, caller, name)
    if exchange is None:
        raise HmaError(404, f"Exchange '{name[:200]}' not found")
    if change:
        caller.principal.require_bank(bank_of(connection, exchange), change=True)
    return exchange


def _exists(connection: sa.Connection, name: str) -> bool:
    return any(one.name == name for one in list_exchanges(connection))


def _may_see(connection: sa.Connection, caller: Caller, exchange: Exchange) -> bool:
    return caller.principal.banks.may_see(bank_of(connection, exchange))


def _config(exchange: Exchange) -> Response:
    """The configuration as HMA prints it: what the programme requires, what all have, the rest."""
    required = {one.name for one in PROGRAMMES[exchange.kind].config if one.required}
    shown = {name: value for name, value in exchange.config.items() if name in required}
    shown |= {"name": exchange.name, "api": exchange.kind, "enabled": exchange.enabled}
    shown |= exchange.config
    return Response(json.dumps(shown, indent=2), media_type=JSON)


def _fields(fields: Sequence[ExchangeField]) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "type": one.kind,
            "required": one.required,
            "default": one.default,
            "help": one.help,
            "choices": None if one.choices is None else list(one.choices),
        }
        for one in fields
    ]


def _why_never(exchange: Exchange) -> str:
    if exchange.fetched_at is not None:
        return ""
    return PROGRAMMES[exchange.kind].why_not_fetched or "Not fetched yet."


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())
