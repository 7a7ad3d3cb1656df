"""The calls about jobs: import a list, follow how far it is, wait for the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from holdfast.client.body import Body, Source
from holdfast.client.call import Call, part, query, read_call, write_call
from holdfast.client.decoding import decode, field_of
from holdfast.client.errors import JobFailedError, JobUnfinishedError
from holdfast.client.exchange import Flow, Pause, Stream
from holdfast.client.pages import each
from holdfast.client.records import Job

__all__ = ["cancel_job", "import_list", "job", "jobs", "retry_job", "wait_for_job"]

POLL_MIN_S = 0.1
POLL_MAX_S = 2.0

_JOB = partial(decode, Job)


def import_list(
    bank: str,
    content: Source,
    source: str,
    *,
    form: str | None = None,
    algorithm: str | None = None,
    force: bool = False,
    idempotency_key: str | None = None,
) -> Call[int]:
    """Starts the import of a hash list of any size into a bank, as the word of ``source``; the job's id.

    ``form`` is csv, jsonl, hex, pdq or vpdq, else as it looks; ``algorithm`` that of values that do not say
    theirs. PDQ hashes of low quality are left out unless ``force``. See `wait_for_job`.
    """
    return write_call(
        "POST",
        f"/v1/banks/{part(bank)}/imports",
        field_of(int, "job"),
        Body(content),
        key=idempotency_key,
        asked=query(source=source, form=form, algorithm=algorithm, force=str(force).lower()),
    )


def jobs(*, state: str | None = None, kind: str | None = None) -> Stream[Job]:
    """Jobs, newest first: those that this key started, or all where it may see them."""
    return each("/v1/jobs", Job, cursor="before", state=state, kind=kind)


def job(job: int) -> Call[Job]:
    """One job: how far it is, its result, its last error."""
    return read_call(f"/v1/jobs/{part(job)}", _JOB)


def cancel_job(job: int) -> Call[Job]:
    """Cancels a job; a running one ends at its next sign of life."""
    return write_call("POST", f"/v1/jobs/{part(job)}/cancel", _JOB)


def retry_job(job: int) -> Call[Job]:
    """Queues a dead or cancelled job again."""
    return write_call("POST", f"/v1/jobs/{part(job)}/retry", _JOB)


def wait_for_job(
    job: int,
    *,
    progress: Callable[[Job], Any] | None = None,
    timeout_s: float = 3600.0,
) -> Flow[Job]:
    """The job, once it is done. ``progress`` is called with it each time it was asked for.

    Raises JobFailedError when it ended dead or cancelled, JobUnfinishedError after ``timeout_s``: it goes on.
    """
    until_s = time.monotonic() + timeout_s
    pause_s = POLL_MIN_S
    while True:
        found: Job = yield read_call(f"/v1/jobs/{part(job)}", _JOB)
        if progress is not None:
            progress(found)
        if found.state == "done":
            return found
        if found.has_ended:
            why = f": {found.last_error}" if found.last_error else ""
            raise JobFailedError(f"Job {job} ended {found.state}{why}. Its work was not done.", found)
        if time.monotonic() + pause_s > until_s:
            raise JobUnfinishedError(
                f"Job {job} is still {found.state} after {timeout_s:g} s. It goes on: wait for it again.",
                found,
            )
        yield Pause(pause_s)
        pause_s = min(POLL_MAX_S, 1.5 * pause_s)
