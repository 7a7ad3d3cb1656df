"""Uploads over HTTP: what comes back, to whom, and what is kept: for a match all of it, else only counts."""

from __future__ import annotations

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image
from starlette.testclient import TestClient

from holdfast.access.roles import Role
from holdfast.banks.entries import add_entry
from holdfast.banks.models import Fingerprint
from holdfast.banks.service import create_bank
from holdfast.banks.sources import ensure_source
from holdfast.decisions.facts import Context
from holdfast.records import events, idempotency
from holdfast.records.tables import metadata
from holdfast.records.tables.decisions import decisions
from holdfast.records.tables.outbox import action_receipts
from holdfast.records.tables.vault import vault_items
from holdfast.screening.adding import fingerprints_of
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.databases import TEMPLATE, PostgresServer
from tests.pictures import encoded, picture

KNOWN = encoded(picture(1), quality=92)
COPY = encoded(picture(1), quality=50)
OTHER = encoded(picture(2), quality=90)
CONTEXT = {
    "content_reference": "post/8f31",
    "account": "user-4711",
    "surface": "public",
    "country": "US",
    "uploaded_at": "2026-11-20T09:30:00+01:00",
    "ip": "203.0.113.7",
    "port": 51334,
    "original_name": "IMG_0001.jpg",
    "urls": ["https://photos.example/p/8f31"],
}
SAID = {"Holdfast-Context": json.dumps(CONTEXT)}


def add_known(runtime: Runtime, data: bytes = KNOWN, bank: str = "KNOWN", **wanted: Any) -> int:
    """A bank with one entry, hashed from ``data``; the entry's id."""
    made = fingerprints_of(runtime.screener.hasher.hash_bytes(data))
    with runtime.database.write() as connection:
        wanted = {"trusted": True, **wanted}
        bank_id = create_bank(connection, bank, **wanted).id
        source = ensure_source(connection, "own").id
        entry = add_entry(
            connection, bank_id, label="a photo", added=made, source_id=source, classification="A1"
        ).entry.id
    runtime.screener.refresh()
    return entry


def objects(runtime: Runtime) -> list[Path]:
    return [path for path in (runtime.home.path / "vault").rglob("*") if path.is_file()]


def test_an_upload_key_learns_the_decision_and_not_the_match(runtime: Runtime, client: ClientFactory) -> None:
    entry = add_known(runtime)
    answer = client(Role.UPLOADER).post("/v1/screen", content=COPY, headers=SAID)
    assert answer.status_code == 200
    body = answer.json()
    assert body["outcome"] == "match" and body["decision"]["quarantine"] and body["decision"]["queue"] == 1
    assert body["decision"]["class"] == "review" and "person" in body["decision"]["reason"]
    assert set(body) == {
        "outcome", "reason", "detail", "medium", "size_bytes", "list_version", "deep_check",
        "deep_check_reason", "decision", "policy", "event", "hold", "actions",
    }  # fmt: skip
    for secret in ("KNOWN", "a photo", "distance", "trusted-match", f'"entry":{entry}'):
        assert secret not in answer.text


def test_an_analyst_learns_the_match(runtime: Runtime, client: ClientFactory) -> None:
    entry = add_known(runtime)
    body = client(Role.ANALYST).post("/v1/screen", content=COPY, headers=SAID).json()
    (match,) = body["matches"]
    assert (match["bank"], match["entry"], match["algorithm"]) == ("KNOWN", entry, "pdq")
    assert match["distance"] <= 10 and match["view"] == "as is" and not match["exact"]
    assert body["rule"] == "trusted-match-a1" and body["rules_version"].startswith("shipped-1+")


def test_everything_about_a_match_is_kept(runtime: Runtime, client: ClientFactory) -> None:
    entry = add_known(runtime)
    body = client(Role.UPLOADER).post("/v1/screen", content=KNOWN, headers=SAID).json()
    assert body["decision"]["draft_report"] and body["decision"]["class"] == "known"
    with runtime.database.read() as connection:
        event = events.get(connection, body["event"])
        decided = connection.execute(sa.select(decisions)).one()
        (receipt,) = connection.execute(sa.select(action_receipts)).all()
    assert event.kind == "match" and event.content_reference == "post/8f31"
    assert event.facts["facts"]["context"]["account"] == "user-4711"
    assert {match["entry"] for match in event.facts["facts"]["matches"]} == {entry}
    assert event.facts["hold"] == body["hold"] == decided.item_id
    assert (decided.event_id, decided.queue, decided.entry_id, decided.trusted) == (event.id, 1, entry, True)
    assert body["actions"] == [{"id": receipt.id, "action": "remove"}]
    held = b"".join(runtime.vault.open(body["hold"], actor="test", purpose="test"))
    assert held == KNOWN
    facts = runtime.vault.read_facts(body["hold"], actor="test", purpose="test")
    assert facts.sha256 == hashlib.sha256(KNOWN).hexdigest() and facts.context["ip"] == "203.0.113.7"


