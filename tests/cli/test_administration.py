"""Keys, jobs, rules, webhooks and held content from the command line, on real records."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.access.verify import KeyVerifier
from holdfast.cli.opened import open_home
from holdfast.decisions.facts import MatchFacts
from holdfast.decisions.webhooks import outbox
from holdfast.decisions.webhooks.deliver import Deliverer
from holdfast.errors import HeldError, NotFoundError, RulesError, UsageError
from holdfast.records import events, jobs
from holdfast.records.tables.base import now
from holdfast.records.tables.vault import vault_items
from holdfast.service.reach import webhook_reach
from tests.cli.conftest import Commands
from tests.decisions_webhooks.conftest import Receiver, receiver

__all__ = ["receiver"]


def test_keys_are_made_rotated_and_revoked(commands: Commands) -> None:
    text = commands.run("key", "create", "web", "--role", "uploader", "--network", "192.0.2.0/24").strip()
    key_id = text.split("_")[1]
    with open_home(commands.home) as opened:
        verifier = KeyVerifier(opened.database, cache_s=0)
        assert verifier.verify(text, "192.0.2.7").name == "web"
        newer = commands.run("key", "rotate", key_id, "--overlap-hours", "0").strip()
        assert verifier.verify(newer, "192.0.2.7").subject == f"key:{key_id}"
        with pytest.raises(Exception, match="valid API key"):
            verifier.verify(text, "192.0.2.7")
        commands.run("key", "revoke", key_id)
        with pytest.raises(Exception, match="valid API key"):
            verifier.verify(newer, "192.0.2.7")
    listed = {one["name"]: one for one in commands.json("key", "list", "--revoked")}
    assert listed["web"]["state"] == "revoked" and listed["web"]["networks"] == ["192.0.2.0/24"]
    assert set(listed) == {"first key", "first upload key", "web"}
    assert "web" not in {one["name"] for one in commands.json("key", "list")}
    assert "hf_" not in commands.run("key", "list", "--revoked")


def test_a_key_that_is_narrow(commands: Commands) -> None:
    (made,) = commands.json("key", "create", "coop", "--role", "analyst", "--see", "COOP_*", "--days", "0")
    (found,) = [one for one in commands.json("key", "list") if one["id"] == made["id"]]
    assert found["banks_seen"] == ["COOP_*"] == found["banks_changed"] and found["expires_at"] is None
    for wrong in (("--role", "king"), ("--grant", "bank.delete"), ()):
        with pytest.raises(UsageError):
            commands.run("key", "create", "x", *wrong)


def test_jobs_are_listed_cancelled_and_tried_again(commands: Commands) -> None:
    with open_home(commands.home) as opened, opened.database.write() as connection:
        numbers = [jobs.enqueue(connection, "bank.import", {"bank": "KNOWN"}) for _ in range(3)]
    assert [job["job"] for job in commands.json("job", "list")] == numbers[::-1]
    commands.run("job", "cancel", numbers[0])
    assert commands.json("job", "show", numbers[0])[0]["state"] == "cancelled"
    assert [job["job"] for job in commands.json("job", "list", "--state", "cancelled")] == [numbers[0]]
    commands.run("job", "retry", numbers[0])
    assert "queued" in commands.run("job", "show", numbers[0])
    assert "bank.import" in commands.run("job", "list", "--limit", "1")
    with pytest.raises(NotFoundError):
        commands.run("job", "show", "99")


def test_rules_are_checked_and_tried_before_they_count(commands: Commands, tmp_path: Path) -> None:
    assert "all sound" in commands.run("rules", "check")
    (checked,) = commands.json("rules", "check")
    assert checked["rules"].startswith("shipped-1+") and "private-us" in checked["unconfirmed_rows"]
    assert "trusted-exact" in commands.run("rules", "show")
    bad = tmp_path / "bad.toml"
    bad.write_text('version = "x"\n[[rule]]\nname = "a"\n', encoding="utf-8")
    with pytest.raises(RulesError, match=r"bad\.toml"):
        commands.run("rules", "check", "--rules", bad)
    strict = tmp_path / "strict.toml"
    shipped = (commands.home / "rules.toml").read_text(encoding="utf-8")
    allow = 'when = { outcome = "not_matchable" }\nthen = { allow = true }'
    assert allow in shipped
    strict.write_text(shipped.replace(allow, allow.replace("allow = true", "quarantine = true")), "utf-8")
    facts = {"facts": MatchFacts("not_matchable", "image", reason="damaged").to_json()}
    with open_home(commands.home) as opened, opened.database.write() as connection:
        for _ in range(3):
            events.append(connection, "hold.placed", facts)
    (result,) = commands.json("rules", "dry-run", strict)
    assert (result["events"], result["unusable"]) == (3, 0), result
    assert result["differences"][0]["events"] == 3
    assert "quarantine" in commands.run("rules", "dry-run", strict)


def test_a_reload_needs_a_service(commands: Commands) -> None:
    with pytest.raises(NotFoundError, match="No service runs"):
        commands.run("rules", "reload")


def test_a_webhook_is_added_tested_rotated_and_removed(commands: Commands, receiver: Receiver) -> None:
    secret = commands.run("webhook", "add", "desk", receiver.url + "/hook").strip()
    assert secret.startswith("whsec_")
    with open_home(commands.home) as opened:
        deliverer = Deliverer(opened.database, opened.sealer, reach=webhook_reach(opened.settings.webhooks))
        thread = threading.Thread(target=deliverer.run)
        thread.start()
        try:
            assert "arrived" in commands.run("webhook", "test", "desk")
        finally:
            deliverer.stop()
            thread.join()
        (waiting,) = commands.json("webhook", "test", "desk", "--wait", "0", status=1)
        assert (waiting["state"], waiting["error"]) == ("pending", None)
        with opened.database.write() as connection:
            pending = sa.update(outbox.table).where(outbox.table.c.state == "pending")
            connection.execute(pending.values(state="dead"))
    (listed,) = commands.json("webhook", "list")
    assert (listed["name"], listed["delivered"], listed["dead"]) == ("desk", 1, 1)
    assert commands.json("webhook", "replay", "desk")[0]["replayed"] == 1
    assert commands.run("webhook", "rotate", "desk", "--at-once").strip() not in ("", secret)
    commands.run("webhook", "remove", "desk")
    assert commands.json("webhook", "list") == []
    with pytest.raises(NotFoundError):
        commands.run("webhook", "test", "desk")


def test_held_content_is_released_kept_by_law_and_destroyed(commands: Commands) -> None:
    with open_home(commands.home) as opened:
        first = opened.vault.hold(b"a harmless text", reason="rule test", actor="tests")
        second = opened.vault.hold(b"two", reason="rule test", actor="tests")
    assert {item["hold"] for item in commands.json("hold", "list")} == {first, second}
    commands.run("hold", "legal-hold", first, "--reference", "order 7")
    (held,) = commands.json("hold", "show", first)
    assert held["legal_holds"][0]["reference"] == "order 7"
    with pytest.raises(HeldError, match="order 7"):
        commands.run("hold", "destroy", first, "--purpose", "test", "--yes")
    with pytest.raises(NotFoundError):
        commands.run(
            "hold", "legal-hold", second, "--lift", held["legal_holds"][0]["number"], "--purpose", "x"
        )
    commands.run("hold", "legal-hold", first, "--lift", held["legal_holds"][0]["number"], "--purpose", "over")
    commands.run("hold", "destroy", first, "--purpose", "test", status=1, input="n\n")
    assert commands.json("hold", "show", first)[0]["state"] == "held"
    commands.run("hold", "destroy", first, "--purpose", "test", "--yes")
    assert commands.json("hold", "list", "--state", "destroyed")[0]["destroyed_by"].startswith("local:")
    commands.run("hold", "release", second, "--purpose", "harmless")
    assert commands.json("hold", "show", second)[0]["state"] == "released"
    assert "harmless text" not in commands.run("hold", "list")
    with open_home(commands.home) as opened, opened.database.write() as connection:
        connection.execute(sa.update(vault_items).values(destroy_at=now() - timedelta(seconds=1)))
    assert commands.json("vault", "sweep")[0]["destroyed"] == 1
    with pytest.raises(UsageError):
        commands.run("hold", "legal-hold", second)
