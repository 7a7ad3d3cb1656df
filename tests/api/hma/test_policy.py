"""The policy is asked before an upload is looked at, and what was not looked at is an error here."""

from __future__ import annotations

import hashlib
import json

import pytest
from starlette.testclient import TestClient

from holdfast.service.runtime import Runtime
from tests.api.conftest import RuntimeFactory
from tests.api.hma.conftest import bank
from tests.pictures import encoded, picture

PHOTO = encoded(picture(1))


@pytest.fixture
def runtime(make_runtime: RuntimeFactory, request: pytest.FixtureRequest) -> Runtime:
    return make_runtime(rules={"default_surface": request.param})


@pytest.mark.parametrize("runtime", ["private"], indirect=True)
def test_what_may_not_be_looked_at(hma: TestClient) -> None:
    bank(hma)
    hma.post("/c/bank/B1/content", files={"photo": ("a", PHOTO)})
    answer = hma.post("/m/lookup", files={"photo": ("a", PHOTO)})
    assert answer.status_code == 403 and "policy's row 'private'" in answer.json()["message"]
    assert (answer.headers["holdfast-outcome"], answer.headers["holdfast-reason"]) == (
        "not_scanned",
        "policy",
    )


@pytest.mark.parametrize("runtime", ["unknown"], indirect=True)
def test_where_only_digests_may_be_compared_nothing_found_is_no_no_match(hma: TestClient) -> None:
    bank(hma)
    hma.post("/c/bank/B1/content", files={"photo": ("a", PHOTO)})
    same = hma.post("/m/lookup", files={"photo": ("a", PHOTO)})
    assert same.json()["pdq"] == {}
    assert same.json()["md5"] == {"B1": [{"bank_content_id": 1, "distance": "-"}]}
    altered = {"photo": ("a", encoded(picture(1), quality=60))}
    refused = hma.post("/m/lookup", files=altered)
    assert refused.status_code == 403 and "rules.default_surface" in refused.json()["message"]
    answer = hma.post("/m/lookup", files=altered, params={"types": "md5"})
    assert (answer.status_code, answer.json()) == (200, {"md5": {}})
    said = {"holdfast-context": json.dumps({"surface": "public"})}
    assert list(hma.post("/m/lookup", files=altered, headers=said).json()["pdq"]) == ["B1"]


@pytest.mark.parametrize("runtime", ["unknown"], indirect=True)
def test_a_video_is_compared_by_digests_alone_where_the_surface_is_not_said(hma: TestClient) -> None:
    film = b"ftypmp42"
    digests = {"types": "video_md5,md5,sha1,sha256"}
    answer = hma.post("/m/lookup", files={"video": ("a", film)}, params=digests)
    assert answer.status_code == 200
    assert answer.json() == {"video_md5": {}, "md5": {}, "sha1": {}, "sha256": {}}
    assert hma.post("/m/lookup", files={"video": ("a", film)}).status_code == 403
    bank(hma)
    hma.post("/c/bank/B1/signal", json={"video_md5": hashlib.md5(film).hexdigest()})
    found = hma.post("/m/lookup", files={"video": ("a", film)}).json()
    assert found["video_md5"] == found["md5"] == {"B1": [{"bank_content_id": 1, "distance": "-"}]}
