"""What a hit means."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from holdfast.banks.entries import add_entry, list_fingerprints, update_entry
from holdfast.banks.models import Bank, Source
from holdfast.banks.opinions import set_opinion, withdraw
from holdfast.banks.resolve import conventions_in_use, find_digests, resolve
from holdfast.banks.service import create_bank, update_bank
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from tests.banks.conftest import digest, pdq


def test_a_hit_tells_bank_and_entry(database: Database, bank: Bank, own: Source) -> None:
    with database.write() as connection:
        update_bank(connection, bank.name, trusted=True)
        added = add_entry(
            connection, bank.id, label="a.jpg", added=[pdq(1)], source_id=own.id, classification="A1"
        )
        (match,) = resolve(connection, [(1, 30), (1, 12), (999, 0)])
    assert (match.bank, match.kind, match.trusted, match.bank_id) == ("list", "known", True, bank.id)
    assert (match.entry_id, match.label, match.classification) == (added.entry.id, "a.jpg", "A1")
    assert (match.algorithm, match.convention, match.distance_bits, match.exact) == ("pdq", "full", 12, False)
    assert match.verdict == "positive"


def test_exact_means_sha_or_md5_with_its_size(database: Database, bank: Bank, own: Source) -> None:
    contents = [digest("sha1", 1), digest("sha256", 2), digest("md5", 3), digest("md5", 4, 1000)]
    with database.write() as connection:
        for content in contents:
            add_entry(connection, bank.id, label="", added=[content], source_id=own.id)

        def exact(number: int, size_bytes: int | None) -> bool:
            content = contents[number]
            (match,) = find_digests(connection, {content.algorithm: content.value}, size_bytes=size_bytes)
            assert match.distance_bits == 0
            return match.exact

        assert exact(0, None)
        assert exact(1, 5)
        assert not exact(2, 1000)
        assert exact(3, 1000)
        assert not exact(3, 1001)
        assert not exact(3, None)


def test_hits_and_digests_together_nearest_first(database: Database, bank: Bank, own: Source) -> None:
    with database.write() as connection:
        added = [pdq(1), pdq(1, "nearest-512"), digest("md5", 1), digest("sha1", 1)]
        add_entry(connection, bank.id, label="", added=added, source_id=own.id)
        digests = {one.algorithm: one.value for one in added[2:]} | {"sha256": b"none like this"}
        matches = resolve(connection, [(1, 9), (2, 4)], digests)
    assert [(match.fingerprint_id, match.distance_bits) for match in matches] == [
        (4, 0),
        (3, 0),
        (2, 4),
        (1, 9),
    ]


def test_radius_and_switches(database: Database, bank: Bank, own: Source) -> None:
    with database.write() as connection:
        entry = add_entry(connection, bank.id, label="", added=[pdq(1)], source_id=own.id).entry
        update_bank(connection, bank.name, max_distance_bits=20)
        assert resolve(connection, [(1, 20)])
        assert not resolve(connection, [(1, 21)])
        until = now() + timedelta(hours=1)
        update_entry(connection, entry.id, disabled_until=until)
        assert not resolve(connection, [(1, 0)])
        assert resolve(connection, [(1, 0)], at=until)
        update_entry(connection, entry.id, disabled_until=None)
        update_bank(connection, bank.name, enabled=False)
        assert not resolve(connection, [(1, 0)])
        (match,) = resolve(connection, [(1, 63)], include_disabled=True)
        assert not match.bank_enabled


def test_only_the_banks_asked_for(database: Database, bank: Bank, own: Source) -> None:
    with database.write() as connection:
        benign = create_bank(connection, "benign", kind="benign")
        for each in (bank, benign):
            add_entry(connection, each.id, label="", added=[pdq(1)], source_id=own.id)
        assert {match.kind for match in resolve(connection, [(1, 0), (2, 0)])} == {"known", "benign"}
        (match,) = resolve(connection, [(1, 0), (2, 0)], bank_ids=[benign.id])
        assert match.kind == "benign"


def test_verdicts_and_withdrawals(database: Database, bank: Bank, own: Source, exchange: Source) -> None:
    with database.write() as connection:
        add_entry(connection, bank.id, label="", added=[digest("md5", 1)], source_id=own.id)
        ask = {"md5": digest("md5", 1).value}
        set_opinion(connection, [1], exchange.id, "negative")
        assert [match.verdict for match in find_digests(connection, ask)] == ["disputed"]
        withdraw(connection, [1], exchange.id)
        assert [match.verdict for match in find_digests(connection, ask)] == ["positive"]
        set_opinion(connection, [1], own.id, "seed")
        assert [match.verdict for match in find_digests(connection, ask)] == ["seed"]
        withdraw(connection, [1], own.id)
        assert find_digests(connection, ask) == []


def test_a_removed_fingerprint_is_no_match(database: Database, bank: Bank, own: Source) -> None:
    from holdfast.banks.entries import remove_entry

    with database.write() as connection:
        entry = add_entry(connection, bank.id, label="", added=[pdq(1)], source_id=own.id).entry
        remove_entry(connection, entry.id)
        assert resolve(connection, [(1, 0)]) == []


def test_at_most_two_statements_and_one_without_a_match(database: Database, bank: Bank, own: Source) -> None:
    with database.write() as connection:
        add_entry(connection, bank.id, label="", added=[pdq(1), digest("md5", 1)], source_id=own.id)
    statements: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    with database.read() as connection:
        del statements[:]
        assert resolve(connection, [(1, 3)], {"md5": digest("md5", 1).value})
        assert len(statements) == 2
        del statements[:]
        assert not resolve(connection, (), {name: bytes(20) for name in ("md5", "sha1", "sha256")})
        assert len(statements) == 1
        del statements[:]
        assert not resolve(connection)
        assert statements == []


def test_digests_are_found_through_the_index(database: Database, bank: Bank, own: Source) -> None:
    if not database.is_sqlite:
        return  # its planner rightly prefers to read a small table through
    statements: list[tuple[str, object]] = []
    with database.read() as connection:
        sa.event.listen(
            connection, "before_cursor_execute", lambda *given: statements.append((given[2], given[3]))
        )
        resolve(connection, [(1, 0)], {name: bytes(20) for name in ("md5", "sha1", "sha256")})
        statement, parameters = statements[0]
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()  # type: ignore[arg-type]
    assert not any(row.detail.startswith("SCAN fingerprints") for row in plan)


def test_more_hits_than_one_statement_takes(database: Database, bank: Bank, own: Source) -> None:
    with database.write() as connection:
        entry = add_entry(
            connection, bank.id, label="", added=[pdq(number) for number in range(50)], source_id=own.id
        ).entry
        ids = [one.id for one in list_fingerprints(connection, entry.id)]
        far = [(number, 5) for number in range(1_000, 26_000)]
        assert len(resolve(connection, [(one, 5) for one in ids] + far, {"md5": bytes(16)})) == 50


def test_conventions_in_use(database: Database, bank: Bank, own: Source) -> None:
    def use(seed: int, convention: str) -> frozenset[str]:
        with database.write() as connection:
            add_entry(connection, bank.id, label="", added=[pdq(seed, convention)], source_id=own.id)
        with database.read() as connection:
            return conventions_in_use(connection)

    with database.write() as connection:
        assert conventions_in_use(connection) == frozenset()
        add_entry(connection, bank.id, label="", added=[digest("md5", 1)], source_id=own.id)
        assert conventions_in_use(connection) == frozenset()
    assert use(1, "nearest-512") == {"nearest-512"}
    assert use(2, "full") == {"full", "nearest-512"}
    with database.write() as connection:
        from holdfast.banks.service import delete_bank

        delete_bank(connection, bank.name)
        other = create_bank(connection, "other")
        add_entry(connection, other.id, label="", added=[pdq(3, "unknown")], source_id=own.id)
        assert conventions_in_use(connection) == {"full", "nearest-512"}
