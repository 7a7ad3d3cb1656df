"""Style and scripts: files of the package, the same for everybody, kept by browsers while they are."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from holdfast.api.problems import http_problem

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "LICENSE": "text/plain; charset=utf-8",
}


@router.get("/console/static/{name:path}")
def static_file(name: str, request: Request) -> Response:
    """One file. The browser asks each time whether it is still the same: an update is seen at once."""
    data = _file(name)
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {"cache-control": "no-cache", "etag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=TYPES[name.rpartition(".")[2]])


@cache
def _names() -> frozenset[str]:
    root = files("holdfast.console").joinpath("static")
    found, folders = set(), [("", root)]
    while folders:
        prefix, folder = folders.pop()
        for entry in folder.iterdir():
            if entry.is_dir():
                folders.append((f"{prefix}{entry.name}/", entry))
            elif entry.name.rpartition(".")[2] in TYPES:
                found.add(prefix + entry.name)
    return frozenset(found)


@cache
def _file(name: str) -> bytes:
    """The bytes of a file that is there: no other name leads anywhere."""
    if name not in _names():
        raise http_problem(404)
    return files("holdfast.console").joinpath("static", *name.split("/")).read_bytes()