def test_the_hold_lies_encrypted(runtime: Runtime, client: ClientFactory) -> None:
    add_known(runtime)
    client(Role.UPLOADER).post("/v1/screen", content=KNOWN, headers=SAID)
    files = objects(runtime)
    assert len(files) == 1
    assert KNOWN[100:140] not in files[0].read_bytes()


@pytest.mark.parametrize(
    ("data", "outcome", "reason", "rule_class"),
    [
        (OTHER, "no_match", "", "none"),
        (b"only words", "not_matchable", "not_media", "unchecked"),
        (b"", "not_matchable", "empty", "unchecked"),
    ],
)
def test_what_matches_nothing(
    runtime: Runtime, client: ClientFactory, data: bytes, outcome: str, reason: str, rule_class: str
) -> None:
    add_known(runtime)
    body = client(Role.UPLOADER).post("/v1/screen", content=data, headers=SAID).json()
    assert (body["outcome"], body["reason"]) == (outcome, reason)
    assert body["decision"]["class"] == rule_class and body["decision"]["allow"]
    assert (body["event"], body["hold"], body["actions"]) == (None, None, [])


@pytest.mark.parametrize(
    ("surface", "country", "action"),
    [("private", "DE", "do_not_scan"), ("unknown", "FR", "do_not_scan"), ("unknown", "US", "digests_only")],
)
def test_the_policy_is_asked_before_anything_is_decoded(
    runtime: Runtime, client: ClientFactory, surface: str, country: str, action: str
) -> None:
    add_known(runtime)
    uploader = client(Role.UPLOADER)
    said = {"Holdfast-Context": json.dumps({"surface": surface, "country": country})}
    body = uploader.post("/v1/screen", content=COPY, headers=said).json()
    assert body["outcome"] == "not_scanned" and body["policy"]["action"] == action
    same = uploader.post("/v1/screen", content=KNOWN, headers=said).json()
    assert same["outcome"] == ("match" if action == "digests_only" else "not_scanned")


def test_no_bank_is_not_no_match(client: ClientFactory) -> None:
    body = client(Role.UPLOADER).post("/v1/screen", content=OTHER, headers=SAID).json()
    assert (body["outcome"], body["reason"]) == ("not_scanned", "no_banks")


def test_a_benign_bank_clears_and_its_name_stays_inside(runtime: Runtime, client: ClientFactory) -> None:
    add_known(runtime, COPY, trusted=False)
    add_known(runtime, KNOWN, bank="HARMLESS", kind="benign", trusted=False)
    answer = client(Role.UPLOADER).post("/v1/screen", content=KNOWN, headers=SAID)
    assert answer.json()["outcome"] == "no_match" and answer.json()["decision"]["allow"]
    assert "HARMLESS" not in answer.text and "benign" not in answer.text
    detail = client(Role.ANALYST).post("/v1/screen", content=KNOWN, headers=SAID).json()
    assert detail["reason"] == "benign_bank" and len(detail["suppressed"]) == 1


def test_one_file_on_a_trusted_and_a_benign_list_is_held_and_not_reported(
    runtime: Runtime, client: ClientFactory
) -> None:
    add_known(runtime)
    add_known(runtime, bank="HARMLESS", kind="benign", trusted=False)
    answer = client(Role.UPLOADER).post("/v1/screen", content=KNOWN, headers=SAID)
    body = answer.json()
    assert (body["outcome"], body["reason"], body["detail"]) == ("match", "", "")
    assert body["hold"] and body["decision"]["quarantine"] and body["decision"]["queue"] <= 2
    assert not body["decision"]["draft_report"] and not body["decision"]["block"]
    detail = client(Role.ANALYST).post("/v1/screen", content=KNOWN, headers=SAID).json()
    assert detail["reason"] == "benign_conflict" and "HARMLESS" in detail["detail"]
    assert "one of them is wrong" in detail["restraint"]
    likeness = client(Role.UPLOADER).post("/v1/screen", content=COPY, headers=SAID).json()
    assert (likeness["outcome"], likeness["hold"]) == ("no_match", None)


