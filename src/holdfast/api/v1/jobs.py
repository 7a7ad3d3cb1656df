"""Jobs: how far they are, and what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.fields import Answer, BeforeId, Id, Limit, Page, Slug, page
from holdfast.api.v1.shown import in_scope
from holdfast.api.writes import Write, Writing
from holdfast.errors import NotFoundError
from holdfast.records import jobs
from holdfast.records.jobs import Job, State

__all__ = ["router"]

router = APIRouter(tags=["jobs"])


class JobAnswer(Answer):
    """One job. It is tried again after failures; ``dead`` waits for a person."""

    id: int = Field(examples=[12])
    kind: str = Field(examples=["bank.import"])
    state: str = Field(examples=["done"], description="queued, running, done, dead or cancelled.")
    payload: dict[str, Any] = Field(
        examples=[{"bank": "KNOWN", "source": "ncmec", "by": "key:4k8wz0qd2m1x"}],
        description="What it is about: names, never content, hashes or secrets.",
    )
    attempts: int
    max_attempts: int = Field(examples=[8])
    progress_done: int
    progress_total: int | None
    progress_note: str = Field(examples=["lines read"])
    result: Any = Field(
        examples=[{"rows": 1000, "added": 990}], description="What it came to, once it is done."
    )
    last_error: str | None
    run_after: datetime
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@router.get("/v1/jobs", summary="List jobs", responses=responses(422))
def list_jobs(
    caller: Annotated[Caller, Guard(Permission.JOB_READ)],
    state: Annotated[State | None, Query()] = None,
    kind: Annotated[Slug | None, Query()] = None,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[JobAnswer]:
    """Newest first: those that this key started, or with `job.read_all` every one."""
    with caller.runtime.database.read() as connection:
        found = jobs.list_jobs(
            connection, state=state, kind=kind, by=_only_by(caller), before_id=before, limit=limit
        )
    return page([_answer(caller, job) for job in found], limit, [job.id for job in found])


@router.get("/v1/jobs/{job}", summary="Show a job", responses=responses(404, 422))
def get_job(caller: Annotated[Caller, Guard(Permission.JOB_READ)], job: Id) -> JobAnswer:
    """One job: how far it is, its result, its last error."""
    with caller.runtime.database.read() as connection:
        found = jobs.get(connection, job)
    if _only_by(caller) not in (None, found.payload.get("by")):
        # As if it were not there: whose jobs there are is nothing for this key to know.
        raise NotFoundError(f"There is no job {job}; it may have been pruned.")
    return _answer(caller, found)


@router.post(
    "/v1/jobs/{job}/cancel",
    summary="Cancel a job",
    response_model=JobAnswer,
    responses=responses(404, 409, 422),
)
def cancel_job(job: Id, write: Annotated[Write, Writing(Permission.JOB_WRITE)]) -> Response:
    """A waiting job ends at once, a running one at its next sign of life."""

    def work(connection: sa.Connection) -> JobAnswer:
        jobs.cancel(connection, job)
        return _answer(write.caller, jobs.get(connection, job))

    return write.run(work)


@router.post(
    "/v1/jobs/{job}/retry",
    summary="Try a job again",
    response_model=JobAnswer,
    responses=responses(404, 409, 422),
)
def retry_job(job: Id, write: Annotated[Write, Writing(Permission.JOB_WRITE)]) -> Response:
    """A dead or cancelled job is queued again, with all its attempts."""

    def work(connection: sa.Connection) -> JobAnswer:
        jobs.retry(connection, job)
        return _answer(write.caller, jobs.get(connection, job))

    return write.run(work)


def _answer(caller: Caller, job: Job) -> JobAnswer:
    """The job; where its result is the answer about a video, without matches in banks that are not seen."""
    answer = JobAnswer.model_validate(job)
    if isinstance(answer.result, dict):
        answer.result = in_scope(answer.result, caller.principal.banks)
    return answer


def _only_by(caller: Caller) -> str | None:
    return None if caller.allows(Permission.JOB_READ_ALL) else caller.subject
