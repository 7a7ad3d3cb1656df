"""Clients of the roles, a bank with a known picture, and uploads that a rule held: on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from holdfast.access.roles import Role
from holdfast.decisions.rules import DEFAULT_RULES
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.conftest import BOTH
from tests.databases import PostgresServer
from tests.pictures import encoded, picture

KNOWN = encoded(picture(1), quality=92)
PDQ = "0f" * 32
SHA1 = "1a" * 20


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The shipped rules, but exact matches on lists that are not trusted are held as well."""
    allow, keep = "{ allow = true, queue = 2 }", "{ quarantine = true, queue = 2 }"
    text = DEFAULT_RULES.read_text(encoding="utf-8")
    assert text.count(allow) == 1
    path = tmp_path / "rules.toml"
    path.write_text(text.replace(allow, keep), encoding="utf-8")
    return path


@pytest.fixture(params=BOTH)
def either(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """Settings for SQLite and for PostgreSQL. Ask for it before `make_runtime`: it must end after it."""
    if request.param == "sqlite":
        yield {}
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.lent() as url:
        yield {"database_url": url}


@pytest.fixture
def both(either: dict[str, Any], make_runtime: RuntimeFactory, rules: Path) -> Runtime:
    """A runtime on SQLite and on PostgreSQL, for test files whose routes bring SQL of their own."""
    return make_runtime(rules={"rules_file": rules}, **either)


@pytest.fixture
def lead(client: ClientFactory) -> TestClient:
    return client(Role.LEAD)


@pytest.fixture
def admin(client: ClientFactory) -> TestClient:
    return client(Role.ADMIN)


@pytest.fixture
def entry(lead: TestClient) -> int:
    """An entry with two hashes in the bank KNOWN."""
    assert lead.post("/v1/banks", json={"name": "KNOWN"}).status_code == 201
    hashes = [{"algorithm": "pdq", "value": PDQ}, {"algorithm": "sha1", "value": SHA1}]
    answer = lead.post("/v1/banks/KNOWN/entries", json={"label": "a photo", "hashes": hashes})
    assert answer.status_code == 201, answer.text
    number: int = answer.json()["entry"]["id"]
    return number


def upload(lead: TestClient, runtime: Runtime, content: str = "post/1") -> Any:
    """What the upload of the known picture is answered."""
    said = {"content_reference": content, "surface": "public", "country": "US", "account": "user-4711"}
    answer = lead.post("/v1/screen", content=KNOWN, headers={"Holdfast-Context": json.dumps(said)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def hold(
    lead: TestClient, runtime: Runtime, *, bank: str = "LIST", trusted: bool = True, content: str = "post/1"
) -> Any:
    """A bank with a known picture, and an upload of that very file: what the upload was answered."""
    lead.post("/v1/banks", json={"name": bank, "trusted": trusted})
    added = lead.post(f"/v1/banks/{bank}/media?label=photo", content=KNOWN)
    assert added.status_code == 201, added.text
    return upload(lead, runtime, content)


def problem(answer: Any, status: int, kind: str) -> str:
    """The words of a problem, which must have this status and type."""
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"urn:holdfast:problem:{kind}", answer.text
    words: str = answer.json()["detail"]
    return words
