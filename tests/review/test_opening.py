"""Cases open with the match, gather by account, and group copies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Barrier, Thread
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.records.tables.base import now
from holdfast.records.tables.review import cases, cluster_bands, media_clusters
from holdfast.records.tables.vault import vault_items
from holdfast.review.cases import CaseFilter, counts, get_case, list_cases
from holdfast.review.clusters import RADIUS_BITS, avoided, forget_destroyed, put_in_cluster
from tests.review.conftest import World

DAY = timedelta(days=1)


def flipped(code: bytes, bits: int) -> bytes:
    """``code`` with so many bits changed, spread over all bands."""
    value = int.from_bytes(code)
    for number in range(bits):
        value ^= 1 << (number * 17 % 256)
    return value.to_bytes(32)


def test_a_match_opens_a_case_and_its_account_gathers_there(world: World) -> None:
    first = world.upload(b"one", queue=3)
    again = world.upload(b"two", queue=1, reference="post/2")
    other = world.upload(b"three", account="user-2", queue=5)
    unnamed = [world.upload(b"four", account=None) for _ in range(2)]
    of = {name: world.item(kept).case_id for name, kept in [("1", first), ("2", again), ("3", other)]}
    assert of["1"] == of["2"] != of["3"]
    assert len({world.item(kept).case_id for kept in unnamed}) == 2
    with world.database.read() as connection:
        case = get_case(connection, of["1"])
        assert (case.priority, case.media_count, case.version, case.surface) == (1, 2, 2, "public")
        assert case.due_at < now() + timedelta(hours=5)
        assert list_cases(connection, CaseFilter())[0].id == of["1"]
        assert counts(connection, CaseFilter()) == 4


def test_a_draft_alone_opens_a_case_and_nothing_to_do_opens_none(world: World) -> None:
    drafted = world.upload(queue=None, draft=True)
    assert world.item(drafted).rule == "a rule"
    world.upload(queue=None, account="quiet")
    with world.database.read() as connection:
        assert [one.account for one in list_cases(connection, CaseFilter())] == ["user-1"]


def test_a_case_that_cannot_be_written_leaves_no_match_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the machine went down here")

    monkeypatch.setattr("holdfast.review.opening._add_item", fail)
    with pytest.raises(RuntimeError):
        world.upload()
    with world.database.read() as connection:
        for table in ("cases", "case_items", "events", "decisions", "vault_items"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 0, table


def test_uploads_at_one_moment_open_one_case(world: World) -> None:
    barrier = Barrier(4)
    errors: list[BaseException] = []

    def send(number: int) -> None:
        barrier.wait()
        try:
            world.upload(b"%d" % number, reference=f"post/{number}")
        except BaseException as error:
            errors.append(error)

    threads = [Thread(target=send, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with world.database.read() as connection:
        (case,) = list_cases(connection, CaseFilter())
    assert case.media_count == 4


def test_copies_are_grouped_and_lookalikes_of_one_entry_are_not(world: World) -> None:
    code = bytes(range(32))
    first = world.item(world.upload(b"one", code=code))
    same_bytes = world.item(world.upload(b"one", account="user-2"))
    near = world.item(world.upload(b"two", account="user-3", code=flipped(code, RADIUS_BITS)))
    far = world.item(world.upload(b"three", account="user-4", code=flipped(code, RADIUS_BITS + 1)))
    plain = world.item(world.upload(b"four", account="user-5"))
    assert first.cluster_id == same_bytes.cluster_id == near.cluster_id
    assert len({first.cluster_id, far.cluster_id, plain.cluster_id}) == 3
    exact = [world.item(world.upload(data, account=None, exact=True)) for data in (b"five", b"six")]
    assert exact[0].cluster_id == exact[1].cluster_id != plain.cluster_id


def test_every_copy_within_the_radius_is_found(world: World) -> None:
    with world.database.write() as connection:
        for bits in range(RADIUS_BITS + 2):
            code = sha256(b"%d" % bits).digest()
            first = put_in_cluster(connection, digest=b"1%031d" % bits, code=code, exact_entry=None)
            other = flipped(code, bits)
            near = put_in_cluster(connection, digest=b"2%031d" % bits, code=other, exact_entry=None)
            assert (first == near) == (bits <= RADIUS_BITS)


def test_hashes_are_forgotten_when_nothing_is_held_any_more(world: World) -> None:
    held = world.item(world.upload(b"one", code=bytes(32)))
    kept = world.item(world.upload(b"two", code=bytes([255] * 32)))
    with world.database.write() as connection:
        assert forget_destroyed(connection) == 0
        gone = sa.update(vault_items).where(vault_items.c.id == held.item_id)
        connection.execute(gone.values(state="destroyed", sealed_facts=None))
        assert forget_destroyed(connection) == 1
        rows = {row.id: row for row in connection.execute(sa.select(media_clusters))}
        assert (rows[held.cluster_id].digest, rows[held.cluster_id].code) == (None, None)
        assert rows[kept.cluster_id].digest is not None
        left = set(connection.scalars(sa.select(cluster_bands.c.cluster_id)))
        assert left == {kept.cluster_id}


def test_the_very_file_on_a_trusted_list_takes_its_label_by_rule(with_rules: Callable[..., World]) -> None:
    world = with_rules(close_by_rule=True)
    labelled = world.item(world.upload(b"x", trusted=True, exact=True, classification="A1"))
    near = world.item(world.upload(b"y", trusted=True, classification="A1"))
    untrusted = world.item(world.upload(b"z", exact=True, classification="A1"))
    assert (labelled.label, labelled.labelled_by) == ("A1", "rule:a rule")
    assert (near.label, untrusted.label) == (None, None)
    today = now().date()
    with world.database.read() as connection:
        assert avoided(connection, since=today - DAY, until=today + DAY) == {"rule": 1}


def test_pages_go_through_all_cases_once_in_their_order(world: World) -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    rows: list[dict[str, Any]] = [
        {
            "account": f"user-{number}", "kind": "match" if number % 3 else "notice", "surface": "public",
            "state": "open", "priority": number % 4, "gathers": False, "version": 0, "media_count": 0,
            "text_count": 0, "annotations": [], "opened_at": at, "opened_by": "x", "updated_at": at,
            "due_at": at + timedelta(minutes=number // 8), "fence": 0,
        }
        for number in range(40)
    ]  # fmt: skip
    with world.database.write() as connection:
        connection.execute(sa.insert(cases), rows)
    for wanted in (CaseFilter(), CaseFilter(kind="notice"), CaseFilter(priority=2), CaseFilter(state=None)):
        seen: list[int] = []
        after = None
        with world.database.read() as connection:
            everything = [one.id for one in list_cases(connection, wanted, limit=100)]
            while found := list_cases(connection, wanted, after=after, limit=7):
                seen += [one.id for one in found]
                after = (found[-1].priority, found[-1].due_at, found[-1].id)
            assert seen == everything
            assert len(seen) == counts(connection, wanted)
