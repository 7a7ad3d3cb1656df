"""Contents of banks: add by upload, URL and ready hash; show, switch off, note, delete."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from holdfast.access.roles import Permission, Role
from holdfast.banks.models import Handling
from holdfast.banks.sources import set_handling
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.api.hma.conftest import MD5, NEAR, OTHER, PDQ, bank, look_up, says, signal
from tests.pictures import encoded, picture

PHOTO = encoded(picture(1))
PLAIN = encoded(Image.new("RGB", (256, 256), "white"), "PNG")


@pytest.fixture
def runtime(database_url: str, make_runtime: RuntimeFactory) -> Runtime:
    """On SQLite and on PostgreSQL."""
    return make_runtime(database_url=database_url)


def upload(hma: TestClient, photo: bytes = PHOTO, name: str = "B1", **more: Any) -> Any:
    return hma.post(f"/c/bank/{name}/content", files={"photo": ("a.jpg", photo, "image/jpeg")}, **more)


def test_an_upload_answers_with_hmas_own_signal_types_and_is_matched_by_all(hma: TestClient) -> None:
    bank(hma)
    answer = upload(hma)
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["id", "signals"] and list(body["signals"]) == ["pdq"] and body["id"] == 1
    assert look_up(hma, body["signals"]["pdq"]) == {"B1": [{"bank_content_id": 1, "distance": "0"}]}
    sha1 = hashlib.sha1(PHOTO).hexdigest()
    assert look_up(hma, sha1, "sha1") == {"B1": [{"bank_content_id": 1, "distance": "-"}]}


def test_types_choose_what_is_kept_and_named(hma: TestClient) -> None:
    bank(hma)
    answer = upload(hma, params={"types": "md5, sha256"})
    expected = {"md5": hashlib.md5(PHOTO).hexdigest(), "sha256": hashlib.sha256(PHOTO).hexdigest()}
    assert answer.json() == {"id": 1, "signals": expected}
    assert look_up(hma, hashlib.sha1(PHOTO).hexdigest(), "sha1") == {}


def test_a_video_is_kept_by_its_digests(hma: TestClient) -> None:
    bank(hma)
    film = b"\x00\x00\x00\x18ftypmp42 and so on"
    answer = hma.post("/c/bank/B1/content", files={"video": ("a.mp4", film, "video/mp4")})
    assert answer.json() == {"id": 1, "signals": {"video_md5": hashlib.md5(film).hexdigest()}}
    assert look_up(hma, hashlib.md5(film).hexdigest(), "video_md5") == {
        "B1": [{"bank_content_id": 1, "distance": "-"}]
    }


def test_ids_go_up_from_one(hma: TestClient) -> None:
    bank(hma)
    assert [signal(hma, pdq=PDQ), signal(hma, pdq=NEAR), signal(hma, md5=MD5)] == [1, 2, 3]
    assert signal(hma, pdq=PDQ) == 1  # the same hash in the same bank is the same content


def test_errors_of_adding(hma: TestClient) -> None:
    says(upload(hma, name="NOPE"), 404, "bank 'NOPE' not found")
    bank(hma)
    where = "/c/bank/B1/content"
    says(hma.post(where), 400, "Neither `url` nor multipart file upload was received")
    says(hma.post(where, json={}), 400, "Neither `url` nor multipart file upload was received")
    says(upload(hma, data={"metadata": "{"}), 400, "metadata form field must be valid JSON")
    says(upload(hma, data={"metadata": "[1]"}), 400, "metadata should be a json object")
    says(upload(hma, data={"note": "x" * 256}), 400, "note must be at most 255 characters")
    says(hma.post(where, json={"metadata": 5}), 400, "metadata should be a json object")
    says(hma.post(where, json={"note": 5}), 400, "note should be a string")
    answer = hma.post(where, json={"metadata": {"invalid_metadata": 5}})
    says(answer, 400, "Invalid metadata: invalid_metadata: Extra inputs are not permitted")
    files = [("photo", ("a", PHOTO)), ("photo", ("b", PHOTO))]
    says(hma.post(where, files=files), 400, "Only one file allowed per request")
    says(hma.post(where, files={"file": ("a", PHOTO)}), 400, "no such content_type: 'file'")


def test_what_is_too_plain_or_no_picture_is_not_kept(hma: TestClient) -> None:
    bank(hma)
    plain = upload(hma, PLAIN)
    says(plain, 400, "Invalid pdq signal: invalid PDQ hash")
    assert plain.headers["holdfast-reason"] == "featureless"
    broken = upload(hma, b"this is no picture")
    assert broken.status_code == 400 and broken.json()["message"].startswith("Failed to hash photo: ")
    empty = upload(hma, b"", params={"types": "md5"})
    assert empty.status_code == 400 and "every empty file" in empty.json()["message"]
    says(hma.get("/c/bank/B1/content/1"), 404, "content '1' not found")
    assert upload(hma, PLAIN, params={"types": "sha256"}).status_code == 200


def test_ready_signals(hma: TestClient) -> None:
    bank(hma)
    answer = hma.post("/c/bank/B1/signal", json={"pdq": PDQ.upper(), "video_md5": MD5.upper(), "note": "n"})
    assert (answer.status_code, answer.json()) == (200, {"id": 1, "signals": {"pdq": PDQ, "video_md5": MD5}})
    assert hma.get("/c/bank/B1/content/1").json()["note"] == "n"
    for kind, value in (("pdq", PDQ), ("video_md5", MD5), ("md5", MD5)):
        assert list(look_up(hma, value, kind)) == ["B1"], kind


def test_errors_of_ready_signals(hma: TestClient) -> None:
    says(hma.post("/c/bank/NOPE/signal", json={"pdq": PDQ}), 404, "bank 'NOPE' not found")
    bank(hma)
    where = "/c/bank/B1/signal"
    says(hma.post(where, json={"zzz": "x"}), 400, "No such signal type zzz")
    says(hma.post(where, json={"pdq": "x"}), 400, "Invalid pdq signal: invalid PDQ hash")
    says(hma.post(where, json={"pdq": 5}), 400, "Invalid pdq signal: invalid PDQ hash")
    says(hma.post(where, json={"sha1": MD5}), 400, "Invalid sha1 signal: invalid SHA1 hash")
    says(hma.post(where, json={}), 400, "No signals given")
    says(hma.post(where, json={"note": "alone"}), 400, "No signals given")
    says(hma.post(where, json=[]), 400, "No signals given")
    assert hma.post(where, content=b"{}").status_code == 415
    assert hma.post(where, content=b"{", headers={"content-type": "application/json"}).status_code == 400


def test_show(hma: TestClient) -> None:
    bank(hma)
    signal(hma, pdq=PDQ)
    answer = hma.get("/c/bank/B1/content/1")
    assert answer.json() == {
        "id": 1,
        "disable_until_ts": 1,
        "original_media_uri": None,
        "bank": {"matching_enabled_ratio": 1.0, "name": "B1"},
    }
    says(hma.get("/c/bank/NOPE/content/1"), 404, "bank 'NOPE' not found")
    says(hma.get("/c/bank/B1/content/99"), 404, "content '99' not found")
    says(hma.get(f"/c/bank/B1/content/{10**30}"), 404, f"content '{10**30}' not found")
    assert hma.get("/c/bank/B1/content/abc").status_code == 404


def test_signals_are_shown_where_their_terms_let_them_out(hma: TestClient, runtime: Runtime) -> None:
    bank(hma)
    signal(hma, pdq=PDQ, video_md5=MD5)
    where = "/c/bank/B1/content/1?include_signals=true"
    assert "signals" not in hma.get(where).json()
    with runtime.database.write() as connection:
        set_handling(connection, "own", Handling(may_export=True))
    assert hma.get(where).json()["signals"] == {"pdq": PDQ, "video_md5": MD5}
    assert "signals" not in hma.get("/c/bank/B1/content/1").json()


METADATA = {"content_id": "ext-1", "content_uri": "https://example.com/1", "json": {"a": {"b": [1, "é"]}}}


def test_metadata_and_note_in_hmas_two_ways(hma: TestClient) -> None:
    bank(hma)
    upload(hma, data={"metadata": json.dumps(METADATA), "note": "seen twice"})
    shown = hma.get("/c/bank/B1/content/1").json()
    assert shown["metadata"] == {"collab": None, **METADATA} and shown["note"] == "seen twice"
    assert "metadata" not in hma.get("/c/bank/B1/content/1?include_metadata=false").json()


def test_metadata_in_coops_ways(hma: TestClient) -> None:
    """Form fields, and in the query beside a URL; ``metadata`` is the inner object alone."""
    bank(hma)
    inner = json.dumps({"itemType": "post"})
    said = {"content_id": "i1", "content_uri": "https://coop.example/i1", "metadata": inner}
    upload(hma, data=said)
    expected = {"collab": None, "content_id": "i1", "content_uri": "https://coop.example/i1"}
    assert hma.get("/c/bank/B1/content/1").json()["metadata"] == {**expected, "json": {"itemType": "post"}}
    upload(hma, encoded(picture(2)), params={**said, "content_id": "i2"})
    assert hma.get("/c/bank/B1/content/2").json()["metadata"]["content_id"] == "i2"


@pytest.mark.parametrize(
    "metadata",
    [
        {"content_id": "x" * 501},
        {"content_uri": "x" * 2084},
        {"content_id": 7},
        {"json": [1]},
        {"json": {"a": "\x00"}},
        {"json": {"a": "x" * 70_000}},
        {"content_id": "a\x00b"},
    ],
)
def test_metadata_that_cannot_be_kept(hma: TestClient, metadata: dict[str, Any]) -> None:
    bank(hma)
    answer = upload(hma, data={"metadata": json.dumps(metadata)})
    assert answer.status_code == 400 and answer.json()["message"].startswith("Invalid metadata: ")


def test_switch_off_and_on(hma: TestClient) -> None:
    bank(hma)
    signal(hma, pdq=PDQ)
    where = "/c/bank/B1/content/1"
    answer = hma.put(where, json={"disable_until_ts": 0})
    assert answer.json() == {
        "bank": {"matching_enabled_ratio": 1.0, "name": "B1"},
        "collab_metadata": {},
        "disable_until_ts": 0,
        "id": 1,
        "note": None,
        "original_media_uri": None,
        "user_metadata": None,
    }
    assert look_up(hma) == {}
    tomorrow = int(time.time()) + 86_400
    assert hma.put(where, json={"disable_until_ts": str(tomorrow)}).json()["disable_until_ts"] == tomorrow
    assert look_up(hma) == {} and hma.get(where).json()["disable_until_ts"] == tomorrow
    assert hma.put(where, json={"disable_until_ts": int(time.time()) - 5}).status_code == 200
    assert list(look_up(hma)) == ["B1"]
    assert hma.put(where, json={"disable_until_ts": 1}).json()["disable_until_ts"] == 1
    assert list(look_up(hma)) == ["B1"]


def test_errors_of_switching(hma: TestClient) -> None:
    bank(hma)
    signal(hma, pdq=PDQ)
    where = "/c/bank/B1/content/1"
    says(hma.put(where, json={"disable_until_ts": "abc"}), 400, "Invalid int: 'abc'")
    says(hma.put(where, json={"disable_until_ts": None}), 400, "Invalid int: 'None'")
    negative = "disable_until_ts must be a non-negative integer"
    says(hma.put(where, json={"disable_until_ts": -1}), 400, negative)
    far = "disable_until_ts must be less than 5 years in the future"
    says(hma.put(where, json={"disable_until_ts": 9999999999}), 400, far)
    six_years = int((datetime.now().astimezone() + timedelta(days=6 * 365)).timestamp())
    says(hma.put(where, json={"disable_until_ts": six_years}), 400, far)
    says(hma.put(where, json={"note": 5}), 400, "note should be a string")
    says(hma.put("/c/bank/B1/content/9", json={}), 404, "content '9' not found")
    says(hma.put("/c/bank/NOPE/content/1", json={}), 404, "bank 'NOPE' not found")
    assert hma.put(where, content=b"x").status_code == 415


def test_note_set_and_cleared(hma: TestClient) -> None:
    bank(hma)
    signal(hma, pdq=PDQ)
    where = "/c/bank/B1/content/1"
    assert hma.put(where, json={"note": "first"}).json()["note"] == "first"
    assert hma.get(where).json()["note"] == "first"
    assert hma.put(where, json={"note": ""}).json()["note"] is None
    assert "note" not in hma.get(where).json()


def test_delete(hma: TestClient) -> None:
    bank(hma)
    signal(hma, pdq=PDQ)
    assert hma.delete("/c/bank/B1/content/1").json() == {"deleted": 1}
    assert hma.delete("/c/bank/B1/content/1").json() == {"deleted": 0}
    says(hma.delete("/c/bank/NOPE/content/1"), 404, "bank 'NOPE' not found")
    assert look_up(hma) == {}


def test_content_of_another_bank_is_out_of_reach(hma: TestClient) -> None:
    """HMA reads, changes and deletes it."""
    bank(hma, "B1")
    bank(hma, "B2")
    content = signal(hma, "B2", pdq=OTHER)
    says(hma.get(f"/c/bank/B1/content/{content}"), 404, f"content '{content}' not found")
    says(hma.put(f"/c/bank/B1/content/{content}", json={"note": "x"}), 404, f"content '{content}' not found")
    assert hma.delete(f"/c/bank/B1/content/{content}").json() == {"deleted": 0}
    assert list(look_up(hma, OTHER)) == ["B2"]


def test_who_may_what(hma: TestClient, client: ClientFactory) -> None:
    bank(hma)
    analyst = client(Role.ANALYST)
    content = signal(analyst, pdq=PDQ)
    where = f"/c/bank/B1/content/{content}"
    assert analyst.put(where, json={"note": "mine"}).status_code == 200
    assert analyst.put(where, json={"disable_until_ts": 0}).status_code == 403
    assert analyst.delete(where).status_code == 403
    assert list(look_up(hma)) == ["B1"]
    trusted = client(Role.ANALYST, grants=[Permission.HMA_ENTRY_DISABLE, Permission.HMA_ENTRY_DELETE])
    assert trusted.put(where, json={"disable_until_ts": 0}).status_code == 200
    assert trusted.delete(where).json() == {"deleted": 1}


def test_a_form_that_cannot_be_read(hma: TestClient) -> None:
    bank(hma)
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = hma.post("/c/bank/B1/content", content=b"--y\r\nnonsense", headers=headers)
    assert answer.status_code == 400
