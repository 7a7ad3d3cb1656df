"""How reports fare: whether anything needs a person, from the records and from memory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import sqlalchemy as sa

from holdfast.records.tables.base import now
from holdfast.records.tables.drafts import WAITING, report_drafts, report_packets
from holdfast.records.tables.filings import filing_alarms

if TYPE_CHECKING:
    from holdfast.records.database import Database

__all__ = ["ReportStatus", "ReportWatch", "read_status"]

State = Literal["ok", "alarm", "unknown"]
LOOK_EVERY_S: Final = 5.0
KNOWN_FOR_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """``alarms``: open alarms of filings by kind. ``late``: drafts and packets that wait for people
    past their deadline. ``waiting``: drafts by state that were not handed over yet.
    """

    alarms: dict[str, int]
    late: int
    waiting: dict[str, int]

    @property
    def state(self) -> State:
        return "alarm" if self.alarms or self.late else "ok"


def read_status(connection: sa.Connection) -> ReportStatus:
    """How it stands now."""
    a, t, p = filing_alarms.c, report_drafts.c, report_packets.c
    kinds = sa.select(a.kind, sa.func.count()).where(a.cleared_at.is_(None)).group_by(a.kind)
    states = sa.select(t.state, sa.func.count()).where(WAITING).group_by(t.state)
    count = sa.select(sa.func.count())
    held = sa.and_(t.state == "holding", t.hold_until > now())
    drafts = count.where(WAITING, sa.not_(held), t.deadline_at <= now())
    overdue = sa.exists().where(t.packet_id == p.id, t.deadline_at <= now())
    packets = count.select_from(report_packets).where(p.state.in_(("pending", "written")), overdue)
    return ReportStatus(
        alarms={row[0]: int(row[1]) for row in connection.execute(kinds)},
        late=sum(int(connection.execute(query).scalar_one()) for query in (drafts, packets)),
        waiting={row[0]: int(row[1]) for row in connection.execute(states)},
    )


class ReportWatch:
    """The state alone, from memory: health checks come all the time and must not wait for the records."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looked_s = float("-inf")
        self._state: State = "unknown"

    def look(self) -> None:
        """Asks the records, every five seconds at most. Raises `RecordsError`."""
        if time.monotonic() - self._looked_s < LOOK_EVERY_S:
            return
        with self._database.read() as connection:
            self._state = read_status(connection).state
        self._looked_s = time.monotonic()

    def state(self) -> State:
        """ "ok", "alarm", or "unknown" where the records have not answered for a while."""
        return self._state if time.monotonic() - self._looked_s < KNOWN_FOR_S else "unknown"
