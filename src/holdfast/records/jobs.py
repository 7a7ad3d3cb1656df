"""The job queue: a leased table in the same database, and in the same transaction, as the work it is about.

    with database.write() as connection:
        ... rows are written ...
        jobs.enqueue(connection, "bank.import", {"bank": 7})     # exists if, and only if, the rows do

    queued --claim--> running --complete--> done
      ^                |   |
      +- fail, lost ---+   +-- attempts used up --> dead --retry--> queued        (cancel: from both)

A worker holds a job by a lease that it renews (`heartbeat`); a job whose lease ran out goes back. Every
claim raises the job's `fence`, and whoever comes with an older one is refused by `LeaseLostError`: two
workers may run a job twice, but only one can complete it. Effects that must happen once are therefore
written in the transaction of `complete`.

Every function takes the caller's connection; nothing here commits.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from holdfast.errors import ConflictError, LeaseLostError, NotFoundError, UsageError
from holdfast.records.dialect import moment, upsert
from holdfast.records.tables.jobs import jobs

__all__ = [
    "Job",
    "State",
    "backoff_s",
    "cancel",
    "claim",
    "complete",
    "counts",
    "due",
    "enqueue",
    "fail",
    "get",
    "hand_back",
    "heartbeat",
    "list_jobs",
    "progress",
    "prune",
    "recover",
    "retry",
]

State = Literal["queued", "running", "done", "dead", "cancelled"]
FINISHED: tuple[State, ...] = ("done", "dead", "cancelled")

RETRY_BASE_S = 2.0
RETRY_CAP_S = 3600.0
ENQUEUED = "holdfast.enqueued"  # mark on the connection that `worker.Worker` looks for when it is given back

# Written into the statement itself: neither database uses a partial index for a bound parameter.
_QUEUED = sa.literal("queued", literal_execute=True)
_RUNNING = sa.literal("running", literal_execute=True)


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it was when read. `fence` proves who holds it; moments are in UTC."""

    id: int
    kind: str
    payload: dict[str, Any]
    state: State
    priority: int
    unique_key: str | None
    run_after: datetime
    attempts: int
    max_attempts: int
    fence: int
    worker_id: str | None
    lease_until: datetime | None
    progress_done: int
    progress_total: int | None
    progress_note: str
    result: Any
    last_error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


def backoff_s(
    attempt: int, *, base_s: float = RETRY_BASE_S, factor: float = 2.0, cap_s: float = RETRY_CAP_S
) -> float:
    """Seconds to wait after failed attempt number ``attempt`` (from 1): exponential, +-20 % at random.

    The spread keeps jobs that failed together from coming back together.
    """
    exponent = min(attempt - 1, 64)
    return min(base_s * factor**exponent, cap_s) * random.uniform(0.8, 1.2)  # noqa: S311  (not a secret)


def enqueue(
    connection: sa.Connection,
    kind: str,
    payload: Mapping[str, Any],
    *,
    priority: int = 0,
    run_after: datetime | None = None,
    unique_key: str | None = None,
    max_attempts: int = 8,
) -> int:
    """The id of a new job, or of the active job of the same kind and ``unique_key``.

    It is due at ``run_after``, else at once; the highest ``priority`` goes first.
    ``payload`` is a JSON object; it is readable in the API, so it names things and holds no content, hash
    or secret. With a ``unique_key`` nothing is added while such a job waits *or runs*: a running job may
    already be past what the caller wants seen, so a trigger that must not be missed takes no key.
    """
    if max_attempts < 1:
        raise UsageError(f"max_attempts is {max_attempts}; no job was added. It must be at least 1.")
    at = moment(connection)
    row = {
        "kind": kind,
        "payload": dict(payload),
        "state": "queued",
        "priority": priority,
        "unique_key": unique_key,
        "run_after": run_after or at,
        "attempts": 0,
        "max_attempts": max_attempts,
        "fence": 0,
        "progress_done": 0,
        "progress_note": "",
        "created_at": at,
    }
    connection.info[ENQUEUED] = True
    if unique_key is None:
        return int(connection.execute(sa.insert(jobs).values(row).returning(jobs.c.id)).scalar_one())
    statement = (
        upsert(connection, jobs)
        .values(row)
        .on_conflict_do_nothing(
            index_elements=[jobs.c.kind, jobs.c.unique_key],
            index_where=sa.text("state IN ('queued', 'running')"),
        )
        .returning(jobs.c.id)
    )
    same = sa.select(jobs.c.id).where(
        jobs.c.kind == kind, jobs.c.unique_key == unique_key, jobs.c.state.not_in(FINISHED)
    )
    while True:  # the job in the way may end between the two statements; then the first one succeeds
        found = connection.execute(statement).scalar() or connection.execute(same).scalar()
        if found is not None:
            return int(found)


