"""Signing in by the identity provider: out to it, and back with its word."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from holdfast.access import sign_ins
from holdfast.access.oidc import Client, Provider
from holdfast.access.oidc_people import person_for
from holdfast.api.problems import http_problem
from holdfast.console import cookies
from holdfast.console.entering import enter, refused
from holdfast.console.render import HEADERS
from holdfast.errors import ConflictError, NotAuthenticatedError
from holdfast.reporting.secret_file import read_secret_file
from holdfast.service.runtime import Runtime
from holdfast.settings import OidcSettings

__all__ = ["provider_of", "router"]

router = APIRouter(include_in_schema=False)

OIDC = "oidc"
BACK = "/console/sign-in/oidc/back"


@router.get("/console/sign-in/oidc")
def to_provider(
    request: Request, wanted: Annotated[str, Query(alias="next", max_length=2000)] = ""
) -> Response:
    """Sends the browser to the identity provider."""
    runtime: Runtime = request.app.state.runtime
    begun = provider_of(request).begin(_back(request))
    facts = {**begun.facts, "wanted": cookies.local_path(wanted)}
    with runtime.database.write() as connection:
        token = sign_ins.begin(connection, OIDC, facts)
    response = RedirectResponse(begun.address, status_code=303, headers=HEADERS)
    cookies.keep(response, request, cookies.SIGN_IN, token, max_age_s=sign_ins.VALID.total_seconds())
    return response


@router.get(BACK)
def from_provider(request: Request) -> Response:
    """Signs in whom the provider names, in the browser that it began in, once."""
    runtime: Runtime = request.app.state.runtime
    provider, oidc = provider_of(request), runtime.settings.oidc
    try:
        with runtime.database.write() as connection:  # by itself: whatever comes of it, it is used up
            facts = sign_ins.take(connection, OIDC, cookies.sent(request, cookies.SIGN_IN))
        claims = provider.finish(dict(request.query_params), facts, _back(request))
        response = RedirectResponse(facts["wanted"], status_code=303, headers=HEADERS)
        with runtime.database.write() as connection:
            person = person_for(
                connection,
                claims,
                issuer=str(oidc.issuer),
                roles_claim=oidc.roles_claim,
                roles=oidc.roles,
            )
            enter(request, connection, response, person, "oidc")
    except NotAuthenticatedError as error:
        return refused(request, error)
    except ConflictError:  # the address that it names is somebody else's here
        return refused(request, NotAuthenticatedError("unknown_person"))
    return response


def provider_of(request: Request) -> Provider:
    """The provider of the settings, one a process. Raises `Problem` 404 where there is none."""
    runtime: Runtime = request.app.state.runtime
    settings = runtime.settings.oidc
    if settings.issuer is None:
        raise http_problem(404)
    kept: Provider | None = getattr(request.app.state, "oidc_provider", None)
    if kept is None:
        kept = request.app.state.oidc_provider = Provider(_client(settings, runtime))
    return kept


def _client(settings: OidcSettings, runtime: Runtime) -> Client:
    secret = None
    if settings.client_secret_file is not None:
        what = "The identity provider's client secret"
        secret = read_secret_file(settings.client_secret_file, home=runtime.home.path, what=what).strip()
    return Client(
        issuer=str(settings.issuer),
        client_id=settings.client_id,
        secret=secret,
        scopes=settings.scopes,
        timeout_s=settings.timeout_s,
    )


def _back(request: Request) -> str:
    return cookies.party_of(request).origin + BACK
