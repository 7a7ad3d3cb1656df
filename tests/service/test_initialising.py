"""A first day: files to edit that say what is in force, a bank, keys, and what the policy says."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from holdfast.banks.service import list_banks
from holdfast.decisions.policy import load_policy
from holdfast.decisions.rules import load_rules
from holdfast.errors import RecordsUnavailableError, UsageError
from holdfast.records.home import Home
from holdfast.service import facts
from holdfast.service.files import settings_text
from holdfast.service.initialising import Wishes, _without_password, initialise
from holdfast.service.platforms import PLATFORMS
from holdfast.settings import Settings, load_settings
from tests.databases import PostgresServer


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_a_first_day(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = initialise(home, Wishes("messaging", ("de", "US"), bank="HOTLINE", trusted=True))
    assert made.admin.startswith("hf_") and made.upload.startswith("hf_") and made.key_file is not None
    assert {path.name for path in made.written} == {"settings.toml", "policy.toml", "rules.toml"}
    assert (made.database_url, made.is_database_written) == (None, True)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in made.written)
    assert made.policy == (
        ("DE", "private", "do_not_scan", "private-eea"),
        ("US", "private", "scan", "private-us"),
    )
    load_policy(home / "policy.toml")
    load_rules(home / "rules.toml")
    with Home(home).database() as database, database.read() as connection:
        platform = facts.read(connection, facts.PLATFORM)
    assert platform == {"kind": "messaging", "countries": ["DE", "US"]}


def test_a_second_time_leaves_everything_as_it_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = initialise(home, Wishes())
    (home / "rules.toml").write_text("mine", encoding="utf-8")
    again = initialise(home, Wishes())
    assert (again.admin, again.bank, again.written, again.key_file) == ("", "", (), None)
    assert first.bank == "KNOWN" and (home / "rules.toml").read_text(encoding="utf-8") == "mine"


def test_a_key_file_elsewhere_is_named_in_the_settings(tmp_path: Path) -> None:
    place = tmp_path / "safe" / "holdfast.keys"
    made = initialise(tmp_path / "home", Wishes(key_file=place))
    assert made.key_file == place and place.exists()
    assert load_settings(tmp_path / "home").vault.key_file == place


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    """A new database, by a URL with a password (which this server does not ask for)."""
    return make_url(postgres.create()).set(password="sesame").render_as_string(hide_password=False)


def without(url: str) -> str:
    return url.replace(":sesame@", "@")


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("postgresql://db/x", "postgresql://db/x"),
        ("postgresql://u@/x?host=/tmp/a", "postgresql://u@/x?host=/tmp/a"),
        ("postgresql://u:p%40@db:5433/x?sslmode=require", "postgresql://u@db:5433/x?sslmode=require"),
        ("postgresql://u@db/x?password=p&sslmode=require", "postgresql://u@db/x?sslmode=require"),
    ],
)
def test_a_password_is_left_out_and_nothing_else(url: str, bare: str) -> None:
    assert _without_password(url) == bare


@pytest.mark.postgres
def test_the_database_of_the_environment_is_found_again_without_it(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    with monkeypatch.context() as environment:
        environment.setenv("HOLDFAST_DATABASE_URL", url)
        made = initialise(home, Wishes())
    assert (made.database_url, made.is_database_written) == (without(url), True)
    assert "sesame" not in (home / "settings.toml").read_text(encoding="utf-8")
    settings = load_settings(home)
    assert settings.database_url == without(url) and not (home / "holdfast.db").exists()
    with Home(home, database_url=settings.database_url).database() as database, database.read() as connection:
        assert [bank.name for bank in list_banks(connection)] == ["KNOWN"]
    again = initialise(home, Wishes())
    assert (again.database_url, again.admin, again.bank) == (without(url), "", "")


@pytest.mark.postgres
def test_a_database_by_option(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    with pytest.raises(UsageError, match="password"):
        initialise(home, Wishes(database_url=url))
    with pytest.raises(UsageError, match="nothing was made"):
        initialise(home, Wishes(database_url="db.internal"))
    with pytest.raises(RecordsUnavailableError):
        initialise(home, Wishes(database_url="postgresql://nobody@127.0.0.1:9/none"))
    assert not (home / "settings.toml").exists()
    initialise(home, Wishes(database_url=without(url)))
    assert load_settings(home).database_url == without(url)
    second = initialise(tmp_path / "second", Wishes(database_url=without(url)))  # another host
    assert (second.admin, second.bank) == ("", "")
    with pytest.raises(UsageError, match="names another"):
        initialise(home, Wishes(database_url="postgresql://db/other"))
    monkeypatch.setenv("HOLDFAST_DATABASE_URL", url)
    with pytest.raises(UsageError, match="HOLDFAST_DATABASE_URL names another"):
        initialise(home, Wishes(database_url="postgresql://db/other"))


@pytest.mark.postgres
def test_settings_that_name_no_database(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "settings.toml").write_text("[server]\n", encoding="utf-8")
    with pytest.raises(UsageError, match="Write it there"):
        initialise(home, Wishes(database_url=without(url)))
    monkeypatch.setenv("HOLDFAST_DATABASE_URL", url)
    assert not initialise(home, Wishes()).is_database_written


def test_wrong_answers_make_nothing(tmp_path: Path) -> None:
    for wishes in (Wishes("casino"), Wishes(countries=("Germany",)), Wishes(countries=("EU",))):
        with pytest.raises(UsageError, match="nothing was made"):
            initialise(tmp_path / "home", wishes)
    assert not (tmp_path / "home").exists()


def test_the_settings_file_shows_the_defaults_that_are_in_force() -> None:
    text = settings_text()
    assert Settings(**tomllib.loads(text)) == Settings()
    lines = [line[1:] if line.startswith("#") and line[1:2].isalpha() else line for line in text.splitlines()]
    uncommented = "\n".join(line for line in lines if not line.endswith("= ..."))
    values = tomllib.loads(uncommented)
    assert Settings(**values) == Settings()
    fields = {f"{name}.{key}" for name, section in values.items() for key in section}
    assert {"server.port", "vault.cleared_days", "hma.enabled", "fetch.hosts"} <= fields


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_kind_of_platform_has_surfaces_and_advice(tmp_path: Path, name: str) -> None:
    made = initialise(tmp_path / "home", Wishes(name, ("GB",), bank=""))
    assert [row[1] for row in made.policy] == list(PLATFORMS[name].surfaces)
    assert PLATFORMS[name].advice
