"""Is the process alive, can it answer, and how does it fare?"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.writes import json_response
from holdfast.service.runtime import Runtime

__all__ = ["router"]

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    status: str = Field(examples=["alive"])


class Ready(BaseModel):
    """``status`` is "ready" or "not_ready", and then ``reason`` says why."""

    status: str = Field(examples=["ready"])
    reason: str = Field(examples=[""])
    list_version: int = Field(examples=[1048576], description="Position of the fingerprint log come to.")
    deep_check: str = Field(
        examples=["off"], description="off, ok, behind, or unknown: deep checks never make it not ready."
    )
    reports: str = Field(
        examples=["ok"], description="ok, alarm (something about a report needs a person), or unknown."
    )


@router.get("/health/live", response_model=Alive, responses=responses(any_key=False))
async def live() -> Response:
    """The process runs. Restart it when this does not answer."""
    return json_response({"status": "alive"})


@router.get(
    "/health/ready",
    response_model=Ready,
    responses={**responses(any_key=False), 503: {"model": Ready, "description": "Send nothing here now"}},
)
async def ready(request: Request) -> Response:
    """The process can answer from fresh lists. Send it nothing while this is 503."""
    runtime: Runtime = request.app.state.runtime
    follower = runtime.follower
    is_ready = follower.is_ready
    body = {
        "status": "ready" if is_ready else "not_ready",
        "reason": "" if is_ready else "the lists could not be looked at for too long",
        "list_version": follower.list_version,
        "deep_check": runtime.deep_watch.state(),
        "reports": runtime.report_watch.state(),
    }
    return json_response(body, 200 if is_ready else 503)


@router.get(
    "/metrics", responses={200: {"content": {"text/plain": {}}, "description": "Prometheus"}, **responses()}
)
def metrics(caller: Annotated[Caller, Guard(Permission.METRICS_READ)]) -> Response:
    """Measures of the service in Prometheus' text form."""
    text = caller.request.app.state.measures.text(caller.runtime)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
