"""The OpenAPI document: the problem schema, the way of signing in, the permission of each route."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse

from holdfast.api.guard import permission_of, routes_of

__all__ = ["DESCRIPTION", "document", "route"]

DESCRIPTION = """\
Finds known child sexual abuse material at upload.

**Sign in** with `Authorization: Bearer hf_...` (or `X-API-Key`). Each route names the permission that it
needs; `docs/api.md` says which roles carry it.

**Outcomes** are never mixed: `match` or `possible`, `no_match`, `not_matchable` (with the reason),
`not_scanned` (which policy said so). A request that fails is a problem (RFC 9457,
`application/problem+json`) and says nothing about the content: hold it back and send it again.

**Writes** take an `Idempotency-Key`; **answers about content** carry the `list_version` that they were made
with.
"""

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "example": "urn:holdfast:problem:not-found"},
        "title": {"type": "string", "example": "There is no such thing"},
        "status": {"type": "integer", "example": 404},
        "detail": {"type": "string", "example": "There is no bank 'KNOWN'. Nothing was done."},
        "request_id": {"type": "string", "example": "5f0c2a9d8e1b4c7a90ab12cd"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "problem": {"type": "string"}},
            },
        },
    },
}


def document(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        parts = schema.setdefault("components", {})
        parts.setdefault("schemas", {})["Problem"] = PROBLEM
        for unused in ("HTTPValidationError", "ValidationError"):
            parts["schemas"].pop(unused, None)
        parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "hf_..."}}
        schema["security"] = [{"key": []}]
        for each in routes_of(app):
            _describe(schema, each.path_format, each.methods or set(), permission_of(each))
        app.openapi_schema = schema
    return app.openapi_schema


def _describe(schema: dict[str, Any], path: str, methods: set[str], permission: str | None) -> None:
    for method in methods:
        operation = schema["paths"].get(path, {}).get(method.lower())
        if operation is None:
            continue
        if permission is None:
            operation["security"] = []
        else:
            operation["x-permission"] = str(permission)
            operation["description"] = (
                operation.get("description", "") + f"\n\nNeeds the permission `{permission}`."
            ).strip()


def route(app: FastAPI) -> APIRoute:
    """Serves the document; any key opens it (without one where `server.public_docs` says so)."""

    def openapi_json() -> JSONResponse:
        return JSONResponse(document(app))

    return APIRoute("/openapi.json", openapi_json, include_in_schema=False)
