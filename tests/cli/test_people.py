"""People and the audit log from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.access.links import redeem_link
from holdfast.cli.opened import open_records
from holdfast.errors import NotAuthenticatedError, UsageError
from tests.cli.conftest import Commands


def test_the_first_person_gets_a_link_that_works_once(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_CONSOLE__ORIGIN", "https://holdfast.example.org")
    (ana,) = commands.json("person", "add", "Ana Ruiz", "--role", "admin", "--email", "ana@example.org")
    address, _, token = ana["link"].partition("#")
    assert address == "https://holdfast.example.org/console/sign-in/link"
    with open_records(commands.home) as database:
        with database.write() as connection:
            assert redeem_link(connection, token).id == ana["id"]
        with pytest.raises(NotAuthenticatedError, match="not valid"), database.write() as connection:
            redeem_link(connection, token)
        first = commands.run("person", "link", ana["id"]).strip().partition("#")[2]
        second = commands.json("person", "link", ana["id"])[0]["link"].partition("#")[2]
        with pytest.raises(NotAuthenticatedError), database.write() as connection:
            redeem_link(connection, first)  # a newer one was made
        with database.write() as connection:
            assert redeem_link(connection, second).id == ana["id"]


def test_roles_change_and_people_are_disabled(commands: Commands) -> None:
    (ana,) = commands.json("person", "add", "Ana Ruiz", "--role", "reviewer", "--no-link")
    assert ana["link"] is None
    (changed,) = commands.json("person", "roles", ana["id"], "--role", "lead")
    assert changed["roles"] == ["lead"]
    (gone,) = commands.json("person", "disable", ana["id"])
    assert gone["active"] is False and "disabled" in commands.run("person", "list")
    commands.run("person", "enable", ana["id"])
    assert commands.json("person", "list")[0]["active"] is True
    with pytest.raises(UsageError):
        commands.run("person", "add", "Bo", "--role", "uploader")


def test_the_log_is_listed_exported_and_checked(commands: Commands, tmp_path: Path) -> None:
    commands.run("bank", "create", "MINE")
    commands.run("key", "create", "web", "--role", "uploader")
    kept = commands.run("audit", "head").strip()
    commands.run("bank", "remove", "MINE", "--whole-bank")
    rows = commands.json("audit", "list", "--target", "bank:MINE")
    assert [row["action"] for row in rows] == ["bank.create", "bank.delete"]
    assert rows[0]["actor"].startswith("local:")
    assert "every one as it was written" in commands.run("audit", "verify", "--anchor", kept)
    exported = tmp_path / "audit.jsonl"
    exported.write_text(commands.run("audit", "export"), encoding="utf-8")
    (checked,) = commands.json("audit", "verify", "--file", str(exported), "--anchor", kept)
    assert checked["whole"] and checked["rows"] == len(exported.read_text("utf-8").splitlines())
    exported.write_text(exported.read_text("utf-8").replace("MINE", "OTHER"), encoding="utf-8")
    (checked,) = commands.json("audit", "verify", "--file", str(exported), status=1)
    assert not checked["whole"] and "not as it was written" in checked["faults"][0]["what"]
    other = kept.partition(":")[0] + ":" + "0" * 64
    assert "anchor" in commands.run("audit", "verify", "--anchor", other, status=1)
