"""Packets that are due are written into a folder, whole or not at all, by one worker at a time.

A killed worker's packet is written by another when its lease ends; what it had begun is no file yet.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog

from holdfast.errors import (
    HoldfastError,
    InvalidDocumentError,
    NotFoundError,
    ObjectDamagedError,
    ObjectDestroyedError,
)
from holdfast.records import events
from holdfast.records.database import Database
from holdfast.records.dialect import moment
from holdfast.records.jobs import backoff_s
from holdfast.records.tables.drafts import report_packets as t
from holdfast.reporting.filing.contents import Contents
from holdfast.reporting.filing.requests import unseal_submission
from holdfast.reporting.packets.write import write_packet
from holdfast.vault.files import replace_file
from holdfast.vault.sealing import Recipient
from holdfast.vault.secrets import KeySealer
from holdfast.vault.signing import Signer

__all__ = ["PacketWriter"]

LEASE_S = 900.0
RETRY_BASE_S, RETRY_FACTOR, RETRY_CAP_S = 30.0, 3.0, 3600.0
SUFFIX = ".packet"
# No second try can help: the content is gone, or the document is not one.
_LOST = (NotFoundError, ObjectDestroyedError, ObjectDamagedError, InvalidDocumentError)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PacketWriter:
    """Writes packets into ``folder``. ``sender`` is how they name us."""

    database: Database
    sealer: KeySealer
    contents: Contents
    folder: Path
    signer: Signer
    sender: str

    def write_due(self, destination: str, recipient: Recipient, *, at_most: int = 100) -> int:
        """Write what is due for one destination; the number of packets that were finished."""
        written = 0
        for _ in range(at_most):
            row = self._claim(destination)
            if row is None:
                break
            written += self._write(row, recipient)
        return written

    def _claim(self, destination: str) -> sa.Row[Any] | None:
        with self.database.write() as connection:
            at = moment(connection)
            free = sa.or_(t.c.lease_until.is_(None), t.c.lease_until <= at)
            due = (
                sa.select(t.c.id)
                .where(t.c.destination == destination, t.c.state == "pending", t.c.due_at <= at, free)
                .order_by(t.c.due_at, t.c.id)
                .limit(1)
            )
            claim = sa.update(t).where(t.c.id == due.scalar_subquery(), t.c.state == "pending", free)
            return connection.execute(
                claim.values(lease_until=moment(connection, LEASE_S)).returning(*t.c)
            ).first()

    def _write(self, row: sa.Row[Any], recipient: Recipient) -> int:
        digest = hashlib.sha256()
        path = self.folder / f"{_safe(row.destination)}-{_safe(row.case_reference)}-{row.revision}{SUFFIX}"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            pieces = write_packet(
                unseal_submission(self.sealer, row),
                self.contents,
                recipient=recipient,
                signer=self.signer,
                reference=f"{row.case_reference} revision {row.revision}",
                sender=self.sender,
            )
            size_bytes = replace_file(path, _digested(pieces, digest))
        except _LOST as error:
            self._end(row, "refused", str(error))
            return 0
        except (HoldfastError, OSError) as error:
            self._again(row, error)
            return 0
        self._written(row, path.name, size_bytes, digest.hexdigest())
        return 1

    def _written(self, row: sa.Row[Any], name: str, size_bytes: int, sha256: str) -> None:
        file = {"file_name": name, "size_bytes": size_bytes, "sha256": sha256}
        with self.database.write() as connection:
            values = {"state": "written", "written_at": moment(connection), "lease_until": None}
            of_row = sa.update(t).where(t.c.id == row.id)
            pending = of_row.where(t.c.state == "pending").values(**values, **file, last_error=None)
            if connection.execute(pending).rowcount:
                facts = {"packet": row.id, "destination": row.destination, "case": row.case_reference}
                events.append(connection, "report.packet_written", facts)
                return
            # A slow worker's file has taken the place of the one that another wrote meanwhile.
            is_wanted = connection.execute(of_row.where(t.c.state == "written").values(**file)).rowcount
        if not is_wanted:  # cancelled meanwhile: nobody is to hand it over
            (self.folder / name).unlink(missing_ok=True)

    def _again(self, row: sa.Row[Any], error: Exception) -> None:
        text = str(error) if isinstance(error, HoldfastError) else f"the file: {type(error).__name__}"
        log.warning("a packet was not written", packet=row.id, error=type(error).__name__)
        pause_s = backoff_s(row.tries + 1, base_s=RETRY_BASE_S, factor=RETRY_FACTOR, cap_s=RETRY_CAP_S)
        with self.database.write() as connection:
            connection.execute(
                sa.update(t)
                .where(t.c.id == row.id, t.c.state == "pending")
                .values(
                    tries=t.c.tries + 1,
                    due_at=moment(connection, pause_s),
                    lease_until=None,
                    last_error=text[:500],
                )
            )

    def _end(self, row: sa.Row[Any], state: str, error: str) -> None:
        with self.database.write() as connection:
            values = {"state": state, "finished_at": moment(connection), "lease_until": None}
            connection.execute(
                sa.update(t)
                .where(t.c.id == row.id, t.c.state == "pending")
                .values(**values, last_error=error[:500])
            )
            facts = {"packet": row.id, "destination": row.destination, "case": row.case_reference}
            events.append(connection, f"report.{state}", facts)


def _digested(pieces: Iterator[bytes], digest: Any) -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        yield piece


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text)[:80]
