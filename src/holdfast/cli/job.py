"""`holdfast job ...`: work that is done in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from holdfast.cli.opened import open_records
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import count, message, print_json, print_table

if TYPE_CHECKING:
    from holdfast.records.jobs import Job

__all__ = ["app"]

app = typer.Typer(help="Jobs: imports and other work in the background.", no_args_is_help=True)

JobId = Annotated[int, typer.Argument(metavar="JOB", min=1, max=2**63 - 1, help="Number of the job.")]


@app.command("list")
def list_all(
    home: HomeOption,
    state: Annotated[
        Literal["queued", "running", "done", "dead", "cancelled"] | None,
        typer.Option(help="Only jobs in this state.", show_default=False),
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only jobs of this kind.", show_default=False)] = None,
    before: Annotated[
        int | None, typer.Option(metavar="JOB", help="Only jobs before this one.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    json: JsonOption = False,
) -> None:
    """List jobs, newest first."""
    from holdfast.records import jobs

    with open_records(home) as database, database.read() as connection:
        found = jobs.list_jobs(connection, state=state, kind=kind, before_id=before, limit=limit)
    if json:
        for job in found:
            print_json(_facts(job))
    elif not found:
        typer.echo("No jobs.")
    else:
        rows = [
            [str(job.id), job.kind, job.state, _progress(job), f"{job.created_at:%Y-%m-%d %H:%M}"]
            for job in found
        ]
        print_table(("job", "kind", "state", "progress", "made (UTC)"), rows)
        if len(found) == limit:
            message(f"More with --before {found[-1].id}")


@app.command()
def show(job: JobId, home: HomeOption, json: JsonOption = False) -> None:
    """Show one job: its payload, result and last error."""
    from holdfast.records import jobs

    with open_records(home) as database, database.read() as connection:
        facts = _facts(jobs.get(connection, job))
    if json:
        print_json(facts)
    else:
        for name, value in facts.items():
            typer.echo(f"{name:<16}{'-' if value is None else value}")


@app.command()
def cancel(job: JobId, home: HomeOption, json: JsonOption = False) -> None:
    """End a job that waits or runs. A running one ends at its next heartbeat."""
    from holdfast.records import jobs

    with open_records(home) as database, database.write() as connection:
        jobs.cancel(connection, job)
    _tell(job, "cancelled", json)


@app.command()
def retry(job: JobId, home: HomeOption, json: JsonOption = False) -> None:
    """Queue a dead or cancelled job again, with all its attempts."""
    from holdfast.records import jobs

    with open_records(home) as database, database.write() as connection:
        jobs.retry(connection, job)
    _tell(job, "queued", json)


def _tell(job: int, state: str, json: bool) -> None:
    if json:
        print_json({"job": job, "state": state})
    else:
        typer.echo(f"Job {job} is {state}.")


def _progress(job: Job) -> str:
    if job.progress_total:
        return f"{count(job.progress_done)} of {count(job.progress_total)}"
    return count(job.progress_done) if job.progress_done else "-"


def _facts(job: Job) -> dict[str, Any]:
    return {
        "job": job.id,
        "kind": job.kind,
        "state": job.state,
        "payload": job.payload,
        "attempts": job.attempts,
        "max_attempts": job.max_attempts,
        "progress_done": job.progress_done,
        "progress_total": job.progress_total,
        "progress_note": job.progress_note,
        "result": job.result,
        "last_error": job.last_error,
        "created_at": job.created_at.isoformat(),
        "started_at": job.started_at.isoformat() if job.started_at else None,
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
    }
