"""Webhooks: who is told, their secrets, and what became of each message."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.fields import AfterId, Answer, BeforeId, Id, Limit, Page, Request, page
from holdfast.api.writes import Write, Writing
from holdfast.decisions.webhooks import endpoints, outbox
from holdfast.decisions.webhooks.endpoints import Endpoint
from holdfast.errors import NotFoundError
from holdfast.service.reach import webhook_reach

__all__ = ["router"]

router = APIRouter(tags=["webhooks"])

MAX_OVERLAP_HOURS = 30 * 24
Kinds = Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=20)]


class NewEndpoint(Request):
    """A receiver of signed messages."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$", examples=["trust-and-safety"])
    url: str = Field(max_length=2000, examples=["https://platform.example/hooks/holdfast"])
    kinds: Kinds = Field(default=["*"], description="Kinds of events; * is all of them.")


class EndpointChange(Request):
    """What is given is changed, the rest stays."""

    url: str | None = Field(default=None, max_length=2000)
    kinds: Kinds | None = None
    enabled: bool | None = Field(default=None, description="False is a pause: messages wait meanwhile.")


class Rotation(Request):
    """For how long the old secret still signs beside the new one."""

    overlap_hours: float = Field(default=24.0, ge=0, le=MAX_OVERLAP_HOURS, description="0: it got out.")


class EndpointAnswer(Answer):
    """One receiver."""

    id: int = Field(examples=[3])
    name: str = Field(examples=["trust-and-safety"])
    url: str = Field(examples=["https://platform.example/hooks/holdfast"])
    kinds: list[str] = Field(examples=[["*"]])
    enabled: bool = Field(examples=[True])
    failing_since: datetime | None = Field(description="Null when the last message arrived.")
    created_at: datetime
    updated_at: datetime


