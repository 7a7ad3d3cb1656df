"""Videos over HTTP: short ones answered at once, longer ones by a job that decides as for an upload."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import ImageOps
from starlette.testclient import TestClient

from holdfast.access.roles import Role
from holdfast.banks.service import create_bank
from holdfast.decisions.facts import Context
from holdfast.errors import LeaseLostError
from holdfast.records import events
from holdfast.records.worker import Worker
from holdfast.screening.adding import add_media
from holdfast.service.jobs import handlers
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.screening.clips import film

KNOWN, STRANGE = range(8), range(20, 26)
CONTEXT = json.dumps({"content_reference": "post/7", "surface": "public", "country": "US"})
SAID = {"Holdfast-Context": CONTEXT}


@pytest.fixture
def runtime(make_runtime: RuntimeFactory, tmp_path: Path) -> Runtime:
    """Videos over five seconds go to a job; one film of class A1 is listed."""
    opened = make_runtime(video={"direct_max_s": 5.0})
    path = tmp_path / "known.mp4"
    path.write_bytes(film(KNOWN))
    with opened.database.write() as connection:
        create_bank(connection, "FILMS", trusted=True)
    add_media(opened.database, opened.screener.hasher, "FILMS", [path], classification="A1")
    opened.screener.refresh()
    return opened


@pytest.fixture
def uploader(client: ClientFactory) -> TestClient:
    return client(Role.UPLOADER)


@pytest.fixture
def lead(client: ClientFactory) -> TestClient:
    return client(Role.LEAD)


def send(client: TestClient, data: bytes, **headers: str) -> Any:
    return client.post("/v1/screen", content=data, headers={**SAID, **headers})


def work(runtime: Runtime) -> int:
    return Worker(runtime.database, handlers(runtime)).run_due()


def objects(runtime: Runtime) -> list[Path]:
    kept = [path for path in (runtime.home.path / "vault").rglob("*") if path.is_file()]
    return [path for path in kept if "journal" not in path.parts]


def test_a_short_video_is_answered_at_once(lead: TestClient, runtime: Runtime) -> None:
    copy = film(KNOWN[:4], ImageOps.mirror)
    answer = send(lead, copy).json()
    assert (answer["outcome"], answer["medium"]) == ("match", "video")
    assert answer["decision"]["quarantine"] and answer["hold"] and answer["event"]
    (match,) = answer["matches"]
    assert (match["algorithm"], match["view"], match["tier"]) == ("vpdq", "mirrored", "match")
    assert (match["query_start_s"], match["speed"]) == (0.0, pytest.approx(1, abs=0.1))
    with runtime.database.read() as connection:
        (event,) = events.read(connection)
    (fact,) = event.facts["facts"]["matches"]
    assert (fact["algorithm"], fact["view"]) == ("vpdq", "orientation") and fact["score"] > 9
    assert not answer["decision"]["draft_report"]
    assert (fact["query_start_s"], fact["ref_end_s"]) == (0.0, pytest.approx(4, abs=0.75))
    told = ("speed", "vpdq_query_percent", "vpdq_ref_percent")
    assert [fact[name] for name in told] == [match[name] for name in told] and fact["speed"] == 1.0
    assert fact["vpdq_query_percent"] is not None and fact["vpdq_ref_percent"] is not None


def test_what_matches_early_in_a_long_video_is_a_match_at_once(lead: TestClient) -> None:
    assert send(lead, film([*KNOWN[:5], *STRANGE], ImageOps.mirror)).json()["outcome"] == "match"


def test_a_long_video_is_decided_by_a_job(uploader: TestClient, lead: TestClient, runtime: Runtime) -> None:
    answer = send(uploader, film([*STRANGE, *KNOWN], ImageOps.mirror))
    assert answer.status_code == 202
    assert answer.json().keys() == {"job", "medium", "size_bytes", "detail"}
    (kept,) = objects(runtime)
    assert b"ftyp" not in kept.read_bytes()
    path = f"/v1/jobs/{answer.json()['job']}"
    assert uploader.get(path).json()["state"] == "queued"
    assert work(runtime) == 1
    done = uploader.get(path).json()
    assert (done["state"], done["kind"]) == ("done", "video.screen")
    assert done["progress_done"] == done["progress_total"] == 14
    result = done["result"]
    assert (result["outcome"], result["decision"]["quarantine"]) == ("match", True)
    assert "matches" not in result and result["event"] and result["hold"]
    assert lead.get(f"/v1/holds/{result['hold']}").json()["state"] == "held"
    assert len(objects(runtime)) == 1  # what was held; what waited is gone
    with runtime.database.read() as connection:
        (event,) = events.read(connection)
    assert (event.kind, event.content_reference) == ("match", "post/7")


def test_a_long_strange_video_leaves_nothing(uploader: TestClient, runtime: Runtime) -> None:
    job = send(uploader, film([*STRANGE, *range(40, 46)])).json()["job"]
    assert work(runtime) == 1
    assert uploader.get(f"/v1/jobs/{job}").json()["result"]["outcome"] == "no_match"
    assert objects(runtime) == []
    with runtime.database.read() as connection:
        assert events.read(connection) == []


def test_the_same_key_gets_the_same_job(uploader: TestClient, runtime: Runtime) -> None:
    data = film([*STRANGE, *KNOWN])
    first, second = (send(uploader, data, **{"Idempotency-Key": "one"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json() and second.headers["idempotent-replayed"] == "true"
    assert len(objects(runtime)) == 1 and work(runtime) == 1


def test_the_job_of_a_key_with_detail_has_the_times(lead: TestClient, runtime: Runtime) -> None:
    job = send(lead, film([*STRANGE, *KNOWN], ImageOps.mirror)).json()["job"]
    work(runtime)
    (match,) = lead.get(f"/v1/jobs/{job}").json()["result"]["matches"]
    assert match["query_start_s"] == pytest.approx(6, abs=0.5)
    assert match["ref_end_s"] == pytest.approx(8, abs=0.75)


def test_a_form_is_put_aside_as_well(uploader: TestClient) -> None:
    files = {"file": ("clip.mp4", film([*STRANGE, *KNOWN]))}
    assert uploader.post("/v1/screen/form", files=files, data={"context": CONTEXT}).status_code == 202


def test_a_video_is_hashed_and_added_over_http(lead: TestClient, client: ClientFactory) -> None:
    hashed = client(Role.ANALYST).post("/v1/hash", content=film(STRANGE)).json()
    assert (hashed["medium"], len(hashed["vpdq"]), hashed["pdq"]) == ("video", len(STRANGE), [])
    added = lead.post("/v1/banks/FILMS/media?label=other", content=film(STRANGE))
    assert (added.status_code, added.json()["entry"]["medium"]) == (201, "video")
    assert send(lead, film(STRANGE[:4], ImageOps.flip)).json()["outcome"] == "match"


def test_a_ready_hash_is_decided_like_an_upload(client: ClientFactory, runtime: Runtime) -> None:
    analyst = client(Role.ANALYST)

    def screened(frames: list[str]) -> Any:
        item = {"hashes": {"vpdq": frames}, "context": json.loads(CONTEXT)}
        return analyst.post("/v1/screen/hashes", json={"items": [item]})

    known = runtime.screener.hasher.hash_bytes(film(KNOWN)).to_json()["vpdq"]
    (answer,) = screened(known[2:]).json()["answers"]
    assert (answer["outcome"], answer["medium"]) == ("match", "video")
    (match,) = answer["matches"]
    assert (match["vpdq_query_percent"], match["vpdq_ref_percent"]) == (100.0, 75.0)
    assert match["ref_start_s"] == pytest.approx(2, abs=0.75)
    strange = runtime.screener.hasher.hash_bytes(film(STRANGE)).to_json()["vpdq"]
    assert screened(strange).json()["answers"][0]["outcome"] == "no_match"
    plain = [",".join((one.split(",")[0], "3", one.split(",")[2])) for one in strange]
    (answer,) = screened(plain).json()["answers"]
    assert (answer["outcome"], answer["reason"]) == ("not_matchable", "featureless")
    assert screened(["no hash"]).status_code == 422


def test_a_job_that_was_lost_to_another_worker_decides_nothing(lead: TestClient, runtime: Runtime) -> None:
    data = film([*STRANGE, *KNOWN], ImageOps.mirror)
    job = send(lead, data).json()["job"]

    def lost(*_: object) -> None:
        raise LeaseLostError("lost")

    with pytest.raises(LeaseLostError):
        runtime.intake.finish_video(
            data,
            Context.from_json(json.loads(CONTEXT)),
            by="key:test",
            banks=(),
            in_detail=True,
            on_progress=lambda *_: None,
            complete=lost,
        )
    with runtime.database.read() as connection:
        assert events.read(connection) == []
    assert work(runtime) == 1  # the other one
    assert lead.get(f"/v1/jobs/{job}").json()["result"]["outcome"] == "match"
    with runtime.database.read() as connection:
        assert [event.kind for event in events.read(connection)] == ["match"]
