"""NCMEC's CyberTipline as a destination: what is handed over becomes a row that the filer works at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from holdfast.errors import InvalidDocumentError
from holdfast.reporting.cybertip.destination import CyberTipline
from holdfast.reporting.destination import HandOver, Lack, Order, Phase, Receipt, Standing
from holdfast.reporting.filing import requests
from holdfast.reporting.filing.models import State, Submission
from holdfast.vault.secrets import KeySealer

__all__ = ["CyberTiplineDestination", "filing_receipt", "filing_standing", "phase_of"]

PHASES: Final = {
    State.PENDING: Phase.WAITING,
    State.FILED: Phase.FILED,
    State.REFUSED: Phase.REFUSED,
    State.CANCELLED: Phase.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class CyberTiplineDestination:
    """The service as it is set. ``is_set_up``: there are credentials, so that a worker files."""

    service: CyberTipline
    sealer: KeySealer
    title: str
    retention_days: int
    is_set_up: bool

    @property
    def name(self) -> str:
        return self.service.name

    @property
    def banner(self) -> str:
        return self.service.banner

    def lacks(self, submission: Submission) -> list[Lack]:
        """Every rule of the service that the report breaks as it is now."""
        try:
            requests.check(submission)
        except InvalidDocumentError as error:
            return [Lack(one.path, f"{one.message} ({one.rule})", must=True) for one in error.problems]
        return []

    def hand_over(self, connection: sa.Connection, order: Order) -> HandOver:
        """A filing: the next of its case. The filer opens nothing before this transaction is committed."""
        revision = 1 + requests.last_revision(connection, self.name, order.case_reference)
        number = requests.request(
            connection,
            self.sealer,
            self.service,
            order.case_reference,
            order.submission,
            by=order.by,
            revision=revision,
            priority=order.priority,
        )
        return HandOver("filings", number)

    def standing(self, connection: sa.Connection, number: int) -> Standing:
        return filing_standing(connection, number)

    def receipt(self, connection: sa.Connection, number: int) -> Receipt | None:
        """The answer of /finish, byte for byte: None until it is filed."""
        return filing_receipt(connection, number)

    def cancel(self, connection: sa.Connection, number: int) -> Standing:
        """Nothing is filed; what is open is retracted first. Raises `ConflictError` once it is finished."""
        requests.cancel(connection, number)
        return self.standing(connection, number)


def filing_standing(connection: sa.Connection, number: int) -> Standing:
    """Where a filing stands, in words that fit every kind of destination. Raises `NotFoundError`."""
    filing = requests.get(connection, number)
    return Standing(
        phase=phase_of(filing.state),
        state=str(filing.state),
        reference=None if filing.report_id is None else str(filing.report_id),
        error=filing.last_error,
        since=filing.finished_at or filing.opened_at or filing.requested_at,
        cancel_wanted=filing.cancel_wanted,
    )


def filing_receipt(connection: sa.Connection, number: int) -> Receipt | None:
    """The receipt of a filing; its body is None where the answer of /finish was lost on the way."""
    filing = requests.get(connection, number)
    if filing.state is not State.FILED or filing.finished_at is None:
        return None
    return Receipt(
        destination=filing.destination,
        reference=str(filing.report_id),
        at=filing.finished_at,
        body=filing.receipt,
        request_id=filing.receipt_request_id,
    )


def phase_of(state: str) -> Phase:
    """The phase of a filing's state."""
    return PHASES.get(State(state), Phase.UNDER_WAY)