class SecretAnswer(Answer):
    """The receiver with its new secret, which is shown once: not in the answer to a repeated request."""

    endpoint: EndpointAnswer
    secret: str | None = Field(examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"])


class DeliveryAnswer(Answer):
    """One message to one receiver, without its body."""

    id: int
    endpoint: int = Field(validation_alias="endpoint_id")
    message_id: str = Field(examples=["msg_0b0f6a2e5d6c4c0f"], description="The header webhook-id.")
    event: int | None = Field(validation_alias="event_id")
    kind: str = Field(examples=["match"])
    state: str = Field(examples=["delivered"], description="pending, delivered or dead.")
    attempts: int
    next_at: datetime
    last_error: str | None
    created_at: datetime
    finished_at: datetime | None


class AttemptAnswer(Answer):
    """One try. ``status`` is null when no answer came."""

    at: datetime
    duration_ms: int
    status: int | None
    error: str | None


class DeliveryDetail(Answer):
    """One message and all its tries, oldest first."""

    delivery: DeliveryAnswer
    tries: list[AttemptAnswer]


class Queued(Answer):
    """The message that was written."""

    delivery: int


class Replayed(Answer):
    """How many messages are sent again."""

    replayed: int


@router.get("/v1/webhooks", summary="List webhooks", responses=responses(422))
def list_webhooks(
    caller: Annotated[Caller, Guard(Permission.WEBHOOK_MANAGE)], after: AfterId = 0, limit: Limit = 100
) -> Page[EndpointAnswer]:
    """Every receiver, without its secrets."""
    with caller.runtime.database.read() as connection:
        found = [one for one in endpoints.list_endpoints(connection) if one.id > after]
    found = sorted(found, key=lambda one: one.id)[:limit]
    return page([EndpointAnswer.model_validate(one) for one in found], limit, [one.id for one in found])


@router.post(
    "/v1/webhooks",
    status_code=201,
    summary="Add a webhook",
    response_model=SecretAnswer,
    responses=responses(409, 422),
)
def create_webhook(
    body: NewEndpoint, write: Annotated[Write, Writing(Permission.WEBHOOK_MANAGE)]
) -> Response:
    """The answer holds the secret that messages are signed with, once. Keep it, or rotate."""
    runtime = write.caller.runtime
    reach = webhook_reach(runtime.settings.webhooks)

    def work(connection: sa.Connection) -> tuple[Endpoint, str]:
        made = endpoints.create(connection, runtime.sealer, **body.model_dump(), reach=reach)
        write.note(connection, "webhook.create", f"webhook:{made[0].id}")
        return made

    return write.run(work, _with_secret, status=201, kept=_without_secret)


@router.get("/v1/webhooks/{webhook}", summary="Show a webhook", responses=responses(404, 422))
def get_webhook(caller: Annotated[Caller, Guard(Permission.WEBHOOK_MANAGE)], webhook: Id) -> EndpointAnswer:
    """One receiver, without its secrets."""
    with caller.runtime.database.read() as connection:
        return EndpointAnswer.model_validate(endpoints.get(connection, webhook))


@router.patch(
    "/v1/webhooks/{webhook}",
    summary="Change a webhook",
    response_model=EndpointAnswer,
    responses=responses(404, 422),
)
def change_webhook(
    webhook: Id, body: EndpointChange, write: Annotated[Write, Writing(Permission.WEBHOOK_MANAGE)]
) -> Response:
    """While it is not enabled, messages wait; they are sent when it is again."""
    reach = webhook_reach(write.caller.runtime.settings.webhooks)

    def work(connection: sa.Connection) -> EndpointAnswer:
        changed = endpoints.update(connection, webhook, **body.model_dump(), reach=reach)
        write.note(connection, "webhook.change", f"webhook:{webhook}")
        return EndpointAnswer.model_validate(changed)

    return write.run(work)


@router.delete(
    "/v1/webhooks/{webhook}", status_code=204, summary="Delete a webhook", responses=responses(404, 422)
)
def delete_webhook(webhook: Id, write: Annotated[Write, Writing(Permission.WEBHOOK_MANAGE)]) -> Response:
    """The receiver with its secrets, its log, and every message that still waits for it."""

    def work(connection: sa.Connection) -> None:
        endpoints.delete(connection, webhook)
        write.note(connection, "webhook.delete", f"webhook:{webhook}")

    return write.run(work, status=204)


@router.post(
    "/v1/webhooks/{webhook}/rotate",
    summary="Rotate a webhook's secret",
    response_model=SecretAnswer,
    responses=responses(404, 422),
)
def rotate(
    webhook: Id, body: Rotation, write: Annotated[Write, Writing(Permission.WEBHOOK_MANAGE)]
) -> Response:
    """A new secret, shown once. The old one signs beside it for a while, so that no message is lost."""
    sealer = write.caller.runtime.sealer

    def work(connection: sa.Connection) -> tuple[Endpoint, str]:
        secret = endpoints.rotate(connection, sealer, webhook, overlap_s=body.overlap_hours * 3600)
        write.note(connection, "webhook.rotate", f"webhook:{webhook}")
        return endpoints.get(connection, webhook), secret

    return write.run(work, _with_secret, kept=_without_secret)


@router.post(
    "/v1/webhooks/{webhook}/test",
    status_code=202,
    summary="Send a test message",
    response_model=Queued,
    responses=responses(404, 422),
)
def send_test(webhook: Id, write: Annotated[Write, Writing(Permission.WEBHOOK_MANAGE)]) -> Response:
    """A message of the type `test`; its delivery says whether it arrived."""

    def work(connection: sa.Connection) -> Queued:
        return Queued(delivery=outbox.publish_test(connection, endpoints.get(connection, webhook)))

    return write.run(work, status=202)


@router.get("/v1/webhooks/{webhook}/deliveries", summary="List deliveries", responses=responses(404, 422))
def list_deliveries(
    caller: Annotated[Caller, Guard(Permission.WEBHOOK_REPLAY)],
    webhook: Id,
    state: Annotated[Literal["pending", "delivered", "dead"] | None, Query()] = None,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[DeliveryAnswer]:
    """Messages to one receiver, newest first. Dead ones wait for a replay."""
    with caller.runtime.database.read() as connection:
        endpoints.get(connection, webhook)
        found = outbox.list_deliveries(
            connection, endpoint_id=webhook, state=state, before_id=before, limit=limit
        )
    return page([DeliveryAnswer.model_validate(one) for one in found], limit, [one.id for one in found])


@router.get(
    "/v1/webhooks/{webhook}/deliveries/{delivery}", summary="Show a delivery", responses=responses(404, 422)
)
def get_delivery(
    caller: Annotated[Caller, Guard(Permission.WEBHOOK_REPLAY)], webhook: Id, delivery: Id
) -> DeliveryDetail:
    """One message with every try. What the receiver answered is not kept, but for the status."""
    with caller.runtime.database.read() as connection:
        found = _delivery(connection, webhook, delivery)
        tries = outbox.attempts(connection, delivery)
    return DeliveryDetail(
        delivery=DeliveryAnswer.model_validate(found),
        tries=[AttemptAnswer.model_validate(one) for one in tries],
    )


@router.post(
    "/v1/webhooks/{webhook}/deliveries/{delivery}/replay",
    status_code=202,
    summary="Send a message again",
    response_model=Queued,
    responses=responses(404, 409, 422),
)
def replay(
    webhook: Id, delivery: Id, write: Annotated[Write, Writing(Permission.WEBHOOK_REPLAY)]
) -> Response:
    """A dead or delivered message, under the same webhook-id, with all its tries."""

    def work(connection: sa.Connection) -> Queued:
        _delivery(connection, webhook, delivery)
        outbox.replay(connection, delivery)
        return Queued(delivery=delivery)

    return write.run(work, status=202)


@router.post(
    "/v1/webhooks/{webhook}/replay",
    status_code=202,
    summary="Send all dead messages again",
    response_model=Replayed,
    responses=responses(404, 422),
)
def replay_all(webhook: Id, write: Annotated[Write, Writing(Permission.WEBHOOK_REPLAY)]) -> Response:
    """Every dead message of one receiver: for when it is well again."""

    def work(connection: sa.Connection) -> Replayed:
        endpoints.get(connection, webhook)
        return Replayed(replayed=outbox.replay_all(connection, webhook))

    return write.run(work, status=202)


def _delivery(connection: sa.Connection, webhook: int, delivery: int) -> outbox.Delivery:
    found = outbox.get(connection, delivery)
    if found.endpoint_id != webhook:
        raise NotFoundError(f"There is no delivery {delivery} of webhook {webhook}; nothing was done.")
    return found


def _with_secret(made: tuple[Endpoint, str]) -> dict[str, Any]:
    endpoint, secret = made
    return SecretAnswer(endpoint=EndpointAnswer.model_validate(endpoint), secret=secret).to_json()


def _without_secret(made: tuple[Endpoint, str]) -> dict[str, Any]:
    return {**_with_secret(made), "secret": None}
