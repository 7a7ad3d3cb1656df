"""What is to be told: the outbox, written in the transaction of the event that it tells of.

    with database.write() as connection:
        event_id = events.append(connection, "match", facts)
        outbox.publish(connection, "match", data, event_id=event_id)

Each endpoint has its own row. A row is sent until the receiver answers 2xx: 13 tries over some 36 hours,
further and further apart, then it is dead and waits for `replay`. A message may arrive more than once (a
process was killed between the answer and its record), always under the same `webhook-id`, and messages
may arrive in another order than they were written.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa
import structlog

from holdfast.decisions.webhooks.endpoints import ALL_KINDS, Endpoint, list_endpoints
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.records.dialect import moment
from holdfast.records.jobs import backoff_s
from holdfast.records.tables.base import now
from holdfast.records.tables.outbox import webhook_attempts, webhook_deliveries, webhook_endpoints

__all__ = [
    "Attempt",
    "Delivery",
    "Try",
    "attempts",
    "claim",
    "counts",
    "due",
    "get",
    "list_deliveries",
    "prune",
    "publish",
    "publish_test",
    "record",
    "replay",
    "replay_all",
]

State = Literal["pending", "delivered", "dead"]

MAX_ATTEMPTS = 13
RETRY_BASE_S = 5.0
RETRY_FACTOR = 3.0
RETRY_CAP_S = 8 * 3600.0
MAX_BODY_BYTES = 256 * 1024
TEST_KIND = "test"
PUBLISHED = "holdfast.published"  # mark on the connection that `deliver.Deliverer` looks for

log = structlog.get_logger(__name__)

_PENDING = sa.literal("pending", literal_execute=True)  # as in records/jobs.py: for the partial index
table = webhook_deliveries


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one endpoint. `next_at` is the next try, or while one runs the end of its lease."""

    id: int
    endpoint_id: int
    message_id: str
    event_id: int | None
    kind: str
    body: str
    state: State
    attempts: int
    fence: int
    next_at: datetime
    last_error: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Try:
    """How one try went: ``status`` is None when no answer came, ``error`` is None when it was a 2xx."""

    duration_ms: int
    status: int | None
    error: str | None
    retry_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of the delivery log."""

    at: datetime
    duration_ms: int
    status: int | None
    error: str | None


def publish(
    connection: sa.Connection,
    kind: str,
    data: Mapping[str, Any],
    *,
    event_id: int | None = None,
    also: Collection[str] = (),
) -> dict[str, int]:
    """Write a message for every endpoint that wants this kind, and for those in ``also``: name -> delivery.

    The body is ``{"type", "timestamp", "event_id", "data"}``. ``data`` goes to another company's log
    files: no hash, no entry, no content. A name without an endpoint is logged and is not in the answer: a
    misspelt rule must not keep the match itself from being recorded.
    """
    endpoints = list_endpoints(connection)
    told = [one for one in endpoints if ALL_KINDS in one.kinds or kind in one.kinds or one.name in also]
    for missing in sorted(set(also) - {one.name for one in told}):
        log.error("a webhook is asked for that does not exist; it was not told", name=missing, kind=kind)
    if not told:
        return {}
    body = _body(kind, data, event_id)
    return {endpoint.name: _insert(connection, endpoint, kind, body, event_id) for endpoint in told}


def publish_test(connection: sa.Connection, endpoint: Endpoint) -> int:
    """A message of type ``test`` for one endpoint, to see whether all is set up; the delivery's id."""
    return _insert(connection, endpoint, TEST_KIND, _body(TEST_KIND, {}, None), None)


def due(connection: sa.Connection) -> list[tuple[int, str]]:
    """Id and URL of every enabled endpoint with a message to be sent now."""
    e = webhook_endpoints
    waits = sa.exists().where(
        table.c.endpoint_id == e.c.id, table.c.state == _PENDING, table.c.next_at <= moment(connection)
    )
    query = sa.select(e.c.id, e.c.url).where(e.c.enabled, waits).order_by(e.c.id)
    return [(endpoint_id, url) for endpoint_id, url in connection.execute(query)]


