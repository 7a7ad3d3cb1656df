"""Notices: somebody tells us of content. A clock starts, and known copies are acted on at once.

A notice never carries media: a survivor must not have to send again what hurt them. It names where the
content is, or gives its hash. What is known already (it matched a list when it was uploaded) is acted on
without waiting for a person; everything else waits in a case, with the platform told at once.

Who sends a notice never learns whether a hash is listed: `known_copies` is for staff.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from holdfast.decisions.webhooks import outbox, receipts
from holdfast.errors import ConflictError, NotFoundError, ObjectDestroyedError, UsageError
from holdfast.records import audit, events
from holdfast.records.bank_scope import ALL_BANKS, case_is_seen
from holdfast.records.dialect import moment
from holdfast.records.tables.banks import fingerprints
from holdfast.records.tables.base import now
from holdfast.records.tables.decisions import decisions
from holdfast.records.tables.outbox import action_receipts
from holdfast.records.tables.review import case_items, cases, media_clusters, notices
from holdfast.records.tables.vault import vault_items
from holdfast.review import held
from holdfast.review.clocks import set_imminent
from holdfast.review.models import from_row
from holdfast.review.opening import gather
from holdfast.review.rules import ReviewRules
from holdfast.review.texts import Sealer, seal_words
from holdfast.review.words import NOTICE_KINDS

__all__ = ["FORM", "NewNotice", "Notice", "add_notice", "close_notice", "get_notice", "list_notices"]

FORM: Final = "public form"  # who received a notice that came without a key
MAX_REFERENCES: Final = 100
MAX_TEXT: Final = 10_000
MAX_CONTACT: Final = 320
MAX_URLS: Final = 50
MAX_COPIES: Final = 500
FIRST_KINDS: Final = frozenset({"survivor", "guardian", "police", "ncmec", "hotline", "trusted_flagger"})
_HASHES: Final = {"md5": 16, "sha1": 20, "sha256": 32, "pdq": 32}
_LANGUAGE: Final = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True)
class NewNotice:
    """What somebody says. Everything but ``kind`` may be absent; something must be there to find or to read.

    ``content_references``: the platform's own names of content. ``hashes``: (algorithm, bytes) of it.
    ``contact`` is for the answer; without one nobody is known, and that is fine. Raises `UsageError`.
    """

    kind: str
    text: str = ""
    content_references: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    hashes: tuple[tuple[str, bytes], ...] = ()
    account: str | None = None
    contact: str | None = None
    language: str = "en"
    imminent: bool = False

    def __post_init__(self) -> None:
        if self.kind not in NOTICE_KINDS:
            raise UsageError(f"{self.kind[:20]!r} is no kind of notice: {', '.join(NOTICE_KINDS)}.")
        if not (self.text.strip() or self.content_references or self.urls or self.hashes):
            raise UsageError("Say what it is about, or where it is. Nothing was taken in.")
        limits = (
            ("text", len(self.text), MAX_TEXT),
            ("contact", len(self.contact or ""), MAX_CONTACT),
            ("account", len(self.account or ""), 255),
            ("number of addresses", len(self.urls), MAX_URLS),
            ("number of contents", len(self.content_references), MAX_REFERENCES),
            ("number of hashes", len(self.hashes), MAX_REFERENCES),
        )
        for name, length, most in limits:
            if length > most:
                raise UsageError(f"The {name} is over {most}. Nothing was taken in. Send it in parts.")
        if any(len(one) > 2083 for one in self.urls) or any(
            len(one) > 255 for one in self.content_references
        ):
            raise UsageError(
                "An address has at most 2,083 characters, a content's name 255. Nothing was taken in."
            )
        if any(_HASHES.get(algorithm) != len(value) for algorithm, value in self.hashes):
            raise UsageError(f"A hash is one of {', '.join(_HASHES)} in full length. Nothing was taken in.")
        if not _LANGUAGE.fullmatch(self.language):
            raise UsageError("The language is two small letters, such as en. Nothing was taken in.")


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that was taken in; its words are sealed. ``known_copies`` were acted on at once."""

    id: int
    reference: str
    kind: str
    case_id: int
    content_references: list[str]
    known_copies: int
    received_at: datetime
    received_by: str
    due_at: datetime
    outcome: str | None
    closed_at: datetime | None


