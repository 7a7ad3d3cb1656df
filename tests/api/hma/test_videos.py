"""vPDQ over the HMA-compatible API: the signal type as HMA's library defines it, and what goes beyond it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from PIL import ImageOps
from starlette.testclient import TestClient

from holdfast.banks.models import Handling
from holdfast.banks.sources import set_handling
from holdfast.hashing.videotext import from_json, to_json
from holdfast.service.runtime import Runtime
from tests.api.conftest import RuntimeFactory
from tests.api.hma.conftest import bank, look_up, says, signal
from tests.hashing.videohashes import video_hash
from tests.screening.clips import film

KNOWN, STRANGE = range(8), range(20, 26)
FILM = film(KNOWN)


@pytest.fixture
def runtime(make_runtime: RuntimeFactory) -> Runtime:
    return make_runtime(rules={"default_surface": "public"})


def send(hma: TestClient, path: str, data: bytes, **params: str) -> Any:
    return hma.post(path, files={"video": ("a.mp4", data, "video/mp4")}, params=params)


def test_a_video_is_hashed_added_shown_and_found(hma: TestClient, runtime: Runtime) -> None:
    bank(hma)
    text = send(hma, "/h/hash", FILM).json()["vpdq"]
    assert len(from_json(text)) == len(KNOWN)
    added = send(hma, "/c/bank/B1/content", FILM, types="vpdq").json()
    assert added == {"id": 1, "signals": {"vpdq": text}}
    where = "/c/bank/B1/content/1?include_signals=true"
    assert "signals" not in hma.get(where).json()  # until its source's terms let it out
    with runtime.database.write() as connection:
        set_handling(connection, "own", Handling(True, True))
    shown = hma.get(where).json()
    assert shown["signals"] == {"vpdq": text}
    assert look_up(hma, text, "vpdq") == {"B1": [{"bank_content_id": 1, "distance": "100%[100%]"}]}
    copy = send(hma, "/m/lookup", film([*STRANGE, *KNOWN], ImageOps.mirror)).json()
    assert [one["bank_content_id"] for one in copy["vpdq"]["B1"]] == [1]
    assert copy["vpdq"]["B1"][0]["distance"] == "0%[0%]"  # a mirrored copy is none to vPDQ itself
    assert copy["video_md5"] == {}
    assert send(hma, "/m/lookup", film(STRANGE)).json()["vpdq"] == {}


def test_a_ready_hash_goes_the_same_ways(hma: TestClient) -> None:
    bank(hma)
    whole, other = video_hash(1, 20), video_hash(2, 20)
    text = to_json(whole)
    assert signal(hma, vpdq=text) == 1
    part = to_json(whole.select(np.arange(5, 15)))
    assert look_up(hma, part, "vpdq") == {"B1": [{"bank_content_id": 1, "distance": "100%[50%]"}]}
    assert look_up(hma, to_json(other), "vpdq") == {}
    asked = {"signal_type": "vpdq", "signal": part, "include_distance": "true"}
    raw = hma.get("/m/raw_lookup", params=asked).json()
    assert raw == {"matches": [{"bank_content_id": 1, "distance": "100%[50%]"}]}
    compared = hma.post("/m/compare", json={"vpdq": [part, text]}).json()["vpdq"]
    assert compared == [True, {"query_match_percent": 100.0, "compared_match_percent": 50.0}]
    compared = hma.post("/m/compare", json={"vpdq": [text, part]}).json()["vpdq"]
    assert compared == [False, {"query_match_percent": 50.0, "compared_match_percent": 100.0}]
    assert hma.get("/m/index/status", params={"signal_type": "vpdq"}).json()["vpdq"]["size"] == 1
    hma.delete("/c/bank/B1/content/1")
    assert look_up(hma, part, "vpdq") == {}


@pytest.mark.parametrize("text", ["", "no JSON", "[]", json.dumps(["0" * 64 + ",100"]), json.dumps([1])])
def test_what_is_no_hash_is_an_error(hma: TestClient, text: str) -> None:
    bank(hma)
    answer = hma.post("/c/bank/B1/signal", json={"vpdq": text})
    says(answer, 400, "Invalid vpdq signal: invalid VPDQ hash")


def test_what_cannot_be_decoded_is_never_not_known(hma: TestClient) -> None:
    answer = send(hma, "/m/lookup", b"no video at all")
    assert answer.status_code == 400 and "Nothing is known" in answer.json()["message"]
