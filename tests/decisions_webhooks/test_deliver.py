"""Delivery to a real web server that fails in every way we know."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.client.webhooks import WebhookVerificationError, verify
from holdfast.decisions.webhooks import deliver, endpoints, outbox
from holdfast.decisions.webhooks.deliver import Deliverer
from holdfast.decisions.webhooks.endpoints import Endpoint
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.records.tables.outbox import webhook_deliveries, webhook_endpoints
from tests.decisions_webhooks.conftest import Receiver
from tests.decisions_webhooks.reach import PUBLIC, WITH_LOOPBACK
from tests.decisions_webhooks.sealing import AesSealer


def make(
    database: Database, sealer: AesSealer, receiver: Receiver, name: str = "a", kind: str = "*"
) -> tuple[Endpoint, str]:
    with database.write() as connection:
        return endpoints.create(
            connection,
            sealer,
            name=name,
            url=f"{receiver.url}/{name}",
            kinds=[kind],
            reach=WITH_LOOPBACK,
        )


def publish(database: Database, count: int = 1, kind: str = "match") -> list[int]:
    with database.write() as connection:
        return [
            delivery_id
            for n in range(count)
            for delivery_id in outbox.publish(connection, kind, {"n": n}).values()
        ]


def deliverer(database: Database, sealer: AesSealer, **options: Any) -> Deliverer:
    """Patient, so that no answer comes late on a busy machine: tests of the time-out bring their own."""
    return Deliverer(database, sealer, **{"reach": WITH_LOOPBACK, "timeout_s": 60.0, **options})


def make_due(database: Database) -> None:
    with database.write() as connection:
        connection.execute(
            sa.update(webhook_deliveries)
            .where(webhook_deliveries.c.state == "pending")
            .values(next_at=now() - timedelta(seconds=1))
        )


def postpone(database: Database) -> None:
    """The pause may end while a busy machine stands still: then nothing could be said of it."""
    with database.write() as connection:
        connection.execute(
            sa.update(webhook_deliveries)
            .where(webhook_deliveries.c.state == "pending")
            .values(next_at=now() + timedelta(hours=1))
        )


def pause_s(database: Database, delivery_id: int) -> float:
    """From the end of the last try to the next."""
    with database.read() as connection:
        last = outbox.attempts(connection, delivery_id)[-1]
        return (outbox.get(connection, delivery_id).next_at - last.at).total_seconds()


def look(database: Database, delivery_id: int) -> tuple[str, str | None]:
    with database.read() as connection:
        found = outbox.get(connection, delivery_id)
    return found.state, found.last_error


@contextmanager
def running(*several: Deliverer) -> Iterator[None]:
    threads = [threading.Thread(target=one.run) for one in several]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for one in several:
            one.stop()
        for thread in threads:
            thread.join(120)
            assert not thread.is_alive()


def test_a_message_arrives_signed(database: Database, sealer: AesSealer, receiver: Receiver) -> None:
    endpoint, secret = make(database, sealer, receiver)
    (delivery_id,) = publish(database)
    deliverer(database, sealer).deliver_due()
    (request,) = receiver.received
    message = verify(secret, request.headers, request.body)
    assert (message["type"], message["data"]) == ("match", {"n": 0})
    lower = {name.lower(): value for name, value in request.headers.items()}
    assert lower["content-type"] == "application/json" and lower["user-agent"].startswith("Holdfast/")
    with database.read() as connection:
        assert lower["webhook-id"] == outbox.get(connection, delivery_id).message_id
        (attempt,) = outbox.attempts(connection, delivery_id)
    assert (attempt.status, attempt.error) == (200, None)
    assert look(database, delivery_id) == ("delivered", None)
    with database.write() as connection:
        outbox.publish_test(connection, endpoint)
    deliverer(database, sealer).deliver_due()
    assert verify(secret, receiver.received[1].headers, receiver.received[1].body)["type"] == "test"


@pytest.mark.parametrize(
    ("step", "status", "error"),
    [
        (500, 500, "HTTP 500"),
        (404, 404, "HTTP 404"),
        (410, 410, "HTTP 410"),
        ("drop", None, "RemoteProtocolError"),
        ("hang", None, "no answer within 1 s"),
        ("redirect", 302, "HTTP 302: redirects are not followed"),
    ],
)
def test_failures_are_logged_and_tried_again_under_the_same_id(
    database: Database,
    sealer: AesSealer,
    receiver: Receiver,
    step: int | str,
    status: int | None,
    error: str,
) -> None:
    _, secret = make(database, sealer, receiver)
    receiver.script["/a"] = [step, 200]
    (delivery_id,) = publish(database)
    begun = time.monotonic()
    deliverer(database, sealer, timeout_s=1.0 if step == "hang" else 60.0).deliver_due()
    assert time.monotonic() - begun < 40  # a hanging receiver answers never
    assert look(database, delivery_id) == ("pending", error)
    assert 4 <= pause_s(database, delivery_id) < 60
    postpone(database)
    deliverer(database, sealer).deliver_due()
    assert receiver.paths() == ["/a"], "the pause was not kept, or the redirect was followed"
    make_due(database)
    deliverer(database, sealer).deliver_due()
    assert look(database, delivery_id) == ("delivered", None)
    first, second = receiver.received
    assert first.body == second.body and verify(secret, second.headers, second.body)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    with database.read() as connection:
        log = [(one.status, one.error) for one in outbox.attempts(connection, delivery_id)]
    assert log == [(status, error), (200, None)]


def test_nobody_listens(database: Database, sealer: AesSealer, receiver: Receiver) -> None:
    endpoint, _ = make(database, sealer, receiver)
    with database.write() as connection:
        endpoints.update(connection, endpoint.id, url="http://127.0.0.1:9/", reach=WITH_LOOPBACK)
    (delivery_id,) = publish(database)
    deliverer(database, sealer).deliver_due()
    assert look(database, delivery_id) == ("pending", "ConnectError")


@pytest.mark.parametrize("step", ["huge", "drip"])
def test_an_endless_answer_is_not_read(
    database: Database, sealer: AesSealer, receiver: Receiver, step: str
) -> None:
    make(database, sealer, receiver)
    receiver.script["/a"] = [step]
    (delivery_id,) = publish(database)
    # What drips is read until the time-out: one that is long enough for the status to come.
    for timeout_s in (1.0, 10.0, 60.0) if step == "drip" else (600.0,):
        begun = time.monotonic()
        deliverer(database, sealer, timeout_s=timeout_s).deliver_due()
        assert time.monotonic() - begun < (120 if step == "huge" else timeout_s + 60)
        if look(database, delivery_id) == ("delivered", None):
            return
        make_due(database)
    pytest.fail("the status came and did not count")


def test_retry_after_is_heard(database: Database, sealer: AesSealer, receiver: Receiver) -> None:
    make(database, sealer, receiver)
    receiver.script["/a"] = [429]
    (delivery_id,) = publish(database)
    deliverer(database, sealer).deliver_due()
    assert 1230 < pause_s(database, delivery_id) < 1290


def test_a_slow_endpoint_delays_nobody_else(
    database: Database, sealer: AesSealer, receiver: Receiver
) -> None:
    for name, kind in (("slow-1", "match"), ("slow-2", "match"), ("quick", "possible")):
        make(database, sealer, receiver, name, kind)
    receiver.script |= {"/slow-1": ["hang"], "/slow-2": ["hang"]}
    publish(database, 30, "match")
    quick = publish(database, 20, "possible")
    with running(deliverer(database, sealer, timeout_s=600.0)):
        try:
            begun = time.monotonic()
            while Counter(receiver.paths())["/quick"] < len(quick):
                assert time.monotonic() - begun < 60, receiver.paths()
                time.sleep(0.01)
            # At most four at a time went to each slow one meanwhile.
            assert Counter(receiver.paths())["/slow-1"] <= 4
        finally:
            receiver.release.set()


def test_a_message_of_the_same_process_goes_out_at_once(
    database: Database, sealer: AesSealer, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "POLL_MIN_S", 3600.0)  # once it waits, nothing but a message wakes it
    make(database, sealer, receiver)
    publish(database)
    with running(deliverer(database, sealer, poll_max_s=3600.0)):
        receiver.wait(1)
        time.sleep(0.5)  # it looks once more when that one is through
        publish(database)
        receiver.wait(2)


def test_stopping_waits_for_what_is_on_its_way(
    database: Database, sealer: AesSealer, receiver: Receiver
) -> None:
    make(database, sealer, receiver)
    receiver.script["/a"] = ["hang"]
    (delivery_id,) = publish(database)
    with running(deliverer(database, sealer)):
        receiver.wait(1)
        threading.Timer(0.5, receiver.release.set).start()
    assert look(database, delivery_id) == ("delivered", None)


def test_two_deliverers_send_each_message_once(
    database: Database, sealer: AesSealer, receiver: Receiver
) -> None:
    make(database, sealer, receiver)
    publish(database, 60)
    with running(*(deliverer(database, sealer) for _ in range(2))):
        receiver.wait(60)
        time.sleep(0.2)
    ids = [one.headers["webhook-id"] for one in receiver.received]
    assert len(ids) == 60 == len(set(ids))


def test_both_secrets_verify_while_one_replaces_the_other(
    database: Database, sealer: AesSealer, receiver: Receiver
) -> None:
    endpoint, old = make(database, sealer, receiver)
    with database.write() as connection:
        new = endpoints.rotate(connection, sealer, endpoint.id)
    publish(database)
    deliverer(database, sealer).deliver_due()
    with database.write() as connection:
        last = endpoints.rotate(connection, sealer, endpoint.id, overlap_s=0)
    publish(database)
    deliverer(database, sealer).deliver_due()
    during, after = receiver.received
    for secret in (old, new):
        verify(secret, during.headers, during.body)
        with pytest.raises(WebhookVerificationError):
            verify(secret, after.headers, after.body)
    verify(last, after.headers, after.body)


def test_nothing_is_sent_unsigned(database: Database, sealer: AesSealer, receiver: Receiver) -> None:
    make(database, sealer, receiver)
    (delivery_id,) = publish(database)
    deliverer(database, AesSealer()).deliver_due()  # another key
    assert receiver.paths() == []
    assert look(database, delivery_id) == ("pending", "not signed: InvalidTag")


def test_the_url_is_checked_again_when_sending(
    database: Database, sealer: AesSealer, receiver: Receiver
) -> None:
    make(database, sealer, receiver)
    (delivery_id,) = publish(database)
    deliverer(database, sealer, reach=PUBLIC).deliver_due()
    assert receiver.paths() == []
    assert look(database, delivery_id) == (
        "pending",
        "the URL is not allowed: https to a public address only",
    )


def test_a_name_is_not_sent_to_when_one_of_its_addresses_is_out_of_reach(
    database: Database, sealer: AesSealer, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, _ = make(database, sealer, receiver)
    with database.write() as connection:
        endpoints.update(connection, endpoint.id, url="https://metadata.example/latest")
    (delivery_id,) = publish(database)
    asked = []

    async def resolve(_: object, host: str, port: int, **__: object) -> list[Any]:
        asked.append((host, port))
        return [(0, 0, 0, "", (address, port)) for address in ("198.51.100.7", "169.254.169.254")]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolve)
    deliverer(database, sealer, reach=PUBLIC).deliver_due()
    assert look(database, delivery_id) == (
        "pending",
        "the URL is not allowed: its host has an address that is not public",
    )
    assert asked == [("metadata.example", 443)]  # and nothing was connected to


def test_no_proxy_is_taken_from_the_environment(
    database: Database, sealer: AesSealer, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    make(database, sealer, receiver)
    publish(database)
    deliverer(database, sealer).deliver_due()
    assert receiver.paths() == ["/a"]


def test_the_deliverer_outlives_its_database(
    database: Database, sealer: AesSealer, receiver: Receiver
) -> None:
    make(database, sealer, receiver)
    with running(deliverer(database, sealer, poll_max_s=0.1)):
        with database.write() as connection:
            connection.execute(sa.text(f"ALTER TABLE {webhook_endpoints.name} RENAME TO away"))
        time.sleep(0.4)
        with database.write() as connection:
            connection.execute(sa.text(f"ALTER TABLE away RENAME TO {webhook_endpoints.name}"))
        publish(database)
        receiver.wait(1)


PROCESS = """
import sys
from holdfast.decisions.webhooks import deliver
from holdfast.records.database import Database
from tests.decisions_webhooks.reach import WITH_LOOPBACK
from tests.decisions_webhooks.sealing import AesSealer
deliver.LEASE_MARGIN_S = 0.2
sealer = AesSealer(bytes.fromhex(sys.argv[2]))
deliver.Deliverer(Database(sys.argv[1]), sealer, reach=WITH_LOOPBACK, timeout_s=1.0).run()
"""


def test_kill_nine_loses_no_message(database: Database, database_url: str, receiver: Receiver) -> None:
    """Killed again and again while it sends: everything arrives, repeats under the same id."""
    key = bytes(range(32))
    _, secret = make(database, AesSealer(key), receiver)
    steps: list[int | str] = ["hang", 200, 200, "drop", "hang", 200]
    receiver.script["/a"] = [*steps, *steps, 200]
    publish(database, 24)
    kills = 0
    while open_messages(database):
        command = [sys.executable, "-c", PROCESS, database_url, key.hex()]
        seen = len(receiver.paths())
        receiver.answers = seen + 7  # however long we stand still, it gets no further before the kill
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[2])
        deadline = time.monotonic() + 120
        while open_messages(database) and len(receiver.paths()) < seen + 7:
            assert time.monotonic() < deadline, f"nothing is sent any more, after {kills} kills"
            shorten_pauses(database)
            time.sleep(0.05)
        process.kill()
        process.wait()
        kills += 1
    received = [verify(secret, one.headers, one.body)["data"]["n"] for one in receiver.received]
    assert set(received) == set(range(24))
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 24
    assert kills >= 2 and len(received) > 24, "the kills hit nothing: the test proves nothing"


def open_messages(database: Database) -> int:
    with database.read() as connection:
        return outbox.counts(connection).get(("a", "pending"), 0)


def shorten_pauses(database: Database) -> None:
    """The pauses after failed tries become 1 s. Leases are that long here anyway."""
    soon = now() + timedelta(seconds=1)
    with database.write() as connection:
        connection.execute(
            sa.update(webhook_deliveries)
            .where(webhook_deliveries.c.state == "pending", webhook_deliveries.c.next_at > soon)
            .values(next_at=soon)
        )