def add_notice(
    connection: sa.Connection, new: NewNotice, *, by: str, sealer: Sealer, rules: ReviewRules
) -> Notice:
    """Takes a notice in: a case with its clock, known copies acted on, the platform told, or nothing at all.

    ``by`` is a key's subject, or `FORM`. Only a key's word makes a case imminent danger without a person.
    """
    is_first = new.kind in FIRST_KINDS
    priority = 1 if is_first or new.imminent else 2
    copies = _known_copies(connection, new)
    account = new.account if by != FORM else _account_of(connection, copies)
    case = gather(connection, account, rules, kind="notice", priority=priority, by=by)
    reference = f"NT-{secrets.token_hex(8)}"
    words: dict[str, Any] = {
        "text": new.text,
        "contact": new.contact,
        "urls": list(new.urls),
        "language": new.language,
    }
    words |= {"account": new.account, "imminent": new.imminent}
    values: dict[str, Any] = {"reference": reference, "kind": new.kind, "case_id": case.id}
    values |= {"sealed": seal_words(sealer, words, reference), "known_copies": len(copies)}
    values |= {"content_references": list(new.content_references), "received_at": moment(connection)}
    values |= {"received_by": by, "due_at": now() + timedelta(hours=rules.notice_hours)}
    made = int(connection.execute(sa.insert(notices).values(values).returning(notices.c.id)).scalar_one())
    changed = sa.update(cases).where(cases.c.id == case.id)
    grown = {"version": cases.c.version + 1, "text_count": cases.c.text_count + 1}
    connection.execute(changed.values(**grown, updated_at=moment(connection)))
    _lock_held(connection, copies)
    for copy in copies:
        _hold_again(connection, copy, by)
    told = {
        "notice": made,
        "kind": new.kind,
        "case": case.id,
        "content_references": list(new.content_references),
    }
    told |= {"known_copies": len(copies), "imminent": new.imminent}
    event = events.append(connection, "notice.received", told)
    actions = _ask_removal(connection, copies, event)
    outbox.publish(connection, "notice.received", {**told, "actions": actions}, event_id=event)
    if new.imminent and by != FORM:
        set_imminent(connection, case.id, by=by, rules=rules)
    audit.append(connection, actor=by, action="notice.add", target=f"notice:{made}", facts={"case": case.id})
    return get_notice(connection, made)


def close_notice(connection: sa.Connection, notice_id: int, *, by: str, outcome: str) -> Notice:
    """Answers a notice by itself, where its case goes on: "acted", "no_action" or "duplicate".

    Raises `NotFoundError`, `ConflictError`, `UsageError`.
    """
    if outcome not in ("acted", "no_action", "duplicate"):
        raise UsageError("A notice is closed as acted, no_action or duplicate. Nothing was changed.")
    if get_notice(connection, notice_id).outcome is not None:
        raise ConflictError(f"Notice {notice_id} is closed already; nothing was changed.")
    n = notices
    closed = sa.update(n).where(n.c.id == notice_id, n.c.outcome.is_(None))
    connection.execute(closed.values(outcome=outcome, closed_at=moment(connection)))
    facts = {"outcome": outcome}
    audit.append(connection, actor=by, action="notice.close", target=f"notice:{notice_id}", facts=facts)
    return get_notice(connection, notice_id)


def get_notice(connection: sa.Connection, notice: int | str) -> Notice:
    """By id, or by the reference that its sender was given. Raises `NotFoundError`."""
    column = notices.c.id if isinstance(notice, int) else notices.c.reference
    row = connection.execute(sa.select(notices).where(column == notice)).first()
    if row is None:
        raise NotFoundError(f"There is no notice {notice!r}. Nothing was done.")
    return from_row(Notice, row)


