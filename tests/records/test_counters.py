"""Counters: sums that are right under threads and processes, labels that say nothing about people."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.errors import SchemaVersionError, UsageError
from holdfast.records import counters as module
from holdfast.records.counters import Counters, totals
from holdfast.records.database import Database
from holdfast.records.tables.events import counters as table

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def tables(database: Database) -> None:
    table.metadata.create_all(database.engine, tables=[table])


def total(database: Database, name: str = "screened", *by: str) -> dict[tuple[str, ...], int]:
    with database.read() as connection:
        found = totals(connection, name, since=LONG_AGO, until=FAR_AHEAD, by=by)
    return {tuple(count.labels.values()): count.count for count in found}


def put(database: Database, hour: datetime, count: int, labels: str = "{}", grain: str = "hour") -> None:
    with database.write() as connection:
        connection.execute(
            sa.insert(table).values(name="screened", labels=labels, grain=grain, bucket=hour, count=count)
        )


def test_counts_are_added_up_by_the_labels_asked_for(database: Database) -> None:
    counters = Counters(database)
    counters.add("screened", outcome="no_match", surface="public")
    counters.add("screened", 4, surface="private", outcome="no_match")
    assert counters.flush() == 2
    counters.add("screened", outcome="match", surface="public")
    counters.add("screened", outcome="no_match", surface="public")
    counters.add("fetched")
    assert counters.flush() == 3 and counters.flush() == 0
    assert total(database) == {(): 7}
    assert total(database, "screened", "outcome") == {("no_match",): 6, ("match",): 1}
    assert total(database, "screened", "surface", "outcome") == {
        ("public", "no_match"): 2,
        ("private", "no_match"): 4,
        ("public", "match"): 1,
    }
    assert total(database, "fetched", "outcome") == {("",): 1}


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("screened", {"account": "u-77"}),
        ("screened", {"ip": "192.0.2.1"}),
        ("screened", {"reason": "x" * 65}),
        ("screened", {"reason": "anna@example.org"}),
        ("screened", {"reason": "my holiday.jpg"}),
        ("Screened now", {}),
    ],
)
def test_labels_cannot_be_about_people(database: Database, name: str, labels: dict[str, str]) -> None:
    counters = Counters(database)
    with pytest.raises(UsageError):
        counters.add(name, 1, **labels)
    assert counters.flush() == 0


def test_too_many_series_are_counted_together(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SERIES", 3)
    counters = Counters(database)
    for n in range(10):
        counters.add("screened", rule=f"r{n}")
    counters.flush()
    assert total(database) == {(): 10}
    assert len(total(database, "screened", "rule")) == 4


def test_threads_and_processes_lose_no_count(database: Database) -> None:
    several = [Counters(database, flush_every_s=0.02), Counters(database, flush_every_s=0.03)]
    for counters in several:
        counters.start()

    def run(counters: Counters) -> None:
        for n in range(2000):
            counters.add("screened", outcome=("match", "no_match")[n % 2])

    threads = [threading.Thread(target=run, args=(several[n % 2],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for counters in several:
        counters.stop()
    assert total(database, "screened", "outcome") == {("match",): 4000, ("no_match",): 4000}


def test_a_failed_flush_keeps_its_counts(database: Database) -> None:
    counters = Counters(database, flush_every_s=0.05)
    counters.start()
    table.drop(database.engine)
    counters.add("screened", 5)
    with pytest.raises(SchemaVersionError):
        counters.flush()
    time.sleep(0.2)  # the thread fails as well, and lives
    table.create(database.engine)
    counters.add("screened", 2)
    counters.stop()
    assert total(database) == {(): 7}


def test_kill_nine_loses_no_more_than_one_interval(database: Database, database_url: str) -> None:
    """The process says after each add how far it is, and after each flush how far it was at its beginning."""
    code = f"""
import itertools, time
from holdfast.records.counters import Counters
from holdfast.records.database import Database
added = 0
class Telling(Counters):
    def flush(self):
        before = added - 1  # that one may not be in yet
        flushed = super().flush()
        print(f"flushed {{before}}\\n", end="", flush=True)
        return flushed
counters = Telling(Database({database_url!r}), flush_every_s=0.2)
counters.start()
for added in itertools.count(1):
    counters.add("screened")
    print(f"added {{added}}\\n", end="", flush=True)
    time.sleep(0.005)
"""
    running = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    said: list[list[str]] = []
    while sum(word == "flushed" for word, _ in said) < 4 or said[-1][0] == "flushed":
        said.append(running.stdout.readline().split())
    os.kill(running.pid, signal.SIGKILL)
    said += [line.split() for line in running.communicate()[0].splitlines(keepends=True) if line[-1] == "\n"]
    kept = total(database)[()]
    flushed, added = ([int(n) for word, n in said if word == kind] for kind in ("flushed", "added"))
    assert flushed[-1] > flushed[-2] > 0, "it goes on by itself"
    assert flushed[-1] <= kept <= added[-1] + 1  # the last one was added and could not be said any more


def test_hours_fold_into_days(database: Database) -> None:
    day = datetime(2026, 3, 1, tzinfo=UTC)
    labels = '{"outcome":"match"}'
    for hour in range(24):
        put(database, day + timedelta(hours=hour), 1)
        put(database, day + timedelta(hours=hour), 2, labels)
    put(database, day + timedelta(days=1, hours=5), 50)
    put(database, day, 100, grain="day")
    before = total(database)
    with database.write() as connection:
        assert module.fold_into_days(connection, before=day + timedelta(days=1, hours=9)) == 46
    assert total(database) == before == {(): 222}
    with database.read() as connection:
        found = totals(connection, "screened", since=day, until=FAR_AHEAD, per="day")
        assert [(count.bucket, count.count) for count in found] == [(day, 172), (day + timedelta(days=1), 50)]
        assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 3
    with database.write() as connection:
        assert module.prune(connection, before=day + timedelta(days=1)) == 2
    assert total(database) == {(): 50}


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(st.sampled_from(["x", "y"]), st.sampled_from(["", "p", "q"]), st.integers(1, 9))))
def test_sums_agree_with_a_plain_count(database: Database, adds: list[tuple[str, str, int]]) -> None:
    with database.write() as connection:
        connection.execute(sa.delete(table))
    counters, plain = Counters(database), Counter[tuple[str, ...]]()
    for n, (outcome, surface, count) in enumerate(adds):
        counters.add("screened", count, outcome=outcome, surface=surface)
        plain[outcome, surface] += count
        if n % 4 == 3:
            counters.flush()
    counters.flush()
    assert total(database, "screened", "outcome", "surface") == dict(plain)
