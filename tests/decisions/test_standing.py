"""What people say of entries, kept in the records, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from holdfast.decisions.standing import list_reviews, review_entry, standings
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.records import events
from holdfast.records.database import Database
from holdfast.records.dialect import moment
from holdfast.records.tables.decisions import flooded_entries


def say(database: Database, entry: int, person: str, verdict: str, event: int | None = None) -> str:
    with database.write() as connection:
        return review_entry(
            connection,
            entry,
            person=person,
            verdict=verdict,  # type: ignore[arg-type]
            reason="looked at it",
            event_id=event,
        )


def flood(database: Database, entry: int) -> None:
    with database.write() as connection:
        values = {"entry_id": entry, "since": moment(connection), "last_hour": 21, "daily_mean": 0.0}
        connection.execute(sa.insert(flooded_entries).values(values))


def standing(database: Database, *entry_ids: int) -> list[str]:
    with database.read() as connection:
        found = standings(connection, entry_ids)
    return [found[entry_id] for entry_id in entry_ids]


def test_each_entry_has_the_standing_that_was_said_of_it(database: Database, entries: list[int]) -> None:
    first, second, third = entries
    flood(database, second)
    assert say(database, first, "key:a", "confirm") == "confirmed"
    assert say(database, first, "key:b", "dispute") == "disputed"
    assert standing(database, first, second, third, 999_999) == ["disputed", "held", "none", "none"]
    assert say(database, first, "key:b", "withdraw") == "confirmed"
    assert say(database, first, "key:a", "withdraw") == "none"
    assert say(database, first, "key:a", "dispute") == "disputed"
    assert standing(database, first) == ["disputed"]


def test_many_entries_at_once(database: Database, entries: list[int]) -> None:
    say(database, entries[2], "key:a", "dispute")
    with database.read() as connection:
        found = standings(connection, [*range(100_000, 140_000), *entries])
        assert standings(connection, []) == {}
    assert len(found) == 40_003
    assert [entry for entry, standing in found.items() if standing != "none"] == [entries[2]]


def test_a_confirmation_ends_the_hold_of_the_flood_brake(database: Database, entries: list[int]) -> None:
    entry = entries[0]
    flood(database, entry)
    assert say(database, entry, "key:a", "dispute") == "disputed"
    assert say(database, entry, "key:a", "withdraw") == "held"
    assert say(database, entry, "key:a", "confirm") == "confirmed"
    assert say(database, entry, "key:a", "withdraw") == "none"


def test_every_word_is_kept_and_is_an_event(database: Database, entries: list[int]) -> None:
    say(database, entries[0], "key:a", "confirm", event=7)
    say(database, entries[0], "key:b", "dispute")
    with database.read() as connection:
        said = list_reviews(connection, entries[0])
        written = events.read(connection)
    assert [(one.person, one.verdict, one.reason, one.event_id) for one in said] == [
        ("key:b", "dispute", "looked at it", None),
        ("key:a", "confirm", "looked at it", 7),
    ]
    assert [one.kind for one in written] == ["decision.reviewed"] * 2
    assert written[1].facts == {
        "entry": entries[0],
        "verdict": "dispute",
        "by": "key:b",
        "standing": "disputed",
        "event": None,
    }


def test_what_cannot_be_said_is_refused_and_leaves_nothing(database: Database, entries: list[int]) -> None:
    with pytest.raises(NotFoundError, match="no entry 999999"):
        say(database, 999_999, "key:a", "confirm")
    say(database, entries[0], "key:b", "confirm")
    with pytest.raises(ConflictError, match="Nothing was withdrawn"):
        say(database, entries[0], "key:a", "withdraw")
    say(database, entries[0], "key:b", "withdraw")
    with pytest.raises(ConflictError, match="Nothing was withdrawn"):
        say(database, entries[0], "key:b", "withdraw")
    for reason in ("  ", "x" * 501):
        with database.write() as connection, pytest.raises(UsageError, match="Nothing was written"):
            review_entry(connection, entries[0], person="key:a", verdict="confirm", reason=reason)
    with database.read() as connection:
        assert len(list_reviews(connection, entries[0])) == 2
