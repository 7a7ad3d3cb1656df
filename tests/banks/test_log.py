"""The log: positions in the order of the commits, and the same truth as the table at one moment."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from holdfast.banks.entries import add_entry, remove_entry
from holdfast.banks.log import Change, active_codes, last_position, read_since
from holdfast.banks.models import Bank, Source
from holdfast.banks.opinions import set_opinion, withdraw
from holdfast.records.database import Database
from tests.banks.conftest import digest, pdq


def test_interleaved_writers_give_positions_in_the_order_of_their_commits(
    database: Database, bank: Bank, own: Source
) -> None:
    """A reader that saw position p must never find a row at or below p later."""
    second_began = threading.Event()

    def write_second() -> None:
        second_began.set()
        with database.write() as connection:
            add_entry(connection, bank.id, label="second", added=[pdq("second")], source_id=own.id)

    with database.write() as connection:
        add_entry(connection, bank.id, label="first", added=[pdq("first")], source_id=own.id)
        other = threading.Thread(target=write_second)
        other.start()
        second_began.wait()
        other.join(0.5)
        assert other.is_alive(), "the second writer was given a position before the first had committed"
        with database.read() as reader:
            assert read_since(reader, 0) == []
        add_entry(connection, bank.id, label="third", added=[pdq("third")], source_id=own.id)
    other.join()
    with database.read() as reader:
        changes = read_since(reader, 0)
    assert [change.position for change in changes] == [1, 2, 3]
    assert [change.value for change in changes] == [pdq(name).value for name in ("first", "third", "second")]


def test_two_sources_that_withdraw_at_once_leave_nothing_active(
    database: Database, bank: Bank, own: Source, exchange: Source
) -> None:
    """Each sees the other still uphold it, unless changes of one fingerprint wait for each other."""
    with database.write() as connection:
        add_entry(connection, bank.id, label="", added=[pdq(1)], source_id=own.id)
        set_opinion(connection, [1], exchange.id)

    def withdraw_other() -> None:
        with database.write() as connection:
            withdraw(connection, [1], exchange.id)

    with database.write() as connection:
        withdraw(connection, [1], own.id)
        other = threading.Thread(target=withdraw_other)
        other.start()
        other.join(0.3)
    other.join()
    with database.read() as connection:
        assert read_since(connection, 1) == [Change(2, 1, "pdq", None)]
        assert list(active_codes(connection)) == []


def test_a_reader_that_follows_many_writers_misses_nothing(
    database: Database, bank: Bank, own: Source
) -> None:
    writers, turns = 4, 6
    seen: dict[int, bytes | None] = {}
    position = 0

    def write(number: int) -> None:
        for turn in range(turns):
            with database.write() as connection:
                added = add_entry(
                    connection, bank.id, label="", added=[pdq((number, turn))], source_id=own.id
                )
            if turn % 2:
                with database.write() as connection:
                    remove_entry(connection, added.entry.id)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or position < writers * turns * 1.5:
        with database.read() as connection:
            changes = read_since(connection, position, limit=3)
        for change in changes:
            assert change.position == position + 1, "a position was skipped"
            position = change.position
            seen[change.fingerprint_id] = change.value
    for thread in threads:
        thread.join()
    with database.read() as connection:
        truth = {
            int(one): bytes(code)
            for ids, codes in active_codes(connection)
            for one, code in zip(ids, codes, strict=True)
        }
    assert {one: value for one, value in seen.items() if value is not None} == truth
    assert len(truth) == writers * turns / 2


def test_a_change_that_was_undone_comes_as_a_removal(database: Database, bank: Bank, own: Source) -> None:
    with database.write() as connection:
        entry = add_entry(
            connection, bank.id, label="", added=[pdq(1), digest("md5", 1)], source_id=own.id
        ).entry
        remove_entry(connection, entry.id)
    with database.read() as connection:
        assert read_since(connection, 0) == [
            Change(1, 1, "pdq", None),
            Change(2, 2, "md5", None),
            Change(3, 1, "pdq", None),
            Change(4, 2, "md5", None),
        ]
        assert last_position(connection) == 4


@pytest.mark.parametrize("block", [1, 7, 100])
def test_active_codes_are_all_that_is_active(database: Database, bank: Bank, own: Source, block: int) -> None:
    with database.write() as connection:
        for number in range(20):
            add_entry(
                connection, bank.id, label="", added=[pdq(number), digest("sha256", number)], source_id=own.id
            )
        withdraw(connection, [1, 5], own.id)
        last = last_position(connection)
    with database.read() as connection:
        blocks = list(active_codes(connection, block=block))
        assert last_position(connection) == last
    ids = np.concatenate([ids for ids, _ in blocks])
    codes = np.concatenate([codes for _, codes in blocks])
    assert (str(ids.dtype), str(codes.dtype), codes.shape) == ("int64", "uint8", (18, 32))
    assert ids.tolist() == [number for number in range(1, 40, 2) if number not in (1, 5)]
    assert [bytes(code) for code in codes] == [pdq((one - 1) // 2).value for one in ids.tolist()]
    assert max(len(ids) for ids, _ in blocks) <= block


def test_no_codes_no_blocks(database: Database) -> None:
    with database.read() as connection:
        assert list(active_codes(connection)) == []
        assert last_position(connection) == 0
