"""A filing that is held: every change of it is one transaction that its lease allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from holdfast.decisions.webhooks import outbox
from holdfast.errors import RecordsUnavailableError
from holdfast.records import events
from holdfast.records.database import Database
from holdfast.records.dialect import moment
from holdfast.reporting.cybertip.client import Client
from holdfast.reporting.filing import alarms, rows
from holdfast.reporting.filing.contents import Contents
from holdfast.reporting.filing.decide import AlarmKind
from holdfast.reporting.filing.history import Said, record, seal
from holdfast.reporting.filing.models import Filing
from holdfast.vault.secrets import KeySealer

__all__ = ["Change", "Held", "Work"]

Change = Callable[[sa.Connection], None]

INSIST_PAUSES_S = (0.1, 0.4, 1.0, 3.0, 5.0, 10.0)  # together well within a usual lease


@dataclass(frozen=True)
class Work:
    """What filings are worked at with. ``lease_s`` is longer than any call without a sign of life."""

    database: Database
    sealer: KeySealer
    client: Client
    contents: Contents
    lease_s: float


class Held:
    """One claim. Every method that writes raises `LeaseLostError` when the claim is no longer the newest."""

    def __init__(self, work: Work, filing: Filing) -> None:
        self.work = work
        self.filing = filing
        self._renewed_at = time.monotonic()

    @property
    def attempt_id(self) -> int:
        """The attempt whose report is open."""
        assert self.filing.attempt_id is not None  # noqa: S101  (the states that ask have one)
        return self.filing.attempt_id

    @property
    def report_id(self) -> int:
        """The id of the open report."""
        assert self.filing.report_id is not None  # noqa: S101  (the states that ask have one)
        return self.filing.report_id

    def write(
        self,
        values: Mapping[str, Any] | Callable[[sa.Connection, Filing], Mapping[str, Any]],
        *changes: Change,
        said: Said | None = None,
        alarm: AlarmKind | None = None,
        event: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Renew the lease and write, all or nothing: the row, ``changes``, the call, alarm and event.

        ``values`` may be a function of the row as it is now, which nobody changes until the end.
        """
        sealed = None if said is None else seal(self.work.sealer, self.filing.id, said)

        def write_all(connection: sa.Connection) -> Filing:
            filing = rows.renew(connection, self.filing, self.work.lease_s)
            chosen = values(connection, filing) if callable(values) else values
            if chosen:
                filing = rows.update(connection, filing, chosen)
            if said is not None and sealed is not None:
                record(connection, filing, said, sealed)
            for change in changes:
                change(connection)
            if event is not None:
                base = {"filing": filing.id, "destination": filing.destination, "case": filing.case_reference}
                told = {**base, **(facts or {})}
                outbox.publish(connection, event, told, event_id=events.append(connection, event, told))
            if alarm is not None:
                text = said.says if said is not None else filing.last_error or ""
                alarms.raise_alarm(connection, filing.id, alarm, text)
            return filing

        self.filing = self._insist(write_all) if said is not None else self._commit(write_all)
        self._renewed_at = time.monotonic()

    def keep(self) -> None:
        """Show a sign of life, if the last one is not fresh."""
        if time.monotonic() - self._renewed_at > self.work.lease_s / 4:
            self.write({})

    def _commit(self, write_all: Callable[[sa.Connection], Filing]) -> Filing:
        with self.work.database.write() as connection:
            return write_all(connection)

    def _insist(self, write_all: Callable[[sa.Connection], Filing]) -> Filing:
        """What was answered cannot be asked for again: a database that is away for a moment is waited for."""
        for pause_s in INSIST_PAUSES_S:
            try:
                return self._commit(write_all)
            except RecordsUnavailableError:
                time.sleep(pause_s)
        return self._commit(write_all)

    def pause_values(self, error: str, pause_s: float) -> Callable[[sa.Connection, Filing], dict[str, Any]]:
        """The row's values for giving it back until the pause is over, one failed try later."""

        def values(connection: sa.Connection, filing: Filing) -> dict[str, Any]:
            return {
                "due_at": moment(connection, pause_s),
                "lease_until": None,
                "tries": filing.tries + 1,
                "last_error": error[:500],
            }

        return values
