"""What a route demands before it runs: of the caller (see test_roles.py) and of the process."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from holdfast.access.roles import Role
from holdfast.errors import RecordsUnavailableError
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory
from tests.api.test_screening import KNOWN, SAID, add_known


def test_nothing_is_answered_before_the_lists_were_looked_at(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """A process that starts while its records are away must not say that there are no banks."""
    add_known(runtime)
    away = RecordsUnavailableError("away")
    with monkeypatch.context() as patched:
        patched.setattr(runtime.screener.lists, "refresh", Mock(side_effect=away))
        client: ClientFactory = request.getfixturevalue("client")  # starts the application
        analyst = client(Role.ANALYST)
        ready_hash = {"hashes": {"md5": "0" * 32}}
        for path, sent in (
            ("/v1/screen", {"content": KNOWN}),
            ("/v1/screen/form", {"files": {"file": ("x", KNOWN)}}),
            ("/v1/screen/url", {"json": {"url": "https://media.example.org/x"}}),
            ("/v1/screen/hashes", {"json": {"items": [ready_hash]}}),
            ("/v1/lookup", {"json": {"algorithm": "md5", "value": "0" * 32}}),
        ):
            answer = analyst.post(path, **sent)
            assert answer.status_code == 503 and answer.headers["retry-after"] == "1", (path, answer.text)
            assert "Nothing was checked" in answer.json()["detail"]
        assert analyst.get("/health/ready").status_code == 503
        hma = client(Role.ANALYST, Role.LEAD).get(
            "/m/lookup", params={"signal_type": "md5", "signal": "0" * 32}
        )
        assert hma.status_code == 503
    runtime.follower.look()
    assert analyst.post("/v1/screen", content=KNOWN, headers=SAID).json()["outcome"] == "match"
