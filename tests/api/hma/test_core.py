"""Status, site map, documentation, signal and content types, and the shapes of errors."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from holdfast.access.roles import Role
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.api.hma.conftest import MD5, PDQ, bank, says, signal

NAMES = ("pdq", "video_md5", "md5", "sha1", "sha256", "vpdq")


def test_status_is_open_to_anybody(server: TestClient) -> None:
    for path in ("/status", "/status/live", "http://testserver//status"):
        answer = server.get(path)
        assert (answer.status_code, answer.text) == (200, "I-AM-ALIVE")
        assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("age_s", "text"), [(float("inf"), "INDEX-NOT-LOADED"), (1e6, "INDEX-STALE"), (0.0, "I-AM-ALIVE")]
)
def test_status_by_the_age_of_the_lists(
    server: TestClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, age_s: float, text: str
) -> None:
    monkeypatch.setattr(runtime.follower, "age_s", lambda: age_s)
    answer = server.get("/status")
    assert (answer.status_code, answer.text) == (200 if age_s == 0 else 503, text)
    assert server.get("/status/live").status_code == 200


def test_the_root_leads_to_the_status(hma: TestClient) -> None:
    answer = hma.get("/")
    assert (answer.status_code, answer.headers["location"]) == (302, "/status")


def test_site_map(hma: TestClient) -> None:
    paths = hma.get("/site-map").json()
    assert paths == sorted(set(paths))
    assert {"/m/lookup", "/c/bank/<bank_name>", "/c/bank/<bank_name>/content/<int:content_id>"} <= set(paths)
    assert "/dev/factory_reset" not in paths


def test_own_openapi_document(hma: TestClient) -> None:
    document = hma.get("/openapi/openapi.json").json()
    assert document["info"]["title"] == "Open Media Match API"
    assert "/m/lookup" in document["paths"] and "/v1/screen" not in document["paths"]


def test_every_call_is_described_with_what_it_answers(hma: TestClient) -> None:
    paths = hma.get("/openapi.json").json()["paths"]
    for path, operations in paths.items():
        if path.split("/")[1] in ("h", "m", "c", "ui"):
            for method, operation in operations.items():
                assert operation["summary"] and operation["x-permission"].startswith("hma."), (path, method)
                assert {"401", "403", "429", "500", "503"} <= set(operation["responses"]), (path, method)


def test_signal_types(hma: TestClient) -> None:
    assert hma.get("/c/signal_type").json() == [{"name": name, "enabled_ratio": 1.0} for name in NAMES]
    changed = hma.put("/c/signal_type/pdq", json={"enabled_ratio": "0.5"})
    assert (changed.status_code, changed.json()) == (200, {"name": "pdq", "enabled_ratio": 0.5})
    assert hma.get("/c/signal_type").json()[0] == {"name": "pdq", "enabled_ratio": 0.5}
    says(hma.put("/c/signal_type/zzz", json={"enabled_ratio": 1}), 400, "No such signal type 'zzz'")
    assert hma.put("/c/signal_type/pdq", json={}).status_code == 422


def test_a_signal_type_that_is_switched_off_is_not_made(hma: TestClient) -> None:
    hma.put("/c/signal_type/video_md5", json={"enabled_ratio": 0})
    assert list(hma.post("/h/hash", files={"video": ("a", b"x")}).json()) == ["md5", "sha1", "sha256", "vpdq"]


def test_index(hma: TestClient) -> None:
    bank(hma)
    signal(hma, pdq=PDQ, video_md5=MD5)
    found = hma.get("/c/signal_type/index").json()
    assert list(found) == list(NAMES)
    assert found["pdq"]["db_size"] == found["pdq"]["index_size"] == 1
    assert found["pdq"]["index_out_of_date"] is False
    assert found["pdq"]["newest_db_item"] == found["pdq"]["index_built_to"] > 1_700_000_000
    assert found["sha1"] == {
        "db_size": 0,
        "index_size": 0,
        "index_out_of_date": False,
        "newest_db_item": -1,
        "index_built_to": -1,
    }
    assert list(hma.get("/c/signal_type/index?signal_type=pdq").json()) == ["pdq"]
    says(hma.get("/c/signal_type/index?signal_type=x"), 400, "No such signal type 'x'")


def test_content_types(hma: TestClient) -> None:
    assert hma.get("/c/content_type").json() == [
        {"name": "photo", "enabled": True},
        {"name": "video", "enabled": True},
    ]


def test_doubled_slashes(hma: TestClient) -> None:
    bank(hma)
    # As Coop sends them: its base URL ends in a slash.
    assert hma.get("http://testserver//c/banks").status_code == 200
    assert hma.get("http://testserver//c//bank///B1").json()["name"] == "B1"


def test_before_any_route_errors_are_problems(hma: TestClient, client: ClientFactory) -> None:
    nobody = client()
    for answer, status in (
        (nobody.get("/c/banks"), 401),
        (nobody.get("/c/nothing"), 401),
        (hma.get("/c/nothing"), 404),
        (hma.patch("/c/banks"), 405),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_key_without_the_permission_hears_it_in_hmas_shape(client: ClientFactory) -> None:
    answer = client(Role.AUDITOR).get("/c/banks")
    assert answer.status_code == 403 and "hma.bank_read" in answer.json()["message"]


def test_an_unforeseen_error_has_hmas_words_and_quotes_nothing(
    hma: TestClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(PDQ)

    monkeypatch.setattr(runtime.screener, "may_match", fail)
    answer = hma.get("/m/lookup", params={"signal_type": "pdq", "signal": PDQ})
    assert answer.status_code == 500 and PDQ not in answer.text
    assert answer.json()["message"].startswith("The server encountered an internal error")


class TestSwitchedOff:
    @pytest.fixture
    def runtime(self, make_runtime: RuntimeFactory) -> Any:
        return make_runtime(hma={"enabled": False})

    def test_nothing_is_offered(self, hma: TestClient) -> None:
        for path in ("/status", "/c/banks", "/m/lookup", "/site-map"):
            assert hma.get(path).status_code == 404
