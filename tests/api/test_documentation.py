"""docs/api.md is what the routes are, and its examples are what the routes take and give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from fastapi import FastAPI

from holdfast.access.roles import Permission, Role
from holdfast.api.app import create_routes
from holdfast.api.gate import OPEN
from holdfast.api.guard import permission_of, routes_of
from holdfast.api.openapi import document
from holdfast.api.reference import operations, page
from holdfast.api.samples import value_of
from holdfast.service.runtime import Runtime
from holdfast.settings import Settings

FILE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
TEXT = FILE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """The routes with default settings, as `make docs` takes them."""
    with Runtime(tmp_path_factory.mktemp("home"), settings=Settings()) as runtime:
        yield create_routes(runtime)


def test_the_page_is_fresh(described: FastAPI) -> None:
    assert page(described) == TEXT, "run: make docs"


def test_every_route_is_on_the_page_with_its_permission(described: FastAPI) -> None:
    routes = [route for route in routes_of(described) if route.include_in_schema]
    assert len(routes) > 90
    for route in routes:
        permission = permission_of(route)
        needs = "no key" if permission is None else f"`{permission}`"
        for method in route.methods or ():
            found = re.search(
                rf"`{method} {re.escape(route.path_format)}`(\n\nNeeds: | \| ){re.escape(needs)}", TEXT
            )
            assert found, (method, route.path_format)


def test_every_parameter_is_on_the_page_with_its_route(described: FastAPI) -> None:
    own = [one for one in operations(described) if f"### `{one[0]} {one[1]}`" in TEXT]
    for method, path, _, description in own:
        section = TEXT.split(f"### `{method} {path}`\n")[1].split("\n### ")[0]
        for parameter in description.get("parameters", ()):
            is_plain = parameter["in"] == "path" and not parameter.get("description")
            assert is_plain or f"| `{parameter['name']}` | {parameter['in']} |" in section, (method, path)
    assert sum(path in ("/v1/screen", "/v1/screen/form") for _, path, _, _ in own) == 2


def test_the_paths_without_a_key_are_named() -> None:
    (sentence,) = re.findall(r"Only (.*?) answer without a key", TEXT, re.DOTALL)
    assert set(re.findall(r"`(/[^`]*)`", sentence)) == OPEN


def test_every_path_on_the_page_is_a_route(described: FastAPI) -> None:
    known = {(method, path) for method, path, _, _ in operations(described)} | {("GET", "/openapi.json")}
    named = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`?]*)`", TEXT)
    assert len(named) > 90
    assert set(named) <= known


def test_the_table_of_permissions_is_that_of_the_code() -> None:
    for permission in Permission:
        (row,) = re.findall(rf"^\| `{re.escape(permission)}` \|(.*)\|$", TEXT, re.MULTILINE)
        marks = [cell.strip() == "x" for cell in row.split("|")]
        assert {role for role, mark in zip(Role, marks, strict=False) if mark} == permission.roles


def test_examples_are_what_the_schemas_allow(described: FastAPI) -> None:
    schemas = document(described)["components"]["schemas"]
    checked = 0
    for method, path, _, operation in operations(described):
        if not path.startswith("/v1/"):
            continue
        for content in _contents(operation):
            schema = {**content["schema"], "components": {"schemas": schemas}}
            value = value_of(content["schema"], schemas)
            problems = list(jsonschema_rs.Draft202012Validator(schema).iter_errors(value))
            assert not problems, (method, path, problems[0].message)
            checked += 1
    assert checked > 80


def test_every_route_says_what_it_does_and_what_goes_wrong(described: FastAPI) -> None:
    for method, path, permission, operation in operations(described):
        if not path.startswith("/v1/"):
            continue
        assert operation["summary"], path
        assert len(operation["description"].split("\n\nNeeds")[0]) > 10, (method, path)
        if permission is not None:
            assert {"401", "403", "429", "500", "503"} <= set(operation["responses"]), (method, path)
        if any(one["in"] == "path" for one in operation.get("parameters", ())):
            assert "422" in operation["responses"], (method, path)


def _contents(operation: dict[str, Any]) -> list[dict[str, Any]]:
    found = [operation.get("requestBody", {}), *operation["responses"].values()]
    return [
        content
        for one in found
        for form, content in one.get("content", {}).items()
        if form == "application/json" and content.get("schema")
    ]
