"""Run by test_worker.py: two workers at a time, killed at random moments, until every job is done.

Forked from one process that has imported everything, so that the time goes into work and kills. Prints the
number of kills; exit status 1 where jobs are still open after ``LIMIT_S``.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time

from holdfast.records import jobs
from holdfast.records.database import Database
from tests.records.worker_process import main as work

LIMIT_S = 240.0


def _open_jobs(database: Database, total: int) -> int:
    with database.read() as connection:
        return total - jobs.counts(connection).get(("quick", "done"), 0)


def _worker(url: str) -> int:
    child = os.fork()
    if child == 0:
        try:
            work(url, "1.0", "1")
        finally:
            os._exit(1)
    return child


def main(url: str, total: str, seed: str) -> int:
    choose = random.Random(seed)
    kills, left, deadline = 0, int(total), time.monotonic() + LIMIT_S
    while left and time.monotonic() < deadline:
        children = [_worker(url), _worker(url)]
        before = left
        with Database(url) as database:  # opened behind the fork: no connection is shared
            while left == before and time.monotonic() < deadline:
                time.sleep(0.02)
                left = _open_jobs(database, int(total))
            time.sleep(choose.uniform(0.0, 0.6))
            for child in children:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                kills += 1
            left = _open_jobs(database, int(total))
    sys.stdout.write(f"{kills}\n")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
