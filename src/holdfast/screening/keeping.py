"""What is written down about an upload that matched or that a rule holds: all of it or nothing.

The content is encrypted and flushed first, then one transaction writes hold, event, decision, the actions
that the platform is asked for, webhooks, and the count of the flood brake.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from holdfast.access.probing import Probe
from holdfast.decisions.engine import Decision
from holdfast.decisions.facts import Context, MatchFacts
from holdfast.decisions.flood import FloodBrake
from holdfast.decisions.policy import PolicyAnswer
from holdfast.decisions.queued import OpenCase, Queued
from holdfast.decisions.webhooks import outbox, receipts
from holdfast.records import events, idempotency
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.records.tables.decisions import decisions
from holdfast.screening.answer import AskedAction
from holdfast.vault.models import Stored
from holdfast.vault.service import Vault

__all__ = ["Keeper", "Kept", "Upload"]

REMOVE = "remove"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload as it came. ``data`` is None where only hashes were sent. ``by`` is who sent it.

    ``is_deep``: it was answered before, and this is what its deep check found. ``code``: its PDQ, 32 bytes,
    or b"" where it has none.
    """

    data: bytes | None = field(repr=False)
    context: Context
    by: str
    request: idempotency.Request | None = None
    is_deep: bool = False
    code: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """What was written down; ``stored`` is the answer of an earlier time, when the request came before.

    ``stored_status`` is its HTTP status.
    """

    event: int | None = None
    hold: str | None = None
    actions: tuple[AskedAction, ...] = ()
    stored: bytes = b""
    stored_status: int = 200


class Keeper:
    """Writes uploads down. Safe to use from many threads. ``open_case`` puts what waits before people."""

    def __init__(
        self, database: Database, vault: Callable[[], Vault], flood: FloodBrake, open_case: OpenCase
    ) -> None:
        self._database = database
        self._vault = vault
        self._flood = flood
        self._open_case = open_case

    def keep(
        self,
        upload: Upload,
        facts: MatchFacts,
        decision: Decision,
        policy: PolicyAnswer,
        body_of: Callable[[Kept], bytes],
        also: Callable[[sa.Connection], object] = lambda _: None,
        then: Callable[[sa.Connection, Kept], object] = lambda *_: None,
    ) -> Kept:
        """Keeps one upload; durable when this returns. ``body_of`` makes the answer that is stored for a
        request with an idempotency key; ``also`` and ``then`` write what belongs into the same transaction,
        before it and behind it. Raises VaultError or RecordsError, or what those two raise: then nothing
        was kept."""
        if upload.request is not None:
            with self._database.read() as connection:
                earlier = idempotency.answer_to(connection, upload.request)
            if earlier is not None:
                with self._database.write() as connection:
                    also(connection)
                return Kept(stored=earlier.body, stored_status=earlier.status)
        stored = self._put(upload, decision)
        with self._database.write() as connection:
            also(connection)
            if upload.request is not None:
                earlier = idempotency.begin(connection, upload.request)
                if earlier is not None:  # both were sent at one moment
                    self._discard(stored)
                    return Kept(stored=earlier.body, stored_status=earlier.status)
            kept = self._write(connection, upload, facts, decision, policy, stored)
            then(connection, kept)
            if upload.request is not None:
                answer = idempotency.Answer(200, JSON, body_of(kept))
                idempotency.finish(connection, upload.request, answer)
        return kept

    def raise_probing_alarm(self, probe: Probe, context: Context) -> None:
        """Writes the event ``brake.tripped`` about an account that probes, and tells who wants to know."""
        facts = {
            "brake": "probing",
            "account": context.account,
            "entry": probe.entry_id,
            "versions": probe.versions,
            "matches": probe.matches,
            "misses": probe.misses,
            "nearest_bits": probe.nearest_bits,
            "farthest_bits": probe.farthest_bits,
        }
        told = {"brake": "probing", "account": context.account, "versions": probe.versions}
        with self._database.write() as connection:
            event = events.append(
                connection, "brake.tripped", facts, content_reference=context.content_reference
            )
            outbox.publish(connection, "brake.tripped", told, event_id=event)

    def _put(self, upload: Upload, decision: Decision) -> Stored | None:
        """The encrypted object, durable and not yet an item; None where there is nothing to hold."""
        if not decision.actions.quarantine or upload.data is None:
            return None
        return self._vault().put(upload.data, facts=upload.context.to_json())

    def _discard(self, stored: Stored | None) -> None:
        if stored is not None:
            self._vault().discard(stored)

    def _write(
        self,
        connection: sa.Connection,
        upload: Upload,
        facts: MatchFacts,
        decision: Decision,
        policy: PolicyAnswer,
        stored: Stored | None,
    ) -> Kept:
        at = now()
        if stored is not None:
            reason = f"rule {decision.rule or '(none)'}"
            self._vault().record(connection, stored, reason=reason[:200], actor=upload.by)
        is_match = facts.outcome in ("match", "possible")
        kind = facts.outcome if is_match else "hold.placed"
        hold = None if stored is None else stored.id
        reference = upload.context.content_reference
        opened = self._begin_case(connection, upload, facts, decision, hold)
        event = events.append(
            connection,
            kind,
            _event_facts(facts, decision, policy, hold, upload),
            content_reference=reference,
        )
        for entry in sorted({match.entry for match in facts.matches if match.bank_kind == "known"}):
            self._flood.record(connection, entry, at)  # behind the event, whose lock puts writers in a row
        _write_decision(connection, event, facts, decision, hold, reference)
        opened(event)
        actions = _ask(connection, event, upload.context, decision)
        told = _told(facts, decision, hold, actions, upload)
        outbox.publish(connection, kind, told, event_id=event, also=decision.actions.webhooks)
        return Kept(event, hold, actions)

    def _begin_case(
        self,
        connection: sa.Connection,
        upload: Upload,
        facts: MatchFacts,
        decision: Decision,
        hold: str | None,
    ) -> Callable[[int], None]:
        """Before the event, whose lock puts writers in a row: cases are locked first, by everybody."""
        if decision.actions.queue is None and not decision.actions.draft_report:
            return lambda _: None
        digest = None if upload.data is None else sha256(upload.data).digest()
        return self._open_case(connection, Queued(facts, decision, hold, digest, upload.code))


