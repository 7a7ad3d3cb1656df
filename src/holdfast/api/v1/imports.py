"""A hash list of any size into a bank: streamed into the vault, taken in by a job."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Annotated, Any

import anyio
import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.bodies import streams
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import Problem, http_problem, responses
from holdfast.api.v1 import uploads
from holdfast.api.v1.entry_models import Algorithm
from holdfast.api.v1.fields import Answer, BankName, Line
from holdfast.api.writes import IDEMPOTENCY_KEY, REPLAYED, Write
from holdfast.banks.formats import get_format
from holdfast.banks.models import tidy
from holdfast.banks.service import get_bank
from holdfast.errors import ConflictError, NotFoundError, OverloadedError, UsageError
from holdfast.records import jobs
from holdfast.records.tables.base import now
from holdfast.service.jobs import BANK_IMPORT
from holdfast.vault.models import Retention, Stored

__all__ = ["router"]

router = APIRouter(tags=["banks"])

# Some twenty million lines. Larger lists come in parts: one import is one transaction, which holds up other
# writers of an SQLite home for as long as it merges.
MAX_LIST_BYTES = 2 * 1024**3
MAX_AT_ONCE = 4  # uploads of lists in one process: each keeps a thread and an open object of the vault
KEPT = timedelta(days=7)  # a list whose job died can be tried again for so long

_slots = threading.BoundedSemaphore(MAX_AT_ONCE)


class Started(Answer):
    """The job that does it: follow it at /v1/jobs/{id}."""

    job: int = Field(examples=[12])


@router.post(
    "/v1/banks/{bank}/imports",
    status_code=202,
    summary="Import a hash list",
    response_model=Started,
    responses=responses(400, 404, 408, 413, 415, 422),
    openapi_extra=uploads.BINARY,
)
@streams
async def import_list(
    caller: Annotated[Caller, Guard(Permission.IMPORT)],
    bank: BankName,
    source: Annotated[Line, Query(min_length=1, max_length=200, description="Who says so.")],
    form: Annotated[
        str | None, Query(max_length=40, description="csv, jsonl, hex, pdq or vpdq; else as it looks.")
    ] = None,
    algorithm: Annotated[Algorithm | None, Query(description="Of values that do not say it.")] = None,
    force: Annotated[bool, Query(description="Take in PDQ hashes of low quality as well.")] = False,
    key: str | None = IDEMPOTENCY_KEY,
) -> Response:
    """The request's body is the list (docs/formats.md), up to 2 GiB. All of its good lines go in, or none.

    It is kept encrypted until a worker has taken it in. A source that does not exist yet is made, with
    the terms "match only".
    """
    caller.principal.require_bank(bank, change=True)
    uploads.require_bare(caller)
    wanted = {
        "bank": bank,
        "form": form,
        "source": tidy(source, 200, "name of the source"),
        "options": {"algorithm": algorithm},
        "force": force,
    }
    if form is not None:
        get_format(form)
    await anyio.to_thread.run_sync(lambda: _require_bank(caller, bank))
    stored, digest = await _receive(caller, {"bank": bank, "source": wanted["source"]})

    def work(connection: sa.Connection) -> Started:
        get_bank(connection, bank)
        retain = Retention(destroy_at=now() + KEPT)
        item = caller.runtime.vault.record(
            connection, stored, reason="hash list to import", actor=caller.subject, retain=retain
        )
        payload = {**wanted, "item": item, "by": caller.subject}
        return Started(job=jobs.enqueue(connection, BANK_IMPORT, payload))

    return await anyio.to_thread.run_sync(lambda: _start(Write(caller, key, digest), work, stored))


def _start(write: Write, work: Callable[[sa.Connection], Started], stored: Stored) -> Response:
    """Enqueues the job. The list of a request that came before, or is refused here, is not kept."""
    try:
        response = write.run(work, status=202)
    except (UsageError, NotFoundError, ConflictError):
        write.caller.runtime.vault.discard(stored)
        raise
    if REPLAYED in response.headers:
        write.caller.runtime.vault.discard(stored)
    return response


def _require_bank(caller: Caller, bank: str) -> None:
    with caller.runtime.database.read() as connection:
        get_bank(connection, bank)


async def _receive(caller: Caller, facts: dict[str, Any]) -> tuple[Stored, bytes]:
    """The body as an object of the vault, never all of it in memory, and its SHA-256."""
    length = caller.request.headers.get("content-length", "")
    if length.isdigit() and int(length) > MAX_LIST_BYTES:
        raise _too_large()
    if not _slots.acquire(blocking=False):
        raise OverloadedError("Too many lists are being sent at once. Nothing was imported. Send it again.")
    try:
        pieces = _Pieces(caller)
        # A limiter of its own: a slow sender takes no thread from the other routes.
        stored = await anyio.to_thread.run_sync(
            lambda: caller.runtime.vault.put(pieces, facts=facts), limiter=anyio.CapacityLimiter(1)
        )
    finally:
        _slots.release()
    if not stored.size_bytes:
        raise UsageError("The body is empty. Nothing was imported.")
    return stored, pieces.digest.digest()


class _Pieces:
    """The body, piece by piece, for a thread: each is asked for when the one before is written."""

    def __init__(self, caller: Caller) -> None:
        self._stream = caller.request.stream()
        self._wait_s = caller.runtime.settings.server.max_body_wait_s
        self.digest = hashlib.sha256()
        self._size = 0

    def __iter__(self) -> Iterator[bytes]:
        while piece := anyio.from_thread.run(self._next):
            self._size += len(piece)
            if self._size > MAX_LIST_BYTES:
                raise _too_large()
            self.digest.update(piece)
            yield piece

    async def _next(self) -> bytes:
        try:
            async with asyncio.timeout(self._wait_s):
                async for piece in self._stream:
                    if piece:
                        return piece
        except TimeoutError:
            words = f"For {self._wait_s:g} s nothing of the list arrived. Nothing was imported."
            raise Problem(408, "http", "The body did not arrive in time", words) from None
        except ClientDisconnect:
            raise http_problem(400, "The connection broke off. Nothing was imported.") from None
        return b""


def _too_large() -> Problem:
    words = f"The list has more than {MAX_LIST_BYTES:,} bytes. Nothing was imported. Send it in parts."
    return Problem(413, "too-large", "The body is too large", words)
