"""One's own account: passkeys, and where one is signed in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from holdfast.access import passkeys, sign_ins
from holdfast.access.roles import Permission
from holdfast.access.sessions import Session, end_session, end_sessions, list_sessions
from holdfast.api.guard import Caller, Guard
from holdfast.console import cookies
from holdfast.console.render import HEADERS, page
from holdfast.console.signin import read, written

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

NEW_PASSKEY = "new-passkey"
Id = Annotated[str, Form(pattern=r"^[0-9a-z]{1,12}$")]
User = Annotated[Caller, Guard(Permission.CONSOLE_USE)]


class Made(BaseModel):
    """A passkey that the browser made (WebAuthn's JSON form), and what to call it."""

    credential: dict[str, Any]
    name: str = Field(max_length=100)


@router.get("/console/account")
def account(caller: User, new: Annotated[str | None, Query(max_length=1)] = None) -> Response:
    """Passkeys and sessions; ``new`` for somebody who came by a one-time link."""
    session = _session(caller)
    with caller.runtime.database.read() as connection:
        keys = passkeys.list_passkeys(connection, session.person.id)
        open_sessions = list_sessions(connection, session.person.id)
    return page(
        caller,
        "account.html",
        keys=keys,
        sessions=open_sessions,
        this=session.id,
        is_new=bool(new) and not keys,
    )


@router.post("/console/account/passkeys/begin")
def begin_passkey(caller: User) -> Response:
    """What the browser needs to make a passkey."""
    session = _session(caller)
    with caller.runtime.database.write() as connection:
        asked = passkeys.registration_options(connection, session.person, cookies.party_of(caller.request))
        facts = {"challenge": written(asked.value), "person": session.person.id}
        token = sign_ins.begin(connection, NEW_PASSKEY, facts)
    response = JSONResponse(asked.options, headers=HEADERS)
    valid_s = sign_ins.VALID.total_seconds()
    cookies.keep(response, caller.request, cookies.SIGN_IN, token, max_age_s=valid_s)
    return response


@router.post("/console/account/passkeys")
def add_passkey(caller: User, made: Made) -> Response:
    """Keeps the passkey that the browser made."""
    session, database = _session(caller), caller.runtime.database
    with database.write() as connection:  # by itself: whatever comes of it, it is used up
        begun = sign_ins.take(connection, NEW_PASSKEY, cookies.sent(caller.request, cookies.SIGN_IN))
    challenge = read(begun["challenge"]) if begun["person"] == session.person.id else b""
    with database.write() as connection:
        kept = passkeys.register(
            connection,
            session.person,
            cookies.party_of(caller.request),
            challenge=challenge,
            credential=made.credential,
            name=made.name,
        )
    return JSONResponse({"id": kept.id, "to": "/console/account"}, headers=HEADERS)


@router.post("/console/account/passkeys/remove")
def remove_passkey(caller: User, passkey: Id) -> Response:
    """Removes one of one's own passkeys."""
    with caller.runtime.database.write() as connection:
        passkeys.remove_passkey(connection, _session(caller).person, passkey)
    return _back()


@router.post("/console/account/sessions/end")
def end_one(caller: User, session: Id) -> Response:
    """Signs out elsewhere."""
    with caller.runtime.database.write() as connection:
        end_session(connection, _session(caller).person, session)
    return _back()


@router.post("/console/account/sessions/end-others")
def end_others(caller: User) -> Response:
    """Signs out everywhere but here."""
    here = _session(caller)
    with caller.runtime.database.write() as connection:
        end_sessions(connection, here.person.id, by=here.person.subject, but=here.id)
    return _back()


def _session(caller: Caller) -> Session:
    session = caller.session
    if session is None:  # the gate lets none but sessions to the console's pages
        raise RuntimeError("a page of the console was asked for without a session")
    return session


def _back() -> Response:
    return RedirectResponse("/console/account", status_code=303, headers=HEADERS)
