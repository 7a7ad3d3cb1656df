"""What goes on in a home: what stands still, what nobody answered, what runs out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from holdfast.access.keys import list_keys
from holdfast.decisions.webhooks import endpoints, outbox, receipts
from holdfast.records import jobs
from holdfast.records.tables.base import now
from holdfast.service import facts
from holdfast.service.checks.finding import Finding, Look
from holdfast.service.schedule import PREFIX

__all__ = ["actions", "api_keys", "background", "clock", "webhooks"]

SOON = timedelta(days=14)
STANDS_STILL = timedelta(minutes=10)  # a task of the clock comes round every quarter of a minute
OFTEN = "actions.overdue"


def api_keys(look: Look) -> Iterator[Finding]:
    """Keys that run out soon or have run out: uploads would stop being checked."""
    at = now()
    living = list_keys(look.connection, include_revoked=False)
    ended = [key.name for key in living if key.state(at) == "expired"]
    soon = [
        f"{key.name} ({key.expires_at:%Y-%m-%d})"
        for key in living
        if key.state(at) == "active" and key.expires_at is not None and key.expires_at < at + SOON
    ]
    if soon:
        detail = f"run out soon: {', '.join(soon)}. `holdfast key rotate ID --days 365`"
        yield Finding("api keys", "warning", detail)
    if ended:
        detail = f"have run out: {', '.join(ended)}. Make new ones, or `holdfast key revoke ID`"
        yield Finding("api keys", "warning", detail)
    if not living:
        detail = "none: nobody can use the service. `holdfast key create NAME --role ROLE`"
        yield Finding("api keys", "warning", detail)
    elif not soon and not ended:
        yield Finding("api keys", "ok", f"{len(living)} valid")


def actions(look: Look) -> Iterator[Finding]:
    """Content that the platform was asked to remove, and did not say that it did."""
    late = receipts.unconfirmed(look.connection, older_than_s=look.settings.rules.unconfirmed_s)
    if late:
        oldest = f"the oldest since {late[0].asked_at:%Y-%m-%d %H:%M} UTC"
        number = f"{len(late):,}{' or more' if len(late) == 1000 else ''}"
        detail = f"{number} removals are not confirmed, {oldest}: GET /v1/actions lists them"
        yield Finding("actions", "warning", detail)


def webhooks(look: Look) -> Iterator[Finding]:
    """Messages that were given up, and receivers that fail."""
    for (name, state), count in sorted(outbox.counts(look.connection).items()):
        if state == "dead":
            detail = (
                f"{count:,} messages to {name} were given up: mend it, then `holdfast webhook replay {name}`"
            )
            yield Finding("webhooks", "warning", detail)
    for one in endpoints.list_endpoints(look.connection):
        if one.failing_since is not None:
            detail = f"{one.name} fails since {one.failing_since:%Y-%m-%d %H:%M} UTC: `holdfast webhook test`"
            yield Finding("webhooks", "warning", detail)


def background(look: Look) -> Iterator[Finding]:
    """Jobs that were given up."""
    dead = sum(n for (_, state), n in jobs.counts(look.connection).items() if state == "dead")
    if dead:
        yield Finding("jobs", "warning", f"{dead:,} were given up: `holdfast job list --state dead`")


def clock(look: Look) -> Iterator[Finding]:
    """Whether a worker keeps house, and whether each task of it goes well."""
    done = facts.read_all(look.connection, PREFIX)
    if not done:
        yield Finding("housekeeping", "ok", "no worker has run yet")
        return
    failing = sorted(name for name, value in done.items() if "error" in value)
    for name in failing:
        yield Finding("housekeeping", "warning", f"{name} fails: {done[name]['error']}")
    last = _last(done.get(OFTEN))
    if last is None or now() - last > STANDS_STILL:
        when = "ever" if last is None else f"since {last:%Y-%m-%d %H:%M} UTC"
        detail = (
            f"none was done {when}: nothing expires, no alarm is raised. Run `holdfast serve` or `worker`"
        )
        yield Finding("housekeeping", "warning", detail)
    elif not failing:
        yield Finding("housekeeping", "ok", f"{len(done)} tasks, the last at {last:%H:%M:%S} UTC")


def _last(value: Any) -> datetime | None:
    return facts.moment_of(value) if value and "at" in value else None
