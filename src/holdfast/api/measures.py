"""Measures of this process for Prometheus. Labels are routes, statuses and outcomes: never anybody's data."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from holdfast.api.recorded import recorded
from holdfast.errors import RecordsError

if TYPE_CHECKING:
    from holdfast.service.runtime import Runtime

__all__ = ["Measures"]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SHARED = "PROMETHEUS_MULTIPROC_DIR"  # set by the supervisor when there are several processes


class Measures:
    """Counters and histograms of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # With several processes each writes files, and whoever is asked adds them up.
        own = None if SHARED in os.environ else self.registry
        self.requests = Counter(
            "holdfast_http_requests_total", "Requests.", ("method", "route", "status"), registry=own
        )
        self.seconds = Histogram(
            "holdfast_http_request_seconds", "Time a request took.", ("route",), buckets=SECONDS, registry=own
        )
        self.denials = Counter(
            "holdfast_http_denials_total", "Requests without a valid key.", ("reason",), registry=own
        )
        self.screened = Counter(
            "holdfast_screened_total", "Content checked.", ("medium", "outcome"), registry=own
        )
        self.screen_seconds = Histogram(
            "holdfast_screen_seconds",
            "Time from the whole body to the answer.",
            (),
            buckets=SECONDS,
            registry=own,
        )
        self.list_version = Gauge(
            "holdfast_list_version",
            "Position of the fingerprint log that this process has come to.",
            registry=own,
            multiprocess_mode="min",
        )
        self.list_age = Gauge(
            "holdfast_list_age_seconds",
            "Time since this process last looked for changes of the lists.",
            registry=own,
            multiprocess_mode="max",
        )

        self.records_reachable = Gauge(
            "holdfast_records_reachable",
            "Whether the database answered when it was asked for these measures.",
            registry=own,
            multiprocess_mode="mostrecent",
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request that was answered."""
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def text(self, runtime: Runtime) -> bytes:
        """Everything in Prometheus' text form; without what the records hold where they are out of reach."""
        try:
            with runtime.database.read() as connection:
                waiting = generate_latest(recorded(connection))
        except RecordsError:
            waiting = b""
        self.records_reachable.set(bool(waiting))
        follower = runtime.follower
        self.list_version.set(follower.list_version)
        self.list_age.set(follower.age_s())
        together = self.registry
        if SHARED in os.environ:
            together = CollectorRegistry()
            MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together) + waiting
