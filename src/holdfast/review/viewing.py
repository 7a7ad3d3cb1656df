"""What a page reports of a reveal, and the person's word for it at the end.

Events carry numbers from 1 without a gap, so that a lost one is noticed; one that is sent twice is taken
once. They also count towards the person's day. What they prove is decided by `proof`, once, when the person
attests; without that the answer stays no.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite

import sqlalchemy as sa

from holdfast.errors import ConflictError, NotAllowedError, UsageError
from holdfast.records import audit
from holdfast.records.dialect import moment, upsert
from holdfast.records.tables.base import now
from holdfast.records.tables.vault import vault_items
from holdfast.records.tables.viewing import (
    attestations,
    media_grants,
    media_served,
    media_shapes,
    view_events,
)
from holdfast.review.grants import Grant, end_grant, get_grant
from holdfast.review.proof import (
    EVENT_KINDS,
    SLACK_MS,
    Evidence,
    Judgement,
    Seen,
    judge,
    seen_until_ms,
    shown_ms,
)
from holdfast.review.rules import ReviewRules
from holdfast.review.wellness import note_exposure

__all__ = ["ORIGINAL", "Noted", "attest", "note_events", "note_shape"]

ORIGINAL = "original"  # the fidelity of the held bytes themselves
MAX_EVENTS = 500  # at once
MAX_NUMBER = 20_000
MAX_CLOCK_MS = 24 * 3600 * 1000
LATE_MS = 5000  # a row about bytes that went out may wait for others before it is written


@dataclass(frozen=True, slots=True)
class Noted:
    """What came of events: the last number that is on record, and whether a pause is due now."""

    last_number: int
    pause: bool


def note_events(
    connection: sa.Connection,
    grant_id: int,
    events: Sequence[Seen],
    *,
    person: str,
    session: str,
    rules: ReviewRules,
) -> Noted:
    """Puts events of the person's page on record. A number that never comes leaves a gap.

    Raises `NotAllowedError` for another's reveal, `UsageError`.
    """
    grant = _own(connection, grant_id, person, session)
    for event in events[: MAX_EVENTS + 1]:
        _check(event)
    if len(events) > MAX_EVENTS:
        raise UsageError(f"At most {MAX_EVENTS} events at once. Nothing was noted.")
    known = {seen.number: seen for seen in _events(connection, grant_id)}
    new = [event for event in events if event.number not in known]
    broken = grant.broken
    if any(event.number in known and known[event.number] != event for event in events):
        broken = "contradiction"
    if any(event.clock_ms > _elapsed_ms(grant) + SLACK_MS for event in new):
        broken = "impossible_clock"  # told before it can have happened
    if new:
        v = view_events
        rows = [{"grant_id": grant_id, **_row(event)} for event in new]
        connection.execute(sa.insert(v).values(at=moment(connection)), rows)
    everything = [*known.values(), *new]
    total_ms = shown_ms(everything)
    last = max((event.number for event in everything), default=0)
    changed = sa.update(media_grants).where(media_grants.c.id == grant_id)
    connection.execute(
        changed.values(last_number=last, shown_ms=max(total_ms, grant.shown_ms), broken=broken)
    )
    if any(event.kind == "closed" for event in new):
        end_grant(connection, grant_id)
    more_ms = max(0, total_ms - grant.shown_ms)
    return Noted(last, note_exposure(connection, person, rules, shown_ms=more_ms))


def attest(
    connection: sa.Connection, grant_id: int, *, person: str, session: str, last_number: int
) -> Judgement:
    """The person says: I have seen all of this file. The answer says whether that is proved.

    ``last_number`` is that of the page's last event. Once for each reveal. Raises `NotAllowedError`,
    `ConflictError` when it was attested before.
    """
    grant = _own(connection, grant_id, person, session)
    if connection.execute(sa.select(attestations.c.id).where(attestations.c.grant_id == grant_id)).first():
        raise ConflictError(f"Reveal {grant_id} was attested before; nothing was written.")
    judgement = judge(_evidence(connection, grant, last_number))
    connection.execute(
        sa.insert(attestations).values(
            grant_id=grant_id,
            item_id=grant.item_id,
            person=person,
            at=moment(connection),
            complete=judgement.complete,
            why_not=judgement.why_not,
            shown_ms=judgement.shown_ms,
        )
    )
    end_grant(connection, grant_id)
    facts = {"grant": grant_id, "complete": judgement.complete, "why_not": judgement.why_not}
    target = f"item:{grant.item_id}"
    audit.append(connection, actor=person, action="media.attest", target=target, facts=facts)
    return judgement


def note_shape(connection: sa.Connection, item_id: str, shape: str, duration_s: float | None = None) -> None:
    """What kind of thing a held file is, as the decode workers found it. The first word stands."""
    known = connection.execute(sa.select(media_shapes).where(media_shapes.c.item_id == item_id)).first()
    if known is None:
        insert = upsert(connection, media_shapes).values(item_id=item_id, shape=shape, duration_s=duration_s)
        connection.execute(insert.on_conflict_do_nothing(index_elements=["item_id"]))


def _own(connection: sa.Connection, grant_id: int, person: str, session: str) -> Grant:
    """The grant, locked; also one that is over: what was seen until then counts."""
    grant = get_grant(connection, grant_id)
    if (grant.person, grant.session) != (person, session):
        raise NotAllowedError(f"Reveal {grant_id} is not yours in this session. Nothing was noted.")
    return grant


def _evidence(connection: sa.Connection, grant: Grant, last_number: int) -> Evidence:
    shapes = sa.select(media_shapes).where(media_shapes.c.item_id == grant.item_id)
    shape = connection.execute(shapes).first()
    events = _events(connection, grant.id)
    until_ms = seen_until_ms(None if shape is None else shape.shape, events) + LATE_MS
    s = media_served.c
    sent = sa.select(s.first_byte, s.end_byte).where(s.grant_id == grant.id, s.fidelity == ORIGINAL)
    sent = sent.where(s.at <= grant.granted_at + timedelta(milliseconds=until_ms))
    size = sa.select(vault_items.c.size_bytes).where(vault_items.c.id == grant.item_id)
    return Evidence(
        shape=None if shape is None else shape.shape,
        duration_s=None if shape is None else shape.duration_s,
        total_bytes=int(connection.execute(size).scalar_one()),
        ranges=[(row.first_byte, row.end_byte) for row in connection.execute(sent)],
        events=events,
        last_number=last_number,
        elapsed_ms=_elapsed_ms(grant),
        broken=grant.broken,
    )


def _elapsed_ms(grant: Grant) -> int:
    return round((now() - grant.granted_at).total_seconds() * 1000)


def _events(connection: sa.Connection, grant_id: int) -> list[Seen]:
    v = view_events.c
    columns = (v.number, v.kind, v.clock_ms, v.from_s, v.to_s)
    query = sa.select(*columns).where(v.grant_id == grant_id).order_by(v.number)
    return [Seen(*row) for row in connection.execute(query)]


def _row(event: Seen) -> dict[str, object]:
    return {name: getattr(event, name) for name in Seen.__slots__}


def _check(event: Seen) -> None:
    if event.kind not in EVENT_KINDS:
        raise UsageError(f"{event.kind[:20]!r} is no event of a reveal. Nothing was noted.")
    if not (1 <= event.number <= MAX_NUMBER and 0 <= event.clock_ms <= MAX_CLOCK_MS):
        raise UsageError("An event's number or clock is out of range. Nothing was noted.")
    if not all(one is None or isfinite(one) for one in (event.from_s, event.to_s)):
        raise UsageError("An event's place in the timeline is no number. Nothing was noted.")
