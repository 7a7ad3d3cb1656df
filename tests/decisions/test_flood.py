"""The flood brake against a plain count of all matches, and its edges, on both databases."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.banks.entries import remove_entry
from holdfast.decisions.flood import Flood, FloodBrake, FloodSettings, is_flood
from holdfast.decisions.standing import review_entry, standings
from holdfast.decisions.webhooks import endpoints, outbox
from holdfast.records import events
from holdfast.records.database import Database
from holdfast.records.dialect import upsert
from holdfast.records.tables.decisions import entry_match_counts as counts
from holdfast.records.tables.decisions import flooded_entries
from tests.decisions_webhooks.sealing import AesSealer

MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
NOON = MIDNIGHT + timedelta(hours=12)
BRAKE = FloodBrake()


def record(
    database: Database, entry: int, *moments: datetime, brake: FloodBrake = BRAKE
) -> list[Flood | None]:
    with database.write() as connection:
        return [brake.record(connection, entry, at) for at in moments]


def remember(database: Database, entry: int, minute: datetime, matches: int) -> None:
    with database.write() as connection:
        values = {"entry_id": entry, "minute": minute, "matches": matches}
        connection.execute(upsert(connection, counts).values(values))


def rows(database: Database) -> list[tuple[int, datetime, int]]:
    with database.read() as connection:
        query = sa.select(counts).order_by(counts.c.entry_id, counts.c.minute)
        return [(row.entry_id, row.minute, row.matches) for row in connection.execute(query)]


def standing(database: Database, entry: int) -> str:
    with database.read() as connection:
        return standings(connection, [entry])[entry]


def test_a_new_entry_may_match_twenty_times_an_hour(database: Database, entries: list[int]) -> None:
    answers = record(database, entries[0], *(NOON + timedelta(seconds=n) for n in range(23)))
    assert answers[:20] == [None] * 20
    assert answers[20] == Flood(entries[0], 21, 0.0, 20.0)
    assert answers[21:] == [None, None]  # once a flood
    assert standing(database, entries[0]) == "held"
    assert standing(database, entries[1]) == "none"


def test_a_flood_is_an_event_and_a_webhook_once(database: Database, entries: list[int]) -> None:
    with database.write() as connection:
        endpoints.create(connection, AesSealer(), name="team", url="https://team.example/hook")
    record(database, entries[0], *([NOON] * 30))
    with database.read() as connection:
        (event,) = events.read(connection, kinds=["brake.tripped"])
        (delivery,) = outbox.list_deliveries(connection)
    assert event.facts == {
        "brake": "flood",
        "entry": entries[0],
        "last_hour": 21,
        "daily_mean": 0.0,
        "threshold": 20.0,
    }
    assert delivery.event_id == event.id
    assert '"brake":"flood"' in delivery.body
    assert '"entry"' not in delivery.body  # a webhook names no entry


def test_the_hour_slides(database: Database, entries: list[int]) -> None:
    entry = entries[0]
    assert record(database, entry, *(NOON + timedelta(minutes=n) for n in range(20))) == [None] * 20
    hour_later = NOON + timedelta(minutes=60)  # the first minute has just left the hour
    first, second = record(database, entry, hour_later, hour_later)
    assert first is None
    assert second is not None


def test_an_entry_is_measured_by_its_own_history(database: Database, entries: list[int]) -> None:
    for day in range(1, 11):
        remember(database, entries[0], MIDNIGHT - timedelta(days=day), 10)
    answers = record(database, entries[0], *([NOON] * 81))
    assert answers[:80] == [None] * 80
    assert answers[80] == Flood(entries[0], 81, 10.0, 80.0)


def test_history_beyond_the_window_does_not_count(database: Database, entries: list[int]) -> None:
    brake = FloodBrake(FloodSettings(trailing_days=5))
    for day in range(40):
        remember(database, entries[0], MIDNIGHT - timedelta(days=60 - day), 1000)
    assert record(database, entries[0], *([NOON] * 21), brake=brake)[20] is not None


def test_a_confirmed_entry_is_not_held_again(database: Database, entries: list[int]) -> None:
    entry = entries[0]
    record(database, entry, *([NOON] * 21))
    with database.write() as connection:
        review_entry(connection, entry, person="key:a", verdict="confirm", reason="it goes round")
    assert record(database, entry, *([NOON] * 10)) == [None] * 10
    assert standing(database, entry) == "confirmed"
    with database.write() as connection:
        review_entry(connection, entry, person="key:a", verdict="withdraw", reason="not sure any more")
    assert standing(database, entry) == "none"
    assert record(database, entry, NOON)[0] is not None
    assert standing(database, entry) == "held"


def test_processes_count_together_and_hold_once(database: Database, entries: list[int]) -> None:
    """Eight threads with connections of their own, as eight processes would, 40 matches in all."""
    found: list[Flood] = []

    def work(number: int) -> None:
        for n in range(5):
            with database.write() as connection:
                events.append(connection, "match", {})
                for entry in entries if number % 2 else reversed(entries):
                    flood = BRAKE.record(connection, entry, NOON + timedelta(seconds=n))
                    if flood is not None:
                        found.append(flood)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((flood.entry, flood.last_hour) for flood in found) == [(entry, 21) for entry in entries]
    assert [row[2] for row in rows(database)] == [40, 40, 40]
    with database.read() as connection:
        assert len(events.read(connection, kinds=["brake.tripped"])) == 3


def test_what_is_rolled_back_was_not_counted(database: Database, entries: list[int]) -> None:
    with pytest.raises(RuntimeError), database.write() as connection:
        BRAKE.record(connection, entries[0], NOON)
        raise RuntimeError
    assert rows(database) == []


def test_folding_keeps_every_sum_and_forgets_what_is_old(database: Database, entries: list[int]) -> None:
    first, second, _ = entries
    brake = FloodBrake(FloodSettings(trailing_days=3))
    yesterday = MIDNIGHT - timedelta(days=1)
    remember(database, first, yesterday, 5)
    remember(database, first, yesterday + timedelta(minutes=1), 6)
    remember(database, first, MIDNIGHT - timedelta(minutes=1), 7)
    remember(database, second, MIDNIGHT - timedelta(days=3, minutes=-90), 8)
    remember(database, second, MIDNIGHT - timedelta(days=3, minutes=1), 9)
    remember(database, second, NOON, 10)
    with database.write() as connection:
        assert brake.fold(connection, NOON) == 4
    kept = [
        (first, yesterday, 18),
        (second, MIDNIGHT - timedelta(days=3), 8),
        (second, NOON, 10),
    ]
    assert rows(database) == kept
    with database.write() as connection:
        assert brake.fold(connection, NOON) == 0
    assert rows(database) == kept


def test_counts_go_with_their_entry(database: Database, entries: list[int]) -> None:
    record(database, entries[0], *([NOON] * 21))
    with database.write() as connection:
        remove_entry(connection, entries[0])
    assert rows(database) == []
    with database.read() as connection:
        assert connection.execute(sa.select(flooded_entries)).all() == []


def test_a_moment_without_zone_and_senseless_settings_are_refused(database: Database) -> None:
    with database.write() as connection, pytest.raises(ValueError, match="zone"):
        BRAKE.record(connection, 1, datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="above zero"):
        FloodSettings(factor=0)


class UndoError(Exception):
    """Takes one example of the property test back."""


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6 * 1440)), max_size=60),
    st.integers(1, 4),
    st.sets(st.integers(0, 59)),
)
def test_it_agrees_with_a_plain_count(
    database: Database, entries: list[int], matches: list[tuple[int, int]], least: int, folds: set[int]
) -> None:
    wanted = FloodSettings(least=least, factor=0.5, trailing_days=2)
    brake = FloodBrake(wanted)
    seen: list[tuple[int, int]] = []
    held: set[int] = set()
    with pytest.raises(UndoError), database.write() as connection:
        for number, (which, minute) in enumerate(sorted(matches, key=lambda match: match[1])):
            seen.append((which, minute))
            at = MIDNIGHT + timedelta(minutes=minute)
            if number in folds:
                brake.fold(connection, at)
            flood = brake.record(connection, entries[which], at)
            today = minute // 1440
            own = [other for entry, other in seen if entry == which and other // 1440 >= today - 2]
            hour = sum(minute - 60 < other <= minute for other in own)
            earlier = sum(other // 1440 < today for other in own)
            mean = earlier / max(1, today - min(own) // 1440)
            floods = is_flood(hour, mean, wanted)
            assert (flood is not None) == (floods and which not in held)
            if flood is not None:
                assert (flood.last_hour, flood.daily_mean) == (hour, mean)
                held.add(which)
        raise UndoError
