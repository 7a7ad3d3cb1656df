"""Measures that the records hold, the same from every process: work that waits, and the clock."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Gauge

from holdfast.decisions.webhooks import outbox
from holdfast.records import jobs
from holdfast.records.tables.base import now
from holdfast.service import facts
from holdfast.service.schedule import PREFIX

__all__ = ["recorded"]

Row = tuple[tuple[str, ...], float]


def recorded(connection: sa.Connection) -> CollectorRegistry:
    """A registry of gauges, filled once."""
    registry = CollectorRegistry()
    for name, text, labels, rows in (
        ("holdfast_jobs", "Jobs by state; dead ones were given up.", ("kind", "state"), _jobs(connection)),
        (
            "holdfast_webhook_messages",
            "Messages to the platform by state; dead ones were given up.",
            ("endpoint", "state"),
            _messages(connection),
        ),
        (
            "holdfast_housekeeping_age_seconds",
            "Time since a task of housekeeping last went well. Without a worker it grows for ever.",
            ("task",),
            _ages(connection),
        ),
    ):
        gauge = Gauge(name, text, labels, registry=registry)
        for values, number in rows:
            gauge.labels(*values).set(number)
    return registry


def _jobs(connection: sa.Connection) -> Iterator[Row]:
    for (kind, state), count in jobs.counts(connection).items():
        yield (kind, str(state)), count


def _messages(connection: sa.Connection) -> Iterator[Row]:
    for (endpoint, state), count in outbox.counts(connection).items():
        yield (endpoint, str(state)), count


def _ages(connection: sa.Connection) -> Iterator[Row]:
    at = now()
    for task, value in facts.read_all(connection, PREFIX).items():
        if "at" in value and (last := facts.moment_of(value)) is not None:
            yield (task,), (at - last).total_seconds()
