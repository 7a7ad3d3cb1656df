"""Everything that is known of a case, gathered for a sealed package: see `vault.evidence`.

What was sent and answered, what the platform supplied and what people wrote lies sealed in the records; here
it is opened, so a dossier is as secret as the content. Nothing is invented: what is not known is not there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from holdfast.errors import NotFoundError
from holdfast.records import audit, events
from holdfast.records.tables.banks import banks, entries
from holdfast.records.tables.decisions import decisions
from holdfast.records.tables.vault import vault_access
from holdfast.reporting.drafts import listing as drafts
from holdfast.reporting.drafts import rows as draft_rows
from holdfast.reporting.drafts.media import suffix_of
from holdfast.reporting.drafts.models import Draft
from holdfast.reporting.drafts.sources import case_reference
from holdfast.reporting.filing import alarms, history, requests
from holdfast.reporting.filing.models import Filing
from holdfast.review.case_facts import CaseFacts, MediaFacts, case_facts
from holdfast.vault import listing, preservation
from holdfast.vault.evidence import Document, Dossier, Original
from holdfast.vault.secrets import KeySealer

__all__ = ["gather"]

MAX_EACH = 10_000


def gather(
    connection: sa.Connection, sealer: KeySealer, case_id: int, *, leave_out: Collection[str] = ()
) -> Dossier:
    """The dossier of one case as it is now; ``leave_out`` are held items that are only named in it.

    Raises `NotFoundError`, `ObjectDamagedError`, `KeyUnavailableError`.
    """
    facts = case_facts(connection, case_id, sealer=sealer)
    reference = case_reference(case_id)
    items = _items(connection, facts, reference)
    filings = requests.list_filings(connection, case_reference=reference, limit=MAX_EACH)
    made = drafts.list_drafts(connection, case_reference=reference, limit=MAX_EACH)
    reports = [_filing(connection, sealer, one) for one in filings]
    sections = {
        "case": {"case": facts.case, "notes": facts.notes, "earlier_cases": facts.earlier_cases},
        "matches": [_match(connection, one) for one in facts.media],
        "views": [one.views for one in facts.media if one.views is not None],
        "messages": facts.messages,
        "notices": facts.notices,
        "decisions": facts.decisions,
        "appeals": facts.appeals,
        "drafts": [_draft(sealer, one) for one in made],
        "filings": [section for section, _ in reports],
        "custody": [_custody(connection, item) for item in items],
        "audit": _audit(connection, facts, items, [one.id for one in made]),
    }
    answers = [
        Document(f"platform-answer-{one.id}.json", answer)
        for one in made
        if (answer := draft_rows.unseal_answer(sealer, one)) is not None
    ]
    return Dossier(
        reference=reference,
        sections={name: _plain(value) for name, value in sections.items()},
        documents=(*answers, *(document for _, found in reports for document in found)),
        originals=[_original(facts, item, leave_out) for item in items],
    )


def _plain(value: Any) -> Any:
    """A value of ours as JSON knows it. Moments in ISO 8601."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _items(connection: sa.Connection, facts: CaseFacts, reference: str) -> list[str]:
    """Held content of the case, in its order, then what was preserved for it and is in it no more."""
    of_case = [one.item.item_id for one in facts.media if one.item.item_id is not None]
    return list(dict.fromkeys([*of_case, *preservation.items_of(connection, reference)]))


def _match(connection: sa.Connection, media: MediaFacts) -> dict[str, Any]:
    """Why an upload is in the case: what was found, on which list as it is now, and what rule held."""
    item = media.item
    found = [_entry(connection, match.get("entry")) for match in item.matches]
    decided = connection.execute(sa.select(decisions).where(decisions.c.event_id == item.event_id)).first()
    event = None
    if item.event_id is not None:
        with suppress(NotFoundError):  # events have a retention of their own
            event = events.get(connection, item.event_id)
    return {
        "upload": item,
        "size_bytes": media.size_bytes,
        "copies": media.cluster,
        "entries": [one for one in found if one is not None],
        "decision": None if decided is None else dict(decided._mapping),
        "event": event,
    }


