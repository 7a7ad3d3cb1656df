"""How much one sees oneself, comfort and limits, training, and second reviews. Never a ranking of people."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.cases import require_case_scope
from holdfast.api.v1.fields import Answer, Id, Limit, Page, Request, page
from holdfast.api.writes import Write, Writing
from holdfast.records.tables.base import now
from holdfast.review import sampling, wellness, words
from holdfast.review.clusters import avoided
from holdfast.review.figures import errors_by_technology

__all__ = ["router"]

router = APIRouter(tags=["reviewers"])

Person = Annotated[
    str, Path(pattern=r"^[a-z]{1,20}:[0-9A-Za-z._-]{1,100}$", examples=["person:4k8wz0qd2m1x"])
]


class ComfortModel(Request):
    """How media look before a reveal. The organisation's floor applies on top."""

    blur: Annotated[int, Field(ge=0, le=6)] = 6
    greyscale: bool = True
    small: bool = True
    muted: bool = True
    still: bool = True
    hold_to_reveal: bool = True


class OwnRequest(Request):
    """What one sets for oneself; absent fields stay."""

    comfort: ComfortModel | None = None
    files_a_day: Annotated[int | None, Field(ge=0, le=100_000)] = None
    minutes_a_day: Annotated[float | None, Field(ge=0, le=1440)] = None
    opted_out: bool | None = Field(default=None, description="See no media at all.")
    pause_minutes: Annotated[float | None, Field(gt=0, le=1440)] = None


class DayAnswer(Answer):
    """One day."""

    day: date
    items: int = Field(description="Files seen unblurred.")
    shown_ms: int
    severity: int


class OwnAnswer(Answer):
    """One's own day and limits."""

    person: str
    trained_at: datetime | None
    opted_out: bool
    paused_until: datetime | None
    today: DayAnswer
    over_soft: bool = Field(description="Time to stop for today.")
    comfort: ComfortModel = Field(description="With the organisation's floor.")
    limits: dict[str, float]


class TrainedRequest(Request):
    """Nothing to say."""


class SecondAnswer(Answer):
    """A file for a second label."""

    id: int
    case: int = Field(validation_alias="case_id")
    media: int = Field(validation_alias="case_item_id")
    medium: str
    asked_at: datetime


class SecondRequest(Request):
    """The second label."""

    label: Literal["A1", "A2", "B1", "B2", "none"]


class WordsAnswer(Answer):
    """What reviewers choose from: each word with its meaning."""

    labels: dict[str, str] = Field(examples=[{"none": "Not child sexual abuse material."}])
    not_a_match: dict[str, str]
    file_annotations: dict[str, str]
    report_annotations: dict[str, str]
    incident_types: list[str]
    outcomes: dict[str, str]


class TechnologyAnswer(Answer):
    """How often one list by one technology was right."""

    bank: str = Field(examples=["KNOWN"])
    algorithm: str = Field(examples=["pdq"])
    reviewed: int
    upheld: int
    disputed: int
    reversed: int = Field(description="Of the disputed: on appeal.")


class FiguresAnswer(Answer):
    """Over a time: how well two people agree, what nobody had to look at, how often lists were right."""

    second_reviews: int
    agreed: int
    kappa: float | None = Field(description="Cohen's; null where it says nothing.")
    exposures_avoided: dict[str, int]
    technologies: list[TechnologyAnswer]


@router.get("/v1/review-words", summary="The words of review", responses=responses())
def words_of_review(caller: Annotated[Caller, Guard(Permission.CASE_READ)]) -> WordsAnswer:
    """Labels, reasons, annotations, incident types and outcomes, each with what it means."""
    return WordsAnswer(
        labels=words.LABELS,
        not_a_match=words.NOT_A_MATCH,
        file_annotations=words.FILE_ANNOTATIONS,
        report_annotations=words.REPORT_ANNOTATIONS,
        incident_types=list(words.INCIDENT_TYPES),
        outcomes=words.OUTCOMES,
    )


@router.get("/v1/reviewers/me", summary="Show one's own day", responses=responses())
def get_own(caller: Annotated[Caller, Guard(Permission.CASE_READ)]) -> OwnAnswer:
    """What one saw today, against one's limits."""
    with caller.runtime.database.read() as connection:
        return _own(caller, connection)


