"""Contents as HMA shows them: in one shape when read, in another when changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from holdfast.api.hma.media import video_text
from holdfast.api.hma.ratios import bank_json, ratios_of
from holdfast.api.hma.store import metadata_of
from holdfast.banks.entries import list_fingerprints
from holdfast.banks.models import VPDQ, Bank, Entry
from holdfast.banks.videos import frames_of
from holdfast.records.tables.banks import fingerprint_sources, fingerprints, sources
from holdfast.records.tables.exchanges import exchanges

__all__ = ["DISABLED", "ENABLED", "FOREVER", "changed_json", "content_json", "moment_of"]

DISABLED, ENABLED = 0, 1  # beside them a time in unix seconds
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


def moment_of(disable_until_ts: int) -> datetime | None:
    """Until when a content is switched off, by HMA's number; None when it is not."""
    if disable_until_ts == ENABLED:
        return None
    return FOREVER if disable_until_ts == DISABLED else datetime.fromtimestamp(disable_until_ts, UTC)


def content_json(
    connection: sa.Connection, bank: Bank, entry: Entry, *, signals: bool, metadata: bool
) -> dict[str, Any]:
    """The answer to a read. ``signals`` holds only values whose sharing terms let them out."""
    shown: dict[str, Any] = {
        "id": entry.id,
        "disable_until_ts": _number_of(entry.disabled_until),
        "original_media_uri": None,
        "bank": bank_json(bank, ratios_of(connection, [bank.id])),
    }
    if signals and (values := _signals(connection, entry)):
        shown["signals"] = values
    if metadata:
        said = metadata_of(connection, [entry.id]).get(entry.id)
        collab = _collab(connection, entry)
        if said is not None or collab:
            own = said.to_json() if said else {"content_id": None, "content_uri": None, "json": None}
            shown["metadata"] = {"collab": collab or None, **own}
    if entry.note:
        shown["note"] = entry.note
    return shown


def changed_json(connection: sa.Connection, bank: Bank, entry: Entry) -> dict[str, Any]:
    """The answer to a change."""
    said = metadata_of(connection, [entry.id]).get(entry.id)
    own = {name: part for name, part in said.to_json().items() if part is not None} if said else None
    return {
        "bank": bank_json(bank, ratios_of(connection, [bank.id])),
        "collab_metadata": _collab(connection, entry),
        "disable_until_ts": _number_of(entry.disabled_until),
        "id": entry.id,
        "note": entry.note or None,
        "original_media_uri": None,
        "user_metadata": own,
    }


def _number_of(disabled_until: datetime | None) -> int:
    if disabled_until is None:
        return ENABLED
    return DISABLED if disabled_until >= FOREVER else int(disabled_until.timestamp())


def _signals(connection: sa.Connection, entry: Entry) -> dict[str, str]:
    """Signal type -> the first value of it that may be shown."""
    values: dict[str, str] = {}
    for one in list_fingerprints(connection, entry.id):
        if one.value is not None:
            is_video = one.algorithm == "md5" and entry.medium == "video"
            text = one.value.hex()
            if one.algorithm == VPDQ:
                text = video_text(frames_of(connection, [one.id])[one.id])
            values.setdefault("video_md5" if is_video else one.algorithm, text)
    return values


def _collab(connection: sa.Connection, entry: Entry) -> dict[str, list[str]]:
    """Exchange -> its own names of the content, where the content came from one."""
    statement = (
        sa.select(exchanges.c.name, fingerprint_sources.c.provenance)
        .distinct()
        .select_from(fingerprints)
        .join(fingerprint_sources, fingerprint_sources.c.fingerprint_id == fingerprints.c.id)
        .join(sources, sources.c.id == fingerprint_sources.c.source_id)
        .join(exchanges, exchanges.c.bank_id == entry.bank_id)
        .where(fingerprints.c.entry_id == entry.id, sources.c.kind.in_(("exchange", "sample")))
    )
    found: dict[str, list[str]] = {}
    for name, provenance in connection.execute(statement.order_by(fingerprint_sources.c.provenance)):
        found.setdefault(name, []).append(provenance)
    return found