def test_a_screenshot_is_held_whatever_the_rules_would_report(
    make_runtime: RuntimeFactory, tmp_path: Path
) -> None:
    """The rule reads well, and a picture in a box is no picture as it is: a person has to look."""
    rules = tmp_path / "rules.toml"
    rules.write_text(
        """
        version = "test"
        [[rule]]
        name = "near-copy"
        class = "known"
        reason = "x"
        then = { block = true, quarantine = true, queue = 1, draft_report = true }
        [rule.when]
        tier = "match"
        algorithm = "pdq"
        max_distance_bits = 31
        view = ["as_is", "orientation", "border"]
        """
    )
    runtime = make_runtime(rules={"rules_file": rules})
    add_known(runtime)
    whole = runtime.intake.screen(COPY, Context.from_json(CONTEXT), by="key:test")
    assert whole.decision.rule == "near-copy" and whole.decision.actions.block
    page = Image.new("RGB", (900, 1400), "white")
    page.paste(picture(1).resize((800, 600)), (50, 300))
    page.paste(picture(3).resize((800, 300)), (50, 1000))
    boxed = runtime.intake.screen(encoded(page), Context.from_json(CONTEXT), by="key:test")
    assert str(boxed.outcome.outcome) == "match" and (boxed.outcome.matches[0].distance or 0) <= 31
    actions = boxed.decision.actions
    assert actions.quarantine and boxed.hold and not actions.block and not actions.draft_report


def test_forms_and_hashes_decide_like_bodies(runtime: Runtime, client: ClientFactory) -> None:
    add_known(runtime)
    form = client(Role.UPLOADER).post(
        "/v1/screen/form", files={"file": ("x.jpg", KNOWN)}, data={"context": json.dumps(CONTEXT)}
    )
    assert form.json()["outcome"] == "match" and form.json()["hold"]
    items = [
        {"hashes": {"sha256": hashlib.sha256(KNOWN).hexdigest()}, "context": CONTEXT},
        {"hashes": {"pdq": _pdq(runtime, COPY)}, "quality": 90, "context": CONTEXT},
        {"hashes": {"pdq": _pdq(runtime, COPY)}, "quality": 10, "context": CONTEXT},
        {"hashes": {"pdq": _pdq(runtime, OTHER)}, "context": CONTEXT},
        {"hashes": {"md5": "0" * 32}, "context": CONTEXT},
        {"hashes": {"pdq": _pdq(runtime, COPY)}, "context": {"surface": "private", "country": "DE"}},
    ]
    answers = client(Role.ANALYST).post("/v1/screen/hashes", json={"items": items}).json()["answers"]
    outcomes = [(one["outcome"], one["reason"]) for one in answers]
    assert outcomes == [
        ("match", ""),
        ("match", ""),
        ("not_matchable", "featureless"),
        ("no_match", ""),
        ("not_scanned", "digests_only"),
        ("not_scanned", "policy"),
    ]
    assert answers[0]["event"] and answers[0]["hold"] is None and answers[0]["matches"][0]["exact"]


def test_retried_hashes_are_kept_once(runtime: Runtime, client: ClientFactory) -> None:
    add_known(runtime)
    known = {"hashes": {"sha256": hashlib.sha256(KNOWN).hexdigest()}, "context": CONTEXT}
    items = [known, {"hashes": {"pdq": "0f" * 32}, "context": CONTEXT}, known]
    analyst, sent = client(Role.ANALYST), {"Idempotency-Key": "batch-1"}
    first = analyst.post("/v1/screen/hashes", json={"items": items}, headers=sent)
    again = analyst.post("/v1/screen/hashes", json={"items": items}, headers=sent)
    assert again.json() == first.json()
    kept = [one["event"] for one in first.json()["answers"]]
    assert kept[0] and kept[1] is None and kept[2] not in (None, kept[0])
    with runtime.database.read() as connection:
        assert events.latest(connection) == kept[2]
    other = analyst.post("/v1/screen/hashes", json={"items": items[:1]}, headers=sent)
    assert other.status_code == 200, "the same item at the same place"
    swapped = [{"hashes": {"md5": hashlib.md5(KNOWN).hexdigest()}, "context": CONTEXT}]
    assert analyst.post("/v1/screen/hashes", json={"items": swapped}, headers=sent).status_code == 422


