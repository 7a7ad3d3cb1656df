"""Clients of the HMA-compatible API, and the hashes and pictures that its tests use."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from holdfast.access.roles import Permission, Role
from holdfast.exchanges.sample import SAMPLE_PDQ
from tests.api.conftest import ClientFactory

PDQ = SAMPLE_PDQ[0]
NEAR = SAMPLE_PDQ[9]  # of the same picture, edited: 13 bits away
OTHER = SAMPLE_PDQ[15]
MD5 = "cab08b36195edb1a1231d2d09fa450e0"


@pytest.fixture
def hma(client: ClientFactory) -> TestClient:
    """Who may do everything that this API has but its test mode."""
    return client(Role.LEAD, grants=[Permission.HMA_BANK_DELETE, Permission.HMA_CREDENTIALS])


def bank(hma: TestClient, name: str = "B1", **more: Any) -> str:
    """A new bank's name."""
    answer = hma.post("/c/banks", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    return name


def signal(hma: TestClient, name: str = "B1", **hashes: str) -> int:
    """The id of a new content with ready hashes."""
    answer = hma.post(f"/c/bank/{name}/signal", json=hashes)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


def look_up(hma: TestClient, value: str = PDQ, kind: str = "pdq", **more: Any) -> Any:
    """The answer to a look-up of a ready hash."""
    answer = hma.get("/m/lookup", params={"signal_type": kind, "signal": value, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def says(answer: Any, status: int, message: str) -> None:
    """An error in HMA's shape, word for word."""
    assert (answer.status_code, answer.json()) == (status, {"message": message})