@router.patch(
    "/v1/reviewers/me", summary="Set one's own comfort", response_model=OwnAnswer, responses=responses(422)
)
def set_own(body: OwnRequest, write: Annotated[Write, Writing(Permission.CASE_READ)]) -> Response:
    """Comfort, lower limits, a pause, opting out. Nobody else sets them."""
    person = write.subject

    def work(connection: sa.Connection) -> OwnAnswer:
        if body.comfort is not None:
            comfort = wellness.Comfort.from_json(body.comfort.model_dump())
            wellness.set_comfort(connection, person, comfort)
        given = {"files": body.files_a_day, "minutes": body.minutes_a_day}
        if any(value is not None for value in given.values()):
            known = wellness.get_reviewer(connection, person).limits
            limits = {**known, **{name: value for name, value in given.items() if value is not None}}
            wellness.set_limits(connection, person, limits)
        if body.pause_minutes is not None:
            wellness.pause(connection, person, minutes=body.pause_minutes)
        if body.opted_out is not None:
            wellness.set_opted_out(connection, person, body.opted_out)
        return _own(write.caller, connection)

    return write.run(work)


@router.post(
    "/v1/reviewers/{person}/trained",
    summary="Note that somebody was trained",
    status_code=204,
    responses=responses(403, 422),
)
def trained(
    person: Person, body: TrainedRequest, write: Annotated[Write, Writing(Permission.CASE_ASSIGN)]
) -> Response:
    """Nobody sees media without it, while `review.training_required`."""
    return write.run(
        lambda connection: wellness.set_trained(connection, person, by=write.subject), status=204
    )


@router.get("/v1/second-reviews", summary="List second reviews", responses=responses(422))
def list_second(
    caller: Annotated[Caller, Guard(Permission.CASE_WRITE)], limit: Limit = 100
) -> Page[SecondAnswer]:
    """What somebody else labelled, without their label."""
    with caller.runtime.database.read() as connection:
        seen = caller.principal.banks.seen
        found = sampling.open_second_reviews(connection, caller.subject, banks_seen=seen, limit=limit)
    return page([SecondAnswer.model_validate(one) for one in found], limit + 1, [])


@router.post(
    "/v1/second-reviews/{review}",
    summary="Give a second label",
    status_code=204,
    responses=responses(404, 409, 422),
)
def give_second(
    review: Id, body: SecondRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]
) -> Response:
    """Once, by somebody else than the first."""

    def work(connection: sa.Connection) -> None:
        if (case := sampling.case_of_review(connection, review)) is not None:
            require_case_scope(write.caller, connection, case)
        sampling.second_label(connection, review, person=write.subject, label=body.label)

    return write.run(work, status=204)


@router.get("/v1/review-figures", summary="Figures of the work", responses=responses(422))
def figures(
    caller: Annotated[Caller, Guard(Permission.METRICS_READ)],
    days: Annotated[int, Query(ge=1, le=3650)] = 30,
) -> FiguresAnswer:
    """Agreement of second reviews, and files that nobody had to look at."""
    until = now()
    since = until - timedelta(days=days)
    with caller.runtime.database.read() as connection:
        found = sampling.agreement(connection, since=since, until=until)
        spared = avoided(connection, since=since.date(), until=until.date())
        errors = errors_by_technology(connection, since=since, until=until)
    return FiguresAnswer(
        second_reviews=found.reviews,
        agreed=found.agreed,
        kappa=found.kappa,
        exposures_avoided=spared,
        technologies=[
            TechnologyAnswer.model_validate(one) for one in errors if caller.principal.banks.may_see(one.bank)
        ],
    )


def _own(caller: Caller, connection: sa.Connection) -> OwnAnswer:
    rules = caller.runtime.review
    known = wellness.get_reviewer(connection, caller.subject)
    today = wellness.exposure_today(connection, caller.subject)
    return OwnAnswer(
        person=known.person,
        trained_at=known.trained_at,
        opted_out=known.opted_out,
        paused_until=known.paused_until,
        today=DayAnswer.model_validate(today),
        over_soft=today.over_soft(rules),
        comfort=ComfortModel(**asdict(known.comfort.with_floor(rules))),
        limits=known.limits,
    )
