"""The page of people: who may sign in, with which roles. Administrators change others, nobody themselves."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from holdfast.access import people
from holdfast.access.links import make_link
from holdfast.access.people import PEOPLE_ROLES, Person
from holdfast.access.roles import Permission, Role
from holdfast.access.sessions import end_sessions
from holdfast.api.guard import Caller, Guard
from holdfast.console import cookies
from holdfast.console.render import HEADERS, page
from holdfast.errors import ConflictError, UsageError
from holdfast.records.tables.people import passkeys

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

Id = Annotated[str, Form(pattern=r"^[0-9a-z]{1,12}$")]
Roles = Annotated[list[Role], Form()]
Reader = Annotated[Caller, Guard(Permission.PERSON_READ)]
Manager = Annotated[Caller, Guard(Permission.PERSON_MANAGE)]


@router.get("/console/people")
def list_people(caller: Reader) -> Response:
    """Everybody who may sign in, or might once."""
    return _page(caller)


@router.post("/console/people")
def add(
    caller: Manager,
    name: Annotated[str, Form(max_length=200)],
    email: Annotated[str, Form(max_length=254)] = "",
    roles: Roles = [],  # noqa: B006  (FastAPI copies it)
) -> Response:
    """Adds a person and shows the one-time link to hand over, this once."""
    try:
        with caller.runtime.database.write() as connection:
            person = people.add_person(connection, name=name, roles=roles, by=caller.subject, email=email)
            token = _link(caller, connection, person)
    except (UsageError, ConflictError) as error:
        return _page(caller, status=422, problem=str(error))
    return _page(caller, link=_address(caller, token), link_for=person)


@router.post("/console/people/link")
def new_link(caller: Manager, person: Id) -> Response:
    """A new one-time link, shown this once; older ones end."""
    with caller.runtime.database.write() as connection:
        found = people.get_person(connection, person)
        token = _link(caller, connection, found)
    return _page(caller, link=_address(caller, token), link_for=found)


@router.post("/console/people/roles")
def set_roles(
    caller: Manager,
    person: Id,
    roles: Roles = [],  # noqa: B006  (FastAPI copies it)
) -> Response:
    """Other roles, from the person's next request on."""
    try:
        with caller.runtime.database.write() as connection:
            people.set_roles(connection, person, roles, by=caller.subject)
    except UsageError as error:
        return _page(caller, status=422, problem=str(error))
    return _back()


@router.post("/console/people/sign-out")
def sign_out(caller: Manager, person: Id) -> Response:
    """Signs somebody out everywhere."""
    with caller.runtime.database.write() as connection:
        end_sessions(connection, people.get_person(connection, person).id, by=caller.subject)
    return _back()


@router.post("/console/people/disable")
def disable(caller: Manager, person: Id) -> Response:
    """Ends somebody's access at once."""
    try:
        with caller.runtime.database.write() as connection:
            people.disable_person(connection, person, by=caller.subject)
    except UsageError as error:
        return _page(caller, status=422, problem=str(error))
    return _back()


@router.post("/console/people/enable")
def enable(caller: Manager, person: Id) -> Response:
    """Lets somebody in again."""
    with caller.runtime.database.write() as connection:
        people.enable_person(connection, person, by=caller.subject)
    return _back()


def _page(
    caller: Caller,
    *,
    status: int = 200,
    problem: str | None = None,
    link: str | None = None,
    link_for: Person | None = None,
) -> Response:
    with caller.runtime.database.read() as connection:
        found = people.list_people(connection)
        counted = sa.select(passkeys.c.person_id, sa.func.count()).group_by(passkeys.c.person_id)
        keys = {row[0]: row[1] for row in connection.execute(counted)}
    return page(
        caller,
        "people.html",
        status=status,
        here="people",
        people=found,
        keys=keys,
        roles=PEOPLE_ROLES,
        problem=problem,
        link=link,
        link_for=link_for,
        link_minutes=caller.runtime.settings.console.link_minutes,
    )


def _link(caller: Caller, connection: sa.Connection, person: Person) -> str:
    minutes = caller.runtime.settings.console.link_minutes
    return make_link(connection, person.id, by=caller.subject, minutes=minutes)


def _address(caller: Caller, token: str) -> str:
    # Behind the hash: what stands there is sent to no server and stands in no log.
    return f"{cookies.party_of(caller.request).origin}/console/sign-in/link#{token}"


def _back() -> Response:
    return RedirectResponse("/console/people", status_code=303, headers=HEADERS)
