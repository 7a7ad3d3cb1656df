"""`/dev`: only in test mode (`hma.test_mode`), for conformance tests against a home of their own."""

from __future__ import annotations

import io
import secrets
from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.hma.banks import make_bank, take_effect
from holdfast.api.hma.errors import HmaError, HmaRoute, responses
from holdfast.api.hma.reset import EXAMPLE_EXCHANGE, factory_reset
from holdfast.banks.formats import get_format
from holdfast.banks.importing import import_stream
from holdfast.errors import ConflictError
from holdfast.exchanges.sample import fetch_sample, sample_source
from holdfast.exchanges.service import create_exchange, list_exchanges

__all__ = ["router"]

SEED_BANKS = ("SEED_BANK_0", "SEED_BANK_1")
SEEDS_EACH = 5_000
EXAMPLE_GROUP = 1012185296055235  # as in HMA's own example
_REDIRECT: Any = {
    "status_code": 302,
    "response_class": Response,
    "response_description": "Done; to the status",
}

router = APIRouter(tags=["HMA: test mode"], route_class=HmaRoute)

Tester = Annotated[Caller, Guard(Permission.HMA_TEST_MODE)]


@router.post("/dev/factory_reset", **_REDIRECT, responses=responses(409, schemas=()))
def reset(caller: Tester) -> Response:
    """Empties all lists; ids begin at 1 again. Refuses a home that is more than a test."""
    factory_reset(caller.runtime.database)
    return _done(caller)


@router.post("/dev/setup_sample_example", **_REDIRECT, responses=responses(schemas=()))
def setup_sample(caller: Tester) -> Response:
    """Sets up a sample exchange; nothing is fetched yet."""
    return _set_up(caller, "SEED_SAMPLE", "sample", {})


@router.post("/dev/setup_tx_example", **_REDIRECT, responses=responses(schemas=()))
def setup_threatexchange(caller: Tester) -> Response:
    """Sets up an example of a ThreatExchange collaboration; nothing is fetched from it."""
    return _set_up(caller, EXAMPLE_EXCHANGE, "fb_threatexchange", {"privacy_group": EXAMPLE_GROUP})


@router.post("/dev/run_fetch", **_REDIRECT, responses=responses(schemas=()))
def run_fetch(caller: Tester) -> Response:
    """Fetches from every sample exchange that is switched on."""
    with caller.runtime.database.read() as connection:
        wanted = [one for one in list_exchanges(connection) if one.enabled and one.kind == "sample"]
    for exchange in wanted:
        fetch_sample(caller.runtime.database, exchange.name)
    return _done(caller)


@router.post("/dev/seed_banks", **_REDIRECT, responses=responses(schemas=()))
def seed_banks(caller: Tester) -> Response:
    """Makes two banks with 5,000 random hashes each, half PDQ and half MD5."""
    database = caller.runtime.database
    with database.write() as connection:
        sample_source(connection)
        for bank in SEED_BANKS:
            make_bank(connection, bank)
    for bank in SEED_BANKS:
        text = _random_hashes(SEEDS_EACH).encode()
        listed: io.BufferedReader = io.BufferedReader(io.BytesIO(text))
        import_stream(database, bank, listed, get_format("csv"), source="sample")
    return _done(caller)


def _random_hashes(count: int) -> str:
    """A list of random hashes, every other one of a video."""
    lines = [
        f"md5,{secrets.token_hex(16)},video" if number % 2 else f"pdq,{secrets.token_hex(32)},image"
        for number in range(count)
    ]
    return "\n".join(["algorithm,value,medium", *lines])


def _set_up(caller: Caller, name: str, kind: str, config: dict[str, Any]) -> Response:
    with caller.runtime.database.write() as connection:
        try:
            create_exchange(connection, name, kind, config)
        except ConflictError as error:
            raise HmaError(403, "Exchange already exists") from error
    return _done(caller)


def _done(caller: Caller) -> Response:
    """What was done is matched with at once. HMA leads to its pages; there are none here."""
    take_effect(caller)
    return RedirectResponse("/status", 302)
