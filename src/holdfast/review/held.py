"""What people decide about held content: reviews of decisions, release, holding again, destruction.

Two people stand behind what cannot be taken back. On a trusted list a dispute keeps the content held until
somebody else releases it; what a decision is about is destroyed by hand only after somebody else released it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from holdfast.decisions import records
from holdfast.decisions.records import DecisionRow, Verdict
from holdfast.decisions.standing import review_entry, standings
from holdfast.decisions.webhooks import outbox
from holdfast.errors import ConflictError, NotAllowedError, NotFoundError
from holdfast.records import events
from holdfast.records.two_people import are_two_people
from holdfast.vault import listing, retention

__all__ = ["Review", "destroy_hold", "hold_again", "release_hold", "review_decision", "tell"]


@dataclass(frozen=True, slots=True)
class Review:
    """What came of a review. ``destroy_at``: the content was released, and goes then."""

    decision: DecisionRow
    standing: str  # of the entry; "none" where there is none
    destroy_at: datetime | None


def review_decision(
    connection: sa.Connection,
    event_id: int,
    *,
    person: str,
    verdict: Verdict,
    reason: str,
    cleared_window: timedelta,
    is_rule: bool = False,
) -> Review:
    """Write down what ``person`` says of a decision, and of its entry.

    The first review closes the decision: "confirm" keeps the content held; "dispute" releases it, to be
    destroyed after ``cleared_window``, unless the entry's list is trusted. Whoever comes later is heard
    about the entry, and the decision keeps showing the first. The same person's same verdict again
    changes nothing. With ``is_rule`` it is no person who says so, and nothing is said of the entry. Raises
    `NotFoundError`, `UsageError`.
    """
    decision = records.lock_decision(connection, event_id)
    is_first = decision.verdict is None
    if (decision.reviewed_by, decision.verdict) != (person, verdict) and not is_rule:
        _say(connection, decision, person, verdict, reason)
    if is_first:
        decision = records.mark_reviewed(connection, event_id, by=person, verdict=verdict, reason=reason)
        if verdict == "dispute" and decision.item_id is not None and not decision.trusted:
            _release(connection, decision.item_id, decision, person, "the match was disputed", cleared_window)
    entry = decision.entry_id
    standing = "none" if entry is None else standings(connection, [entry])[entry]
    return Review(decision, standing, _destroy_at(connection, decision))


def release_hold(
    connection: sa.Connection,
    item_id: str,
    *,
    actor: str,
    purpose: str,
    cleared_window: timedelta,
    is_approved: bool = False,
) -> datetime:
    """The content is cleared; the moment at which it is destroyed.

    Content that a trusted list named needs a dispute by somebody else, unless ``is_approved``: an approval
    (`approvals`) has been given. Raises `ConflictError` when nobody
    disputed it yet, `NotAllowedError` when only ``actor`` did, and as `vault.retention.release`.
    """
    decision = records.of_item(connection, item_id)
    if decision is not None and decision.trusted and not is_approved:
        disputers = records.disputers(connection, decision)
        if not disputers:
            raise ConflictError(
                f"Item {item_id} is held on a trusted list and nobody has disputed the match; it stays held. "
                f"Review decision {decision.event_id} first; then somebody else releases the content."
            )
        if not any(are_two_people(one, actor) for one in disputers):
            raise NotAllowedError(
                f"You disputed this match yourself, or by another door; item {item_id} stays held. "
                "Clearing a match on a trusted list takes two people: somebody else with vault.release has "
                "to release it."
            )
    return _release(connection, item_id, decision, actor, purpose, cleared_window)


def hold_again(connection: sa.Connection, item_id: str, *, actor: str, purpose: str) -> None:
    """The clearing was wrong: the content is held as before. Raises as `vault.retention.hold_again`."""
    was_released = retention.lock(connection, item_id).state == "released"
    retention.hold_again(connection, item_id, actor=actor, purpose=purpose)
    if was_released:
        tell(connection, "hold.placed", item_id, records.of_item(connection, item_id), actor)


def destroy_hold(connection: sa.Connection, item_id: str, *, actor: str, purpose: str) -> None:
    """Destroys the key of the content, and with it the content; the encrypted bytes go with the next sweep.

    Content that a decision is about must have been released by somebody else before; what was preserved
    for a report is asked for by one and approved by another (`destructions`). Raises
    `ConflictError`, `NotAllowedError`, and `HeldError` for what must be kept.
    """
    item = retention.lock(connection, item_id)
    retention.forbid_if_kept(connection, item_id)
    decision = records.of_item(connection, item_id)
    if decision is None and item.keep_until is not None:
        raise ConflictError(
            f"Item {item_id} was preserved for a report; it was not destroyed. That takes two people: ask "
            "for its destruction (`holdfast vault destruction ask`), and let somebody else approve it."
        )
    if decision is not None:
        if item.state != "released":
            raise ConflictError(
                f"Item {item_id} is held because of decision {decision.event_id}; it was not destroyed. "
                "Release it first; it is then destroyed by itself, or at once by somebody else."
            )
        releaser = listing.released_by(connection, item_id)
        if releaser is None or not are_two_people(releaser, actor):
            raise NotAllowedError(
                f"You released item {item_id} yourself, or by another door; it was not "
                "destroyed. Destroying it before its time takes two people: somebody else has to do it."
            )
    retention.destroy_keys(connection, [item_id], actor=actor, purpose=purpose)
    tell(connection, "hold.destroyed", item_id, decision, actor)


def _say(
    connection: sa.Connection, decision: DecisionRow, person: str, verdict: Verdict, reason: str
) -> None:
    event, reference = decision.event_id, decision.content_reference
    if decision.entry_id is not None:
        # The entry may be deleted by now; what is said of the upload stands all the same.
        with suppress(NotFoundError):
            review_entry(
                connection,
                decision.entry_id,
                person=person,
                verdict=verdict,
                reason=reason,
                event_id=event,
                content_reference=reference,
            )
            return
    told = {"verdict": verdict, "event": event, "content_reference": reference}
    facts = {"by": person, "verdict": verdict, "event": event}
    written = events.append(connection, "decision.reviewed", facts, content_reference=reference)
    outbox.publish(connection, "decision.reviewed", told, event_id=written)


def _release(
    connection: sa.Connection,
    item_id: str,
    decision: DecisionRow | None,
    actor: str,
    purpose: str,
    window: timedelta,
) -> datetime:
    was_held = retention.lock(connection, item_id).state == "held"
    destroy_at = retention.release(connection, item_id, actor=actor, purpose=purpose, window=window)
    if was_held:
        tell(connection, "hold.released", item_id, decision, actor)
    return destroy_at


def tell(
    connection: sa.Connection, kind: str, item_id: str, decision: DecisionRow | None, actor: str
) -> None:
    """Write the event of a hold, and tell the platform."""
    reference = None if decision is None else decision.content_reference
    told: dict[str, Any] = {"hold": item_id, "event": None if decision is None else decision.event_id}
    written = events.append(connection, kind, {**told, "by": actor}, content_reference=reference)
    outbox.publish(connection, kind, {**told, "content_reference": reference}, event_id=written)


def _destroy_at(connection: sa.Connection, decision: DecisionRow) -> datetime | None:
    if decision.item_id is None:
        return None
    item = listing.get_item(connection, decision.item_id)
    return item.destroy_at if item.state == "released" else None
