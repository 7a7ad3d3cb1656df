"""The audit log: append-only on both databases, and every way to tamper with it is found."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import ConflictError, RecordsError, UsageError
from holdfast.records import audit, audit_check
from holdfast.records.audit import Entry, Head
from holdfast.records.database import Database
from holdfast.records.tables.audit import audit_head
from holdfast.records.tables.base import now


def append(database: Database, count: int = 1, actor: str = "person:4k8w") -> None:
    for n in range(count):
        with database.write() as connection:
            audit.append(connection, actor=actor, action="case.decide", target=f"case:{n}", facts={"n": n})


def verify(database: Database, *anchors: Head) -> audit_check.Verification:
    with database.read() as connection:
        return audit_check.verify(connection, anchors)


def head(database: Database) -> Head:
    with database.read() as connection:
        return audit.head(connection)


def tamper(database: Database, *statements: str) -> None:
    """What somebody does who owns the database: the triggers go first."""
    with database.write() as connection:
        if database.is_sqlite:
            names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in names.all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("ALTER TABLE audit_log DISABLE TRIGGER ALL")
            connection.exec_driver_sql("ALTER TABLE audit_head DISABLE TRIGGER ALL")
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_rows_come_back_as_they_were_written_and_the_chain_is_whole(database: Database) -> None:
    facts = {"verdict": "uphold", "notes": "ñ – ü", "nested": {"b": [1, None, 0.25], "a": True}}
    with database.write() as connection:
        first = audit.append(connection, actor="key:abc", action="key.create", target="key:def", facts=facts)
        second = audit.append(connection, actor="local:ana", action="key.revoke", target="key:def")
    assert (first, second) == (1, 2)
    with database.read() as connection:
        rows = audit.read(connection)
        assert audit.read(connection, after=1) == rows[1:]
        assert audit.read(connection, actor="key:abc") == rows[:1]
        assert audit.read(connection, target="key:def", limit=1) == rows[:1]
    assert rows[0].to_json()["facts"] == facts
    assert abs((now() - rows[0].at).total_seconds()) < 60
    found = verify(database)
    assert (found.rows, found.is_whole, found.end) == (2, True, head(database))


def test_an_empty_log_is_whole(database: Database) -> None:
    assert verify(database) == audit_check.Verification(0, Head(0, bytes(32)), ())


def test_what_is_rolled_back_leaves_no_gap(database: Database) -> None:
    append(database)
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        audit.append(connection, actor="a", action="b", target="c")
        raise ZeroDivisionError
    append(database)
    assert verify(database).is_whole
    assert head(database).position == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor = 'somebody else' WHERE position = 1",
        "DELETE FROM audit_log WHERE position = 2",
        "DELETE FROM audit_log",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET position = 1",
    ],
)
def test_the_database_refuses_changes(database: Database, statement: str) -> None:
    append(database, 2)
    with pytest.raises(ConflictError), database.write() as connection:
        connection.exec_driver_sql(statement)
    assert verify(database).is_whole


def test_postgresql_refuses_to_empty_the_log_at_once(database: Database) -> None:
    append(database)
    if not database.is_sqlite:
        with pytest.raises(ConflictError), database.write() as connection:
            connection.exec_driver_sql("TRUNCATE audit_log")
    assert verify(database).rows == 1


TAMPERED: list[tuple[tuple[str, ...], int, str]] = [
    (("UPDATE audit_log SET actor = 'somebody else' WHERE position = 3",), 3, "not as it was written"),
    (("UPDATE audit_log SET facts = '{\"n\":7}' WHERE position = 3",), 3, "not as it was written"),
    (("UPDATE audit_log SET at = '2020-01-01 00:00:00' WHERE position = 3",), 3, "not as it was written"),
    (("DELETE FROM audit_log WHERE position = 3",), 4, "rows 3 to 3 are gone"),
    (("DELETE FROM audit_log WHERE position = 1",), 2, "rows 1 to 1 are gone"),
    (("DELETE FROM audit_log WHERE position >= 4",), 3, "should end at 5"),
    (
        (
            "UPDATE audit_log SET position = 99 WHERE position = 2",
            "UPDATE audit_log SET position = 2 WHERE position = 3",
            "UPDATE audit_log SET position = 3 WHERE position = 99",
        ),
        2,
        "not as it was written",
    ),
    (
        (
            """INSERT INTO audit_log SELECT 6, at, actor, action, target, facts, digest
            FROM audit_log WHERE position = 5""",
        ),
        6,
        "not as it was written",
    ),
]


@pytest.mark.parametrize(("statements", "position", "what"), TAMPERED)
def test_tampering_is_found(
    database: Database, statements: tuple[str, ...], position: int, what: str
) -> None:
    append(database, 5)
    tamper(database, *statements)
    faults = verify(database).faults
    assert faults
    assert faults[0].position == position
    assert what in faults[0].what


def test_an_end_that_was_cut_off_with_its_head_is_found_by_an_anchor(database: Database) -> None:
    append(database, 5)
    kept = head(database)
    with database.read() as connection:
        third = audit.read(connection)[2]
    tamper(database, "DELETE FROM audit_log WHERE position > 3")
    with database.write() as connection:
        connection.execute(sa.update(audit_head).values(position=3, digest=third.digest))
    assert verify(database).is_whole  # nothing inside tells
    assert [fault.position for fault in verify(database, kept).faults] == [5]


def test_a_log_that_was_written_anew_is_found_by_an_anchor(database: Database) -> None:
    append(database, 3)
    kept = head(database)
    tamper(database, "DELETE FROM audit_log")
    with database.write() as connection:
        connection.execute(sa.update(audit_head).values(position=0, digest=bytes(32)))
    append(database, 4, actor="person:else")
    assert verify(database).is_whole
    assert "written anew" in verify(database, kept).faults[0].what


def test_without_its_head_the_log_takes_nothing(database: Database) -> None:
    append(database)
    tamper(database, "DELETE FROM audit_head")
    with pytest.raises(RecordsError, match="head of the audit log is gone"):
        append(database)
    with pytest.raises(RecordsError, match="head of the audit log is gone"):
        verify(database)


def test_writers_that_come_together_stand_in_one_chain(database: Database) -> None:
    threads = [threading.Thread(target=append, args=(database, 5, f"person:{n}")) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = verify(database)
    assert (found.rows, found.faults) == (20, ())


def test_an_export_is_whole_by_itself(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    append(database, 7)
    monkeypatch.setattr(audit, "PAGE", 3)
    exported = b"".join(audit.export(database)).splitlines()
    assert len(exported) == 7
    rows = list(audit_check.parse_lines(exported))
    assert audit_check.check(rows, expected_end=head(database)).is_whole
    assert b"".join(audit.export(database, after=5)).splitlines() == exported[5:]
    moved = [rows[1], rows[0], *rows[2:]]
    assert not audit_check.check(moved).is_whole
    with pytest.raises(UsageError, match="Line 2"):
        list(audit_check.parse_lines([exported[0], b'{"position": 2}']))


@pytest.mark.parametrize(
    "change",
    [
        {"actor": ""},
        {"action": "a" * 61},
        {"target": "two\nlines"},
        {"facts": {"x": float("nan")}},
        {"facts": {"x": b"bytes"}},
        {"facts": {"x": "y" * 9000}},
    ],
)
def test_what_does_not_fit_is_refused(database: Database, change: dict[str, object]) -> None:
    values: dict[str, object] = {"actor": "a", "action": "b", "target": "c"} | change
    refused: Callable[..., int] = audit.append
    with pytest.raises(UsageError), database.write() as connection:
        refused(connection, **values)
    assert head(database).position == 0


@pytest.mark.parametrize("text", ["", "7", "7:abc", "-1:" + "0" * 64, "7:" + "g" * 64])
def test_a_head_is_written_and_read(text: str) -> None:
    assert Head.parse(str(Head(7, b"\x0f" * 32)) + "\n") == Head(7, b"\x0f" * 32)
    with pytest.raises(UsageError):
        Head.parse(text)


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(rows=st.lists(st.tuples(words, words, words), min_size=2, max_size=6), data=st.data())
def test_any_single_change_of_any_row_is_found(rows: list[tuple[str, str, str]], data: st.DataObject) -> None:
    entries: list[Entry] = []
    before = bytes(32)
    for position, (actor, action, target) in enumerate(rows, 1):
        unsigned = Entry(position, now(), actor, action, target, "{}", b"")
        before = audit.chained(before, unsigned)
        entries.append(Entry(position, unsigned.at, actor, action, target, "{}", before))
    end = Head(len(entries), before)
    assert audit_check.check(entries, expected_end=end).is_whole
    at = data.draw(st.integers(0, len(entries) - 1))
    old = entries[at]
    new = data.draw(words.filter(lambda text: text != old.target))
    entries[at] = Entry(old.position, old.at, old.actor, old.action, new, old.facts, old.digest)
    assert not audit_check.check(entries, expected_end=end).is_whole