def claim(connection: sa.Connection, endpoint_id: int, lease_s: float, limit: int) -> list[Delivery]:
    """Up to ``limit`` due messages of one endpoint, for the caller to send within ``lease_s`` seconds."""
    picked = (
        sa.select(table.c.id)
        .where(
            table.c.endpoint_id == endpoint_id,
            table.c.state == _PENDING,
            table.c.next_at <= moment(connection),
        )
        .order_by(table.c.next_at, table.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    statement = (
        sa.update(table)
        .where(table.c.id.in_(sa.select(picked.c.id)))
        .values(next_at=moment(connection, lease_s), attempts=table.c.attempts + 1, fence=table.c.fence + 1)
        .returning(table)
    )
    claimed = [Delivery(**row._mapping) for row in connection.execute(statement)]
    return sorted(claimed, key=lambda delivery: delivery.id)


def record(connection: sa.Connection, delivery: Delivery, result: Try) -> State:
    """Log a try and what comes of it. A 2xx ends the delivery even when somebody else tries it by now."""
    connection.execute(
        sa.insert(webhook_attempts).values(
            delivery_id=delivery.id,
            at=moment(connection),
            duration_ms=result.duration_ms,
            status=result.status,
            error=result.error,
        )
    )
    _mark_endpoint(connection, delivery.endpoint_id, well=result.error is None)
    update = sa.update(table).where(table.c.id == delivery.id, table.c.state == _PENDING)
    if result.error is None:
        connection.execute(update.values(state="delivered", last_error=None, finished_at=moment(connection)))
        return "delivered"
    dies = delivery.attempts >= MAX_ATTEMPTS
    values: dict[str, Any] = {"last_error": result.error}
    if dies:
        values |= {"state": "dead", "finished_at": moment(connection)}
    else:
        pause_s = backoff_s(delivery.attempts, base_s=RETRY_BASE_S, factor=RETRY_FACTOR, cap_s=RETRY_CAP_S)
        values["next_at"] = moment(connection, max(pause_s, min(result.retry_after_s, RETRY_CAP_S)))
    connection.execute(update.where(table.c.fence == delivery.fence).values(values))
    return "dead" if dies else "pending"


def replay(connection: sa.Connection, delivery_id: int) -> None:
    """Send a dead or delivered message again, under the same `webhook-id`, with all its tries.

    Raises `NotFoundError`, and `ConflictError` when it is pending.
    """
    changed = _revive(connection, table.c.id == delivery_id, table.c.state != _PENDING)
    if changed == 0:
        get(connection, delivery_id)
        raise ConflictError(f"Delivery {delivery_id} is pending already; nothing was changed.")


def replay_all(connection: sa.Connection, endpoint_id: int) -> int:
    """Send every dead message of an endpoint again; the number of them."""
    return _revive(connection, table.c.endpoint_id == endpoint_id, table.c.state == "dead")


def get(connection: sa.Connection, delivery_id: int) -> Delivery:
    """One delivery. Raises `NotFoundError`."""
    row = connection.execute(sa.select(table).where(table.c.id == delivery_id)).first()
    if row is None:
        raise NotFoundError(f"There is no webhook delivery {delivery_id}; it may have been pruned.")
    return Delivery(**row._mapping)


def list_deliveries(
    connection: sa.Connection,
    *,
    endpoint_id: int | None = None,
    state: State | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[Delivery]:
    """Deliveries, newest first. For the next page give the smallest id of this one as ``before_id``."""
    query = sa.select(table).order_by(table.c.id.desc()).limit(limit)
    if endpoint_id is not None:
        query = query.where(table.c.endpoint_id == endpoint_id)
    if state is not None:
        query = query.where(table.c.state == state)
    if before_id is not None:
        query = query.where(table.c.id < before_id)
    return [Delivery(**row._mapping) for row in connection.execute(query)]


def attempts(connection: sa.Connection, delivery_id: int) -> list[Attempt]:
    """The delivery log of one message, oldest first."""
    a = webhook_attempts
    query = sa.select(a.c.at, a.c.duration_ms, a.c.status, a.c.error).where(a.c.delivery_id == delivery_id)
    return [Attempt(**row._mapping) for row in connection.execute(query.order_by(a.c.id))]


def counts(connection: sa.Connection) -> dict[tuple[str, State], int]:
    """How many deliveries there are by endpoint name and state: dead ones are an alarm."""
    query = (
        sa.select(webhook_endpoints.c.name, table.c.state, sa.func.count())
        .join(webhook_endpoints, webhook_endpoints.c.id == table.c.endpoint_id)
        .group_by(webhook_endpoints.c.name, table.c.state)
    )
    return {(name, state): count for name, state, count in connection.execute(query)}


def prune(
    connection: sa.Connection,
    *,
    finished_before: datetime,
    include_dead: bool = False,
    limit: int = 1000,
) -> int:
    """Delete up to ``limit`` deliveries that ended before a moment, and their log; the number of them.

    Dead ones stay until somebody looks at them, unless ``include_dead``.
    """
    states = ("delivered", "dead") if include_dead else ("delivered",)
    old = (
        sa.select(table.c.id)
        .where(table.c.state.in_(states), table.c.finished_at < finished_before)
        .order_by(table.c.finished_at)
        .limit(limit)
    )
    return connection.execute(sa.delete(table).where(table.c.id.in_(old))).rowcount


def _insert(connection: sa.Connection, endpoint: Endpoint, kind: str, body: str, event_id: int | None) -> int:
    connection.info[PUBLISHED] = True
    at = moment(connection)
    statement = sa.insert(table).values(
        endpoint_id=endpoint.id,
        message_id=f"msg_{uuid.uuid4().hex}",
        event_id=event_id,
        kind=kind,
        body=body,
        state="pending",
        attempts=0,
        fence=0,
        next_at=at,
        created_at=at,
    )
    return int(connection.execute(statement.returning(table.c.id)).scalar_one())


def _body(kind: str, data: Mapping[str, Any], event_id: int | None) -> str:
    timestamp = now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    message = {"type": kind, "timestamp": timestamp, "event_id": event_id, "data": dict(data)}
    body = json.dumps(message, ensure_ascii=True, separators=(",", ":"))
    if len(body) > MAX_BODY_BYTES:
        raise UsageError(
            f"The webhook message has {len(body)} bytes, more than {MAX_BODY_BYTES}; it was not written."
        )
    return body


def _revive(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> int:
    connection.info[PUBLISHED] = True
    values = {"state": "pending", "attempts": 0, "next_at": moment(connection), "finished_at": None}
    return connection.execute(sa.update(table).where(*conditions).values(values)).rowcount


def _mark_endpoint(connection: sa.Connection, endpoint_id: int, *, well: bool) -> None:
    # Only on a change: otherwise every delivery of an endpoint would queue up for this one row.
    failing_since = webhook_endpoints.c.failing_since
    changes = failing_since.is_not(None) if well else failing_since.is_(None)
    connection.execute(
        sa.update(webhook_endpoints)
        .where(webhook_endpoints.c.id == endpoint_id, changes)
        .values(failing_since=None if well else moment(connection))
    )
