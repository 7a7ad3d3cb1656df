"""What is filed, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from holdfast.reporting.cybertip.models.common import Model
from holdfast.reporting.cybertip.models.file_details import FileDescription
from holdfast.reporting.cybertip.models.report import Report
from holdfast.reporting.filing.views import ViewProof

__all__ = ["ENDED", "Filing", "State", "Submission", "SubmittedFile"]


class State(StrEnum):
    """Where a filing stands. The names are those of the column."""

    PENDING = "pending"  # no report is open that we know of
    OPEN = "open"  # a report is open; its id is stored
    UPLOADING = "uploading"  # at least one file is there, its MD5 compared
    DESCRIBED = "described"  # every file is there and described
    FINISHING = "finishing"  # /finish was sent, or is about to be: it may be filed
    RETRACTING = "retracting"  # the open report is to be withdrawn, see `Filing.after_retract`
    FILED = "filed"
    REFUSED = "refused"  # the destination refuses this document: a person makes the next revision
    CANCELLED = "cancelled"


ENDED = (State.FILED, State.REFUSED, State.CANCELLED)

_Item = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,100}$")]
_Suffix = Annotated[str, StringConstraints(pattern=r"^(\.[A-Za-z0-9]{1,10})?$")]


class SubmittedFile(Model):
    """One file of a report: where its bytes are, and what is known of it.

    `item_id` names the content (see `contents`), `suffix` is the end of the name that it is uploaded under.
    Whether it was viewed is no word of the caller's: `viewed` is a record of the view ledger, and counts only
    if it proves it for these very bytes.
    """

    item_id: _Item
    suffix: _Suffix = ""
    description: FileDescription = FileDescription()
    viewed: ViewProof | None = None


class Submission(Model):
    """One report and its files. Text and users can be reported without any file."""

    report: Report
    files: tuple[SubmittedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Filing:
    """One row as it was when read. `fence` proves who holds it; moments are in UTC.

    `receipt`: what /finish answered, byte for byte; None also for a report that is filed when that answer was
    lost on the way, which an alarm says.
    """

    id: int
    destination: str
    case_reference: str
    revision: int
    state: State
    after_retract: State | None
    priority: int
    sealed_submission: bytes = field(repr=False)
    file_count: int
    incident_count: int
    cancel_wanted: bool
    tries: int
    due_at: datetime
    fence: int
    worker_id: str | None
    lease_until: datetime | None
    attempt_id: int | None
    report_id: int | None
    opened_at: datetime | None
    touched_at: datetime | None
    receipt: bytes | None = field(repr=False)
    receipt_request_id: str | None
    last_error: str | None
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None
