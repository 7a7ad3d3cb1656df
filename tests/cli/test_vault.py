"""Backups there and back, key rotation, encrypted lists: from the command line."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.cli.opened import OpenedHome, open_home
from holdfast.decisions.actions import Actions
from holdfast.decisions.engine import Decision
from holdfast.decisions.facts import Context, EntryMatch, MatchFacts
from holdfast.decisions.queued import Queued
from holdfast.errors import (
    ConflictError,
    KeyUnavailableError,
    NotAllowedError,
    ObjectDamagedError,
    ObjectDestroyedError,
    SettingsError,
    UsageError,
    VaultError,
)
from holdfast.records import events
from holdfast.records.tables.review import cases
from holdfast.reporting.packets.signer_file import create_signer
from holdfast.review.opening import case_opener
from holdfast.review.rules import ReviewRules
from holdfast.service import facts as home_facts
from holdfast.vault.signing import Signer
from tests.cli.conftest import Commands
from tests.pictures import encoded, picture


def hold(commands: Commands, content: bytes) -> str:
    with open_home(commands.home) as opened:
        return opened.vault.hold(content, reason="test", actor="tests")


def read(commands: Commands, item: str) -> bytes:
    with open_home(commands.home) as opened:
        return b"".join(opened.vault.open(item, actor="tests", purpose="test"))


def test_a_backup_is_encrypted_and_comes_back(commands: Commands, tmp_path: Path) -> None:
    recipient = commands.run("vault", "identity", tmp_path / "private").strip()
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o600
    item = hold(commands, b"a harmless text")
    (made,) = commands.json("vault", "backup", tmp_path / "backups", "--to", recipient)
    records, keys = Path(made["records"]), Path(made["keys"])
    assert b"SQLite" not in records.read_bytes() and item.encode() not in keys.read_bytes()
    assert {item["item"]: item for item in commands.json("checklist", status=1)}["backup"]["state"] == "ok"
    commands.run("bank", "create", "AFTERWARDS")
    (commands.home / "holdfast.db").unlink()
    how = ("--identity", tmp_path / "private")
    commands.run("vault", "restore", "--records", records, *how)
    assert [bank["bank"] for bank in commands.json("bank", "list")] == ["KNOWN"]
    with pytest.raises(KeyUnavailableError, match="key store"):
        read(commands, item)
    assert commands.json("vault", "restore", "--keys", keys, *how)[0]["keys"] == 1
    assert read(commands, item) == b"a harmless text"
    with open_home(commands.home) as opened, opened.database.read() as connection:
        assert home_facts.read(connection, home_facts.RESTORED) is not None
    commands.run("vault", "sweep", "--orphans")
    with open_home(commands.home) as opened, opened.database.read() as connection:
        assert home_facts.read(connection, home_facts.RESTORED) is None


def test_a_passphrase_from_the_environment(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_BACKUP_PASSPHRASE", "correct horse battery")
    (made,) = commands.json("vault", "backup", tmp_path / "backups")
    with (
        open_home(commands.home) as opened,
        opened.database.read(),
        pytest.raises(ConflictError, match="Stop every"),
    ):
        commands.run("vault", "restore", "--records", made["records"])
    monkeypatch.setenv("HOLDFAST_BACKUP_PASSPHRASE", "something else entirely")
    with pytest.raises(KeyUnavailableError):
        commands.run("vault", "restore", "--records", made["records"])
    with pytest.raises(UsageError, match="inside the home"):
        commands.run("vault", "backup", commands.home / "backups")


def test_more_leftovers_than_crashes_leave_need_a_word(commands: Commands) -> None:
    item = hold(commands, b"a harmless text")
    with open_home(commands.home) as opened:
        for _ in range(25):
            opened.vault.put(b"belongs to nothing")
    for path in (commands.home / "vault").rglob("*.hfv"):
        os.utime(path, (0, 0))
    with pytest.raises(VaultError, match=r"25 of 26 .* --force"):
        commands.run("vault", "sweep", "--orphans")
    with pytest.raises(UsageError, match="--orphans"):
        commands.run("vault", "sweep", "--force")
    (told,) = commands.json("vault", "sweep", "--orphans", "--force")
    assert told == {"destroyed": 0, "orphans_removed": 25}
    assert read(commands, item) == b"a harmless text"


def test_a_rotated_key_opens_what_was_held_before(commands: Commands) -> None:
    item = hold(commands, b"a harmless text")
    (told,) = commands.json("vault", "rotate-key")
    assert (told["rewrapped"], told["failed"]) == (1, [])
    assert read(commands, item) == b"a harmless text"
    assert commands.json("vault", "rotate-key")[0]["key"] != told["key"]


def test_a_list_can_leave_encrypted(commands: Commands, tmp_path: Path) -> None:
    recipient = commands.run("vault", "identity", tmp_path / "private").strip()
    photo = tmp_path / "known.jpg"
    photo.write_bytes(encoded(picture(1)))
    commands.run("bank", "add", "KNOWN", photo)
    commands.run("bank", "terms", "own", "--export")
    sealed, plain, opened = tmp_path / "list.hfseal", tmp_path / "list.csv", tmp_path / "opened.csv"
    commands.run("bank", "export", "KNOWN", "--out", sealed, "--encrypt-to", recipient)
    commands.run("bank", "export", "KNOWN", "--out", plain)
    assert plain.read_bytes() not in sealed.read_bytes() and b"known.jpg" not in sealed.read_bytes()
    commands.run("vault", "decrypt", sealed, "--out", opened, "--identity", tmp_path / "private")
    assert opened.read_bytes() == plain.read_bytes() and opened.stat().st_mode & 0o077 == 0
    sealed.write_bytes(sealed.read_bytes()[:-1])
    opened.unlink()
    with pytest.raises(ObjectDamagedError):
        commands.run("vault", "decrypt", sealed, "--out", opened, "--identity", tmp_path / "private")
    assert not opened.exists()
    with pytest.raises(UsageError, match="--out"):
        commands.run("bank", "export", "KNOWN", "--encrypt-to", recipient)


def test_what_was_destroyed_since_a_backup_stays_destroyed(commands: Commands, tmp_path: Path) -> None:
    recipient = commands.run("vault", "identity", tmp_path / "private").strip()
    destroyed, kept = hold(commands, b"a harmless text"), hold(commands, b"another one")
    old = tmp_path / "backups" / "vault-keys-of-last-year.hfseal"
    old.parent.mkdir()
    old.write_bytes(b"x")
    os.utime(old, (0, 0))
    (made,) = commands.json("vault", "backup", old.parent, "--to", recipient)
    assert made["destroyed"] == [str(old)] and not old.exists()
    commands.run("hold", "legal-hold", kept, "--reference", "PR 7", "--agency", "Police", "--days", "90")
    with open_home(commands.home) as opened:
        opened.vault.destroy(destroyed, actor="tests", purpose="test")
    how = ("--records", made["records"], "--keys", made["keys"], "--identity", tmp_path / "private")
    with pytest.raises(UsageError, match="holds no journal"):
        commands.run("vault", "restore", *how, "--journal", tmp_path / "nothing")
    (told,) = commands.json("vault", "restore", *how)
    assert told == {"records": True, "keys": 1, "tombstones": 1, "legal_holds": 1}
    with pytest.raises(ObjectDestroyedError):
        read(commands, destroyed)
    assert read(commands, kept) == b"another one"
    (hold_,) = commands.json("hold", "show", kept)[0]["legal_holds"]
    assert (hold_["agency"], hold_["reference"]) == ("Police", "PR 7")
    assert commands.json("vault", "replay") == [{"tombstones": 0, "legal_holds": 0}]


def test_a_check_tells_what_is_wrong(commands: Commands) -> None:
    sound, lost = hold(commands, b"a harmless text"), hold(commands, b"another one")
    assert "whole and opens" in commands.run("vault", "check", "--full")
    next(commands.home.rglob(f"{lost}.hfv")).unlink()
    (told,) = commands.json("vault", "check", status=1)
    assert (told["hold"], told["trouble"]) == (lost, "lost")
    assert sound not in commands.run("vault", "check", "--full", status=1)


def test_destruction_takes_two_users_of_the_machine(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = hold(commands, b"a harmless text")
    with pytest.raises(UsageError, match="--period-over"):
        commands.run("vault", "destruction", "ask", item, "--reference", "x")
    with pytest.raises(UsageError, match="nothing to destroy"):
        commands.run("vault", "destruction", "ask", "--period-over", "--reference", "yearly")
    order = ("--agency", "Example Police", "--reference", "order 7")
    number = commands.json("vault", "destruction", "ask", item, *order)[0]["number"]
    assert "waits for a second person" in commands.run("vault", "destruction", "list")
    with pytest.raises(NotAllowedError, match="two people"):
        commands.run("vault", "destruction", "approve", number, "--yes")
    monkeypatch.setenv("LOGNAME", "somebody-else")
    (told,) = commands.json("vault", "destruction", "approve", number, "--yes")
    assert (told["decision"], told["decided_by"]) == ("approved", "local:somebody-else")
    with pytest.raises(ObjectDestroyedError):
        read(commands, item)
    assert commands.run("vault", "destruction", "list") == "None.\n"
    with pytest.raises(ConflictError):
        commands.run("vault", "destruction", "withdraw", number)


def test_a_case_leaves_as_one_sealed_file(commands: Commands, tmp_path: Path) -> None:
    photo = encoded(picture(1))
    with open_home(commands.home) as opened:
        case = open_case(opened, photo)
    recipient = commands.run("vault", "identity", tmp_path / "private").strip()
    how = ("--to", recipient, "--out", tmp_path / "case.hfe")
    with pytest.raises(SettingsError, match="report signer"):
        commands.run("vault", "evidence", case, *how)
    with open_home(commands.home) as opened:
        create_signer(opened.settings.reporting, opened.path)
    (made,) = commands.json("vault", "evidence", case, *how)
    with pytest.raises(UsageError, match="there already"):
        commands.run("vault", "evidence", case, *how)
    check = ("vault", "verify-evidence", tmp_path / "case.hfe", "--identity", tmp_path / "private")
    (told,) = commands.json(*check, "--signed-by", made["signed_by"], "--out", tmp_path / "in")
    (original,) = [one for one in told["files"] if one["name"].startswith("originals/")]
    assert original["pdq"][0]["hash"] and original["medium"] == "image"
    assert (tmp_path / "in" / original["name"]).read_bytes() == photo
    assert "1 originals" in commands.run(*check, "--signed-by", made["signed_by"])
    stranger = str(Signer.new().verifier)
    with pytest.raises(KeyUnavailableError, match="whose key you trust"):
        commands.run(*check, "--signed-by", stranger)
    assert commands.json("audit", "list", "--target", f"case:{case}")[-1]["action"] == "case.export"


def open_case(opened: OpenedHome, photo: bytes) -> int:
    """A held upload before people."""
    item = opened.vault.hold(photo, reason="test", actor="tests")
    match = EntryMatch("KNOWN", 1, "pdq", trusted=False, distance_bits=4)
    facts = MatchFacts("match", "image", (match,), context=Context(account="user-1"))
    decision = Decision(Actions(quarantine=True, queue=2), "a-rule", "known", "because", "1", match=match)
    with opened.database.write() as connection:
        queued = Queued(facts, decision, item, sha256(photo).digest(), b"")
        finish = case_opener(ReviewRules())(connection, queued)
        finish(events.append(connection, "match", {"facts": facts.to_json()}))
        return int(connection.execute(sa.select(cases.c.id)).scalar_one())
