"""A bank as a hash list, in flat memory. One of the ways out that sharing terms govern (`handling.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

import sqlalchemy as sa

from holdfast.banks.formats import Format, Row
from holdfast.banks.handling import Gate, Purpose
from holdfast.banks.models import Bank
from holdfast.records.tables.banks import entries, fingerprint_sources, fingerprints, sources
from holdfast.records.tables.videos import video_hashes

__all__ = ["ExportResult", "export_bank", "export_rows"]

BLOCK = 1_000


@dataclass(frozen=True, slots=True)
class ExportResult:
    """Fingerprints written, and held back because no source of theirs allows this way out."""

    written: int
    withheld: int


def export_bank(
    connection: sa.Connection,
    bank: Bank,
    stream: TextIO,
    form: Format,
    *,
    purpose: Purpose = "export",
    recipient: str | None = None,
) -> ExportResult:
    """Write what of ``bank`` may leave. What is given to a ``recipient`` holds no label, note or source.

    Raises
        HandlingError: the bank is not empty, and nothing of it may leave this way. Nothing was written.
    """
    gate = Gate(connection, purpose, recipient)
    withheld = _count(connection, bank, form, ~gate.allows())
    if withheld and not _count(connection, bank, form, gate.allows()):
        raise gate.refuse(f"the bank {bank.name!r}")
    seen = _Seen()
    rows = export_rows(connection, bank, form, gate)
    for line in form.write(seen.watch(rows, every_source=form.keeps_all and purpose == "export")):
        stream.write(line + "\n")
    return ExportResult(seen.fingerprints, withheld)


def export_rows(connection: sa.Connection, bank: Bank, form: Format, gate: Gate) -> Iterator[Row]:
    """A row for each fingerprint and each source that upholds it and allows it to leave."""
    statement = (
        sa.select(
            entries.c.id.label("entry"),
            fingerprints.c.algorithm,
            sa.func.coalesce(video_hashes.c.frames, fingerprints.c.value),
            *(fingerprints.c[name] for name in ("convention", "quality", "size_bytes")),
            *(entries.c[name] for name in ("label", "classification", "medium", "note")),
            fingerprint_sources.c.opinion,
            sources.c.name.label("source"),
            fingerprint_sources.c.provenance,
            fingerprints.c.id,
        )
        .select_from(entries)
        .join(fingerprints, fingerprints.c.entry_id == entries.c.id)
        .join(fingerprint_sources, fingerprint_sources.c.fingerprint_id == fingerprints.c.id)
        .join(sources, sources.c.id == fingerprint_sources.c.source_id)
        .outerjoin(video_hashes, video_hashes.c.fingerprint_id == fingerprints.c.id)
        .where(entries.c.bank_id == bank.id, gate.upholds())
        .order_by(entries.c.id, fingerprints.c.id, sources.c.id)
    )
    if form.only:
        statement = statement.where(fingerprints.c.algorithm == form.only)
    private = gate.purpose == "share"
    with connection.execute(
        statement, execution_options={"stream_results": True, "yield_per": BLOCK}
    ) as found:
        for row in found:
            out = Row(row.id, str(row.entry), *row[1:13])
            yield out._replace(label="", note="", source=None, provenance="") if private else out


class _Seen:
    """Counts fingerprints as they pass. A row's `line` holds the fingerprint's id here."""

    def __init__(self) -> None:
        self.fingerprints = 0

    def watch(self, rows: Iterator[Row], *, every_source: bool) -> Iterator[Row]:
        last = None
        for row in rows:
            again = row.line == last
            last = row.line
            self.fingerprints += not again
            if every_source or not again:
                yield row


def _count(connection: sa.Connection, bank: Bank, form: Format, condition: sa.ColumnElement[bool]) -> int:
    statement = (
        sa.select(sa.func.count())
        .select_from(fingerprints)
        .join(entries, entries.c.id == fingerprints.c.entry_id)
        .where(entries.c.bank_id == bank.id, condition)
    )
    if form.only:
        statement = statement.where(fingerprints.c.algorithm == form.only)
    return connection.execute(statement).scalar_one()
