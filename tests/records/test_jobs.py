"""The queue's promises, on both databases: leases, fences, order, back-off, dead letters, one transaction."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import ConflictError, LeaseLostError, NotFoundError, UsageError
from holdfast.records import jobs
from holdfast.records.database import Database
from holdfast.records.jobs import Job
from holdfast.records.tables.base import now
from holdfast.records.tables.jobs import jobs as table

KINDS = ["a", "b"]


@pytest.fixture(autouse=True)
def tables(database: Database) -> None:
    table.metadata.create_all(database.engine, tables=[table])


def add(database: Database, kind: str = "a", **options: object) -> int:
    with database.write() as connection:
        return jobs.enqueue(connection, kind, {"n": 1}, **options)  # type: ignore[arg-type]


def take(database: Database, worker: str = "w1", lease_s: float = 3600.0, limit: int = 1) -> list[Job]:
    with database.write() as connection:
        return jobs.claim(connection, KINDS, worker, lease_s, limit)


def look(database: Database, job_id: int) -> Job:
    with database.read() as connection:
        return jobs.get(connection, job_id)


def make_due(database: Database, job_id: int, in_s: float = -1) -> None:
    with database.write() as connection:
        connection.execute(
            sa.update(table).where(table.c.id == job_id).values(run_after=now() + timedelta(seconds=in_s))
        )


def test_a_job_exists_only_if_its_transaction_does(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        jobs.enqueue(connection, "a", {})
        raise ZeroDivisionError
    assert take(database) == []


def test_claim_complete_and_result(database: Database) -> None:
    job_id = add(database)
    (job,) = take(database)
    assert (job.id, job.payload, job.state, job.attempts, job.worker_id) == (
        job_id,
        {"n": 1},
        "running",
        1,
        "w1",
    )
    assert take(database, "w2") == []
    with database.write() as connection:
        jobs.progress(connection, job, 3, 10, "three of ten")
    with database.write() as connection:
        jobs.complete(connection, job, {"rows": 10})
    done = look(database, job_id)
    assert (done.state, done.result, done.progress_done, done.progress_total) == ("done", {"rows": 10}, 3, 10)
    assert done.finished_at is not None and done.lease_until is None
    with pytest.raises(LeaseLostError), database.write() as connection:
        jobs.complete(connection, job)


def test_claims_go_by_priority_then_age_then_kind_asked_for(database: Database) -> None:
    ids = [add(database), add(database, priority=5), add(database, kind="b"), add(database, kind="other")]
    assert [job.id for job in take(database, limit=10)] == [ids[1], ids[0], ids[2]]


def test_a_batch_is_never_larger_than_asked_for(database: Database) -> None:
    for _ in range(5):
        add(database)
    assert len(take(database, limit=2)) == 2
    assert len(take(database, limit=2)) == 2
    assert len(take(database, limit=2)) == 1


def test_a_later_job_waits(database: Database) -> None:
    job_id = add(database, run_after=now() + timedelta(hours=1))
    with database.read() as connection:
        assert not jobs.due(connection, KINDS)
    assert take(database) == []
    make_due(database, job_id)
    with database.read() as connection:
        assert jobs.due(connection, KINDS)
    assert len(take(database)) == 1


def test_a_lapsed_lease_goes_back_and_the_first_worker_is_refused(database: Database) -> None:
    job_id = add(database)
    (old,) = take(database, "w1", lease_s=0.1)
    time.sleep(0.2)
    with database.read() as connection:
        assert jobs.due(connection, KINDS)
    (new,) = take(database, "w1")  # the same worker's name is no proof either
    assert (new.id, new.attempts, new.fence) == (job_id, 2, old.fence + 1)
    for refused in (
        lambda connection: jobs.complete(connection, old),
        lambda connection: jobs.heartbeat(connection, old, 30),
        lambda connection: jobs.progress(connection, old, 1),
        lambda connection: jobs.fail(connection, old, "late"),
        lambda connection: jobs.hand_back(connection, old),
    ):
        with pytest.raises(LeaseLostError), database.write() as connection:
            refused(connection)
    assert look(database, job_id) == new
    with database.write() as connection:
        jobs.complete(connection, new)


def test_a_heartbeat_keeps_the_job(database: Database) -> None:
    job_id = add(database)
    (job,) = take(database, lease_s=60)
    with database.write() as connection:
        jobs.heartbeat(connection, job, 3600)
    kept = look(database, job_id).lease_until
    assert kept is not None and job.lease_until is not None
    assert kept - job.lease_until > timedelta(seconds=3500)
    assert take(database, "w2") == []


def test_a_job_that_kills_its_workers_dies(database: Database) -> None:
    job_id = add(database, max_attempts=2)
    for _ in range(2):
        assert len(take(database, lease_s=0.0)) == 1
        time.sleep(0.01)
    assert take(database) == []
    dead = look(database, job_id)
    assert dead.state == "dead" and dead.finished_at is not None and "lease" in str(dead.last_error)


def test_failures_wait_longer_each_time_then_die_then_can_be_retried(database: Database) -> None:
    job_id = add(database, max_attempts=3)
    least, most = [], []  # of each pause, whose beginning lies between two looks at the clock
    for _ in range(3):
        (job,) = take(database)
        before = now()
        with database.write() as connection:
            state = jobs.fail(connection, job, "no answer")
        after, run_after = now(), look(database, job_id).run_after
        least.append((run_after - after).total_seconds())
        most.append((run_after - before).total_seconds())
        make_due(database, job_id, in_s=3600)  # the pause itself may end while a busy machine stands still
        assert take(database) == []
        make_due(database, job_id)
    assert state == "dead" == look(database, job_id).state
    assert most[0] > 1.5 and least[0] < 2.5
    assert most[1] > 3.1 and least[1] < 5.0
    with database.write() as connection:
        jobs.retry(connection, job_id)
    (job,) = take(database)
    assert (job.attempts, job.last_error) == (1, "no answer")


def test_a_permanent_failure_dies_at_once(database: Database) -> None:
    job_id = add(database)
    (job,) = take(database)
    with database.write() as connection:
        assert jobs.fail(connection, job, "unreadable", permanent=True) == "dead"
    assert look(database, job_id).last_error == "unreadable"


def test_handing_back_costs_no_attempt(database: Database) -> None:
    job_id = add(database, max_attempts=1)
    for _ in range(3):
        (job,) = take(database)
        with database.write() as connection:
            jobs.hand_back(connection, job)
    assert look(database, job_id).state == "queued"


def test_cancel(database: Database) -> None:
    waiting, running = add(database), add(database, priority=1)
    (job,) = take(database)
    with database.write() as connection:
        jobs.cancel(connection, waiting)
        jobs.cancel(connection, running)
    assert take(database) == []
    with pytest.raises(LeaseLostError), database.write() as connection:
        jobs.complete(connection, job)
    with pytest.raises(ConflictError), database.write() as connection:
        jobs.cancel(connection, waiting)
    with pytest.raises(NotFoundError), database.write() as connection:
        jobs.cancel(connection, 999)


def test_one_active_job_a_unique_key(database: Database) -> None:
    first = add(database, unique_key="k")
    assert add(database, unique_key="k") == first
    assert add(database, kind="b", unique_key="k") != first
    (job,) = take(database)
    assert job.id == first and add(database, unique_key="k") == first
    with database.write() as connection:
        jobs.fail(connection, job, "x", permanent=True)
    second = add(database, unique_key="k")
    assert second != first
    with pytest.raises(ConflictError, match="unique key"), database.write() as connection:
        jobs.retry(connection, first)


def test_concurrent_unique_enqueues_make_one_job(database: Database) -> None:
    found: list[int] = []
    barrier = threading.Barrier(6)

    def run() -> None:
        barrier.wait()
        found.append(add(database, unique_key="k"))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and len(set(found)) == 1


def test_concurrent_claims_share_nothing(database: Database) -> None:
    for _ in range(60):
        add(database)
    claimed: list[int] = []

    def run(worker: str) -> None:
        while batch := take(database, worker, limit=4):
            claimed.extend(job.id for job in batch)

    threads = [threading.Thread(target=run, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == 60 == len(set(claimed))


def test_a_claim_that_is_not_committed_is_none(database: Database) -> None:
    add(database)
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        assert len(jobs.claim(connection, KINDS, "w1", 30, 1)) == 1
        raise ZeroDivisionError
    assert len(take(database, "w2")) == 1


def test_listing_counting_and_pruning(database: Database) -> None:
    ids = [add(database) for _ in range(4)] + [add(database, kind="b")]
    first, second = take(database, limit=2)
    with database.write() as connection:
        jobs.complete(connection, first)
        jobs.fail(connection, second, "x", permanent=True)
    with database.read() as connection:
        assert [job.id for job in jobs.list_jobs(connection, limit=2)] == [ids[4], ids[3]]
        assert [job.id for job in jobs.list_jobs(connection, before_id=ids[3], limit=2)] == [ids[2], ids[1]]
        assert [job.id for job in jobs.list_jobs(connection, kind="b")] == [ids[4]]
        assert [job.id for job in jobs.list_jobs(connection, state="dead")] == [second.id]
        assert jobs.counts(connection) == {
            ("a", "done"): 1,
            ("a", "dead"): 1,
            ("a", "queued"): 2,
            ("b", "queued"): 1,
        }
    with database.write() as connection:
        assert jobs.prune(connection, finished_before=now() - timedelta(days=1)) == 0
        assert jobs.prune(connection, finished_before=now() + timedelta(seconds=1)) == 1
        assert jobs.prune(connection, finished_before=now() + timedelta(seconds=1), states=["dead"]) == 1
        with pytest.raises(UsageError):
            jobs.prune(connection, finished_before=now(), states=["queued"])
    with pytest.raises(NotFoundError):
        look(database, first.id)


def test_the_claim_uses_its_partial_index(database: Database) -> None:
    with database.read() as connection:
        picked = (
            sa.select(table.c.id)
            .where(table.c.state == jobs._QUEUED, table.c.kind.in_(KINDS))
            .order_by(table.c.priority.desc(), table.c.id)
            .limit(1)
        )
        text = str(picked.compile(database.engine, compile_kwargs={"literal_binds": True}))
        if database.is_sqlite:
            plan = str(connection.exec_driver_sql("EXPLAIN QUERY PLAN " + text).all())
        else:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # it reads a small table whole
            plan = str(connection.exec_driver_sql("EXPLAIN " + text).all())
    assert "ix_jobs_waiting" in plan and "TEMP B-TREE" not in plan and "Sort" not in plan


@given(st.integers(1, 10_000), st.floats(0.1, 60), st.floats(60, 1e6))
def test_backoff_grows_to_its_cap(attempt: int, base_s: float, cap_s: float) -> None:
    nominal = min(base_s * 2.0 ** min(attempt - 1, 64), cap_s)
    assert 0.8 * nominal <= jobs.backoff_s(attempt, base_s=base_s, cap_s=cap_s) <= 1.2 * nominal