def due(connection: sa.Connection, kinds: Collection[str]) -> bool:
    """Whether `claim` would find anything. Reads only, so that an idle worker takes no write lock."""
    at = moment(connection)
    waiting = sa.select(jobs.c.id).where(
        jobs.c.state == _QUEUED, jobs.c.kind.in_(kinds), jobs.c.run_after <= at
    )
    lapsed = sa.select(jobs.c.id).where(jobs.c.state == _RUNNING, jobs.c.lease_until <= at)
    return bool(connection.execute(sa.select(sa.exists(waiting) | sa.exists(lapsed))).scalar_one())


def claim(
    connection: sa.Connection, kinds: Collection[str], worker_id: str, lease_s: float, limit: int = 1
) -> list[Job]:
    """Up to ``limit`` due jobs of these kinds, now leased to ``worker_id``: by priority, then oldest first.

    Workers that claim at the same time get different jobs. Nobody else sees the claim until the caller's
    transaction ends: keep it short.
    """
    recover(connection)
    picked = (
        sa.select(jobs.c.id)
        .where(jobs.c.state == _QUEUED, jobs.c.kind.in_(kinds), jobs.c.run_after <= moment(connection))
        .order_by(jobs.c.priority.desc(), jobs.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)  # SQLite leaves it out: BEGIN IMMEDIATE has the whole database
        .cte("picked")  # a plain sub-select could be run again for each row and lock more than the limit
    )
    statement = (
        sa.update(jobs)
        .where(jobs.c.id.in_(sa.select(picked.c.id)))
        .values(
            state="running",
            worker_id=worker_id,
            lease_until=moment(connection, lease_s),
            attempts=jobs.c.attempts + 1,
            fence=jobs.c.fence + 1,
            started_at=moment(connection),
        )
        .returning(jobs)
    )
    claimed = [_job(row) for row in connection.execute(statement)]
    return sorted(claimed, key=lambda job: (-job.priority, job.id))


def recover(connection: sa.Connection, limit: int = 1000) -> int:
    """Send back jobs whose lease ran out; those with no attempt left die. The number of them.

    `claim` does this first. An attempt was used up: a job that kills its workers must end some time.
    """
    lapsed = (
        sa.select(jobs.c.id)
        .where(jobs.c.state == _RUNNING, jobs.c.lease_until <= moment(connection))
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("lapsed")
    )
    used_up = jobs.c.attempts >= jobs.c.max_attempts
    statement = (
        sa.update(jobs)
        .where(jobs.c.id.in_(sa.select(lapsed.c.id)))
        .values(
            state=sa.case((used_up, "dead"), else_="queued"),
            finished_at=sa.case((used_up, moment(connection))),
            run_after=moment(connection),
            lease_until=None,
            last_error="the worker stopped without a word: its lease ran out",
        )
    )
    return connection.execute(statement).rowcount


def heartbeat(connection: sa.Connection, job: Job, lease_s: float) -> None:
    """Hold the job for ``lease_s`` seconds from now. Raises `LeaseLostError` when it is no longer ours."""
    _update_held(connection, job, {"lease_until": moment(connection, lease_s)})


def progress(
    connection: sa.Connection, job: Job, done: int, total: int | None = None, note: str = ""
) -> None:
    """Say how far the job is, in its own units, with a short note for people. Raises `LeaseLostError`."""
    _update_held(
        connection, job, {"progress_done": done, "progress_total": total, "progress_note": note[:500]}
    )


def complete(connection: sa.Connection, job: Job, result: Any = None) -> None:
    """The job is done, with a JSON result. Raises `LeaseLostError`: then the transaction must not commit."""
    _update_held(
        connection,
        job,
        {
            "state": "done",
            "result": result,
            "lease_until": None,
            "last_error": None,
            "finished_at": moment(connection),
        },
    )


def fail(connection: sa.Connection, job: Job, error: str, *, permanent: bool = False) -> State:
    """The attempt failed: queued again after a growing pause, or dead when no attempt is left.

    ``permanent`` says that another try cannot help. ``error`` is shown to people: no content, hash or
    secret. Raises `LeaseLostError`.
    """
    dies = permanent or job.attempts >= job.max_attempts
    state: State = "dead" if dies else "queued"
    values: dict[str, Any] = {"state": state, "lease_until": None, "last_error": error[:1000]}
    if dies:
        values["finished_at"] = moment(connection)
    else:
        values["run_after"] = moment(connection, backoff_s(job.attempts))
    _update_held(connection, job, values)
    return state


