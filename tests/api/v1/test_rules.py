"""Rules and policy over HTTP: what is in force, a bad file, and a dry run over what happened."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from holdfast.access.roles import Role
from holdfast.decisions.policy import DEFAULT_POLICY
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.api.v1.conftest import hold, problem, upload

QUIET = b"""
version = "quiet"

[[rule]]
name = "look"
class = "review"
reason = "A person will look at it."
when = { outcome = ["match", "possible"] }
then = { quarantine = true, queue = 4 }
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_bytes(DEFAULT_POLICY.read_bytes())
    return path


@pytest.fixture
def runtime(make_runtime: RuntimeFactory, rules: Path, policy: Path) -> Runtime:
    return make_runtime(rules={"rules_file": rules, "policy_file": policy})


def test_the_rules_in_force_are_shown(lead: TestClient) -> None:
    shown = lead.get("/v1/rules").json()
    assert shown["version"].startswith("shipped-1+")
    assert (shown["file"], shown["error"]) == ("rules.toml", None)
    first = shown["rules"][0]
    assert (first["name"], first["class"], first["mode"]) == ("trusted-exact", "known", "on")
    assert first["when"] == {"trusted": True, "exact": True, "tier": ["match"]}
    assert (first["then"]["quarantine"], first["then"]["queue"]) == (True, 1)


def test_the_policy_in_force_is_shown(lead: TestClient) -> None:
    shown = lead.get("/v1/policy").json()
    assert shown["in_force"] == shown["versions"][0]["version"]
    assert len(shown["digest"]) == 64
    rows = {row["row"]: row["action"] for row in shown["versions"][0]["rows"]}
    assert "do_not_scan" in rows.values()


def test_new_rules_are_read_and_a_bad_file_changes_nothing(
    lead: TestClient, rules: Path, policy: Path, client: ClientFactory
) -> None:
    before = lead.get("/v1/rules").json()["version"]
    good = rules.read_text().replace('version = "shipped-1"', 'version = "two"')
    rules.write_text(good)
    assert lead.post("/v1/rules/reload").json()["rules"].startswith("two+")
    rules.write_text(good.replace("queue = 1", "queue = 9"))
    words = problem(lead.post("/v1/rules/reload"), 422, "bad-file")
    assert "queue" in words
    shown = lead.get("/v1/rules").json()
    assert shown["version"].startswith("two+")
    assert "queue" in shown["error"]
    rules.write_text(good.replace('"two"', '"shipped-1"'))
    policy.write_text("[[policy]]\n")
    assert "policy" in problem(lead.post("/v1/rules/reload"), 422, "bad-file")
    assert lead.get("/v1/rules").json()["version"] == before  # the good one of the two is in force
    assert lead.get("/v1/policy").json()["error"]
    problem(client(Role.ADMIN).post("/v1/rules/reload"), 403, "not-allowed")


def test_other_rules_are_tried_on_what_happened(lead: TestClient, runtime: Runtime) -> None:
    hold(lead, runtime)
    upload(lead, runtime, "post/2")
    tried = lead.post("/v1/rules/dry-run", content=QUIET)
    assert tried.status_code == 200, tried.text
    result = tried.json()
    assert (result["events"], result["unusable"], result["by_rule"]) == (2, 0, {"look": 2})
    (difference,) = result["differences"]
    assert (difference["rule_before"], difference["rule_after"]) == ("trusted-exact", "look")
    assert difference["actions_after"] == ["quarantine", "queue 4"]
    assert difference["examples"] == ["1", "2"]
    newest = lead.post("/v1/rules/dry-run", params={"newest": 1}, content=QUIET).json()
    assert newest["examples"] == {"look": ["2"]}
    assert lead.get("/v1/rules").json()["version"].startswith("shipped-1")


def test_content_that_is_held_again_is_not_an_upload(lead: TestClient, runtime: Runtime) -> None:
    item = hold(lead, runtime, trusted=False)["hold"]
    lead.post(f"/v1/holds/{item}/release", json={"purpose": "x"})
    lead.post(f"/v1/holds/{item}/hold-again", json={"purpose": "x"})
    result = lead.post("/v1/rules/dry-run", content=QUIET).json()
    assert (result["events"], result["unusable"]) == (1, 0)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "version"),
        (b"\xff", "not valid TOML"),
        (QUIET.replace(b"queue = 4", b'webhooks = ["nobody"]'), "nobody"),
        (QUIET + b"[colour]\n", "colour"),
        (b"#" * (1024 * 1024 + 1), "larger than"),
    ],
)
def test_what_are_no_rules_is_refused(lead: TestClient, body: bytes, says: str) -> None:
    words = problem(lead.post("/v1/rules/dry-run", content=body), 422, "bad-file")
    assert says in words
    assert "the rules" in words