def list_notices(
    connection: sa.Connection,
    *,
    is_open: bool = True,
    before: int | None = None,
    banks_seen: tuple[str, ...] = ALL_BANKS,
    limit: int = 100,
) -> list[Notice]:
    """Notices, newest first; with ``is_open`` those without an answer. ``banks_seen`` as in `CaseFilter`."""
    query = sa.select(notices).order_by(notices.c.id.desc()).limit(limit)
    query = query.where(case_is_seen(notices.c.case_id, banks_seen))
    if is_open:
        query = query.where(notices.c.outcome.is_(None))
    if before is not None:
        query = query.where(notices.c.id < before)
    return [from_row(Notice, row) for row in connection.execute(query)]


def _known_copies(connection: sa.Connection, new: NewNotice) -> list[sa.Row[Any]]:
    """Uploads that a list knew, under these names or with these hashes: the rows of their decisions."""
    d, i, m = decisions.c, case_items.c, media_clusters.c
    matched = d.outcome.in_(("match", "possible"))
    ways: list[sa.ColumnElement[bool]] = []
    if new.content_references:
        ways.append(d.content_reference.in_(new.content_references))
    if new.hashes:
        f = fingerprints.c
        listed = sa.or_(*(sa.and_(f.algorithm == name, f.value == value) for name, value in new.hashes))
        entries = set(connection.scalars(sa.select(f.entry_id).where(f.active, listed)))
        ways.append(d.entry_id.in_(entries))
        digests = [value for name, value in new.hashes if name == "sha256"]
        groups = sa.select(m.id).where(m.digest.in_(digests))
        ways.append(d.event_id.in_(sa.select(i.event_id).where(i.cluster_id.in_(groups))))
    if not ways:
        return []
    query = sa.select(decisions).where(matched, sa.or_(*ways)).order_by(d.event_id).limit(MAX_COPIES)
    return list(connection.execute(query))


def _account_of(connection: sa.Connection, copies: Sequence[sa.Row[Any]]) -> str | None:
    """Whose case a notice without a key belongs to: the account of what it is about, never what it claims."""
    i = case_items.c
    query = (
        sa.select(cases.c.account)
        .join(case_items, i.case_id == cases.c.id)
        .where(i.event_id.in_([copy.event_id for copy in copies]), cases.c.account.is_not(None))
    )
    found = set(connection.scalars(query))
    return found.pop() if len(found) == 1 else None


def _lock_held(connection: sa.Connection, copies: Sequence[sa.Row[Any]]) -> None:
    """All of them, in one order, before the first event is written."""
    v = vault_items.c
    held_ones = sa.select(v.id).where(v.id.in_([copy.item_id for copy in copies if copy.item_id]))
    connection.execute(held_ones.order_by(v.id).with_for_update()).all()


def _hold_again(connection: sa.Connection, copy: sa.Row[Any], by: str) -> None:
    """What was cleared and not destroyed yet is held again until a person has looked."""
    if copy.item_id is not None and copy.verdict != "dispute":
        with suppress(ObjectDestroyedError):
            held.hold_again(connection, copy.item_id, actor=by, purpose="a notice is about it")


def _ask_removal(
    connection: sa.Connection, copies: Sequence[sa.Row[Any]], event: int
) -> list[dict[str, Any]]:
    """Asks the platform to remove known copies that it was not asked about, or said nothing of."""
    names = {copy.content_reference: copy for copy in copies if copy.content_reference is not None}
    r = action_receipts.c
    open_ones = sa.select(r.content_reference).where(r.content_reference.in_(names), r.confirmed_at.is_(None))
    asked = set(connection.scalars(open_ones))
    found = []
    for name, copy in names.items():
        if name in asked or copy.verdict == "dispute":
            continue
        receipt = receipts.ask(
            connection, event_id=event, action="remove", content_reference=name, matched_at=copy.decided_at
        )
        found.append({"id": receipt, "action": "remove", "content_reference": name})
    return found
