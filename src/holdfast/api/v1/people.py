"""People who may sign in to the console."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

import sqlalchemy as sa
from fastapi import APIRouter, Path
from pydantic import Field
from starlette.responses import Response

from holdfast.access import people
from holdfast.access.people import Person
from holdfast.access.roles import Permission, Role
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.fields import Answer, Line, Page, Request
from holdfast.api.writes import Write, Writing

__all__ = ["router"]

router = APIRouter(tags=["people"])

PersonId = Annotated[str, Path(pattern=r"^[0-9a-z]{1,12}$", examples=["4k8wz0qd2m1x"])]
Roles = Annotated[list[Role], Field(max_length=len(Role), examples=[["reviewer"]])]


class NewPerson(Request):
    """Somebody who is to work in the console. How they sign in first: `holdfast person link`."""

    name: Line = Field(min_length=1, max_length=200, examples=["Ana Ruiz"])
    email: Line | None = Field(default=None, max_length=254, examples=["ana@example.org"])
    roles: Roles


class NewRoles(Request):
    """All roles that the person has from then on."""

    roles: Roles


class PersonAnswer(Answer):
    """A person, as administrators see them."""

    id: str = Field(examples=["4k8wz0qd2m1x"])
    name: str = Field(examples=["Ana Ruiz"])
    email: str | None = Field(examples=["ana@example.org"])
    roles: list[str] = Field(examples=[["reviewer"]])
    active: bool
    by_provider: bool = Field(description="An identity provider knows them.")
    created_at: datetime
    created_by: str = Field(examples=["local:root"])
    last_sign_in_at: datetime | None

    @classmethod
    def of(cls, person: Person) -> Self:
        return cls(
            id=person.id,
            name=person.name,
            email=person.email,
            roles=sorted(person.roles),
            active=person.is_active,
            by_provider=person.issuer is not None,
            created_at=person.created_at,
            created_by=person.created_by,
            last_sign_in_at=person.last_sign_in_at,
        )


@router.get("/v1/people", summary="List people", responses=responses())
def list_people(caller: Annotated[Caller, Guard(Permission.PERSON_READ)]) -> Page[PersonAnswer]:
    """Everybody who may sign in, or might once."""
    with caller.runtime.database.read() as connection:
        return Page(items=[PersonAnswer.of(person) for person in people.list_people(connection)])


@router.post(
    "/v1/people",
    status_code=201,
    summary="Add a person",
    response_model=PersonAnswer,
    responses=responses(409, 422),
)
def add_person(body: NewPerson, write: Annotated[Write, Writing(Permission.PERSON_MANAGE)]) -> Response:
    """They can sign in by your identity provider with this e-mail address, or by a one-time link."""

    def work(connection: sa.Connection) -> PersonAnswer:
        return PersonAnswer.of(
            people.add_person(
                connection, name=body.name, roles=body.roles, by=write.subject, email=body.email
            )
        )

    return write.run(work, status=201)


@router.put(
    "/v1/people/{person}/roles",
    summary="Set a person's roles",
    response_model=PersonAnswer,
    responses=responses(404, 422),
)
def set_roles(
    person: PersonId, body: NewRoles, write: Annotated[Write, Writing(Permission.PERSON_MANAGE)]
) -> Response:
    """From their next request on. Nobody changes their own."""

    def work(connection: sa.Connection) -> PersonAnswer:
        return PersonAnswer.of(people.set_roles(connection, person, body.roles, by=write.subject))

    return write.run(work)


@router.post(
    "/v1/people/{person}/disable",
    summary="Disable a person",
    response_model=PersonAnswer,
    responses=responses(404, 422),
)
def disable(person: PersonId, write: Annotated[Write, Writing(Permission.PERSON_MANAGE)]) -> Response:
    """Ends their sessions, links and passkeys at once."""

    def work(connection: sa.Connection) -> PersonAnswer:
        return PersonAnswer.of(people.disable_person(connection, person, by=write.subject))

    return write.run(work)


@router.post(
    "/v1/people/{person}/enable",
    summary="Enable a person again",
    response_model=PersonAnswer,
    responses=responses(404, 422),
)
def enable(person: PersonId, write: Annotated[Write, Writing(Permission.PERSON_MANAGE)]) -> Response:
    """They sign in by your identity provider, or by a new link."""

    def work(connection: sa.Connection) -> PersonAnswer:
        return PersonAnswer.of(people.enable_person(connection, person, by=write.subject))

    return write.run(work)
