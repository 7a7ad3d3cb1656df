"""How deep checks fare: whether they keep up, and what became of those of the last day."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

import sqlalchemy as sa

from holdfast.banks.models import Bank
from holdfast.banks.service import list_banks
from holdfast.records import counters, deep_queue
from holdfast.records.tables.base import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.records.database import Database
    from holdfast.settings import DeepSettings

__all__ = ["DeepStatus", "DeepWatch", "read_status"]

State = Literal["off", "ok", "behind", "unknown"]
LATE_SHARE: Final = 0.5  # of the time that is waited at most: from then on they are behind
LOOK_EVERY_S: Final = 2.0
KNOWN_FOR_S: Final = 10.0
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DeepStatus:
    """``exhausted`` names banks whose budget of this hour is spent; ``lost`` are checks of the last day that
    came to nothing, by reason."""

    state: State
    waiting: int
    oldest_s: float
    exhausted: tuple[str, ...]
    lost: dict[str, int]


def read_status(connection: sa.Connection, settings: DeepSettings) -> DeepStatus:
    """How it stands now. "off": no bank asks for deep checks, and none waits."""
    asking = [bank for bank in list_banks(connection) if bank.asks_for_deep]
    backlog = deep_queue.backlog(connection)
    spent = deep_queue.spent(connection)
    exhausted = tuple(bank.name for bank in asking if spent.get(bank.id, 0) >= bank.deep_per_hour)
    return DeepStatus(
        _state(asking, backlog, settings), backlog.waiting, backlog.oldest_s, exhausted, _lost(connection)
    )


class DeepWatch:
    """The state alone, from memory: health checks come all the time and must not wait for the records.

    Somebody calls `look` often. ``asks`` says from memory whether any bank asks for deep checks.
    """

    def __init__(self, database: Database, settings: DeepSettings, asks: Callable[[], bool]) -> None:
        self._database = database
        self._settings = settings
        self._asks = asks
        self._looked_s = float("-inf")
        self._state: State = "unknown"

    def look(self) -> None:
        """Asks the records, every two seconds at most and only where a bank asks for deep checks.

        Raises `RecordsError`; the state is "unknown" when that goes on.
        """
        if not self._asks() or time.monotonic() - self._looked_s < LOOK_EVERY_S:
            return
        with self._database.read() as connection:
            self._state = read_status(connection, self._settings).state
        self._looked_s = time.monotonic()

    def state(self) -> State:
        """ "off", "ok", "behind", or "unknown" where the records have not answered for a while."""
        if not self._asks():
            return "off"
        return self._state if time.monotonic() - self._looked_s < KNOWN_FOR_S else "unknown"


def _state(asking: list[Bank], backlog: deep_queue.Backlog, settings: DeepSettings) -> State:
    if not asking and not backlog.waiting:
        return "off"
    is_late = backlog.oldest_s >= LATE_SHARE * settings.kept_s
    return "behind" if is_late or backlog.waiting >= settings.max_waiting else "ok"


def _lost(connection: sa.Connection) -> dict[str, int]:
    at = now()
    found = counters.totals(connection, "deep.lost", since=at - DAY, until=at + DAY, by=("reason",))
    return {one.labels["reason"]: one.count for one in found}
