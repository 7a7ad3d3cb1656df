"""A home is made ready once; what is encrypted under a lost key is never papered over."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.access.roles import Role
from holdfast.access.verify import KeyVerifier
from holdfast.decisions.webhooks import endpoints
from holdfast.errors import KeyUnavailableError, NotAllowedError, SettingsError
from holdfast.records.home import Home
from holdfast.service.opening import open_home_keys, open_home_vault
from holdfast.service.setup import prepare
from holdfast.settings import load_settings
from holdfast.vault.keys import default_key_file
from holdfast.vault.secrets import KeySealer
from holdfast.vault.service import Vault


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


def vault(home: Path) -> Vault:
    return open_home_vault(load_settings(home), home, Home(home).database())


def test_a_first_time_makes_everything_and_a_second_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = prepare(home)
    assert made.key_file == default_key_file(home) and made.key_file.stat().st_mode & 0o777 == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    with Home(home).database() as database:
        verifier = KeyVerifier(database)
        admin, upload = (verifier.verify(text, "127.0.0.1") for text in (made.admin, made.upload))
    assert (set(admin.roles), set(upload.roles)) == ({Role.ADMIN}, {Role.UPLOADER})
    with pytest.raises(NotAllowedError):
        admin.require("screen.media")
    again = prepare(home)
    assert (again.key_file, again.admin, again.upload) == (None, "", "")
    assert made.admin not in repr(made) and made.upload not in repr(made)


def test_keys_are_not_made_where_nobody_would_see_them(tmp_path: Path) -> None:
    made = prepare(tmp_path / "home", with_keys=False)
    assert made.admin == "" and made.key_file is not None
    assert prepare(tmp_path / "home").admin != ""


def test_held_content_without_its_key_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    key_file = prepare(home).key_file
    assert key_file is not None
    item = vault(home).hold(b"a harmless text", reason="test", actor="tests")
    copy = key_file.read_bytes()
    key_file.unlink()
    with pytest.raises(KeyUnavailableError, match=r"held content.*Put your copy"):
        prepare(home)
    assert not key_file.exists()
    key_file.write_bytes(copy)
    key_file.chmod(0o600)
    prepare(home)
    vault(home).destroy(item, actor="tests", purpose="test")
    key_file.unlink()
    assert prepare(home).key_file == key_file  # only a tombstone is left: nothing is lost


def test_a_webhooks_secret_without_its_key_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    key_file = prepare(home).key_file
    assert key_file is not None
    with Home(home).database() as database, database.write() as connection:
        sealer = KeySealer(open_home_keys(load_settings(home), home))
        endpoints.create(connection, sealer, name="desk", url="https://desk.example/hook")
    key_file.unlink()
    with pytest.raises(KeyUnavailableError, match="webhook"):
        prepare(home)


def test_an_open_key_file_is_told_of_at_the_start(tmp_path: Path) -> None:
    key_file = prepare(tmp_path / "home").key_file
    assert key_file is not None
    key_file.chmod(0o644)
    with pytest.raises(KeyUnavailableError, match="0600"):
        prepare(tmp_path / "home")


def test_a_key_file_inside_the_home_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_VAULT__KEY_FILE", str(tmp_path / "home" / "keys"))
    with pytest.raises(SettingsError, match="inside the home"):
        prepare(tmp_path / "home")


def test_the_short_process_answers_in_json(tmp_path: Path) -> None:
    def answer(*more: str) -> dict[str, str]:
        command = [sys.executable, "-m", "holdfast.service.preparing", str(tmp_path / "home"), *more]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found: dict[str, str] = json.loads(done.stdout)
        return found

    assert answer()["admin"] == ""
    assert answer("keys")["admin"].startswith("hf_")
    (tmp_path / "home").chmod(0o755)
    refused = answer("keys")
    assert refused["kind"] == "SettingsError" and "chmod 700" in refused["error"]
