"""A worker in a process of its own, for tests that kill it: `python worker_process.py URL LEASE_S THREADS`.

Each job writes one row in the transaction of its completion, so a row too many is a job completed twice.
"""

from __future__ import annotations

import sys
import time
from itertools import count
from typing import Any

import sqlalchemy as sa

from holdfast.records.database import Database
from holdfast.records.jobs import Job
from holdfast.records.worker import Context, Worker

MOST_A_LIFE = 30  # "quick" jobs: however late the kill comes, there is something left to do
_begun = count(1)
effects = sa.Table("test_effects", sa.MetaData(), sa.Column("job_id", sa.BigInteger, nullable=False))


def quick(job: Job, context: Context) -> None:
    if next(_begun) > MOST_A_LIFE:
        time.sleep(3600)
    time.sleep(float(job.payload["work_s"]))
    with context.database.write() as connection:
        connection.execute(sa.insert(effects).values(job_id=job.id))
        time.sleep(0.002)  # a kill may well fall between the effect and the commit
        context.complete(connection)


def patient(_job: Job, context: Context) -> Any:
    """Runs until it is asked to stop, and minds."""
    for step in range(10_000):
        context.progress(step, 10_000)
        time.sleep(0.01)
    return "ran to its end"


def stubborn(job: Job, _context: Context) -> str:
    """Does not look up until it is done."""
    time.sleep(float(job.payload["work_s"]))
    return "finished"


def main(url: str, lease_s: str, threads: str) -> None:
    with Database(url) as database:
        worker = Worker(
            database,
            {"quick": quick, "patient": patient, "stubborn": stubborn},
            lease_s=float(lease_s),
            threads=int(threads),
            batch=5,
        )
        worker.run(handle_signals=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