def hand_back(connection: sa.Connection, job: Job) -> None:
    """Give up the job unfinished and without blame: queued again at once, the attempt not counted."""
    connection.info[ENQUEUED] = True
    _update_held(
        connection,
        job,
        {
            "state": "queued",
            "attempts": jobs.c.attempts - 1,
            "run_after": moment(connection),
            "lease_until": None,
        },
    )


def cancel(connection: sa.Connection, job_id: int) -> None:
    """End a waiting or running job. A running one is refused at its next heartbeat or at `complete`.

    Raises `NotFoundError`, and `ConflictError` when it is finished already.
    """
    statement = (
        sa.update(jobs)
        .where(jobs.c.id == job_id, jobs.c.state.not_in(FINISHED))
        .values(state="cancelled", lease_until=None, finished_at=moment(connection))
    )
    if connection.execute(statement).rowcount == 0:
        job = get(connection, job_id)
        raise ConflictError(f"Job {job_id} is {job.state} already; it was not cancelled.")


def retry(connection: sa.Connection, job_id: int) -> None:
    """Queue a dead or cancelled job again, with all its attempts.

    Raises `NotFoundError`, and `ConflictError` when it is in another state or when an active job has its
    unique key.
    """
    statement = (
        sa.update(jobs)
        .where(jobs.c.id == job_id, jobs.c.state.in_(("dead", "cancelled")))
        .values(state="queued", attempts=0, run_after=moment(connection), finished_at=None)
    )
    connection.info[ENQUEUED] = True
    try:
        with connection.begin_nested():
            changed = connection.execute(statement).rowcount
    except IntegrityError as error:
        raise ConflictError(
            f"An active job has the unique key of job {job_id}; it was not queued again. Wait for that one."
        ) from error
    if changed == 0:
        job = get(connection, job_id)
        raise ConflictError(f"Job {job_id} is {job.state}; only dead or cancelled jobs can be queued again.")


def get(connection: sa.Connection, job_id: int) -> Job:
    """One job. Raises `NotFoundError`."""
    row = connection.execute(sa.select(jobs).where(jobs.c.id == job_id)).first()
    if row is None:
        raise NotFoundError(f"There is no job {job_id}; it may have been pruned.")
    return _job(row)


def list_jobs(
    connection: sa.Connection,
    *,
    state: State | None = None,
    kind: str | None = None,
    by: str | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[Job]:
    """Jobs, newest first. For the next page give the smallest id of this one as ``before_id``.

    ``by`` leaves only those whose payload says that this principal started them.
    """
    query = sa.select(jobs).order_by(jobs.c.id.desc()).limit(limit)
    if state is not None:
        query = query.where(jobs.c.state == state)
    if kind is not None:
        query = query.where(jobs.c.kind == kind)
    if by is not None:
        query = query.where(jobs.c.payload["by"].as_string() == by)
    if before_id is not None:
        query = query.where(jobs.c.id < before_id)
    return [_job(row) for row in connection.execute(query)]


def counts(connection: sa.Connection) -> dict[tuple[str, State], int]:
    """How many jobs there are of each kind and state."""
    query = sa.select(jobs.c.kind, jobs.c.state, sa.func.count()).group_by(jobs.c.kind, jobs.c.state)
    return {(kind, state): count for kind, state, count in connection.execute(query)}


def prune(
    connection: sa.Connection,
    *,
    finished_before: datetime,
    states: Collection[State] = ("done", "cancelled"),
    limit: int = 1000,
) -> int:
    """Delete up to ``limit`` jobs that ended before a moment; the number of them.

    Dead jobs stay until somebody looks at them, unless ``states`` names them.
    """
    if not set(states) <= set(FINISHED):
        raise UsageError(f"Only finished jobs can be pruned, not {sorted(states)}; nothing was deleted.")
    old = (
        sa.select(jobs.c.id)
        .where(jobs.c.state.in_(states), jobs.c.finished_at < finished_before)
        .order_by(jobs.c.finished_at)
        .limit(limit)
    )
    return connection.execute(sa.delete(jobs).where(jobs.c.id.in_(old))).rowcount


def _update_held(connection: sa.Connection, job: Job, values: Mapping[str, Any]) -> None:
    statement = (
        sa.update(jobs)
        .where(jobs.c.id == job.id, jobs.c.fence == job.fence, jobs.c.state == _RUNNING)
        .values(values)
    )
    if connection.execute(statement).rowcount == 0:
        raise LeaseLostError(
            f"Job {job.id} ({job.kind}) is no longer held by claim {job.fence}: its lease ran out, or it was "
            "cancelled. Nothing was written. Leave it: whoever holds it now goes on."
        )


def _job(row: sa.Row[Any]) -> Job:
    return Job(**cast("dict[str, Any]", row._mapping))
