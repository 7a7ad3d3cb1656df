"""What was sent and answered for a filing: for people, for the destination's help, for courts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog

from holdfast.errors import UnansweredError, VaultError
from holdfast.records.tables.base import now
from holdfast.records.tables.filings import filing_attempts, filing_exchanges
from holdfast.reporting.cybertip.answers import Answer
from holdfast.reporting.cybertip.codes import Meaning
from holdfast.reporting.filing.decide import Step
from holdfast.reporting.filing.models import Filing
from holdfast.vault.secrets import KeySealer

__all__ = ["Attempt", "Exchange", "Said", "Sealed", "attempts", "exchanges", "record", "seal"]

REFUSED_AT_THE_DOOR = (401, 403)  # HTTP, with a page of some server instead of the service's own answer

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Said:
    """One call and what came of it: an answer, or none that can be read."""

    step: Step
    attempt_id: int | None
    sent_at: datetime
    document: bytes | None = field(repr=False)
    answer: Answer | None = field(repr=False)
    error: UnansweredError | None = field(repr=False)
    is_contradictory: bool = False  # code 0, and about another report than was asked about

    @property
    def meaning(self) -> Meaning | None:
        """None: it is not known what the call did."""
        if self.error is not None and self.error.status in REFUSED_AT_THE_DOOR:
            return Meaning.BLOCKED
        return None if self.answer is None or self.is_contradictory else self.answer.meaning

    @property
    def was_sent(self) -> bool:
        return self.error is None or self.error.was_sent

    @property
    def says(self) -> str:
        """What happened in words of ours, without a word of theirs: safe for rows and logs."""
        if self.error is not None:
            return str(self.error)
        if self.answer is None or self.is_contradictory:
            return f"/{self.step}: the answer is about another report than was asked about"
        return f"/{self.step}: {self.answer.says}"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, opened. `sent` is the exact document; None for forms and files."""

    step: str
    attempt_id: int | None
    sent_at: datetime
    answered_at: datetime | None
    status: int | None
    code: int | None
    request_id: str | None
    sent: bytes | None = field(repr=False)
    answer: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One report that was asked for. `outcome` is None while it is open; `report_id` where an id came."""

    id: int
    begun_at: datetime
    report_id: int | None
    finish_sent_at: datetime | None
    outcome: str | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Sealed:
    """What was sent and what came, as it lies in the row."""

    sent: bytes | None
    answer: bytes | None


def seal(sealer: KeySealer, filing_id: int, said: Said) -> Sealed:
    """Document and answer, sealed; not inside a transaction, as the key may be another machine's.

    When the key cannot be had they are left out: the ids and the receipt, which are not sealed, must be kept
    all the same.
    """
    body = said.answer.body if said.answer is not None else said.error.body if said.error else b""
    try:
        return Sealed(
            _sealed(sealer, filing_id, "sent", said.document),
            _sealed(sealer, filing_id, "answer", body or None),
        )
    except VaultError as error:
        log.warning("a call is kept without its text", filing=filing_id, error=type(error).__name__)
        return Sealed(None, None)


def record(connection: sa.Connection, filing: Filing, said: Said, sealed: Sealed) -> None:
    """Keep one call."""
    status = said.answer.status if said.answer is not None else said.error.status if said.error else None
    request_id = said.answer.request_id if said.answer else said.error.request_id if said.error else None
    connection.execute(
        sa.insert(filing_exchanges).values(
            filing_id=filing.id,
            attempt_id=said.attempt_id,
            step=said.step,
            sent_at=said.sent_at,
            answered_at=None if said.answer is None else now(),
            status=status,
            code=None if said.answer is None else said.answer.code,
            request_id=request_id,
            sealed_sent=sealed.sent,
            sealed_answer=sealed.answer,
        )
    )


def exchanges(connection: sa.Connection, sealer: KeySealer, filing_id: int) -> list[Exchange]:
    """Every call of a filing, oldest first. Raises `ObjectDamagedError` or `KeyUnavailableError`."""
    t = filing_exchanges
    query = sa.select(t).where(t.c.filing_id == filing_id).order_by(t.c.id)
    return [_exchange(sealer, row) for row in connection.execute(query)]


def attempts(connection: sa.Connection, filing_id: int) -> list[Attempt]:
    """Every report that was asked for, oldest first."""
    t = filing_attempts
    columns = (t.c.id, t.c.begun_at, t.c.report_id, t.c.finish_sent_at, t.c.outcome, t.c.ended_at)
    query = sa.select(*columns).where(t.c.filing_id == filing_id).order_by(t.c.id)
    return [Attempt(**row._mapping) for row in connection.execute(query)]


def _exchange(sealer: KeySealer, row: sa.Row[Any]) -> Exchange:
    def opened(kind: str, sealed: bytes | None) -> bytes | None:
        return None if sealed is None else sealer.unseal(sealed, context=_context(row.filing_id, kind))

    return Exchange(
        step=row.step,
        attempt_id=row.attempt_id,
        sent_at=row.sent_at,
        answered_at=row.answered_at,
        status=row.status,
        code=row.code,
        request_id=row.request_id,
        sent=opened("sent", row.sealed_sent),
        answer=opened("answer", row.sealed_answer),
    )


def _sealed(sealer: KeySealer, filing_id: int, kind: str, data: bytes | None) -> bytes | None:
    return None if data is None else sealer.seal(data, context=_context(filing_id, kind))


def _context(filing_id: int, kind: str) -> bytes:
    return f"holdfast filing exchange 1\0{filing_id}\0{kind}".encode()
