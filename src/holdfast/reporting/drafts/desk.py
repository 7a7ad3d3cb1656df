"""What work on drafts needs, put together once: a desk. And what is told of every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from holdfast.decisions.webhooks import outbox
from holdfast.records import audit, events
from holdfast.reporting.destinations.registry import Destinations
from holdfast.reporting.drafts.models import Draft
from holdfast.settings import ReportingSettings
from holdfast.vault.secrets import KeySealer

__all__ = ["Desk", "tell"]


@dataclass(frozen=True, slots=True)
class Desk:
    """Settings, destinations and the seal of drafts, as one home has them."""

    settings: ReportingSettings
    destinations: Destinations
    sealer: KeySealer


def tell(
    connection: sa.Connection,
    kind: str,
    draft: Draft,
    *,
    by: str,
    action: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """One event, its webhook, and with ``action`` a line of the audit log. Append last in a transaction."""
    told = {
        "report": draft.id,
        "case": draft.case_reference,
        "destination": draft.destination,
        "revision": draft.revision,
        "incidents": draft.incident_count,
        "files": draft.file_count,
        "imminent": draft.is_imminent,
        "automatic": draft.is_automatic,
        **(facts or {}),
    }
    event = events.append(connection, kind, told)
    outbox.publish(connection, kind, told, event_id=event)
    if action is not None:
        audited = {"destination": draft.destination, "version": draft.version, **(facts or {})}
        audit.append(connection, actor=by, action=action, target=f"report:{draft.id}", facts=audited)
