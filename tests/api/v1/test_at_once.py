"""A change to a list counts in the process that made it when it is answered; others know by its position."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from holdfast.service.follower import Follower
from holdfast.service.runtime import Runtime
from tests.api.conftest import RuntimeFactory
from tests.api.v1.conftest import KNOWN, PDQ

PATH = "/v1/banks/KNOWN/entries"
HASHES = [{"algorithm": "pdq", "value": PDQ}]
SAID = {"Holdfast-Context": '{"surface":"public","country":"US"}'}


@pytest.fixture
def runtime(either: dict[str, Any], make_runtime: RuntimeFactory) -> Runtime:
    """Its own thread looks once a second: what is known sooner was looked for."""
    return make_runtime(server={"refresh_s": 1.0}, **either)


@pytest.fixture
def bank(lead: TestClient) -> dict[str, Any]:
    made: dict[str, Any] = lead.post("/v1/banks", json={"name": "KNOWN"}).json()
    return made


def found(lead: TestClient, at_least: int) -> int:
    """How many entries a look-up finds. It was made with the lists as of that position, or later."""
    answer = lead.post("/v1/lookup", json={"algorithm": "pdq", "value": PDQ}).json()
    assert answer["list_version"] >= at_least
    return len(answer["matches"])


def test_every_write_to_a_list_counts_when_it_is_answered(lead: TestClient, bank: dict[str, Any]) -> None:
    added = lead.post(PATH, json={"label": "x", "hashes": HASHES}).json()
    assert found(lead, added["list_version"]) == 1
    assert added["list_version"] > bank["list_version"]
    terms = lead.put("/v1/sources/own/terms", json={"may_match": False}).json()
    assert found(lead, terms["list_version"]) == 0
    terms = lead.put("/v1/sources/own/terms", json={"may_match": True}).json()
    assert found(lead, terms["list_version"]) == 1
    off = lead.patch("/v1/banks/KNOWN", json={"enabled": False}).json()
    assert found(lead, off["list_version"]) == 0
    on = lead.patch("/v1/banks/KNOWN", json={"enabled": True}).json()
    assert found(lead, on["list_version"]) == 1
    entry = f"{PATH}/{added['entry']['id']}"
    until = lead.patch(entry, json={"disabled_until": "2999-01-01T00:00:00Z"}).json()
    assert found(lead, until["list_version"]) == 0
    until = lead.patch(entry, json={"disabled_until": None}).json()
    assert found(lead, until["list_version"]) == 1
    gone = lead.delete(entry).json()
    assert found(lead, gone["list_version"]) == 0
    again = lead.post(PATH, json={"label": "x", "hashes": HASHES}).json()
    assert found(lead, again["list_version"]) == 1
    gone = lead.delete("/v1/banks/KNOWN").json()
    assert gone["entries_deleted"] == 1 and found(lead, gone["list_version"]) == 0


def test_the_very_next_upload_of_an_added_file_matches(lead: TestClient, bank: dict[str, Any]) -> None:
    before = lead.post("/v1/screen", content=KNOWN, headers=SAID).json()
    added = lead.post("/v1/banks/KNOWN/media?label=x", content=KNOWN).json()
    after = lead.post("/v1/screen", content=KNOWN, headers=SAID).json()
    assert (before["outcome"], after["outcome"]) == ("no_match", "match")
    assert before["list_version"] < added["list_version"] <= after["list_version"]


def test_a_write_that_is_sent_again_says_the_same_position(lead: TestClient, bank: dict[str, Any]) -> None:
    sent = {"Idempotency-Key": "once"}
    answers = [lead.post(PATH, json={"label": "x", "hashes": HASHES}, headers=sent) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert found(lead, answers[0].json()["list_version"]) == 1


def test_a_write_that_is_kept_is_answered_though_the_lists_cannot_be_looked_at(
    lead: TestClient, bank: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Follower) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Follower, "look", fail)
        assert lead.post(PATH, json={"label": "x", "hashes": HASHES}).status_code == 201
    assert len(lead.get(PATH).json()["items"]) == 1
