"""Measures that the records hold, the same from every process: work that waits, and the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Gauge

from holdfast.decisions.webhooks import outbox
from holdfast.records import counters, deep_queue, jobs
from holdfast.records.tables.base import now
from holdfast.reporting.drafts import listing
from holdfast.service import facts
from holdfast.service.report_status import read_status
from holdfast.service.schedule import PREFIX

__all__ = ["recorded"]

DAY: Final = timedelta(days=1)

Row = tuple[tuple[str, ...], float]


def recorded(connection: sa.Connection) -> CollectorRegistry:
    """A registry of gauges, filled once."""
    registry = CollectorRegistry()
    backlog = deep_queue.backlog(connection)
    reports = read_status(connection)
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
        (
            "holdfast_deep_checks",
            "Uploads that wait for their deep check.",
            (),
            [((), backlog.waiting)],
        ),
        (
            "holdfast_deep_check_oldest_seconds",
            "How long the oldest of them has waited.",
            (),
            [((), backlog.oldest_s)],
        ),
        (
            "holdfast_deep_checks_day",
            "Deep checks of the last day, by step: asked for, checked, lost; what came of it, and why.",
            ("step", "outcome", "reason"),
            _deep_checks(connection),
        ),
        (
            "holdfast_reports_waiting",
            "Drafts of reports that were not handed over yet, by state.",
            ("state",),
            [((state,), count) for state, count in reports.waiting.items()],
        ),
        (
            "holdfast_report_alarms",
            "Filings that need a person, by kind of alarm.",
            ("kind",),
            [((kind,), count) for kind, count in reports.alarms.items()],
        ),
        (
            "holdfast_reports_late",
            "Drafts that wait for people past their deadline.",
            (),
            [((), reports.late)],
        ),
        (
            "holdfast_reports",
            "Reports by phase at their destination, with the incidents and files that they tell of.",
            ("phase", "what"),
            _reports(connection),
        ),
    ):
        gauge = Gauge(name, text, labels, registry=registry)
        for values, number in rows:
            (gauge.labels(*values) if values else gauge).set(number)
    return registry


def _jobs(connection: sa.Connection) -> Iterator[Row]:
    for (kind, state), count in jobs.counts(connection).items():
        yield (kind, str(state)), count


def _messages(connection: sa.Connection) -> Iterator[Row]:
    for (endpoint, state), count in outbox.counts(connection).items():
        yield (endpoint, str(state)), count


def _deep_checks(connection: sa.Connection) -> Iterator[Row]:
    at = now()
    for step in ("asked", "checked", "lost"):
        by = ("outcome", "reason")
        for one in counters.totals(connection, f"deep.{step}", since=at - DAY, until=at + DAY, by=by):
            yield (step, one.labels["outcome"], one.labels["reason"]), one.count


def _reports(connection: sa.Connection) -> Iterator[Row]:
    for phase, counted in listing.counts(connection).items():
        for what in ("reports", "incidents", "files"):
            yield (str(phase), what), getattr(counted, what)


def _ages(connection: sa.Connection) -> Iterator[Row]:
    at = now()
    for task, value in facts.read_all(connection, PREFIX).items():
        if "at" in value and (last := facts.moment_of(value)) is not None:
            yield (task,), (at - last).total_seconds()
