"""A write that is sent twice happens once and is answered twice."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from holdfast.errors import IdempotencyConflictError, UsageError
from holdfast.records import idempotency
from holdfast.records.database import Database
from holdfast.records.idempotency import Answer, Request
from holdfast.records.tables.base import now
from holdfast.records.tables.jobs import idempotency_keys

ANSWER = Answer(201, "application/json", b'{"id": 5}')
effects = sa.Table("test_effects", sa.MetaData(), sa.Column("n", sa.Integer, nullable=False))


@pytest.fixture(autouse=True)
def tables(database: Database) -> None:
    idempotency_keys.metadata.create_all(database.engine, tables=[idempotency_keys])
    effects.create(database.engine)


def request(
    key: str = "k-1", body: bytes = b"{}", principal_id: str = "key:7", route: str = "POST /v1/banks"
) -> Request:
    return Request(key, principal_id, route, body)


def send(database: Database, sent: Request, work_s: float = 0.0, answer: Answer = ANSWER) -> Answer:
    """A route's work in small."""
    with database.write() as connection:
        stored = idempotency.begin(connection, sent)
        if stored is not None:
            return stored
        time.sleep(work_s)
        connection.execute(sa.insert(effects).values(n=1))
        idempotency.finish(connection, sent, answer)
        return answer


def count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(effects)).scalar_one())


def test_the_second_time_gets_the_answer_of_the_first(database: Database) -> None:
    assert send(database, request()) == ANSWER
    assert send(database, request(), answer=Answer(500, "text/plain", b"never")) == ANSWER
    assert count(database) == 1


def test_the_answer_can_be_had_before_anything_is_begun(database: Database) -> None:
    def earlier(sent: Request) -> Answer | None:
        with database.read() as connection:
            return idempotency.answer_to(connection, sent)

    assert earlier(request()) is None
    send(database, request())
    assert earlier(request()) == ANSWER
    assert earlier(request(principal_id="key:8")) is None
    with pytest.raises(IdempotencyConflictError):
        earlier(request(body=b"other"))
    with pytest.raises(UsageError):
        earlier(request("a key"))


def test_keys_are_apart_by_principal(database: Database) -> None:
    send(database, request())
    send(database, request(principal_id="key:8", body=b"other"))
    assert count(database) == 2


@pytest.mark.parametrize("other", [{"body": b"{ }"}, {"route": "POST /v1/jobs"}])
def test_another_request_under_the_same_key_is_refused(database: Database, other: dict[str, object]) -> None:
    send(database, request())
    with pytest.raises(IdempotencyConflictError):
        send(database, request(**other))  # type: ignore[arg-type]
    assert count(database) == 1


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "schlüssel", "line\n"])
def test_strange_keys_are_refused(database: Database, key: str) -> None:
    with pytest.raises(UsageError):
        send(database, request(key=key))
    assert count(database) == 0


def test_a_write_that_failed_may_be_sent_again(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        assert idempotency.begin(connection, request()) is None
        raise ZeroDivisionError
    assert send(database, request()) == ANSWER
    assert count(database) == 1


def test_a_huge_answer_is_refused_and_the_write_with_it(database: Database) -> None:
    with pytest.raises(UsageError):
        send(database, request(), answer=Answer(200, "text/plain", bytes(idempotency.MAX_BODY_BYTES + 1)))
    assert count(database) == 0


def test_many_at_once_have_one_effect(database: Database) -> None:
    answers: list[Answer] = []
    barrier = threading.Barrier(6)

    def run() -> None:
        barrier.wait()
        answers.append(send(database, request(), work_s=0.05))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [ANSWER] * 6
    assert count(database) == 1


def test_the_second_goes_on_when_the_first_fails(database: Database) -> None:
    begun = threading.Event()

    def fail() -> None:
        with pytest.raises(ZeroDivisionError), database.write() as connection:
            assert idempotency.begin(connection, request()) is None
            begun.set()
            time.sleep(0.3)
            raise ZeroDivisionError

    thread = threading.Thread(target=fail)
    thread.start()
    assert begun.wait(120)
    assert send(database, request()) == ANSWER
    thread.join()
    assert count(database) == 1


def test_a_row_says_nothing_about_the_request(database: Database) -> None:
    sent = request(key="a-key-nobody-guesses", body=b"the content itself")
    send(database, sent)
    with database.read() as connection:
        row = connection.execute(sa.select(idempotency_keys)).one()
    assert sent.key not in str(row) and "content" not in str(row)
    assert "nobody" not in repr(sent)
    # The same body under another key has another digest: rows cannot be searched for a known content.
    send(database, request(key="another", body=sent.body))
    with database.read() as connection:
        digests = connection.execute(sa.select(idempotency_keys.c.request_digest)).scalars().all()
    assert len(set(digests)) == 2


def test_old_keys_are_forgotten(database: Database) -> None:
    send(database, request())
    with database.write() as connection:
        assert idempotency.prune(connection, before=now() - timedelta(hours=1)) == 0
        assert idempotency.prune(connection, before=now() + timedelta(seconds=1)) == 1
    send(database, request(body=b"new"))
    assert count(database) == 2