def _event_facts(
    facts: MatchFacts, decision: Decision, policy: PolicyAnswer, hold: str | None, upload: Upload
) -> dict[str, Any]:
    return {
        "facts": facts.to_json(),
        "decision": {
            "rule": decision.rule,
            "class": decision.rule_class,
            "reason": decision.reason,
            "version": decision.version,
            "actions": decision.actions.to_json(),
            "restraint": decision.restraint,
            "shadow": [
                {"rule": one.rule, "class": one.rule_class, "would_decide": one.would_decide}
                for one in decision.shadow
            ],
        },
        "policy": {"version": policy.version, "row": policy.row, "action": policy.action},
        "hold": hold,
        "by": upload.by,
        "deep_check": upload.is_deep,
    }


def _write_decision(
    connection: sa.Connection,
    event: int,
    facts: MatchFacts,
    decision: Decision,
    hold: str | None,
    reference: str | None,
) -> None:
    connection.execute(
        sa.insert(decisions).values(
            event_id=event,
            outcome=facts.outcome,
            rule=decision.rule[:100],
            rule_class=decision.rule_class[:40],
            rules_version=decision.version[:100],
            actions=decision.actions.to_json(),
            queue=decision.actions.queue,
            entry_id=None if decision.match is None else decision.match.entry,
            trusted=decision.match is not None and decision.match.trusted,
            item_id=hold,
            content_reference=reference,
            decided_at=now(),
        )
    )


def _ask(
    connection: sa.Connection, event: int, context: Context, decision: Decision
) -> tuple[AskedAction, ...]:
    """What the platform is asked to do and to confirm: content that has a name and must not be shown."""
    actions = decision.actions
    if context.content_reference is None or not (actions.block or actions.quarantine):
        return ()
    receipt = receipts.ask(
        connection,
        event_id=event,
        action=REMOVE,
        content_reference=context.content_reference,
        matched_at=now(),
        uploaded_at=context.uploaded_at,
    )
    return (AskedAction(receipt, REMOVE),)


def _told(
    facts: MatchFacts,
    decision: Decision,
    hold: str | None,
    actions: tuple[AskedAction, ...],
    upload: Upload,
) -> dict[str, Any]:
    """What a webhook says: no entry, no distance, no hash.

    After a deep check the content has been let through already: ``quarantine`` without a ``hold`` asks the
    platform to keep it back itself.
    """
    return {
        "content_reference": upload.context.content_reference,
        "account": facts.context.account,
        "outcome": facts.outcome,
        "medium": facts.medium,
        "decision": {
            **{key: value for key, value in decision.actions.to_json().items() if key != "webhooks"},
            "class": decision.rule_class,
            "reason": decision.reason,
        },
        "hold": hold,
        "deep_check": upload.is_deep,
        "actions": [{"id": one.id, "action": one.action} for one in actions],
    }
