"""What follows from an answer, for every step and meaning: one table, without input or output.

Three rules are behind it. What may have had an effect is never done again under a new report id before that
is settled: a finish is asked again under its own id, everything else is retracted first. "Already finished"
from any call but /retract is not believed but asked about. What no document explains goes to a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from holdfast.reporting.cybertip.codes import Meaning

__all__ = ["AlarmKind", "Step", "Then", "Verdict", "verdict"]


class Step(StrEnum):
    """A call of the protocol."""

    SUBMIT = "submit"
    UPLOAD = "upload"
    DETAILS = "fileinfo"
    FINISH = "finish"
    RETRACT = "retract"


class Then(StrEnum):
    """What to do after a step."""

    GO_ON = "go_on"
    AGAIN = "again"  # retract what is open, then begin anew after a pause
    REFUSE = "refuse"  # retract what is open, then leave it to a person
    SETTLE = "settle"  # retract at once, and learn by that whether it is finished
    WAIT = "wait"  # the same call once more after a pause
    FILED_WITHOUT_RECEIPT = "filed_without_receipt"


class AlarmKind(StrEnum):
    """What a person must know."""

    ORPHAN_POSSIBLE = "orphan_possible"  # a report may be open whose id nobody knows; it expires by itself
    OPEN_TOO_LONG = "open_too_long"
    NOT_FILED = "not_filed"  # wanted for long, and not filed
    REFUSED = "refused"
    BLOCKED = "blocked"  # credentials or rights
    UNEXPECTED = "unexpected"  # an answer that the documentation does not explain
    RECEIPT_MISSING = "receipt_missing"  # filed, and the answer of /finish was lost
    RECEIPT_DIFFERS = "receipt_differs"  # it names other files than were uploaded
    MD5_DIFFERS = "md5_differs"
    CONTENT_MISSING = "content_missing"


@dataclass(frozen=True, slots=True)
class Verdict:
    then: Then
    alarm: AlarmKind | None = None


_BLOCKED = Verdict(Then.AGAIN, AlarmKind.BLOCKED)
_STRANGE = Verdict(Then.REFUSE, AlarmKind.UNEXPECTED)
_REFUSED = Verdict(Then.REFUSE, AlarmKind.REFUSED)
_ORPHAN = Verdict(Then.AGAIN, AlarmKind.ORPHAN_POSSIBLE)
_AGAIN = Verdict(Then.AGAIN)
_WAIT = Verdict(Then.WAIT)
_GO_ON = Verdict(Then.GO_ON)
_SETTLE = Verdict(Then.SETTLE)

_OF_FILES: dict[Meaning | None, Verdict] = {
    None: _AGAIN,
    Meaning.DONE: _GO_ON,
    Meaning.TRY_AGAIN: _AGAIN,
    Meaning.BLOCKED: _BLOCKED,
    Meaning.REFUSED: _REFUSED,
    Meaning.REPORT_GONE: _AGAIN,
    Meaning.FILE_GONE: _AGAIN,
    Meaning.FINISHED: _SETTLE,
    Meaning.UNKNOWN: _STRANGE,
}

_TABLE: dict[Step, dict[Meaning | None, Verdict]] = {
    Step.SUBMIT: {
        None: _ORPHAN,
        Meaning.DONE: _GO_ON,
        Meaning.TRY_AGAIN: _ORPHAN,
        Meaning.BLOCKED: _BLOCKED,
        Meaning.REFUSED: _REFUSED,
        Meaning.REPORT_GONE: _STRANGE,
        Meaning.FILE_GONE: _STRANGE,
        Meaning.FINISHED: _STRANGE,
        Meaning.UNKNOWN: _STRANGE,
    },
    Step.UPLOAD: _OF_FILES,
    Step.DETAILS: _OF_FILES,
    Step.FINISH: {
        None: _WAIT,
        Meaning.DONE: _GO_ON,
        Meaning.TRY_AGAIN: _WAIT,
        Meaning.BLOCKED: Verdict(Then.WAIT, AlarmKind.BLOCKED),
        Meaning.REFUSED: _REFUSED,
        Meaning.REPORT_GONE: _AGAIN,
        Meaning.FILE_GONE: _STRANGE,
        Meaning.FINISHED: _SETTLE,
        Meaning.UNKNOWN: _STRANGE,
    },
    Step.RETRACT: {
        None: _WAIT,
        Meaning.DONE: _GO_ON,
        Meaning.TRY_AGAIN: _WAIT,
        Meaning.BLOCKED: Verdict(Then.WAIT, AlarmKind.BLOCKED),
        Meaning.REFUSED: Verdict(Then.WAIT, AlarmKind.UNEXPECTED),
        Meaning.REPORT_GONE: _GO_ON,
        Meaning.FILE_GONE: Verdict(Then.WAIT, AlarmKind.UNEXPECTED),
        Meaning.FINISHED: Verdict(Then.FILED_WITHOUT_RECEIPT, AlarmKind.RECEIPT_MISSING),
        Meaning.UNKNOWN: Verdict(Then.WAIT, AlarmKind.UNEXPECTED),
    },
}


def verdict(step: Step, meaning: Meaning | None) -> Verdict:
    """What follows from an answer of this meaning; None: no answer came that can be read."""
    return _TABLE[step][meaning]
