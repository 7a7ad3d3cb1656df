"""Routes that are asked thousands of times a second: described by FastAPI like all others, run without it.

FastAPI's own way from the matched route to the function costs more than a look-up in a list of a million
hashes. A `DirectRoute` does what it does for these few: permission, JSON body, answer; nothing else.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from holdfast.api.bodies import MAX_JSON_BYTES, read_body, streams
from holdfast.api.guard import check_of

__all__ = ["DirectRoute"]


class DirectRoute(APIRoute):
    """For ``APIRouter(route_class=DirectRoute)``. Functions are ``async (caller)`` or ``(caller, body)``.

    ``body`` is a pydantic model. Other parameters are described by ``openapi_extra`` and taken from the
    request by the function itself.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self._check = check_of(self)
        body = typing.get_type_hints(endpoint).get("body")
        self._model: type[BaseModel] | None = body
        self.app = self._run
        streams(endpoint)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        caller = await self._check(request)
        if self._model is None:
            response = await self.endpoint(caller)
        else:
            with request.app.state.budget.reserve() as reservation:
                wait_s = caller.runtime.settings.server.max_body_wait_s
                data = await read_body(request, reservation, most_bytes=MAX_JSON_BYTES, wait_s=wait_s)
                response = await self.endpoint(caller, _parsed(self._model, data))
        await response(scope, receive, send)


def _parsed(model: type[BaseModel], body: bytes) -> BaseModel:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in details]) from None
