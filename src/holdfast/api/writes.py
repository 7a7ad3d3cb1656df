"""Writes over HTTP: one transaction each, and a write that is sent twice with one key happens once.

@router.post("/v1/banks", status_code=201, responses=responses(409, 422))
def create(body: NewBank, write: Annotated[Write, Writing(Permission.BANK_WRITE)]) -> Response:
    def work(connection: sa.Connection) -> Bank:
        return create_bank(connection, body.name)
    return write.run(work, to_json, status=201)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from fastapi import Header, params
from starlette.requests import Request
from starlette.responses import Response

from holdfast.access.principal import Principal
from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.banks.log import last_position
from holdfast.records import audit, idempotency

__all__ = ["IDEMPOTENCY_KEY", "JSON", "REPLAYED", "Write", "Writing", "json_bytes", "json_response"]

IDEMPOTENCY_KEY: Any = Header(
    None,
    alias="Idempotency-Key",
    description="1 to 255 visible characters. The same key and request again get the first answer.",
    max_length=255,
)

T = TypeVar("T")
JSON = "application/json"
REPLAYED = "idempotent-replayed"


class Model(Protocol):
    """What has a form in JSON."""

    def to_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Write:
    """One write of one caller, with its idempotency key where it has one."""

    caller: Caller
    key: str | None
    body: bytes

    @property
    def principal(self) -> Principal:
        return self.caller.principal

    @property
    def subject(self) -> str:
        return self.caller.subject

    def note(self, connection: sa.Connection, action: str, target: str, **facts: object) -> None:
        """An audit row of the caller, in the transaction of the write. Last of all that it does."""
        audit.append(connection, actor=self.subject, action=action, target=target, facts=facts)

    def run(
        self,
        work: Callable[[sa.Connection], T],
        to_json: Callable[[T], Any] = lambda value: value,
        *,
        status: int = 200,
        kept: Callable[[T], Any] | None = None,
    ) -> Response:
        """Does ``work`` in one transaction and answers with what ``to_json`` makes of its result.

        With a key that came before, nothing is done and the first answer is given again. Where the answer
        shows a secret, ``kept`` makes the one without it that is stored for that.
        """
        database = self.caller.runtime.database
        with database.write() as connection:
            asked = self.request()
            stored = None if asked is None else idempotency.begin(connection, asked)
            if stored is not None:
                headers = {REPLAYED: "true"}
                return Response(stored.body, stored.status, headers, stored.content_type)
            done = work(connection)
            answer = json_bytes(to_json(done)) if status != 204 else b""
            if asked is not None:
                stored_body = answer if kept is None else json_bytes(kept(done))
                idempotency.finish(connection, asked, idempotency.Answer(status, JSON, stored_body))
        return Response(answer or None, status, media_type=JSON if answer else None)

    def change_lists(self, work: Callable[[sa.Connection], Model], *, status: int = 200) -> Response:
        """`run` for what changes a list: this process goes by the change before it says that it was made.

        The answer has a field ``list_version`` more than what ``work`` gives: a process that has come to
        this position goes by the change as well.
        """

        def noted(connection: sa.Connection) -> dict[str, Any]:
            done = work(connection).to_json()
            return {**done, "list_version": last_position(connection)}

        response = self.run(noted, status=status)
        self.caller.runtime.follower.try_look()  # it is written, whatever comes of this
        return response

    def request(self) -> idempotency.Request | None:
        """The write as the idempotency store knows it; None without a key."""
        if self.key is None:
            return None
        route = f"{self.caller.request.method} {self.caller.request.url.path}"
        query = self.caller.request.url.query.encode()
        return idempotency.Request(self.key, self.subject, route[:200], query + b"\0" + self.body)


def Writing(permission: Permission) -> Any:  # noqa: N802  (reads like FastAPI's own Depends)
    """The dependency for a writing route: demands ``permission``, gives a `Write`."""

    demanded: Any = Guard(permission)

    async def write(request: Request, caller: Caller = demanded, key: str | None = IDEMPOTENCY_KEY) -> Write:
        return Write(caller, key, await request.body())

    return params.Depends(write)


def json_bytes(value: Any) -> bytes:
    """Compact JSON. Moments are ISO 8601 in UTC."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()


def json_response(value: Any, status: int = 200) -> Response:
    """An answer without a model: for hot routes, and where a stored answer is given again."""
    return Response(json_bytes(value), status, media_type=JSON)


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "to_json"):
        return value.to_json()
    raise TypeError(f"{type(value).__name__} has no JSON form")
