"""Entries: one content with many fingerprints. Add, find, change, remove.

A content is recognised by its fingerprints: adding one that shares a fingerprint (same algorithm,
value and convention) with an entry of the bank adds to that entry, the one that shares most.
`importing.py` does the same for millions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import sqlalchemy as sa

from holdfast.banks import log, opinions
from holdfast.banks.handling import Gate, Purpose
from holdfast.banks.models import CLASSIFICATIONS, MEDIA, Entry, Fingerprint, StoredFingerprint, tidy
from holdfast.errors import NotFoundError, UsageError
from holdfast.records.tables.banks import entries, fingerprint_sources, fingerprints, reference_views
from holdfast.records.tables.base import now
from holdfast.records.tables.videos import video_features, video_hashes

__all__ = [
    "AddedEntry",
    "add_entry",
    "get_entry",
    "list_entries",
    "list_fingerprints",
    "remove_entry",
    "update_entry",
]

PAGE_LIMIT = 1_000
BATCH = 5_000  # fingerprints in one statement: SQLite allows 32,766 parameters
_UNCHANGED: Final = "unchanged"


@dataclass(frozen=True, slots=True)
class AddedEntry:
    """What `add_entry` did: a new entry or one that was there, and how many fingerprints were new to it."""

    entry: Entry
    is_new: bool
    fingerprints_added: int


def add_entry(
    connection: sa.Connection,
    bank_id: int,
    *,
    label: str,
    added: Sequence[Fingerprint],
    source_id: int,
    opinion: str = "positive",
    classification: str | None = None,
    medium: str = "image",
    note: str = "",
    provenance: str = "",
    as_of: datetime | None = None,
) -> AddedEntry:
    """Add a content to a bank, or its new fingerprints to the entry that it shares one with.

    All ``added`` fingerprints get the ``opinion`` of the source (see `opinions.set_opinion`). An entry
    that was there keeps its label, classification and note.

    Raises
        UsageError: no fingerprints, or a value that cannot be.
        ConflictError: no such bank.
        NotFoundError: no such source.
    """
    if not added:
        raise UsageError(f"{label!r} has no fingerprint. Nothing was added.")
    values = {
        "label": tidy(label, 500, "label"),
        "classification": _classification(classification),
        "medium": _medium(medium),
        "note": tidy(note, 255, "note"),
    }
    log.lock(connection)
    entry_id = _entry_that_shares(connection, bank_id, added)
    is_new = entry_id is None
    if entry_id is None:
        insert = entries.insert().values(bank_id=bank_id, created_at=now(), **values)
        entry_id = connection.execute(insert.returning(entries.c.id)).scalar_one()
    known = _known(connection, entry_id)
    new = {_key(fingerprint): fingerprint for fingerprint in added if _key(fingerprint) not in known}
    if new:
        rows = [_row(entry_id, fingerprint) for fingerprint in new.values()]
        connection.execute(fingerprints.insert(), rows)
        known = _known(connection, entry_id)
        views = [
            {"fingerprint_id": known[key], "words": tidy(fingerprint.view, 120, "view")}
            for key, fingerprint in new.items()
            if fingerprint.view
        ]
        if views:
            connection.execute(reference_views.insert(), views)
        videos = [
            {"fingerprint_id": known[key], "frames": fingerprint.frames}
            for key, fingerprint in new.items()
            if fingerprint.frames
        ]
        if videos:
            connection.execute(video_hashes.insert(), videos)
    ids = sorted({known[_key(fingerprint)] for fingerprint in added})
    opinions.set_opinion(connection, ids, source_id, opinion, provenance=provenance, as_of=as_of)
    return AddedEntry(get_entry(connection, entry_id), is_new, len(new))


def get_entry(connection: sa.Connection, entry_id: int) -> Entry:
    """Raises `NotFoundError` when there is none."""
    row = connection.execute(_ENTRIES.where(entries.c.id == entry_id)).first()
    if row is None:
        raise NotFoundError(f"There is no entry {entry_id}. Nothing was done.")
    return Entry(*row)


def list_entries(
    connection: sa.Connection,
    bank_id: int | None = None,
    *,
    text: str | None = None,
    classification: str | None = None,
    fingerprint: tuple[str, bytes] | None = None,
    after_id: int = 0,
    limit: int = 100,
) -> list[Entry]:
    """A page of entries in the order of their ids: pass the last id of a page to get the next one.

    ``text`` is looked for in label and note, whatever its case; ``fingerprint`` is an algorithm and
    an equal value; at most 1,000 a page.
    """
    statement = _ENTRIES.where(entries.c.id > after_id).order_by(entries.c.id).limit(min(limit, PAGE_LIMIT))
    if bank_id is not None:
        statement = statement.where(entries.c.bank_id == bank_id)
    if text:
        statement = statement.where(
            sa.or_(
                entries.c.label.icontains(text, autoescape=True),
                entries.c.note.icontains(text, autoescape=True),
            )
        )
    if classification is not None:
        statement = statement.where(entries.c.classification == _classification(classification))
    if fingerprint is not None:
        algorithm, value = fingerprint
        equal = sa.select(fingerprints.c.entry_id).where(
            fingerprints.c.algorithm == algorithm, fingerprints.c.value == value
        )
        statement = statement.where(entries.c.id.in_(equal))
    return [Entry(*row) for row in connection.execute(statement)]


def update_entry(
    connection: sa.Connection,
    entry_id: int,
    *,
    label: str | None = None,
    classification: str | None = _UNCHANGED,
    note: str | None = None,
    disabled_until: datetime | Literal["unchanged"] | None = _UNCHANGED,
) -> Entry:
    """Change what is given, leave the rest. None clears a classification or enables the entry again.

    Raises `NotFoundError`, and `UsageError` for a value that cannot be.
    """
    changes: dict[str, Any] = {}
    if label is not None:
        changes["label"] = tidy(label, 500, "label")
    if classification != _UNCHANGED:
        changes["classification"] = _classification(classification)
    if note is not None:
        changes["note"] = tidy(note, 255, "note")
    if disabled_until != _UNCHANGED:
        changes["disabled_until"] = disabled_until
    if changes:
        connection.execute(entries.update().where(entries.c.id == entry_id).values(changes))
    return get_entry(connection, entry_id)


def remove_entry(connection: sa.Connection, entry_id: int) -> None:
    """Delete an entry with its fingerprints and all that sources said of them; it ceases to match at once.

    Raises `NotFoundError` when there is none.
    """
    log.lock(connection)
    get_entry(connection, entry_id)
    held = sa.select(fingerprints.c.id).where(fingerprints.c.entry_id == entry_id)
    log.record_removal(connection, held)
    for table in (fingerprint_sources, reference_views, video_hashes, video_features):
        connection.execute(table.delete().where(table.c.fingerprint_id.in_(held)))
    connection.execute(entries.delete().where(entries.c.id == entry_id))


def list_fingerprints(
    connection: sa.Connection, entry_id: int, *, purpose: Purpose = "export", recipient: str | None = None
) -> list[StoredFingerprint]:
    """The fingerprints of an entry. A value that may not leave this way is None.

    Of a video it is the hash's name: `banks.videos.frames_of` has the frames.
    """
    allowed = Gate(connection, purpose, recipient).allows()
    statement = (
        sa.select(
            fingerprints.c.id,
            fingerprints.c.entry_id,
            fingerprints.c.algorithm,
            sa.case((allowed, fingerprints.c.value)),
            fingerprints.c.convention,
            fingerprints.c.quality,
            fingerprints.c.size_bytes,
            fingerprints.c.active,
        )
        .where(fingerprints.c.entry_id == entry_id)
        .order_by(fingerprints.c.id)
    )
    return [StoredFingerprint(*row) for row in connection.execute(statement)]


def _entry_that_shares(connection: sa.Connection, bank_id: int, added: Sequence[Fingerprint]) -> int | None:
    shared: Counter[int] = Counter()
    for start in range(0, len(added), BATCH):
        keys = [_key(fingerprint) for fingerprint in added[start : start + BATCH]]
        statement = (
            sa.select(fingerprints.c.entry_id)
            .join(entries, entries.c.id == fingerprints.c.entry_id)
            .where(entries.c.bank_id == bank_id, _KEY.in_(keys))
        )
        shared.update(connection.scalars(statement))
    return min(shared, key=lambda entry_id: (-shared[entry_id], entry_id), default=None)


def _known(connection: sa.Connection, entry_id: int) -> dict[tuple[str, bytes, str], int]:
    statement = sa.select(
        fingerprints.c.id, fingerprints.c.algorithm, fingerprints.c.value, fingerprints.c.convention
    ).where(fingerprints.c.entry_id == entry_id)
    return {(row.algorithm, row.value, row.convention): row.id for row in connection.execute(statement)}


def _key(fingerprint: Fingerprint) -> tuple[str, bytes, str]:
    return fingerprint.algorithm, fingerprint.value, fingerprint.convention


def _row(entry_id: int, fingerprint: Fingerprint) -> dict[str, Any]:
    return {
        "entry_id": entry_id,
        "algorithm": fingerprint.algorithm,
        "value": fingerprint.value,
        "convention": fingerprint.convention,
        "quality": fingerprint.quality,
        "size_bytes": fingerprint.size_bytes,
        "active": False,  # until an opinion says otherwise
    }


def _classification(classification: str | None) -> str | None:
    if classification is not None and classification not in CLASSIFICATIONS:
        raise UsageError(
            f"{classification!r} is no classification ({', '.join(CLASSIFICATIONS)}). Nothing was done."
        )
    return classification


def _medium(medium: str) -> str:
    if medium not in MEDIA:
        raise UsageError(f"{medium!r} is no medium ({', '.join(MEDIA)}). Nothing was done.")
    return medium


_KEY = sa.tuple_(fingerprints.c.algorithm, fingerprints.c.value, fingerprints.c.convention)
_ENTRIES = sa.select(
    entries.c.id,
    entries.c.bank_id,
    entries.c.label,
    entries.c.classification,
    entries.c.medium,
    entries.c.note,
    entries.c.disabled_until,
    entries.c.created_at,
)
