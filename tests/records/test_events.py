"""The event log: only its kinds, ids in commit order, a cursor that misses nothing."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

from holdfast.errors import NotFoundError, UsageError
from holdfast.records import events
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.records.tables.events import events as table
from holdfast.records.tables.events import log_positions


@pytest.fixture(autouse=True)
def tables(database: Database) -> None:
    table.metadata.create_all(database.engine, tables=[table, log_positions])


def append(database: Database, kind: str = "match", n: int = 0, content: str | None = None) -> int:
    with database.write() as connection:
        return events.append(connection, kind, {"n": n}, content_reference=content)


def read(database: Database, after: int = 0, limit: int = 100) -> list[events.Event]:
    with database.read() as connection:
        return events.read(connection, after=after, limit=limit)


def test_events_come_back_as_they_were_written(database: Database) -> None:
    facts = {"bank": "known", "distance": 4, "entry": 12, "nested": {"list": [1, None, "é"]}}
    with database.write() as connection:
        event_id = events.append(connection, "match", facts, content_reference="post/9")
    with database.read() as connection:
        event = events.get(connection, event_id)
        assert events.of_content(connection, "post/9") == [event]
        assert events.of_content(connection, "post/8") == []
        with pytest.raises(NotFoundError):
            events.get(connection, event_id + 1)
    assert (event.kind, event.facts, event.content_reference) == ("match", facts, "post/9")
    assert abs((now() - event.at).total_seconds()) < 60


@pytest.mark.parametrize("kind", ["no_match", "not_scanned", "screened", ""])
def test_what_matched_nothing_cannot_become_an_event(database: Database, kind: str) -> None:
    with pytest.raises(UsageError):
        append(database, kind)
    assert read(database) == []


def test_pages_and_kinds(database: Database) -> None:
    for n in range(7):
        append(database, "match" if n % 2 else "hold.placed", n)
    first = read(database, limit=3)
    assert [event.id for event in first] == [1, 2, 3]
    assert [event.id for event in read(database, after=3)] == [4, 5, 6, 7]
    with database.read() as connection:
        found = events.read(connection, kinds=["match"], after=2)
        assert [event.facts["n"] for event in found] == [3, 5]
        assert events.latest(connection) == 7


def test_an_event_that_is_rolled_back_leaves_no_gap(database: Database) -> None:
    append(database)
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        events.append(connection, "match", {})
        raise ZeroDivisionError
    assert append(database) == 2


def test_the_log_goes_on_counting_after_everything_was_pruned(database: Database) -> None:
    append(database)
    append(database, "hold.placed")
    with database.write() as connection:
        assert events.prune(connection, before=now() - timedelta(days=1)) == 0
        assert events.prune(connection, before=now() + timedelta(seconds=1), kinds=["match"]) == 1
        assert events.prune(connection, before=now() + timedelta(seconds=1)) == 1
    with database.read() as connection:
        assert events.latest(connection) == 2
    assert append(database) == 3


def test_a_reader_never_passes_a_transaction_that_is_still_open(database: Database) -> None:
    """The first writer appends and dawdles; the second must not overtake it in the log."""
    appended, go_on = threading.Event(), threading.Event()
    second_id: list[int] = []

    def first() -> None:
        with database.write() as connection:
            events.append(connection, "match", {"n": 1})
            appended.set()
            assert go_on.wait(120)

    def second() -> None:
        second_id.append(append(database, n=2))

    writer_1, writer_2 = threading.Thread(target=first), threading.Thread(target=second)
    writer_1.start()
    assert appended.wait(120)
    writer_2.start()
    time.sleep(0.3)
    assert read(database) == [] and second_id == []
    go_on.set()
    writer_1.join()
    writer_2.join()
    assert second_id == [2]
    assert [event.facts["n"] for event in read(database)] == [1, 2]


def test_a_tailing_reader_misses_nothing(database: Database) -> None:
    """Six writers, some of which roll back, and a reader that follows with its cursor all the while."""
    ended = threading.Event()
    written: list[int] = []

    def write(writer: int) -> None:
        for n in range(20):
            try:
                with database.write() as connection:
                    events.append(connection, "match", {"n": writer * 100 + n})
                    time.sleep(0.001 * (n % 3))
                    if n % 5 == 4:
                        raise ZeroDivisionError
                written.append(writer * 100 + n)
            except ZeroDivisionError:
                pass

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(6)]
    seen: list[events.Event] = []

    def tail() -> None:
        while True:
            last_round = ended.is_set()
            page = read(database, after=seen[-1].id if seen else 0, limit=10)
            seen.extend(page)
            if last_round and not page:
                return

    reader = threading.Thread(target=tail)
    for thread in (*threads, reader):
        thread.start()
    for thread in threads:
        thread.join()
    ended.set()
    reader.join()
    assert [event.id for event in seen] == list(range(1, len(written) + 1))
    assert sorted(event.facts["n"] for event in seen) == sorted(written)