def _pdq(runtime: Runtime, data: bytes) -> str:
    return runtime.screener.hasher.hash_bytes(data).pdq[0].pdq.hex


def test_a_retried_upload_is_kept_once(runtime: Runtime, client: ClientFactory) -> None:
    add_known(runtime)
    uploader = client(Role.UPLOADER)
    sent = {**SAID, "Idempotency-Key": "try-1"}
    first = uploader.post("/v1/screen", content=KNOWN, headers=sent)
    again = uploader.post("/v1/screen", content=KNOWN, headers=sent)
    assert again.json() == first.json() and again.headers["idempotent-replayed"] == "true"
    with runtime.database.read() as connection:
        assert events.latest(connection) == first.json()["event"]
        assert connection.scalar(sa.select(sa.func.count()).select_from(vault_items)) == 1
    other = uploader.post("/v1/screen", content=COPY, headers=sent)
    assert other.status_code == 422 and other.json()["type"].endswith("idempotency-conflict")
    assert len(objects(runtime)) == 1, "neither a replay nor a refused one leaves an object"
    third = client(Role.UPLOADER).post("/v1/screen", content=KNOWN, headers=sent)  # another principal
    assert third.json()["event"] != first.json()["event"]


def test_uploads_with_one_key_at_one_moment_leave_one_object(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_known(runtime)
    both_have_looked, look = threading.Barrier(2), idempotency.answer_to

    def slowly(*wanted: Any) -> Any:
        answer = look(*wanted)
        if not both_have_looked.broken and threading.current_thread() is not threading.main_thread():
            with suppress(threading.BrokenBarrierError):
                both_have_looked.wait(timeout=120)
                both_have_looked.abort()
        return answer

    monkeypatch.setattr(idempotency, "answer_to", slowly)
    context = Context.from_json(CONTEXT)
    with ThreadPoolExecutor(2) as threads:
        sent = [
            threads.submit(runtime.intake.screen, KNOWN, context, by="key:a", idempotency_key="k")
            for _ in range(2)
        ]
        answers = [one.result() for one in sent]
    assert sorted(bool(one.stored) for one in answers) == [False, True]
    assert len(objects(runtime)) == 1


@pytest.mark.parametrize(
    "context",
    [
        "not json",
        "[1]",
        '{"surface":"everywhere"}',
        '{"account":""}',
        '{"uploaded_at":"2026-11-20T09:30:00"}',
        '{"ip":"one"}',
        '{"colour":"red"}',
    ],
)
def test_a_bad_context_is_refused_before_the_upload_is_looked_at(client: ClientFactory, context: str) -> None:
    answer = client(Role.UPLOADER).post("/v1/screen", content=OTHER, headers={"Holdfast-Context": context})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Nothing was done with the upload" in answer.json()["detail"]


def test_banks_are_named_by_those_who_may_see_them(runtime: Runtime, client: ClientFactory) -> None:
    add_known(runtime)
    add_known(runtime, OTHER, bank="SECOND")
    assert client(Role.UPLOADER).post("/v1/screen?bank=KNOWN", content=COPY).status_code == 403
    analyst = client(Role.ANALYST)
    only = analyst.post("/v1/screen?bank=SECOND", content=COPY, headers=SAID).json()
    assert only["outcome"] == "no_match"
    assert analyst.post("/v1/screen?bank=NONE", content=COPY, headers=SAID).status_code == 404


def test_probing_is_stopped_and_alarmed(runtime: Runtime, client: ClientFactory) -> None:
    add_known(runtime)
    uploader = client(Role.UPLOADER)
    statuses = []
    for number in range(12):  # version after version, each with a patch in another place
        changed = picture(1)
        changed.paste("white", (50 * number, 100, 50 * number + 70, 220))
        statuses.append(uploader.post("/v1/screen", content=encoded(changed), headers=SAID).status_code)
    assert statuses[0] == 200 and statuses[-1] == 429
    refused = uploader.post("/v1/screen", content=OTHER, headers=SAID)
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 60
    others = {"Holdfast-Context": json.dumps({**CONTEXT, "account": "somebody else"})}
    assert uploader.post("/v1/screen", content=OTHER, headers=others).status_code == 200
    with runtime.database.read() as connection:
        (alarm, *_) = events.read(connection, kinds=["brake.tripped"])
    assert alarm.facts["brake"] == "probing" and alarm.facts["account"] == "user-4711"


def test_an_item_of_a_probing_account_is_answered_alone(runtime: Runtime, client: ClientFactory) -> None:
    add_known(runtime)
    analyst = client(Role.ANALYST)
    evil, honest = ({"hashes": {}, "context": {**CONTEXT, "account": who}} for who in ("evil", "honest"))
    code = int(_pdq(runtime, KNOWN), 16)
    near = [{**evil, "hashes": {"pdq": f"{code ^ (1 << bit):064x}"}} for bit in range(5)]
    assert all("outcome" in one for one in _answers(analyst, near))
    listed = {"sha256": hashlib.sha256(KNOWN).hexdigest()}
    batch = [{**honest, "hashes": listed} for _ in range(30)]
    batch[7] = {**evil, "hashes": listed}
    before = _looked_up(runtime)
    answers = _answers(analyst, batch)
    refused = answers.pop(7)
    assert set(refused) == {"problem"}, "nothing that could be taken for an outcome"
    problem = refused["problem"]
    assert (problem["status"], problem["type"]) == (429, "urn:holdfast:problem:over-limit")
    assert 60 < problem["retry_after_s"] <= 900 and "Nothing was checked" in problem["detail"]
    assert [one["outcome"] for one in answers] == ["match"] * 29
    assert _looked_up(runtime) == before + 29
    (alone,) = _answers(analyst, [batch[7]])
    assert set(alone) == {"problem"}


def _answers(analyst: TestClient, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answer = analyst.post("/v1/screen/hashes", json={"items": items})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["answers"]
    return found


def _looked_up(runtime: Runtime) -> int:
    runtime.counters.flush()
    with runtime.database.read() as connection:
        asked = sa.text("SELECT sum(count) FROM counters WHERE name = 'screened'")
        return int(connection.scalar(asked) or 0)


TRACES = {
    "account": b"user-4711",
    "reference": b"post/8f31",
    "name": b"IMG_0001",
    "address": b"203.0.113.7",
    "url": b"photos.example",
}


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_people_who_match_nothing_leave_no_trace(
    kind: str, make_runtime: RuntimeFactory, request: pytest.FixtureRequest
) -> None:
    """The whole home and every column of every table are searched after uploads of all four outcomes."""
    settings: dict[str, Any] = {}
    if kind == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        settings["database_url"] = server.create(template=TEMPLATE)
    runtime = make_runtime(**settings)
    add_known(runtime)
    with runtime.database.write() as connection:
        source = ensure_source(connection, "own").id
        bank = create_bank(connection, "OTHERS").id
        add_entry(connection, bank, label="x", added=[Fingerprint("sha1", b"\1" * 20)], source_id=source)
    runtime.screener.refresh()
    private = {**CONTEXT, "surface": "private", "country": "DE"}
    for context in (CONTEXT, private):
        for data in (OTHER, b"only words", b""):
            answer = runtime.intake.screen(data, Context.from_json(context), by="key:test")
            assert answer.event is None
    runtime.counters.flush()
    digests = hashlib.sha256(OTHER), hashlib.md5(OTHER), hashlib.sha1(OTHER)
    searched = {**TRACES, "bytes": OTHER[200:230], "pdq": bytes.fromhex(_pdq(runtime, OTHER))}
    searched |= {f"raw {one.name}": one.digest() for one in digests}
    searched |= {f"hex {one.name}": one.hexdigest().encode() for one in digests}
    for path in runtime.home.path.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not [name for name, trace in searched.items() if trace in content], path
    with runtime.database.read() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(sa.select(table)):
                content = b"\n".join(v if isinstance(v, bytes) else str(v).encode() for v in row)
                assert not [name for name, trace in searched.items() if trace in content], table.name
        screened = connection.execute(
            sa.text("SELECT sum(count) FROM counters WHERE name = 'screened'")
        ).scalar()
    assert screened == 6
