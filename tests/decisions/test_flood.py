"""The flood brake against a plain count of all matches, and its edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.decisions.flood import FloodBrake, FloodSettings, MatchCount, is_flood

MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
NOON = MIDNIGHT + timedelta(hours=12)


def test_a_new_entry_may_match_twenty_times_an_hour() -> None:
    brake = FloodBrake()
    answers = [brake.record(7, NOON + timedelta(seconds=n)) for n in range(22)]
    assert answers[:20] == [None] * 20
    assert answers[20] is not None
    assert (answers[20].entry, answers[20].last_hour, answers[20].threshold) == (7, 21, 20.0)
    assert "Entry 7 matched 21 uploads" in answers[20].sentence()
    assert answers[21] is not None
    assert brake.check(8, NOON) is None


def test_the_hour_slides() -> None:
    brake = FloodBrake()
    for n in range(20):
        assert brake.record(1, NOON + timedelta(minutes=n)) is None
    assert brake.record(1, NOON + timedelta(minutes=60)) is None  # the first minute has just left the hour
    assert brake.record(1, NOON + timedelta(minutes=60)) is not None
    assert brake.check(1, NOON + timedelta(minutes=62)) is None


def test_an_entry_is_measured_by_its_own_history() -> None:
    brake = FloodBrake()
    for day in range(1, 11):
        brake.add(MatchCount(1, MIDNIGHT - timedelta(days=day), 10))
    for _ in range(80):
        assert brake.record(1, NOON) is None
    flood = brake.record(1, NOON)
    assert flood is not None
    assert (flood.daily_mean, flood.threshold) == (10.0, 80.0)


def test_history_beyond_the_window_is_forgotten() -> None:
    brake = FloodBrake(FloodSettings(trailing_days=5))
    for day in range(40):
        brake.add(MatchCount(1, MIDNIGHT - timedelta(days=60 - day), 1000))
    for _ in range(20):
        brake.record(1, NOON)
    assert brake.record(1, NOON) is not None


def test_a_restart_and_a_second_process_lose_no_count() -> None:
    first, second, later = FloodBrake(), FloodBrake(), FloodBrake()
    for n in range(11):
        first.record(1, NOON + timedelta(minutes=n % 3))
        second.record(1, NOON + timedelta(minutes=n % 3))
    rows = first.take_changes()
    assert sum(row.matches for row in rows) == 11
    assert first.take_changes() == []
    first.return_changes(rows)
    assert first.take_changes() == rows
    for row in rows:
        second.add(row)
        later.add(row)
    assert second.check(1, NOON + timedelta(minutes=5)) is not None
    assert later.check(1, NOON + timedelta(minutes=5)) is None
    assert later.take_changes() == []
    for row in second.take_changes():
        later.add(row)
    assert later.check(1, NOON + timedelta(minutes=5)) == second.check(1, NOON + timedelta(minutes=5))


def test_memory_is_bounded_and_the_longest_idle_entry_goes_first() -> None:
    brake = FloodBrake(FloodSettings(max_entries=3))
    for _ in range(21):
        brake.record(1, NOON)
    for entry in (2, 3, 1, 4):
        brake.record(entry, NOON)
    assert brake.check(1, NOON) is not None
    brake.record(5, NOON)
    brake.record(6, NOON)
    brake.record(7, NOON)
    assert brake.check(1, NOON) is None


def test_a_moment_without_zone_and_senseless_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        FloodBrake().record(1, datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="above zero"):
        FloodSettings(factor=0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 2), st.integers(0, 6 * 1440)), max_size=60), st.integers(1, 4))
def test_it_agrees_with_a_plain_count(events: list[tuple[int, int]], least: int) -> None:
    wanted = FloodSettings(least=least, factor=0.5, trailing_days=2)
    brake = FloodBrake(wanted)
    seen: list[tuple[int, int]] = []
    for entry, minute in sorted(events, key=lambda event: event[1]):
        seen.append((entry, minute))
        flood = brake.record(entry, MIDNIGHT + timedelta(minutes=minute))
        own = [other for which, other in seen if which == entry]
        hour = sum(minute - 60 < other <= minute for other in own)
        today = minute // 1440
        earlier = sum(today - 2 <= other // 1440 < today for other in own)
        days = max(1, min(2, today - min(own) // 1440))
        assert (flood is not None) == is_flood(hour, earlier / days, wanted)
        if flood is not None:
            assert flood.last_hour == hour
