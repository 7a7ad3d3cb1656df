"""`holdfast init` and the checklist, as a person on a terminal and as a script."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.errors import UsageError
from tests.cli.conftest import Commands


def test_questions_and_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commands: Commands) -> None:
    home = tmp_path / "second"
    key_file = tmp_path / "safe" / "keys"
    answers = f"2\nde, us\n{key_file}\nHOTLINE\ny\n"
    monkeypatch.setattr("holdfast.cli.init._has_terminal", lambda: True)
    told = commands.run("init", "--home", home, input=answers)
    assert "hf_" in told and "private-eea" in told and str(key_file) in told
    assert "end-to-end" in told  # the advice for a messenger
    (bank,) = commands.json("bank", "list", "--home", home)
    assert (bank["bank"], bank["trusted"]) == ("HOTLINE", True)


def test_without_a_terminal_it_asks_for_yes(tmp_path: Path, commands: Commands) -> None:
    with pytest.raises(UsageError, match="--yes"):
        commands.run("init", "--home", tmp_path / "second")
    assert not (tmp_path / "second").exists()


def test_a_script_gets_the_keys_once(tmp_path: Path, commands: Commands) -> None:
    (made,) = commands.json("init", "--home", tmp_path / "second", "--country", "GB")
    assert made["admin_key"].startswith("hf_") and made["policy"][0]["country"] == "GB"
    (again,) = commands.json("init", "--home", tmp_path / "second")
    assert again["admin_key"] is None and len(again["kept"]) == 3


def test_the_checklist_shows_marks_and_takes_them_back(commands: Commands) -> None:
    before = {item["item"]: item["state"] for item in commands.json("checklist", status=1)}
    assert set(before.values()) == {"todo"} and len(before) == 10
    commands.run("checklist", "done", "registration", "--note", "ESP 1234")
    told = commands.run("checklist", status=1)
    assert "ESP 1234" in told and "local:" in told
    commands.run("checklist", "undo", "registration")
    after = {item["item"]: item["state"] for item in commands.json("checklist", status=1)}
    assert after == before
    with pytest.raises(UsageError):
        commands.run("checklist", "done", "lists")


def test_the_database_is_written_down_or_its_absence_told(
    tmp_path: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, other, url = tmp_path / "second", tmp_path / "third", f"sqlite:///{tmp_path}/elsewhere.db"
    monkeypatch.setenv("HOLDFAST_DATABASE_URL", url)
    told = commands.run("init", "--yes", "--home", home)
    assert f"records  {url}" in told and "does not name it" not in told
    other.mkdir(mode=0o700)
    (other / "settings.toml").write_text("", encoding="utf-8")
    told = commands.run("init", "--yes", "--home", other)
    assert f'Write there: database_url = "{url}"' in told
    monkeypatch.delenv("HOLDFAST_DATABASE_URL")
    assert [bank["bank"] for bank in commands.json("bank", "list", "--home", home)] == ["KNOWN"]
    (made,) = commands.json("init", "--home", tmp_path / "fourth", "--database-url", url)
    assert (made["database_url"], made["database_written"], made["admin_key"]) == (url, True, None)