def _entry(connection: sa.Connection, entry_id: int | None) -> dict[str, Any] | None:
    e, b = entries.c, banks.c
    columns = (e.id, e.label, e.classification, e.created_at, b.name, b.trusted, b.kind, b.matching)
    query = sa.select(*columns, b.max_distance_bits).join(banks, b.id == e.bank_id).where(e.id == entry_id)
    row = connection.execute(query).first()
    return None if row is None else dict(row._mapping)


def _draft(sealer: KeySealer, draft: Draft) -> dict[str, Any]:
    sealed = ("sealed_content", "sealed_answer")
    told = {one.name: getattr(draft, one.name) for one in fields(draft) if one.name not in sealed}
    return {**told, "content": draft_rows.unseal(sealer, draft).model_dump(mode="json")}


def _filing(
    connection: sa.Connection, sealer: KeySealer, filing: Filing
) -> tuple[dict[str, Any], list[Document]]:
    """What is known of one report, and every document of it as it went and came."""
    documents, calls = [], []
    for number, call in enumerate(history.exchanges(connection, sealer, filing.id), 1):
        named = {}
        for kind, content in (("sent", call.sent), ("answer", call.answer)):
            if content is not None:
                named[kind] = f"report-{filing.id}-{number:03d}-{call.step}-{kind}.xml"
                documents.append(Document(named[kind], content))
        told = ("step", "attempt_id", "sent_at", "answered_at", "status", "code", "request_id")
        calls.append({**{name: getattr(call, name) for name in told}, "documents": named})
    if filing.receipt is not None:
        documents.append(Document(f"report-{filing.id}-receipt.xml", filing.receipt))
    hidden = ("sealed_submission", "receipt", "worker_id", "lease_until", "fence")
    told_of = {one.name: getattr(filing, one.name) for one in fields(filing) if one.name not in hidden}
    section = {
        **told_of,
        "submission": requests.unseal_submission(sealer, filing).model_dump(mode="json"),
        "attempts": history.attempts(connection, filing.id),
        "calls": calls,
        "alarms": alarms.list_alarms(connection, filing_id=filing.id, also_cleared=True),
    }
    return section, documents


def _custody(connection: sa.Connection, item_id: str) -> dict[str, Any]:
    """How long the content is kept, and everybody who ever opened it."""
    query = sa.select(vault_access).where(vault_access.c.item_id == item_id).order_by(vault_access.c.id)
    rows = [dict(row._mapping) for row in connection.execute(query)]
    return {"item": listing.get_item(connection, item_id), "access": rows}


def _audit(
    connection: sa.Connection, facts: CaseFacts, items: Sequence[str], draft_ids: Sequence[int]
) -> list[dict[str, Any]]:
    """Every line of the audit log about the case and what belongs to it, by their place in its chain."""
    targets = [f"case:{facts.case.id}", *(f"item:{item}" for item in items)]
    targets += [f"report:{draft_id}" for draft_id in draft_ids]
    targets += [f"notice:{one.id}" for one in facts.notices] + [f"appeal:{one.id}" for one in facts.appeals]
    found = [line for target in targets for line in audit.read(connection, target=target, limit=MAX_EACH)]
    return [line.to_json() for line in sorted(found, key=lambda line: line.position)]


def _original(facts: CaseFacts, item_id: str, leave_out: Collection[str]) -> Original:
    media = next((one for one in facts.media if one.item.item_id == item_id), None)
    name = None if media is None else media.item.context.get("original_name")
    told: dict[str, Any] = {"original_name": name}
    if media is not None:
        told |= {
            "content_reference": media.item.content_reference,
            "label": media.item.label,
            "viewed_in_full": media.viewed_in_full,
        }
    why = "it was left out by who made this package" if item_id in leave_out else None
    return Original(item_id, suffix_of(name), told, why)
