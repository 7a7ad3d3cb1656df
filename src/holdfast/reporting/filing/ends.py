"""What follows from a step, written down: begin anew, refuse, wait, withdrawn, filed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
import structlog

from holdfast.records.dialect import moment
from holdfast.records.jobs import backoff_s
from holdfast.records.tables.base import now
from holdfast.reporting.filing import alarms, rows
from holdfast.reporting.filing.contents import ACTOR
from holdfast.reporting.filing.decide import AlarmKind, Then, Verdict
from holdfast.reporting.filing.held import Change, Held
from holdfast.reporting.filing.history import Said
from holdfast.reporting.filing.models import Filing, State
from holdfast.vault import preservation

__all__ = ["Ends", "pause_s"]

RETRY_BASE_S = 5.0
RETRY_FACTOR = 3.0
RETRY_CAP_S = 3600.0  # and no last try: an outage may last for days, and an alarm is up
BLOCKED_PAUSE_S = 900.0
NONE_OPEN: dict[str, Any] = {
    "attempt_id": None,
    "report_id": None,
    "opened_at": None,
    "touched_at": None,
    "after_retract": None,
}

log = structlog.get_logger(__name__)


def pause_s(tries: int) -> float:
    """Seconds until the next try after so many failed ones."""
    return backoff_s(max(tries, 1), base_s=RETRY_BASE_S, factor=RETRY_FACTOR, cap_s=RETRY_CAP_S)


class Ends:
    """The ends of a run, and of its parts. `is_over`: the run has nothing more to do now."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._has_failed = False
        self.is_over = False

    def follow(self, follows: Verdict, said: Said) -> None:
        """Where a report is open and a step did not go well."""
        if follows.then is Then.WAIT:
            self.wait(said.says, said=said, alarm=follows.alarm)
        elif follows.then is Then.REFUSE:
            self.refuse(said.says, follows.alarm, said=said)
        else:  # AGAIN and SETTLE: /retract either makes room for a new one or says that it is filed
            self.again(said.says, said=said, alarm=follows.alarm)

    def again(self, error: str, *, said: Said | None = None, alarm: AlarmKind | None = None) -> None:
        """Retract what is open, and begin anew after a pause."""
        self._has_failed = True

        def values(_connection: sa.Connection, filing: Filing) -> Mapping[str, Any]:
            return {
                "state": State.RETRACTING,
                "after_retract": State.PENDING,
                "tries": filing.tries + 1,
                "last_error": error[:500],
            }

        self._held.write(values, said=said, alarm=alarm)

    def refuse(self, error: str, alarm: AlarmKind | None, *changes: Change, said: Said | None = None) -> None:
        """Leave it to a person, once nothing is open any more."""
        is_open = self._held.filing.report_id is not None

        def values(connection: sa.Connection, _: Filing) -> Mapping[str, Any]:
            if is_open:
                follows: dict[str, Any] = {"state": State.RETRACTING, "after_retract": State.REFUSED}
            else:
                follows = _ended(connection, State.REFUSED)
            return {**follows, "last_error": error[:500]}

        if not is_open:
            changes = (*changes, self._settled)
        event = None if is_open else "report.refused"
        self._held.write(values, *changes, said=said, alarm=alarm, event=event)
        self.is_over = not is_open

    def wait(
        self, error: str, *changes: Change, said: Said | None = None, alarm: AlarmKind | None = None
    ) -> None:
        """Give it back in the state that it is in, until a pause is over."""
        blocked = alarm is AlarmKind.BLOCKED
        seconds = BLOCKED_PAUSE_S if blocked else pause_s(self._held.filing.tries + 1)
        self._held.write(self._held.pause_values(error, seconds), *changes, said=said, alarm=alarm)
        self.is_over = True

    def cancel(self) -> None:
        """Nothing is open, and nobody wants it any more."""
        self._held.write(
            lambda connection, _: _ended(connection, State.CANCELLED), self._settled, event="report.cancelled"
        )
        self.is_over = True

    def retracted(self, outcome: rows.Outcome, said: Said, *, alarm: AlarmKind | None = None) -> None:
        """The open report is gone: on to what was to follow."""
        after, attempt_id, report_id = (
            self._held.filing.after_retract,
            self._held.attempt_id,
            self._held.report_id,
        )
        assert after is not None  # noqa: S101  (the state has one)
        begins_anew = after is State.PENDING

        def values(connection: sa.Connection, filing: Filing) -> Mapping[str, Any]:
            if not begins_anew:
                return {**NONE_OPEN, **_ended(connection, after)}
            pause: dict[str, Any] = {}
            if self._has_failed:
                pause = {"due_at": moment(connection, pause_s(filing.tries)), "lease_until": None}
            return {**NONE_OPEN, **pause, "state": State.PENDING}

        def ended(connection: sa.Connection) -> None:
            rows.end_attempt(connection, attempt_id, outcome)
            if not begins_anew:
                self._settled(connection)

        self._held.write(
            values,
            ended,
            said=said,
            alarm=alarm,
            event="report.retracted" if begins_anew else f"report.{after}",
            facts={"report_id": report_id},
        )
        self.is_over = self._has_failed or not begins_anew

    def filed(self, said: Said, *, has_receipt: bool) -> None:
        """It is filed. Without a receipt: /retract says so, and the answer of /finish was lost on the way."""
        answer, filing, attempt_id = said.answer, self._held.filing, self._held.attempt_id
        assert answer is not None  # noqa: S101  (its meaning is known)

        def finished(connection: sa.Connection) -> None:
            rows.end_attempt(connection, attempt_id, "finished")
            self._settled(connection)
            preservation.follow(connection, filing.case_reference, now(), actor=ACTOR)
            sent = {row.file_id for row in rows.uploads(connection, attempt_id)}
            if has_receipt and sent != set(answer.file_ids or ()):
                text = f"The receipt names {len(answer.file_ids or ())} files, {len(sent)} were uploaded."
                alarms.raise_alarm(connection, filing.id, AlarmKind.RECEIPT_DIFFERS, text)

        def values(connection: sa.Connection, _: Filing) -> Mapping[str, Any]:
            return {
                **_ended(connection, State.FILED),
                "after_retract": None,
                "receipt": answer.body if has_receipt else None,
                "receipt_request_id": answer.request_id,
                "last_error": None,
            }

        facts = {
            "report_id": self._held.report_id,
            "incidents": filing.incident_count,
            "files": filing.file_count,
            "has_receipt": has_receipt,
        }
        alarm = None if has_receipt else AlarmKind.RECEIPT_MISSING
        self._held.write(values, finished, said=said, alarm=alarm, event="report.filed", facts=facts)
        self.is_over = True
        log.info("report filed", filing=filing.id, destination=filing.destination)

    def _settled(self, connection: sa.Connection) -> None:
        """The alarms whose cause ends with the filing."""
        alarms.resolve(connection, self._held.filing.id, alarms.ENDED_WITH_FILING)


def _ended(connection: sa.Connection, state: State) -> dict[str, Any]:
    return {"state": state, "finished_at": moment(connection), "lease_until": None}
