"""The JSON calls behind HMA's pages."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from holdfast.screening.fetch import Fetcher, FetchPolicy
from holdfast.service.runtime import Runtime
from tests.api.conftest import RuntimeFactory
from tests.api.hma.conftest import NEAR, PDQ, bank, says, signal
from tests.pictures import encoded, picture
from tests.screening.web import Web, body

PHOTO = encoded(picture(1))
DISTANCE = str((int(PDQ, 16) ^ int(NEAR, 16)).bit_count())


@pytest.fixture
def web() -> Iterator[Web]:
    one = Web()
    one.answers["/a"] = body(PHOTO, "Content-Type: image/jpeg")
    yield one
    one.close()


@pytest.fixture
def url(web: Web) -> str:
    return f"http://127.0.0.1:{web.port}/a"


@pytest.fixture
def runtime(make_runtime: RuntimeFactory, web: Web) -> Runtime:
    policy = FetchPolicy(hosts=("127.0.0.1",), allow_http=True, total_s=5)
    loopback = ipaddress.ip_network("127.0.0.0/8")
    fetcher = Fetcher(policy, allow_networks=[loopback], allow_ports=[web.port])
    return make_runtime(fetcher=fetcher, rules={"default_surface": "public"})


@pytest.fixture
def content(hma: TestClient) -> int:
    """A photo in a bank that look-ups never ask, with a note and metadata."""
    bank(hma, enabled_ratio=0)
    said = {"metadata": json.dumps({"content_id": "c1"}), "note": "seen"}
    answer = hma.post("/c/bank/B1/content", files={"photo": ("a", PHOTO)}, data=said)
    return int(answer.json()["id"])


def check(answer: Any, content: int) -> None:
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert list(found) == ["hashes", "banks", "matches"] and found["banks"] == ["B1"]
    assert list(found["hashes"]) == ["pdq", "md5", "sha1", "sha256"]
    assert found["matches"][0] == {
        "bank_name": "B1",
        "content_id": content,
        "distance": "0",
        "signal_type": "pdq",
        "signal_value": found["hashes"]["pdq"],
        "metadata": {"content_id": "c1"},
        "note": "seen",
    }
    assert [one["distance"] for one in found["matches"][1:]] == ["-", "-", "-"]


def test_query(hma: TestClient, content: int) -> None:
    file = {"photo": ("a", PHOTO)}
    check(hma.post("/ui/query", files=file), content)
    coin = hma.post("/ui/query", files=file, data={"bypass_enabled_ratio": "false"}).json()
    assert coin["banks"] == [] and coin["matches"] == []
    says(hma.post("/ui/query"), 400, "Missing multipart/form-data file upload")
    plain = encoded(Image.new("RGB", (256, 256), "white"), "PNG")
    answer = hma.post("/ui/query", files={"photo": ("a", plain)})
    assert answer.json()["matches"] == [] and answer.headers["holdfast-reason"] == "featureless"


def test_query_url(hma: TestClient, content: int, url: str) -> None:
    check(hma.post("/ui/query_url", data={"url": url, "content_type": "photo"}), content)
    says(hma.post("/ui/query_url", data={"content_type": "photo"}), 400, "URL is required")
    says(hma.post("/ui/query_url", data={"url": url}), 400, "Content type is required")
    refused = hma.post("/ui/query_url", data={"url": "http://10.0.0.1/", "content_type": "photo"})
    says(refused, 400, "Failed to hash URL content: Invalid or unsafe URL provided")


def test_query_hash(hma: TestClient) -> None:
    bank(hma, enabled_ratio=0)
    far, near = signal(hma, pdq=NEAR), signal(hma, pdq=PDQ)

    def ask(**fields: str) -> Any:
        return hma.post("/ui/query_hash", data=fields)

    found = ask(signal_type="pdq", signal_value=PDQ).json()
    assert found["hashes"] == {"pdq": PDQ}
    assert [(one["content_id"], one["distance"]) for one in found["matches"]] == [
        (near, "0"),
        (far, DISTANCE),
    ]
    assert "note" not in found["matches"][0] and "metadata" not in found["matches"][0]
    coin = ask(signal_type="pdq", signal_value=PDQ, bypass_enabled_ratio="false").json()
    assert coin["matches"] == []
    says(ask(signal_value=PDQ), 400, "Signal type is required")
    says(ask(signal_type="pdq"), 400, "Signal value is required")
    says(ask(signal_type="zzz", signal_value=PDQ), 400, "No such SignalType 'zzz'")
    says(ask(signal_type="pdq", signal_value="x"), 400, "invalid signal: invalid PDQ hash")


def test_find(hma: TestClient, content: int, url: str) -> None:
    where = "/ui/bank/B1/content/find"
    found = hma.post(where, json={"url": url, "content_type": "photo"}).json()
    assert (found["bank_name"], found["content_ids"]) == ("B1", [content])
    assert {one["signal_type"] for one in found["matches"]} == {"pdq", "md5", "sha1", "sha256"}
    other = signal(hma, pdq=PDQ)
    assert hma.post(where, json={"signal_type": "pdq", "signal_value": PDQ}).json() == {
        "bank_name": "B1",
        "content_ids": [other],
        "matches": [{"signal_type": "pdq", "signal_value": PDQ, "content_id": other, "distance": "0"}],
    }
    bank(hma, "B2")
    elsewhere = hma.post("/ui/bank/B2/content/find", json={"signal_type": "pdq", "signal_value": PDQ})
    assert elsewhere.json() == {"bank_name": "B2", "content_ids": [], "matches": []}
    says(hma.post("/ui/bank/NOPE/content/find", json={}), 404, "bank 'NOPE' not found")
    says(hma.post(where, json={"url": url}), 400, "content_type required when searching by URL")
    neither = "Either 'url' with 'content_type' or 'signal_type' with 'signal_value' required"
    says(hma.post(where, json={"signal_type": "pdq"}), 400, neither)
