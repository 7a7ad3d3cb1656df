"""Signing in by passkey or one-time link, and signing out. The identity provider is in `signin_oidc`.

These pages are open to everybody (`api.gate.is_sign_in`): what they take comes from the console's own origin,
and each sign-in is bound to the browser that began it.
"""

from __future__ import annotations

import base64
from typing import Annotated, Any
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from holdfast.access import passkeys, sign_ins
from holdfast.access.links import redeem_link
from holdfast.access.roles import Permission
from holdfast.access.sessions import end_session
from holdfast.api.guard import Caller, Guard
from holdfast.console import cookies
from holdfast.console.entering import enter, refused
from holdfast.console.render import HEADERS, public_page
from holdfast.console.texts import LANGUAGES
from holdfast.errors import NotAuthenticatedError
from holdfast.records.tables.people import people
from holdfast.service.runtime import Runtime

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

log = structlog.get_logger(__name__)

PASSKEY = "passkey"
Wanted = Annotated[str, Query(alias="next", max_length=2000)]
Language = Annotated[str | None, Query(max_length=10)]


class Answered(BaseModel):
    """What the browser says for a challenge (WebAuthn's JSON form)."""

    credential: dict[str, Any]
    wanted: str = Field(default="", max_length=2000)


@router.get("/console/sign-in")
def sign_in(request: Request, wanted: Wanted = "", lang: Language = None) -> Response:
    """The ways in. Where nobody has been added yet it says how that is done."""
    runtime: Runtime = request.app.state.runtime
    if (address := cookies.by_name(request)) is not None:
        return RedirectResponse(f"{address}?{urlencode({'next': wanted})}", status_code=303, headers=HEADERS)
    with runtime.database.read() as connection:
        is_new = connection.execute(people.select().limit(1)).first() is None
    oidc = runtime.settings.oidc
    return public_page(
        request,
        "signin.html",
        language=lang,
        languages=LANGUAGES.items(),
        wanted=cookies.local_path(wanted),
        is_new=is_new,
        provider=(oidc.label or oidc.issuer) if oidc.issuer else None,
        problem=None,
    )


@router.post("/console/sign-in/passkey/begin")
def begin_passkey(request: Request) -> Response:
    """A challenge for the browser, kept for it for ten minutes."""
    runtime: Runtime = request.app.state.runtime
    asked = passkeys.sign_in_options(cookies.party_of(request))
    with runtime.database.write() as connection:
        token = sign_ins.begin(connection, PASSKEY, {"challenge": written(asked.value)})
    response = JSONResponse(asked.options, headers=HEADERS)
    cookies.keep(response, request, cookies.SIGN_IN, token, max_age_s=sign_ins.VALID.total_seconds())
    return response


@router.post("/console/sign-in/passkey")
def by_passkey(request: Request, answered: Answered) -> Response:
    """Signs in whoever's passkey answered the challenge."""
    runtime: Runtime = request.app.state.runtime
    try:
        with runtime.database.write() as connection:  # by itself: whatever comes of it, it is used up
            begun = sign_ins.take(connection, PASSKEY, cookies.sent(request, cookies.SIGN_IN))
        with runtime.database.write() as connection:
            person = passkeys.sign_in(
                connection,
                cookies.party_of(request),
                challenge=read(begun["challenge"]),
                credential=answered.credential,
            )
            response = JSONResponse({"to": cookies.local_path(answered.wanted)}, headers=HEADERS)
            enter(request, connection, response, person, "passkey")
    except NotAuthenticatedError as error:
        log.warning("sign-in refused", reason=error.reason, address=request.scope["holdfast.address"])
        raise
    return response


@router.get("/console/sign-in/link")
def link_page(request: Request, lang: Language = None) -> Response:
    """Where a one-time link leads. What stands behind its # is sent by the button and not before.

    A program that looks at links in messages therefore uses none of them up.
    """
    return public_page(request, "signin_link.html", language=lang, languages=LANGUAGES.items(), problem=None)


@router.post("/console/sign-in/link")
def by_link(request: Request, token: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Signs in by a link, which is used up, and leads to where a passkey is made."""
    runtime: Runtime = request.app.state.runtime
    response = RedirectResponse("/console/account?new=1", status_code=303, headers=HEADERS)
    try:
        with runtime.database.write() as connection:
            person = redeem_link(connection, token)
            enter(request, connection, response, person, "link")
    except NotAuthenticatedError as error:
        return refused(request, error, "signin_link.html")
    return response


@router.post("/console/sign-out")
def sign_out(caller: Annotated[Caller, Guard(Permission.CONSOLE_USE)]) -> Response:
    """Ends this session, and lets the browser forget what it knows of the console."""
    session = caller.session
    if session is not None:
        with caller.runtime.database.write() as connection:
            end_session(connection, session.person, session.id)
    forget = {"clear-site-data": '"cache", "storage"'}
    response = RedirectResponse("/console/sign-in", status_code=303, headers={**HEADERS, **forget})
    cookies.clear(response, caller.request, cookies.SESSION)
    return response


def written(value: bytes) -> str:
    """Bytes as text, for what is kept of a sign-in."""
    return base64.b64encode(value).decode()


def read(text: str) -> bytes:
    """The bytes that were `written`."""
    return base64.b64decode(text)
