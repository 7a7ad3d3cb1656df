"""`holdfast doctor`: each thing that can be wrong is found, named, and answered with what to do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.access.keys import create_key
from holdfast.access.roles import Role
from holdfast.banks.service import create_bank, update_bank
from holdfast.decisions.webhooks import endpoints, outbox, receipts
from holdfast.errors import SettingsError
from holdfast.records import counters, deep_queue, jobs
from holdfast.records.database import Database
from holdfast.records.home import Home
from holdfast.records.tables.access import api_keys
from holdfast.records.tables.base import now
from holdfast.records.tables.deep import deep_checks
from holdfast.records.tables.jobs import jobs as job_table
from holdfast.records.tables.outbox import action_receipts, webhook_deliveries
from holdfast.screening.generation import MANIFEST
from holdfast.screening.lists import ListIndex
from holdfast.service import facts
from holdfast.service.checks import deep, place, risks, vault, work
from holdfast.service.checks.finding import Finding, Look
from holdfast.service.checkup import checkup
from holdfast.service.opening import open_home_keys, open_home_vault
from holdfast.service.schedule import PREFIX
from holdfast.service.setup import prepare
from holdfast.settings import (
    HmaSettings,
    ReportingSettings,
    ServerSettings,
    Settings,
    VaultSettings,
    load_settings,
)
from holdfast.vault import destruction, journal, retention
from holdfast.vault.destruction import Kind
from holdfast.vault.secrets import KeySealer

PRODUCTION = ReportingSettings(environment="production")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that was made ready."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    prepare(tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    with Home(home).database() as opened:
        yield opened


def look(
    home: Path, database: Database, check: Callable[[Look], Iterator[Finding]], **settings: Any
) -> list[Finding]:
    with database.read() as connection:
        return list(check(Look(Settings(**settings), home, connection)))


def details(findings: list[Finding], state: str) -> str:
    return "; ".join(f"{one.check}: {one.detail}" for one in findings if one.state == state)


def test_a_good_home_has_no_problem_and_a_list_of_things_to_do(home: Path) -> None:
    findings = checkup(home, full=True)
    assert details(findings, "problem") == ""
    assert "holdfast checklist" in details(findings, "warning")
    assert {"kernels", "decode workers", "home", "records", "rules", "policy", "key file"} <= {
        one.check for one in findings
    }


def test_a_home_that_is_not_there_is_no_problem(tmp_path: Path) -> None:
    findings = checkup(tmp_path / "nowhere", full=False)
    assert details(findings, "problem") == "" and not (tmp_path / "nowhere").exists()


def test_what_is_wrong_with_the_place_is_found(home: Path, tmp_path: Path) -> None:
    (home / "rules.toml").write_text("nonsense", encoding="utf-8")
    assert "rules.toml" in details(checkup(home, full=False), "problem")
    (home / "rules.toml").unlink()
    (home / "settings.toml").write_text("[server]\nprot = 1\n", encoding="utf-8")
    assert "server.prot" in details(checkup(home, full=False), "problem")
    (home / "settings.toml").unlink()
    home.chmod(0o755)
    assert "chmod 700" in details(checkup(home, full=False), "problem")
    home.chmod(0o700)
    (home / "holdfast.db").write_bytes(b"this is no database" * 100)
    assert "records" in details(checkup(home, full=False), "problem")


def test_a_home_whose_banks_are_all_off_checks_nothing(home: Path, database: Database) -> None:
    assert "none yet" in details(look(home, database, place.records), "warning")
    with database.write() as connection:
        create_bank(connection, "KNOWN")
        create_bank(connection, "HARMLESS", kind="benign")
    assert details(look(home, database, place.records), "problem") == ""
    with database.write() as connection:
        update_bank(connection, "KNOWN", enabled=False)
    found = details(look(home, database, place.records), "problem")
    assert "not_scanned" in found and "--on" in found


def test_the_key_file(home: Path, database: Database) -> None:
    (key_file,) = (home.parent / "config").rglob("*.keys")
    assert details(look(home, database, place.key_file), "ok")
    key_file.chmod(0o640)
    assert "0600" in details(checkup(home, full=False), "problem")
    key_file.chmod(0o600)
    open_home_vault(load_settings(home), home, database).hold(b"a harmless text", reason="t", actor="tests")
    moved = key_file.rename(home / "keys")
    assert "is gone" in details(look(home, database, place.key_file), "problem")
    inside = VaultSettings(key_file=moved, development_key=True)
    assert "inside the home" in details(look(home, database, place.key_file, vault=inside), "warning")
    for production in ({"server": ServerSettings(host="0.0.0.0")}, {"reporting": PRODUCTION}):
        found = look(home, database, place.key_file, vault=inside, **production)
        assert "inside the home" in details(found, "problem")
    with pytest.raises(SettingsError, match="inside the home"):
        look(home, database, place.key_file, vault=VaultSettings(key_file=moved))


def test_the_backup_of_the_keys(home: Path, database: Database) -> None:
    assert look(home, database, vault.key_backup) == []
    opened = open_home_vault(Settings(), home, database)
    opened.hold(b"benign", reason="rule", actor="api")
    assert "no backup" in details(look(home, database, vault.key_backup), "warning")
    with database.write() as connection:
        facts.stamp(connection, facts.BACKUP, now() - timedelta(days=31))
    assert "would be refused" in details(look(home, database, vault.key_backup), "problem")
    longer = VaultSettings(key_backup_days=60)
    assert details(look(home, database, vault.key_backup, vault=longer), "ok")


def test_what_waits_in_the_vault(home: Path, database: Database) -> None:
    opened = open_home_vault(Settings(), home, database)
    items = [opened.hold(b"benign", reason="rule", actor="api") for _ in range(2)]
    assert look(home, database, vault.duties) == []
    with database.write() as connection:
        retention.filed(connection, items, now() - timedelta(days=400), actor="filer")
        order: dict[str, Any] = {
            "kind": Kind.LAW_ENFORCEMENT,
            "reference": "order 7",
            "agency": "Example Police",
        }
        destruction.ask(connection, items[:1], actor="ana", **order)
        journal.note(connection, [{"kind": "kept", "item": items[0], "until": "x"}] * 1000)
    told = details(look(home, database, vault.duties), "warning")
    assert "1 items of reports" in told and "destruction: 1 wait for a second person" in told
    assert "1002 entries wait" in details(look(home, database, vault.duties), "problem")


def test_an_index_that_is_damaged_or_far_behind(home: Path, database: Database) -> None:
    def check(seen: Look) -> Iterator[Finding]:
        return place.index(seen, full=True)

    assert look(home, database, check) == []
    ListIndex(database, home / "index").refresh()
    assert "0 changes behind" in details(look(home, database, check), "ok")
    manifest = home / "index" / MANIFEST
    sound = manifest.read_text()
    lost = {"videos": 1, "frames": "frames-1.hfx", "frame_index": "frame-index-1.hfx"}
    manifest.write_text(json.dumps(json.loads(sound) | lost))
    assert "damaged" in details(look(home, database, check), "problem")
    manifest.write_text(sound)
    assert "0 videos" in details(look(home, database, check), "ok")
    for path in (home / "index").glob("codes-*.hfx"):
        path.write_bytes(b"nothing")
    assert "remove" in details(look(home, database, check), "problem")


def test_keys_that_run_out(home: Path, database: Database) -> None:
    with database.write() as connection:
        create_key(connection, name="web", roles=[Role.UPLOADER], created_by="x", lifetime=timedelta(days=9))
    assert "web" in details(look(home, database, work.api_keys), "warning")
    with database.write() as connection:
        connection.execute(sa.update(api_keys).values(expires_at=now() - timedelta(days=1)))
    assert "have run out" in details(look(home, database, work.api_keys), "warning")


def test_removals_messages_and_jobs_that_nobody_answered(home: Path, database: Database) -> None:
    checks = (work.actions, work.webhooks, work.background)
    assert [look(home, database, check) for check in checks] == [[], [], []]
    sealer = KeySealer(open_home_keys(load_settings(home), home))
    with database.write() as connection:
        receipts.ask(connection, event_id=1, action="remove", content_reference="p/1", matched_at=now())
        connection.execute(sa.update(action_receipts).values(asked_at=now() - timedelta(days=1)))
        endpoint, _ = endpoints.create(connection, sealer, name="desk", url="https://desk.example/hook")
        outbox.publish_test(connection, endpoint)
        (delivery,) = outbox.claim(connection, endpoint.id, 30, 1)
        outbox.record(connection, delivery, outbox.Try(3, 500, "HTTP 500"))
        connection.execute(sa.update(webhook_deliveries).values(state="dead"))
        jobs.enqueue(connection, "bank.import", {})
        connection.execute(sa.update(job_table).values(state="dead"))
    told = [details(look(home, database, check), "warning") for check in checks]
    assert "1 removals are not confirmed" in told[0]
    assert "replay desk" in told[1] and "desk fails since" in told[1]
    assert "1 were given up" in told[2]


def test_a_clock_that_stands_still_or_fails(home: Path, database: Database) -> None:
    assert details(look(home, database, work.clock), "warning") == ""
    with database.write() as connection:
        facts.stamp(connection, PREFIX + "actions.overdue")
    assert "1 tasks" in details(look(home, database, work.clock), "ok")
    with database.write() as connection:
        facts.stamp(connection, PREFIX + "actions.overdue", now() - timedelta(hours=1))
        facts.write(connection, PREFIX + "vault.orphans", {"failed_at": now().isoformat(), "error": "away"})
    told = details(look(home, database, work.clock), "warning")
    assert "none was done since" in told and "vault.orphans fails: away" in told


def test_deep_checks_that_are_behind_spent_or_lost(home: Path, database: Database) -> None:
    assert look(home, database, deep.deep_checks) == []
    with database.write() as connection:
        bank = create_bank(connection, "KNOWN", deep_per_hour=2).id
    assert "0 wait" in details(look(home, database, deep.deep_checks), "ok")
    with database.write() as connection:
        deep_queue.enqueue(connection, spool="s", name="n", sealed_key=b"k", key_id="k")
        for _ in range(2):
            deep_queue.take_budget(connection, [(bank, 2)])
        connection.execute(sa.update(deep_checks).values(created_at=now() - timedelta(minutes=9)))
    found = details(look(home, database, deep.deep_checks), "warning")
    assert "behind: 1 wait, the oldest for 5" in found and "spent for KNOWN" in found
    counted = counters.Counters(database)
    counted.add("deep.lost", 3, reason="expired")
    counted.flush()
    assert "3 waited too long" in details(look(home, database, deep.deep_checks), "warning")


def test_settings_that_give_something_away(home: Path, database: Database) -> None:
    assert list(risks.settings(Settings())) == []
    chosen = Settings(
        vault=VaultSettings(development_key=True), hma=HmaSettings(test_mode=True, path_keys=True)
    )
    told = details(list(risks.settings(chosen)), "warning")
    assert all(name in told for name in ("vault.development_key", "hma.test_mode", "hma.path_keys"))
    public = ServerSettings(host="0.0.0.0")
    assert "without TLS" in details(look(home, database, risks.go_live, server=public), "problem")
    assert "trusted_proxies" in details(look(home, database, risks.go_live, server=public), "warning")
