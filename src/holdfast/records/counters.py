"""Counters: how often something happened, by the hour, and nothing about anybody.

    counters = Counters(database)
    counters.start()                                   # a thread that writes every `flush_every_s`
    counters.add("screened", outcome="no_match", surface="public", medium="image")

`add` touches memory only. What was added since the last flush is lost by kill -9: at most
``flush_every_s`` (2 s) plus the time of one flush. Counters are statistics; whatever must not be lost is
an event. When the connection breaks in the middle of a commit, that flush may be counted twice.

Labels are a closed list of names with short values, so that nobody's account, address or file name can
become one by accident.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import sqlalchemy as sa
import structlog

from holdfast.errors import UsageError
from holdfast.records.database import Database
from holdfast.records.dialect import upsert
from holdfast.records.tables.events import counters as table

__all__ = ["LABELS", "Count", "Counters", "fold_into_days", "prune", "totals"]

# What a counter may be told apart by. None of them is about a person.
LABELS = frozenset(
    {
        "action",
        "algorithm",
        "bank",
        "country",
        "kind",
        "medium",
        "outcome",
        "policy",
        "reason",
        "route",
        "rule",
        "source",
        "status",
        "surface",
        "tier",
    }
)
FLUSH_EVERY_S = 2.0
MAX_SERIES = 10_000  # combinations of labels in one flush; beyond it only the name is counted
HOUR_S = 3600

_NAME = re.compile(r"[a-z][a-z0-9_.]{0,99}")
_VALUE = re.compile(r"[A-Za-z0-9_.:/{}-]{0,64}")

log = structlog.get_logger(__name__)

_Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Count:
    """A sum over buckets: ``labels`` are those that were asked for, ``bucket`` is None for a grand total."""

    labels: dict[str, str]
    bucket: datetime | None
    count: int


class Counters:
    """Counts in memory and adds to the table now and then. Safe to use from many threads."""

    def __init__(self, database: Database, *, flush_every_s: float = FLUSH_EVERY_S) -> None:
        self._database = database
        self._flush_every_s = flush_every_s
        self._lock = threading.Lock()  # held for one dictionary operation, never while writing
        self._flushing = threading.Lock()
        self._counts: Counter[tuple[int, str, _Labels]] = Counter()
        self._checked: set[tuple[str, _Labels]] = set()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, name: str, count: int = 1, **labels: str) -> None:
        """Add to one counter. Raises `UsageError` for a label that is not in `LABELS` or a value that is
        long or strange."""
        series = tuple(sorted(labels.items()))
        if (name, series) not in self._checked:
            _check(name, series)
            if len(self._checked) >= MAX_SERIES:
                series = ()
            self._checked.add((name, series))
        key = (int(time.time()) // HOUR_S, name, series)
        with self._lock:
            self._counts[key] += count

    def flush(self) -> int:
        """Write what was added since the last flush; the number of rows. On an error nothing is lost:
        it is raised, and the counts wait for the next flush."""
        with self._flushing:
            with self._lock:
                taken, self._counts = self._counts, Counter()
            self._checked = set()
            if not taken:
                return 0
            try:
                with self._database.write() as connection:
                    _add_rows(connection, "hour", taken)
            except BaseException:
                with self._lock:
                    self._counts.update(taken)
                raise
            return len(taken)

    def start(self) -> None:
        """Flush every `flush_every_s` seconds in a thread, until `stop`."""
        self._thread = threading.Thread(target=self._run, name="counters", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and write what is left."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._ending.wait(self._flush_every_s):
            try:
                self.flush()
            except Exception as error:  # noqa: BLE001  (this thread must outlive whatever the database does)
                log.warning("counters could not be written; they wait", error=type(error).__name__)


def totals(
    connection: sa.Connection,
    name: str,
    *,
    since: datetime,
    until: datetime,
    by: Sequence[str] = (),
    per: Literal["hour", "day"] | None = None,
) -> list[Count]:
    """Sums of one counter over the buckets that begin in [since, until), apart by the labels ``by``.

    ``per`` gives one sum an hour or day as well. Hours are folded into days after a while; a folded day
    is then one bucket, at its midnight UTC.
    """
    query = sa.select(table.c.labels, table.c.bucket, table.c.count).where(
        table.c.name == name, table.c.bucket >= since, table.c.bucket < until
    )
    sums: Counter[tuple[_Labels, datetime | None]] = Counter()
    for text, bucket, count in connection.execute(query):
        labels: dict[str, str] = json.loads(text)
        at = None if per is None else bucket.replace(hour=0) if per == "day" else bucket
        sums[tuple((label, labels.get(label, "")) for label in by), at] += count
    earliest = datetime.min.replace(tzinfo=UTC)
    return [
        Count(dict(labels), bucket, count)
        for (labels, bucket), count in sorted(
            sums.items(), key=lambda item: (item[0][1] or earliest, item[0][0])
        )
    ]


def fold_into_days(connection: sa.Connection, *, before: datetime) -> int:
    """Put the hours of whole days (UTC) before a moment together into one row a day; rows that went away."""
    midnight = before.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    statement = (
        sa.delete(table)
        .where(table.c.grain == "hour", table.c.bucket < midnight)
        .returning(table.c.name, table.c.labels, table.c.bucket, table.c.count)
    )
    sums: Counter[tuple[int, str, _Labels]] = Counter()
    gone = 0
    for name, text, bucket, count in connection.execute(statement):
        day = int(bucket.replace(hour=0).timestamp()) // HOUR_S
        sums[day, name, tuple(sorted(json.loads(text).items()))] += count
        gone += 1
    if sums:
        _add_rows(connection, "day", sums)
    return gone - len(sums)


def prune(connection: sa.Connection, *, before: datetime, names: Collection[str] | None = None) -> int:
    """Delete buckets that begin before a moment; the number of rows."""
    statement = sa.delete(table).where(table.c.bucket < before)
    if names is not None:
        statement = statement.where(table.c.name.in_(names))
    return connection.execute(statement).rowcount


def _add_rows(connection: sa.Connection, grain: str, counts: Counter[tuple[int, str, _Labels]]) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    rows = [
        {
            "name": name,
            "labels": json.dumps(dict(series), separators=(",", ":")),
            "grain": grain,
            "bucket": epoch + timedelta(hours=hour),
            "count": count,
        }
        # Sorted: two processes that took the same rows in another order would wait for each other.
        for (hour, name, series), count in sorted(counts.items())
    ]
    statement = upsert(connection, table)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[table.c.name, table.c.labels, table.c.grain, table.c.bucket],
            set_={"count": table.c.count + statement.excluded.count},
        ),
        rows,
    )


def _check(name: str, series: _Labels) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a counter; nothing was counted.")
    for label, value in series:
        if label not in LABELS:
            raise UsageError(f"A counter has no label {label!r}; nothing was counted. See counters.LABELS.")
        if not _VALUE.fullmatch(value):
            raise UsageError(f"The label {label!r} has a long or strange value; nothing was counted.")
