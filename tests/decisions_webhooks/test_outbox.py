"""The outbox: written with the event or not at all, retried for over a day, dead letters replayed."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.decisions.webhooks import endpoints, outbox
from holdfast.decisions.webhooks.outbox import Delivery, Try
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.records import events
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.records.tables.outbox import webhook_deliveries
from tests.decisions_webhooks.sealing import AesSealer

WELL = Try(5, 200, None)
ILL = Try(7, 500, "HTTP 500")


def make(database: Database, sealer: AesSealer, name: str = "takedown", *kinds: str) -> int:
    with database.write() as connection:
        made, _ = endpoints.create(
            connection, sealer, name=name, url="https://platform.example/", kinds=kinds or ("*",)
        )
        return made.id


def publish(database: Database, kind: str = "match", **options: object) -> dict[str, int]:
    with database.write() as connection:
        return outbox.publish(connection, kind, {"n": 1}, **options)  # type: ignore[arg-type]


def take(database: Database, endpoint_id: int, limit: int = 10, lease_s: float = 3600.0) -> list[Delivery]:
    with database.write() as connection:
        return outbox.claim(connection, endpoint_id, lease_s, limit)


def note(database: Database, delivery: Delivery, result: Try) -> str:
    with database.write() as connection:
        return outbox.record(connection, delivery, result)


def look(database: Database, delivery_id: int) -> Delivery:
    with database.read() as connection:
        return outbox.get(connection, delivery_id)


def put_off(database: Database, wait_s: float) -> None:
    with database.write() as connection:
        connection.execute(sa.update(webhook_deliveries).values(next_at=now() + timedelta(seconds=wait_s)))


def pause_s(database: Database, delivery_id: int) -> float:
    """From the end of the last try to the next."""
    with database.read() as connection:
        last = outbox.attempts(connection, delivery_id)[-1]
        return (outbox.get(connection, delivery_id).next_at - last.at).total_seconds()


def test_the_message_exists_only_with_its_event(database: Database, sealer: AesSealer) -> None:
    endpoint_id = make(database, sealer)
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        outbox.publish(connection, "match", {}, event_id=events.append(connection, "match", {}))
        raise ZeroDivisionError
    assert take(database, endpoint_id) == []
    with database.write() as connection:
        event_id = events.append(connection, "match", {})
        outbox.publish(connection, "match", {"content": "post/é"}, event_id=event_id)
    (delivery,) = take(database, endpoint_id)
    body = json.loads(delivery.body)
    assert (body["type"], body["event_id"], body["data"]) == ("match", event_id, {"content": "post/é"})
    assert body["timestamp"].endswith("Z") and delivery.message_id.startswith("msg_")


def test_who_is_told(database: Database, sealer: AesSealer) -> None:
    make(database, sealer, "all")
    make(database, sealer, "holds", "hold.placed", "hold.released")
    make(database, sealer, "matches", "match")
    assert set(publish(database, "match")) == {"all", "matches"}
    assert set(publish(database, "hold.placed")) == {"all", "holds"}
    assert set(publish(database, "match", also=["holds", "misspelt"])) == {"all", "holds", "matches"}
    assert set(publish(database, "match", also=["matches"])) == {"all", "matches"}


def test_a_huge_message_is_refused(database: Database, sealer: AesSealer) -> None:
    make(database, sealer)
    with pytest.raises(UsageError), database.write() as connection:
        outbox.publish(connection, "match", {"x": "y" * outbox.MAX_BODY_BYTES})


def test_claims_are_leases(database: Database, sealer: AesSealer) -> None:
    endpoint_id = make(database, sealer)
    for _ in range(3):
        publish(database)
    first = take(database, endpoint_id, limit=2, lease_s=0.0)
    assert len(first) == 2
    again = take(database, endpoint_id, limit=3)
    assert {one.id for one in first} < {one.id for one in again}
    assert take(database, endpoint_id) == []
    # The first sender's failure says nothing about the second's try, but its success is a success.
    note(database, first[0], ILL)
    assert look(database, first[0].id).last_error is None
    note(database, first[0], WELL)
    assert look(database, first[0].id).state == "delivered"
    note(database, again[0], ILL)
    assert look(database, first[0].id).state == "delivered"


def test_retries_go_on_for_more_than_a_day_and_end(database: Database, sealer: AesSealer) -> None:
    endpoint_id = make(database, sealer)
    delivery_id = publish(database)["takedown"]
    pauses_s = []
    for attempt in range(1, outbox.MAX_ATTEMPTS + 1):
        (delivery,) = take(database, endpoint_id)
        assert delivery.attempts == attempt
        state = note(database, delivery, ILL)
        pauses_s.append(pause_s(database, delivery_id))
        put_off(database, 3600)  # the first pauses may end while a busy machine stands still
        assert take(database, endpoint_id) == []
        put_off(database, -1)
    assert state == "dead" and take(database, endpoint_id) == []
    assert 3 < pauses_s[0] < 11 < pauses_s[1] < 29
    assert sum(pauses_s[:-1]) > 24 * 3600
    with database.read() as connection:
        log = outbox.attempts(connection, delivery_id)
        assert [one.status for one in log] == [500] * outbox.MAX_ATTEMPTS
        assert outbox.counts(connection) == {("takedown", "dead"): 1}


def test_even_the_luckiest_spread_lasts_a_day() -> None:
    nominal = [min(outbox.RETRY_BASE_S * outbox.RETRY_FACTOR**n, outbox.RETRY_CAP_S) for n in range(12)]
    assert sum(nominal) * 0.8 > 24 * 3600


def test_a_dead_letter_is_replayed_under_its_old_id(database: Database, sealer: AesSealer) -> None:
    endpoint_id = make(database, sealer)
    delivery_id = publish(database)["takedown"]
    message_id = look(database, delivery_id).message_id
    with pytest.raises(ConflictError), database.write() as connection:
        outbox.replay(connection, delivery_id)
    with database.write() as connection:
        connection.execute(sa.update(webhook_deliveries).values(state="dead", attempts=13, finished_at=now()))
    with database.write() as connection:
        outbox.replay(connection, delivery_id)
    (delivery,) = take(database, endpoint_id)
    assert (delivery.message_id, delivery.attempts) == (message_id, 1)
    note(database, delivery, WELL)
    with database.write() as connection:
        assert outbox.replay_all(connection, endpoint_id) == 0  # it is not dead
        outbox.replay(connection, delivery_id)  # but may be sent again when asked for
    assert len(take(database, endpoint_id)) == 1
    with pytest.raises(NotFoundError), database.write() as connection:
        outbox.replay(connection, 999)


def test_replay_of_all_dead_letters(database: Database, sealer: AesSealer) -> None:
    endpoint_id, other = make(database, sealer), make(database, sealer, "other")
    for _ in range(3):
        publish(database)
    with database.write() as connection:
        connection.execute(sa.update(webhook_deliveries).values(state="dead", finished_at=now()))
    with database.write() as connection:
        assert outbox.replay_all(connection, endpoint_id) == 3
    assert len(take(database, endpoint_id)) == 3 and take(database, other) == []


def test_a_receiver_may_ask_for_a_longer_pause(database: Database, sealer: AesSealer) -> None:
    endpoint_id = make(database, sealer)
    delivery_id = publish(database)["takedown"]
    (delivery,) = take(database, endpoint_id)
    note(database, delivery, Try(1, 429, "HTTP 429", retry_after_s=600))
    assert 599 < pause_s(database, delivery_id) < 660


def test_the_endpoint_says_since_when_it_fails(database: Database, sealer: AesSealer) -> None:
    endpoint_id = make(database, sealer)
    for _ in range(3):
        publish(database)
    first, second, third = take(database, endpoint_id)

    def failing_since() -> object:
        with database.read() as connection:
            return endpoints.get(connection, endpoint_id).failing_since

    note(database, first, ILL)
    since = failing_since()
    assert since is not None
    note(database, second, ILL)
    assert failing_since() == since
    note(database, third, WELL)
    assert failing_since() is None


def test_a_disabled_endpoint_is_a_pause(database: Database, sealer: AesSealer) -> None:
    endpoint_id = make(database, sealer)
    with database.write() as connection:
        endpoints.update(connection, endpoint_id, enabled=False)
    publish(database)
    with database.read() as connection:
        assert outbox.due(connection) == []
    with database.write() as connection:
        endpoints.update(connection, endpoint_id, enabled=True)
    with database.read() as connection:
        assert outbox.due(connection) == [(endpoint_id, "https://platform.example/")]


def test_pages_and_pruning(database: Database, sealer: AesSealer) -> None:
    endpoint_id = make(database, sealer)
    ids = [publish(database)["takedown"] for _ in range(5)]
    for delivery in take(database, endpoint_id, limit=2):
        note(database, delivery, WELL)
    with database.write() as connection:
        connection.execute(
            sa.update(webhook_deliveries)
            .where(webhook_deliveries.c.id == ids[4])
            .values(state="dead", finished_at=now())
        )
    with database.read() as connection:
        assert [one.id for one in outbox.list_deliveries(connection, limit=2)] == [ids[4], ids[3]]
        assert [one.id for one in outbox.list_deliveries(connection, before_id=ids[1])] == [ids[0]]
        assert [one.id for one in outbox.list_deliveries(connection, state="dead")] == [ids[4]]
        assert outbox.list_deliveries(connection, endpoint_id=endpoint_id + 1) == []
    soon = now() + timedelta(hours=1)
    with database.write() as connection:
        assert outbox.prune(connection, finished_before=now() - timedelta(days=1)) == 0
        assert outbox.prune(connection, finished_before=soon) == 2
        assert outbox.attempts(connection, ids[0]) == []
        assert outbox.prune(connection, finished_before=soon, include_dead=True) == 1
        assert outbox.counts(connection) == {("takedown", "pending"): 2}


def test_the_guide_names_every_kind() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
    missing = [kind for kind in events.KINDS if f"`{kind}`" not in guide]
    assert not missing
