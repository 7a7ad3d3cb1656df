"""The alarm about actions that nobody confirmed: once for each action, whichever worker looks first."""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.decisions.webhooks import outbox, receipts
from holdfast.records import events

__all__ = ["KIND", "raise_overdue"]

KIND = "action.overdue"
BATCH = 200


def raise_overdue(connection: sa.Connection, *, older_than_s: float) -> list[str]:
    """Writes an event and a webhook for each action that is overdue; the actions, for the counters.

    In the caller's transaction, at most `BATCH` at once.
    """
    late = receipts.take_overdue(connection, older_than_s=older_than_s, limit=BATCH)
    for receipt in late:
        facts = {
            "receipt": receipt.id,
            "event": receipt.event_id,
            "action": receipt.action,
            "asked_at": receipt.asked_at.isoformat(),
        }
        event_id = events.append(connection, KIND, facts, content_reference=receipt.content_reference)
        told = {**facts, "content_reference": receipt.content_reference}
        outbox.publish(connection, KIND, told, event_id=event_id)
    return [receipt.action for receipt in late]
