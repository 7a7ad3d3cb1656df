"""One filing under a lease: from where it stands to its end, or to where it must wait.

What is about to be done is written down first; what came of it is written in one transaction with its
record. A killed process therefore leaves a row that says what may have happened, and whoever takes the filing
up next settles that before anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from holdfast.errors import (
    HoldfastError,
    InvalidDocumentError,
    NotFoundError,
    ObjectDamagedError,
    ObjectDestroyedError,
    ReportingError,
    VaultError,
)
from holdfast.records.dialect import moment
from holdfast.records.tables.base import now
from holdfast.reporting.cybertip.codes import Meaning
from holdfast.reporting.filing import alarms, clocks, rows, steps
from holdfast.reporting.filing.decide import AlarmKind, Step, Then, Verdict, verdict
from holdfast.reporting.filing.ends import Ends
from holdfast.reporting.filing.held import Held, Work
from holdfast.reporting.filing.history import Said
from holdfast.reporting.filing.models import Filing, State, Submission
from holdfast.reporting.filing.requests import earlier_reports, unseal_submission
from holdfast.reporting.standing_decision import is_taken_back

__all__ = ["FilingRun"]

# The content is not what was to be sent: no second try can help.
_CONTENT_LOST = (NotFoundError, ObjectDestroyedError, ObjectDamagedError, ReportingError)


NO_SUCH_REPORT = 5001


class FilingRun:
    """One claim of one filing. Its methods raise `LeaseLostError` when somebody else has it by now."""

    def __init__(self, work: Work, filing: Filing) -> None:
        self._work = work
        self._held = Held(work, filing)
        self._ends = Ends(self._held)
        self._submission: Submission | None = None
        self._number = 0  # of the file in hand; files go only to a report that this run opened
        self._arrived: steps.Uploaded | None = None  # that file, once it is there and until it is described

    def run(self) -> Filing:
        """Go on until it is filed, refused, cancelled or must wait; the row then."""
        handlers: dict[State, Callable[[], None]] = {
            State.PENDING: self._open_report,
            State.OPEN: self._next_file,
            State.UPLOADING: self._next_file,
            State.DESCRIBED: self._begin_to_finish,
            State.FINISHING: self._finish,
            State.RETRACTING: self._retract,
        }
        self._take_up()
        while not self._ends.is_over:
            handlers[self._held.filing.state]()
        return self._held.filing

    def _take_up(self) -> None:
        """What whoever held it before may have left behind."""

        def values(connection: sa.Connection, filing: Filing) -> Mapping[str, Any]:
            if rows.end_unanswered(connection, filing.id):
                alarms.raise_alarm(connection, filing.id, AlarmKind.ORPHAN_POSSIBLE, alarms.ORPHAN_TEXT)
            if filing.state in (State.OPEN, State.UPLOADING, State.DESCRIBED):
                return {"state": State.RETRACTING, "after_retract": State.PENDING}
            return {}

        self._held.write(values)

    def _open_report(self) -> None:
        if self._is_unwanted():
            self._ends.cancel()
            return
        document = self._prepare()
        if document is None:
            return
        attempt_id = self._begin_attempt()
        said = steps.submit(self._work.client, document, attempt_id)
        follows = verdict(Step.SUBMIT, said.meaning) if said.was_sent else Verdict(Then.AGAIN)
        if follows.then is Then.GO_ON:
            self._opened(said, attempt_id)
            return
        is_unknown = follows.alarm in (AlarmKind.ORPHAN_POSSIBLE, AlarmKind.UNEXPECTED)
        ended = _ended(attempt_id, "unknown" if is_unknown else "none")
        if follows.then is Then.REFUSE:
            self._ends.refuse(said.says, follows.alarm, ended, said=said)
        else:
            self._ends.wait(said.says, ended, said=said, alarm=follows.alarm)

    def _is_unwanted(self) -> bool:
        with self._work.database.read() as connection:
            return _is_unwanted(connection, self._held.filing)

    def _prepare(self) -> bytes | None:
        """The document, once everything that goes with it is at hand; None where it is not: dealt with."""
        filing = self._held.filing
        try:
            self._submission = unseal_submission(self._work.sealer, filing)
            for file in self._submission.files:
                self._work.contents.check(file.item_id)
            with self._work.database.read() as connection:
                earlier = earlier_reports(connection, filing)
            return steps.report_document(self._submission, earlier)
        except InvalidDocumentError as error:
            self._ends.refuse(str(error), AlarmKind.REFUSED)
        except _CONTENT_LOST as error:
            self._ends.refuse(str(error), AlarmKind.CONTENT_MISSING)
        except VaultError as error:
            self._ends.wait(str(error))
        return None

    def _is_new(self, report_id: int) -> bool:
        with self._work.database.read() as connection:
            return not rows.is_known(connection, self._held.filing.destination, report_id)

    def _begin_attempt(self) -> int:
        begun: list[int] = []
        self._held.write(
            {}, lambda connection: begun.append(rows.begin_attempt(connection, self._held.filing))
        )
        return begun[0]

    def _opened(self, said: Said, attempt_id: int) -> None:
        assert said.answer is not None  # noqa: S101  (its meaning is known)
        report_id = said.answer.report_id
        assert report_id is not None  # noqa: S101  (else it counts as no answer)
        if not self._is_new(report_id):  # an id that came before is another report: never touch that one
            said = replace(said, is_contradictory=True)
            ended = _ended(attempt_id, "unknown")
            self._ends.wait(said.says, ended, said=said, alarm=AlarmKind.ORPHAN_POSSIBLE)
            return

        def values(connection: sa.Connection, _: Filing) -> Mapping[str, Any]:
            rows.set_report_id(connection, attempt_id, report_id)
            return {
                "state": State.OPEN,
                "attempt_id": attempt_id,
                "report_id": report_id,
                "opened_at": moment(connection),
            }

        try:
            self._held.write(values, said=said, event="report.opened", facts={"report_id": report_id})
        except BaseException:
            self._abandon(report_id, attempt_id)
            raise
        self._number, self._arrived = 0, None

    def _abandon(self, report_id: int, attempt_id: int) -> None:
        """A report is open that no row holds: withdraw it now, as well as can be. It expires anyway."""
        said = steps.retract(self._work.client, report_id, attempt_id)
        outcome: rows.Outcome = "retracted" if said.meaning is Meaning.DONE else "unknown"
        with suppress(HoldfastError), self._work.database.write() as connection:
            rows.end_attempt(connection, attempt_id, outcome, report_id=report_id)
            if outcome == "unknown":
                filing_id = self._held.filing.id
                alarms.raise_alarm(connection, filing_id, AlarmKind.ORPHAN_POSSIBLE, alarms.ORPHAN_TEXT)

    def _next_file(self) -> None:
        if clocks.ends_soon(self._held.filing, now()):
            self._ends.again("the open report would expire before it is finished")
        elif self._arrived is not None:
            self._describe(self._arrived)
        elif self._number < self._held.filing.file_count:
            self._upload()
        else:
            self._begin_to_finish()

    def _upload(self) -> None:
        sent = self._send()
        if sent is None:
            return
        follows = verdict(Step.UPLOAD, sent.said.meaning)
        if follows.then is not Then.GO_ON:
            self._ends.follow(follows, sent.said)
        elif not sent.md5_is_ours:
            text = "/upload: the MD5 of what arrived is not that of what was sent"
            self._ends.again(text, said=sent.said, alarm=AlarmKind.MD5_DIFFERS)
        else:
            number, attempt_id = self._number, self._held.attempt_id
            self._held.write(
                _touched(State.UPLOADING),
                lambda connection: rows.add_upload(
                    connection,
                    attempt_id,
                    number,
                    sent.file_id,
                    was_viewed=sent.was_viewed,
                    exif_was_viewed=sent.exif_was_viewed,
                ),
                said=sent.said,
            )
            self._arrived = sent

    def _send(self) -> steps.Uploaded | None:
        """The upload of the file in hand; None where its content cannot be had, and that is dealt with."""
        file = self._opened_submission.files[self._number]
        try:
            content = self._work.contents.open(file.item_id, purpose=f"filing {self._held.filing.id}")
            return steps.upload(
                self._work.client,
                file,
                content,
                number=self._number,
                report_id=self._held.report_id,
                attempt_id=self._held.attempt_id,
                on_piece=self._held.keep,
            )
        except _CONTENT_LOST as error:
            self._ends.refuse(str(error), AlarmKind.CONTENT_MISSING)
        except VaultError as error:
            self._ends.again(str(error))
        return None

    def _describe(self, arrived: steps.Uploaded) -> None:
        number, submission, attempt_id = self._number, self._opened_submission, self._held.attempt_id
        try:
            said = steps.describe(
                self._work.client,
                submission.files[number],
                arrived,
                report_id=self._held.report_id,
                of_batched=submission.report.batched_report is not None,
                attempt_id=attempt_id,
            )
        except InvalidDocumentError as error:
            self._ends.refuse(str(error), AlarmKind.REFUSED)
            return
        follows = verdict(Step.DETAILS, said.meaning)
        if follows.then is not Then.GO_ON:
            self._ends.follow(follows, said)
            return
        state = State.DESCRIBED if number == len(submission.files) - 1 else State.UPLOADING
        self._held.write(
            _touched(state), lambda connection: rows.described(connection, attempt_id, number), said=said
        )
        self._arrived, self._number = None, number + 1

    @property
    def _opened_submission(self) -> Submission:
        assert self._submission is not None  # noqa: S101  (files go only to a report that this run opened)
        return self._submission

    def _begin_to_finish(self) -> None:
        def values(connection: sa.Connection, filing: Filing) -> Mapping[str, Any]:
            if _is_unwanted(connection, filing):  # too late once the state is FINISHING
                return {"state": State.RETRACTING, "after_retract": State.CANCELLED}
            rows.mark_finish_sent(connection, self._held.attempt_id)
            return {"state": State.FINISHING}

        self._held.write(values)

    def _finish(self) -> None:
        said = steps.finish(self._work.client, self._held.report_id, self._held.attempt_id)
        follows = verdict(Step.FINISH, said.meaning)
        if follows.then is Then.GO_ON:
            self._ends.filed(said, has_receipt=True)
        else:
            self._ends.follow(follows, said)

    def _retract(self) -> None:
        said = self._ask_to_retract()
        if said.meaning is Meaning.FINISHED:  # what cannot be undone is asked twice
            self._held.write({}, said=said)
            said = self._ask_to_retract()
        follows = verdict(Step.RETRACT, said.meaning)
        if follows.then is Then.FILED_WITHOUT_RECEIPT:
            self._ends.filed(said, has_receipt=False)
        elif follows.then is Then.GO_ON:
            outcome: rows.Outcome = "retracted" if said.meaning is Meaning.DONE else "gone"
            self._ends.retracted(outcome, said, alarm=self._vanished(said))
        elif said.meaning in (None, Meaning.TRY_AGAIN) and self._has_expired():
            self._ends.retracted("gone", said)
        else:
            self._ends.wait(said.says, said=said, alarm=follows.alarm)

    def _ask_to_retract(self) -> Said:
        return steps.retract(self._work.client, self._held.report_id, self._held.attempt_id)

    def _vanished(self, said: Said) -> AlarmKind | None:
        """A report that nobody knows before its time: perhaps it was opened under another id than we have."""
        is_unknown = said.answer is not None and said.answer.code == NO_SUCH_REPORT
        is_early = not clocks.ends_soon(self._held.filing, now())
        return AlarmKind.ORPHAN_POSSIBLE if is_unknown and is_early else None

    def _has_expired(self) -> bool:
        """Whether the report is gone by the clock: only where /finish was never sent."""
        if not clocks.is_surely_gone(self._held.filing, now()):
            return False
        with self._work.database.read() as connection:
            return not rows.finish_was_sent(connection, self._held.attempt_id)


def _is_unwanted(connection: sa.Connection, filing: Filing) -> bool:
    """Somebody cancels it, or the decision that it rests on was taken back."""
    return filing.cancel_wanted or is_taken_back(connection, filing_id=filing.id)


def _touched(state: State) -> Callable[[sa.Connection, Filing], dict[str, Any]]:
    """The values after an upload or file details: the destination's clock begins anew."""
    return lambda connection, _filing: {"state": state, "touched_at": moment(connection)}


def _ended(attempt_id: int, outcome: rows.Outcome) -> Callable[[sa.Connection], None]:
    return lambda connection: rows.end_attempt(connection, attempt_id, outcome)
