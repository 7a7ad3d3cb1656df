"""What HMA's own API tests do, call by call, against this server.

Source: facebook/ThreatExchange, hasher-matcher-actioner/src/OpenMediaMatch/tests: test_e2e_workflow.py,
test_match_api.py and test_api_banks.py (version 1.1.7). Their pictures are checkerboards on a loopback
server; index builds are not called for, because none is needed.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PIL import Image
from starlette.testclient import TestClient

from holdfast.access.roles import Permission, Role
from holdfast.exchanges.sample import SAMPLE_MD5, SAMPLE_PDQ
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.pictures import encoded
from tests.screening.web import Web, body


@pytest.fixture
def runtime(make_runtime: RuntimeFactory) -> Runtime:
    return make_runtime(hma={"test_mode": True})


@pytest.fixture
def hma(client: ClientFactory) -> TestClient:
    key = client(Role.LEAD, grants=[Permission.HMA_TEST_MODE, Permission.HMA_BANK_DELETE])
    assert key.post("/dev/factory_reset").status_code == 302
    return key


def _checkerboard(cell: int) -> bytes:
    image = Image.new("RGB", (128, 128))
    for x in range(128):
        for y in range(128):
            image.putpixel((x, y), (255, 255, 255) if (x // cell + y // cell) % 2 else (0, 0, 0))
    return encoded(image)


@pytest.fixture
def images() -> Iterator[list[str]]:
    web = Web()
    web.answers["/image1.jpg"] = body(_checkerboard(8), "Content-Type: image/jpeg")
    web.answers["/image2.jpg"] = body(_checkerboard(16), "Content-Type: image/jpeg")
    yield [f"http://127.0.0.1:{web.port}/image{number}.jpg" for number in (1, 2)]
    web.close()


def test_add_hashes_and_find_match(hma: TestClient) -> None:
    answer = hma.post("/c/banks", json={"name": "TEST_BANK"})
    assert answer.json() == {"matching_enabled_ratio": 1.0, "name": "TEST_BANK"}
    for pdq in SAMPLE_PDQ:
        assert hma.post("/c/bank/TEST_BANK/signal", json={"pdq": pdq}).status_code == 200
    build = hma.get("/m/index/status?signal_type=pdq").json()["pdq"]
    assert build["present"] is True and build["size"] == len(SAMPLE_PDQ)
    found = hma.get(f"/m/lookup?signal_type=pdq&signal={SAMPLE_PDQ[-1]}")
    assert found.json() == {"TEST_BANK": [{"bank_content_id": 16, "distance": "0"}]}
    assert hma.get(f"/m/lookup?signal_type=pdq&signal={'5' * 64}").json() == {}


def test_sample_exchange_and_look_ups(hma: TestClient) -> None:
    body = {"bank": "SAMPLE", "api": "sample", "api_json": {}}
    assert hma.post("/c/exchanges", json=body).status_code == 201
    assert hma.post("/dev/run_fetch").status_code == 302
    for kind, value in (("pdq", SAMPLE_PDQ[0]), ("video_md5", SAMPLE_MD5[0])):
        query = {"signal": value, "signal_type": kind}
        plain = hma.get("/m/raw_lookup", params=query).json()["matches"]
        assert len(plain) >= 1
        distances = hma.get("/m/raw_lookup", params={**query, "include_distance": "True"}).json()["matches"]
        assert [one["bank_content_id"] for one in distances] == plain
        assert all(isinstance(one["distance"], str) for one in distances)
        found = hma.get("/m/lookup", params=query).json()
        assert list(found) == ["SAMPLE"] and len(found["SAMPLE"]) > 0


def test_content_by_url(hma: TestClient, images: list[str]) -> None:
    hma.post("/c/banks", json={"name": "NEW_BANK"})
    hashes = [hma.get("/h/hash", params={"url": url, "types": "pdq"}).json() for url in images]
    for number, (url, expected) in enumerate(zip(images, hashes, strict=True), 1):
        added = hma.post(f"/c/bank/NEW_BANK/content?url={url}&content_type=photo")
        assert (added.status_code, added.json()) == (200, {"id": number, "signals": expected})
        found = hma.get(f"/m/raw_lookup?signal_type=pdq&signal={expected['pdq']}")
        assert found.json() == {"matches": [number]}
    assert hma.delete("/c/bank/NEW_BANK/content/1").json() == {"deleted": 1}


def test_metadata_and_note_in_json_beside_a_url(hma: TestClient, images: list[str]) -> None:
    hma.post("/c/banks", json={"name": "B"})
    where = f"/c/bank/B/content?url={images[0]}&content_type=photo"
    assert hma.post(where, json={"metadata": {"invalid_metadata": 5}}).status_code == 400
    metadata = {"content_id": "ext-1", "content_uri": "https://example.com/1", "json": {"nested": {"k": "v"}}}
    added = hma.post(where, json={"metadata": metadata, "note": "Reported by user X"})
    assert added.status_code == 200
    shown = hma.get("/c/bank/B/content/1").json()
    assert {name: shown["metadata"][name] for name in metadata} == metadata
    assert shown["note"] == "Reported by user X"
    assert hma.post(where, json={"note": "x" * 256}).status_code == 400


def test_a_hash_that_no_picture_has(hma: TestClient) -> None:
    hma.post("/c/banks", json={"name": "B"})
    answer = hma.post("/c/bank/B/signal", json={"pdq": "0" * 64, "note": "Hash from campaign ABC"})
    assert answer.json() == {"id": 1, "signals": {"pdq": "0" * 64}}
    assert hma.get("/c/bank/B/content/1").json()["note"] == "Hash from campaign ABC"


def test_bank_filter(hma: TestClient) -> None:
    for name in ("BANK_A", "BANK_B", "BANK_C"):
        hma.post("/c/banks", json={"name": name})
        hma.post(f"/c/bank/{name}/signal", json={"pdq": SAMPLE_PDQ[0]})
    query = {"signal": SAMPLE_PDQ[0], "signal_type": "pdq"}
    for banks, count in (("", 3), ("BANK_A", 1), ("BANK_A,BANK_B", 2), ("NON_EXISTENT_BANK", 0)):
        asked = {**query, "banks": banks} if banks else query
        assert len(hma.get("/m/raw_lookup", params=asked).json()["matches"]) == count
        assert len(hma.get("/m/lookup", params=asked).json()) == count
