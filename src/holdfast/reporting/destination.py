"""Where a report can go, behind one interface: what it must hold, by when, how long it is kept, the receipt.

    cybertipline    NCMEC's web service: filed by `holdfast.reporting.filing`
    packet          a police force or hotline: one signed, encrypted file that a person hands over

Media and hashes are never mailed. Which of them a case goes to is data: `destinations.table`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

import sqlalchemy as sa

from holdfast.reporting.filing.models import Submission

__all__ = ["Destination", "HandOver", "Lack", "Order", "Phase", "Receipt", "Standing"]


class Phase(StrEnum):
    """How far a report has come at its destination, in words that fit every kind."""

    WAITING = "waiting"  # nothing was opened or written yet
    UNDER_WAY = "under_way"  # it is open at the destination, or a packet lies ready for hand-over
    FILED = "filed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that is not there. ``field`` is a path or a stable word, ``reason`` why it matters.

    ``must``: the destination takes no report without it. Otherwise the report goes, and is worth less.
    """

    field: str
    reason: str
    must: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """What proves that it arrived. ``body``: their own words, byte for byte; None where it was lost."""

    destination: str
    reference: str  # their number of the report, or the packet's digest
    at: datetime
    body: bytes | None = field(repr=False)
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a report stands at its destination."""

    phase: Phase
    state: str  # in the destination's own words
    reference: str | None
    error: str | None
    since: datetime
    cancel_wanted: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """One report to be handed over. ``revision``: of its case at this destination, from 1."""

    case_reference: str
    submission: Submission
    by: str
    priority: int = 0


@dataclass(frozen=True, slots=True)
class HandOver:
    """Where the report is from now on: a row of `filings` or of `report_packets`."""

    table: Literal["filings", "report_packets"]
    number: int


class Destination(Protocol):
    """One destination as it is set up here. Every method but `lacks` works in the caller's transaction."""

    @property
    def name(self) -> str:
        """As rows call it; another name for test than for production."""

    @property
    def title(self) -> str: ...

    @property
    def banner(self) -> str:
        """To be shown wherever somebody files: what becomes of a report."""

    @property
    def retention_days(self) -> int: ...

    def lacks(self, submission: Submission) -> list[Lack]:
        """What it takes no report without, and is not there."""

    def hand_over(self, connection: sa.Connection, order: Order) -> HandOver:
        """From here on the worker carries it. Raises `InvalidDocumentError`, `DestinationError`."""

    def standing(self, connection: sa.Connection, number: int) -> Standing: ...

    def receipt(self, connection: sa.Connection, number: int) -> Receipt | None: ...

    def cancel(self, connection: sa.Connection, number: int) -> Standing:
        """Withdraw it. Raises `ConflictError` where it is too late."""
