"""What the service keeps of what happened: events, decisions, holds, actions, jobs. Immutable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

__all__ = [
    "Action",
    "DecisionRecord",
    "Event",
    "Hold",
    "Job",
    "LegalHold",
    "RemovalTimes",
    "Reviewed",
    "Spread",
]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. ``id`` is its place in the log; keep the last one as the cursor."""

    id: int
    kind: str
    content_reference: str | None
    at: datetime
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """What the rules decided about one event, and the first review of it."""

    event: int
    outcome: str
    rule: str
    class_: str
    rules_version: str
    actions: dict[str, Any]
    queue: int | None
    entry: int | None
    trusted: bool
    hold: str | None
    content_reference: str | None
    decided_at: datetime
    reviewed_at: datetime | None
    reviewed_by: str | None
    verdict: str | None
    review_reason: str | None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What came of a review. ``destroy_at``: released, and destroyed then; None: it stays held."""

    decision: DecisionRecord
    standing: str
    destroy_at: datetime | None


@dataclass(frozen=True, slots=True)
class LegalHold:
    """Forbids destruction until it is lifted."""

    id: int
    reference: str
    placed_at: datetime
    placed_by: str


@dataclass(frozen=True, slots=True)
class Hold:
    """One held item or its tombstone, without its content. ``state``: held, released or destroyed."""

    id: str
    state: str
    reason: str
    size_bytes: int
    held_at: datetime
    held_by: str
    keep_until: datetime | None
    destroy_at: datetime | None
    released_at: datetime | None
    destroyed_at: datetime | None
    destroyed_by: str | None
    destroyed_why: str | None
    legal_holds: tuple[LegalHold, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """One action that the platform was asked for. Unconfirmed: ``confirmed_at`` is None."""

    id: int
    event: int
    action: str
    content_reference: str
    uploaded_at: datetime | None
    matched_at: datetime
    asked_at: datetime
    confirmed_at: datetime | None
    outcome: str | None
    removed: tuple[str, ...] | None
    removed_at: datetime | None
    confirmed_by: str | None


@dataclass(frozen=True, slots=True)
class Spread:
    """How durations are spread, in seconds."""

    count: int
    p50_s: float | None
    p95_s: float | None
    max_s: float | None


@dataclass(frozen=True, slots=True)
class RemovalTimes:
    """From upload and from match to removal, over the actions asked for in a period."""

    since: datetime
    until: datetime
    asked: int
    unconfirmed: int
    already_gone: int
    from_upload: Spread
    from_match: Spread


@dataclass(frozen=True, slots=True)
class Job:
    """One job. ``state``: queued, running, done, dead (waits for a person) or cancelled."""

    id: int
    kind: str
    state: str
    attempts: int
    max_attempts: int
    progress_done: int
    progress_total: int | None
    progress_note: str
    result: Any
    last_error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def has_ended(self) -> bool:
        return self.state in ("done", "dead", "cancelled")
