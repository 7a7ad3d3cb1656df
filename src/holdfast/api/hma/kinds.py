"""`/c/signal_type` and `/c/content_type`: what is matched with, and how fresh it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.hma.banks import Ratio, take_effect
from holdfast.api.hma.errors import HmaError, HmaRoute, responses
from holdfast.api.hma.lookups import known_ratios
from holdfast.api.hma.matching import counted
from holdfast.api.hma.ratios import set_type_ratio
from holdfast.api.hma.signals import CONTENT_TYPES, SIGNAL_TYPES
from holdfast.api.writes import json_response
from holdfast.banks.log import last_position

__all__ = ["router"]

router = APIRouter(tags=["HMA: signal types"], route_class=HmaRoute)


class TypeModel(BaseModel):
    name: str = Field(examples=["pdq"])
    enabled_ratio: float = Field(examples=[1.0])


class TypeChange(BaseModel):
    enabled_ratio: Ratio


@router.get("/c/signal_type", response_model=list[TypeModel], responses=responses(schemas=()))
async def signal_types(caller: Annotated[Caller, Guard(Permission.HMA_BANK_READ)]) -> Response:
    """The kinds of hash."""
    known = (await known_ratios(caller)).types
    return json_response([{"name": name, "enabled_ratio": known.get(name, 1.0)} for name in SIGNAL_TYPES])


# Before the route with a name in the path.
@router.get("/c/signal_type/index", responses=responses(400))
def index(
    caller: Annotated[Caller, Guard(Permission.HMA_BANK_READ)],
    name: Annotated[str | None, Query(alias="signal_type", description="Only this one.")] = None,
) -> Response:
    """How far this process's index is behind the records. Counts all hashes: a second at a million."""
    held = counted(caller, name)
    with caller.runtime.database.read() as connection:
        behind = last_position(connection) > caller.runtime.screener.lists.position
    sizes = {
        one: len(caller.runtime.screener.lists) if one == "pdq" else size for one, (size, _) in held.items()
    }
    return json_response(
        {
            one: {
                "db_size": size,
                "index_size": sizes[one],
                "index_out_of_date": behind,
                "newest_db_item": newest,
                "index_built_to": newest,
            }
            for one, (size, newest) in held.items()
        }
    )


@router.put("/c/signal_type/{name}", response_model=TypeModel, responses=responses(400))
def update(
    caller: Annotated[Caller, Guard(Permission.HMA_BANK_WRITE)], name: str, body: TypeChange
) -> Response:
    """Sets in which share of look-ups a kind of hash takes part; 0 switches it off. For this API alone."""
    if name not in SIGNAL_TYPES:
        raise HmaError(400, f"No such signal type '{name[:100]}'")
    with caller.runtime.database.write() as connection:
        set_type_ratio(connection, name, body.enabled_ratio)
    take_effect(caller)
    return json_response({"name": name, "enabled_ratio": body.enabled_ratio})


@router.get("/c/content_type", responses=responses(schemas=()))
async def content_types(caller: Annotated[Caller, Guard(Permission.HMA_BANK_READ)]) -> Response:
    """The kinds of content."""
    return json_response([{"name": name, "enabled": True} for name in CONTENT_TYPES])
