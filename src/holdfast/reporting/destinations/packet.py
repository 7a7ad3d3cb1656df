"""A police force or a hotline as a destination: one signed file, encrypted to its key.

The worker writes it into the folder of packets; a person hands it over and writes down what was said on
taking it, which is the receipt. Nothing is mailed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from holdfast.errors import ConflictError, DestinationError, InvalidDocumentError, NotFoundError
from holdfast.records import events
from holdfast.records.dialect import moment
from holdfast.records.tables.base import now
from holdfast.records.tables.drafts import report_packets as t
from holdfast.reporting.cybertip.problems import Problem
from holdfast.reporting.destination import HandOver, Lack, Order, Phase, Receipt, Standing
from holdfast.reporting.destinations.requirements import REQUIREMENTS
from holdfast.reporting.destinations.table import Described
from holdfast.reporting.filing import requests
from holdfast.reporting.filing.models import Submission
from holdfast.vault import preservation
from holdfast.vault.secrets import KeySealer

__all__ = ["PHASES", "PacketDestination", "acknowledge", "get_packet", "packet_receipt", "packet_standing"]

PHASES: Final = {
    "pending": Phase.WAITING,
    "written": Phase.UNDER_WAY,
    "handed_over": Phase.FILED,
    "refused": Phase.REFUSED,
    "cancelled": Phase.CANCELLED,
}
MAX_RECEIPT_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PacketDestination:
    """One recipient of packets, as the file of destinations has it."""

    described: Described
    sealer: KeySealer

    @property
    def name(self) -> str:
        return self.described.name

    @property
    def title(self) -> str:
        return self.described.title

    @property
    def banner(self) -> str:
        return f"BY HAND: a packet for {self.title} is written here; you hand it over. Never mail it."

    @property
    def retention_days(self) -> int:
        return self.described.retention_days

    @property
    def is_set_up(self) -> bool:
        return self.described.recipient is not None

    def lacks(self, submission: Submission) -> list[Lack]:
        """What the file says that they need, the rules of the document, and their key."""
        found = [
            Lack(name, REQUIREMENTS[name].reason, must=True)
            for name in self.described.requires
            if not REQUIREMENTS[name].is_there(submission)
        ]
        try:
            requests.check(submission)
        except InvalidDocumentError as error:
            found += [Lack(one.path, f"{one.message} ({one.rule})", must=True) for one in error.problems]
        if not self.is_set_up:
            text = "no key of theirs is in the file of destinations: a packet could be encrypted to nobody"
            found.append(Lack("recipient", text, must=True))
        return found

    def hand_over(self, connection: sa.Connection, order: Order) -> HandOver:
        """A packet to be written. Raises `DestinationError` without a key, `InvalidDocumentError`."""
        if not self.is_set_up:
            raise DestinationError(
                f"No key of {self.name} is known: no packet was made. Enter `recipient` in the file of "
                "destinations."
            )
        if lacking := self.lacks(order.submission):
            problems = [Problem(one.field, "required", one.reason) for one in lacking]
            raise InvalidDocumentError(f"{self.name} takes no such report; nothing was made.", problems)
        revision = 1 + _last_revision(connection, self.name, order.case_reference)
        at = moment(connection)
        values = {
            "destination": self.name,
            "case_reference": order.case_reference,
            "revision": revision,
            "state": "pending",
            "sealed_submission": requests.seal_submission(
                self.sealer, self.name, order.case_reference, revision, order.submission
            ),
            "file_count": len(order.submission.files),
            "incident_count": order.submission.report.incident_count,
            "requested_by": order.by,
            "requested_at": at,
            "tries": 0,
            "due_at": at,
        }
        number = int(connection.execute(sa.insert(t).values(values).returning(t.c.id)).scalar_one())
        items = [file.item_id for file in order.submission.files]
        preservation.begin(connection, order.case_reference, items, actor=order.by)
        facts = {
            "packet": number,
            "destination": self.name,
            "case": order.case_reference,
            "revision": revision,
            "incidents": order.submission.report.incident_count,
            "files": len(order.submission.files),
        }
        events.append(connection, "report.requested", facts)
        return HandOver("report_packets", number)

    def standing(self, connection: sa.Connection, number: int) -> Standing:
        return packet_standing(connection, number)

    def receipt(self, connection: sa.Connection, number: int) -> Receipt | None:
        """What was said on hand-over; None until then."""
        return packet_receipt(connection, number)

    def cancel(self, connection: sa.Connection, number: int) -> Standing:
        """It is not to be handed over. Raises `ConflictError` when it was."""
        done = connection.execute(
            sa.update(t)
            .where(t.c.id == number, t.c.state.in_(("pending", "written")))
            .values(state="cancelled", finished_at=moment(connection), lease_until=None)
        ).rowcount
        row = get_packet(connection, number)
        if not done:
            raise ConflictError(f"Packet {number} is {row.state}; it was not cancelled.")
        facts = {"packet": number, "destination": self.name, "case": row.case_reference}
        events.append(connection, "report.cancelled", facts)
        return self.standing(connection, number)


def get_packet(connection: sa.Connection, number: int) -> sa.Row[Any]:
    """One row. Raises `NotFoundError`."""
    row = connection.execute(sa.select(t).where(t.c.id == number)).first()
    if row is None:
        raise NotFoundError(f"There is no packet {number}.")
    return row


def packet_standing(connection: sa.Connection, number: int) -> Standing:
    """Where a packet stands. The reference is the name of its file. Raises `NotFoundError`."""
    row = get_packet(connection, number)
    return Standing(
        phase=PHASES[row.state],
        state=row.state,
        reference=row.file_name,
        error=row.last_error,
        since=row.finished_at or row.written_at or row.requested_at,
    )


def packet_receipt(connection: sa.Connection, number: int) -> Receipt | None:
    """What they said on taking it. The reference is the SHA-256 of the packet."""
    row = get_packet(connection, number)
    if row.state != "handed_over":
        return None
    return Receipt(row.destination, row.sha256, row.handed_over_at, row.receipt)


def acknowledge(connection: sa.Connection, number: int, receipt: bytes, *, by: str) -> None:
    """A person handed the packet over; ``receipt`` is what they were given or told, as it is.

    Raises `NotFoundError`, `InvalidDocumentError` for an empty or oversized receipt, `ConflictError` where
    there is nothing to hand over or it was handed over before.
    """
    if not receipt.strip() or len(receipt) > MAX_RECEIPT_BYTES:
        problem = Problem("receipt", "length", f"must have 1 to {MAX_RECEIPT_BYTES} bytes")
        raise InvalidDocumentError("A receipt says something; nothing was written down.", [problem])
    at = moment(connection)
    done = connection.execute(
        sa.update(t)
        .where(t.c.id == number, t.c.state == "written")
        .values(state="handed_over", handed_over_at=at, handed_over_by=by, finished_at=at, receipt=receipt)
    ).rowcount
    row = get_packet(connection, number)
    if not done:
        raise ConflictError(f"Packet {number} is {row.state}; it was not marked as handed over.")
    preservation.follow(connection, row.case_reference, now(), actor=by)
    facts = {
        "packet": number,
        "destination": row.destination,
        "case": row.case_reference,
        "incidents": row.incident_count,
        "files": row.file_count,
        "has_receipt": True,
    }
    events.append(connection, "report.filed", facts)


def _last_revision(connection: sa.Connection, destination: str, case_reference: str) -> int:
    query = sa.select(sa.func.max(t.c.revision)).where(
        t.c.destination == destination, t.c.case_reference == case_reference
    )
    return int(connection.execute(query).scalar() or 0)
