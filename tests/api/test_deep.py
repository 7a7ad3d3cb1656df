"""What HTTP tells of deep checks: in the answer, in health, in the measures; and to whom."""

from __future__ import annotations

import json

import pytest

from holdfast.access.roles import Role
from holdfast.banks.service import update_bank
from holdfast.service.deep_worker import DeepWorker
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory
from tests.pictures import encoded, picture
from tests.service.deep import STRANGER, add_bank, crop

SAID = {"Holdfast-Context": json.dumps({"content_reference": "post/1", "surface": "public"})}


def test_an_upload_key_learns_that_a_check_is_pending_and_no_more(
    runtime: Runtime, client: ClientFactory
) -> None:
    add_bank(runtime, 1)
    uploader = client(Role.UPLOADER)
    for data in (crop(1), STRANGER):
        answer = uploader.post("/v1/screen", content=data, headers=SAID)
        body = answer.json()
        assert (body["outcome"], body["deep_check"], body["deep_check_reason"]) == ("no_match", "pending", "")
        for secret in ("expected_false_alarms", "distance", "KNOWN", "view"):
            assert secret not in answer.text
    assert DeepWorker(runtime).run_once() == 2
    lead = client(Role.LEAD)
    (event,) = lead.get("/v1/events").json()["items"]
    assert (event["kind"], event["content_reference"]) == ("match", "post/1")
    (waiting,) = lead.get("/v1/decisions").json()["items"]
    assert waiting["event"] == event["id"] and waiting["hold"] is None


def test_expected_false_alarms_stand_beside_the_distance_for_those_who_may_see_it(
    runtime: Runtime, client: ClientFactory
) -> None:
    add_bank(runtime, 1)
    near = encoded(picture(1), quality=40)
    (match,) = client(Role.ANALYST).post("/v1/screen", content=near, headers=SAID).json()["matches"]
    assert match["tier"] == "match" and 0 <= match["expected_false_alarms"] < 1e-6
    assert match["extrapolation_decades"] > 0 and match["distance"] <= 31
    told = client(Role.UPLOADER).post("/v1/screen", content=near, headers=SAID).text
    assert "expected_false_alarms" not in told and "tier" not in told
    value = runtime.screener.hasher.hash_bytes(near).pdq[0].pdq.hex
    asked = {"algorithm": "pdq", "value": value}
    found, *_ = client(Role.ANALYST).post("/v1/lookup", json=asked).json()["matches"]
    assert found["tier"] == "match" and found["expected_false_alarms"] >= 0 and found["view"] == "as is"


def test_health_and_measures_say_how_deep_checks_fare(runtime: Runtime, client: ClientFactory) -> None:
    nobody, lead = client(), client(Role.LEAD)
    assert nobody.get("/health/ready").json()["deep_check"] == "off"
    add_bank(runtime, 1, deep_per_hour=2)
    runtime.follower.look()
    assert nobody.get("/health/ready").json()["deep_check"] == "ok"
    uploader = client(Role.UPLOADER)
    for _ in range(3):
        last = uploader.post("/v1/screen", content=STRANGER, headers=SAID).json()
    assert (last["deep_check"], last["deep_check_reason"]) == ("skipped", "over_budget")
    runtime.counters.flush()
    told = lead.get("/metrics").text
    assert "\nholdfast_deep_checks 2.0\n" in told
    assert 'outcome="skipped",reason="over_budget",step="asked"} 1.0' in told
    assert DeepWorker(runtime).run_once() == 2
    runtime.counters.flush()
    told = lead.get("/metrics").text
    assert "\nholdfast_deep_checks 0.0\n" in told
    assert 'outcome="no_match",reason="",step="checked"} 2.0' in told
    with runtime.database.write() as connection:
        update_bank(connection, "KNOWN", deep_per_hour=0)
    runtime.screener.refresh()
    assert nobody.get("/health/ready").json()["deep_check"] == "off"


def test_health_never_asks_the_records(
    runtime: Runtime, client: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = client()
    client(Role.LEAD).post("/v1/banks", json={"name": "KNOWN", "deep_per_hour": 5})
    assert nobody.get("/health/ready").json()["deep_check"] == "ok"
    runtime.follower.stop()

    def away(_: object) -> None:
        raise AssertionError("the records were asked")

    monkeypatch.setattr(type(runtime.database), "read", away)
    assert nobody.get("/health/ready").json()["deep_check"] == "ok"
    monkeypatch.setattr(runtime.deep_watch, "_looked_s", float("-inf"))
    assert nobody.get("/health/ready").json()["deep_check"] == "unknown"
