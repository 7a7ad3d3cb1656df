"""A first day: what `holdfast init` makes of the answers. Doing it again adds what is missing, no more."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from holdfast.banks.service import create_bank, get_bank
from holdfast.decisions.policy import Policy, load_policy
from holdfast.decisions.vocabulary import COUNTRIES
from holdfast.errors import NotFoundError, UsageError
from holdfast.records.home import Home
from holdfast.records.tables.base import now
from holdfast.service import facts
from holdfast.service.files import write_files
from holdfast.service.opening import policy_file
from holdfast.service.platforms import PLATFORMS
from holdfast.service.setup import prepare
from holdfast.settings import load_settings

__all__ = ["Initialised", "Wishes", "checked_countries", "initialise"]

DATABASE_URL = "HOLDFAST_DATABASE_URL"


@dataclass(frozen=True, slots=True)
class Wishes:
    """The answers. ``key_file`` None: where it lies by default; ``bank`` "": none is made."""

    platform: str = "other"
    countries: tuple[str, ...] = ()
    key_file: Path | None = None
    bank: str = "KNOWN"
    trusted: bool = False
    database_url: str | None = None  # None: what the environment says, else an SQLite file in the home


@dataclass(frozen=True, slots=True)
class Initialised:
    """What was made now, and what the policy says of this platform's countries and surfaces."""

    home: Path
    key_file: Path | None  # None: there was one, or a key service is used
    admin: str = field(repr=False)
    upload: str = field(repr=False)
    bank: str
    written: tuple[Path, ...]
    kept: tuple[Path, ...]
    policy: tuple[tuple[str, str, str, str], ...]  # country, surface, action, row
    database_url: str | None = None  # without its password; None: an SQLite file in the home
    is_database_written: bool = True  # in the settings, so that it is found again without the environment


def initialise(path: Path, wishes: Wishes) -> Initialised:
    """Makes the home at ``path`` and everything in it.

    Raises UsageError for answers that cannot be, and what `setup.prepare` raises.
    """
    if wishes.platform not in PLATFORMS:
        raise UsageError(f"{wishes.platform!r} is no kind of platform; nothing was made.")
    countries = checked_countries(wishes.countries)
    url = _database_url(path, wishes)
    home = Home(path, database_url=url)
    if url is not None:
        home.database().close()  # that it can be reached is found out before files name it
    written, kept = write_files(home.path, wishes.key_file, _without_password(url))
    made = prepare(home.path)
    settings = load_settings(home.path)
    with (
        Home(path, database_url=settings.database_url).database() as database,
        database.write() as connection,
    ):
        facts.write(connection, facts.PLATFORM, {"kind": wishes.platform, "countries": list(countries)})
        bank = _first_bank(connection, wishes)
    policy = load_policy(policy_file(settings, home.path))
    return Initialised(
        home.path,
        made.key_file,
        made.admin,
        made.upload,
        bank,
        tuple(written),
        tuple(kept),
        tuple(_policy_rows(policy, wishes.platform, countries)),
        _without_password(url),
        url is None or _written_url(home.path) is not None,
    )


def checked_countries(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Two-letter codes in capitals, each once. Raises UsageError for one that is none."""
    found = dict.fromkeys(code.strip().upper() for code in codes if code.strip())
    for code in found:
        if code not in COUNTRIES:
            raise UsageError(
                f"{code[:20]!r} is no two-letter country code (like DE or US); nothing was made."
            )
    return tuple(found)


def _database_url(path: Path, wishes: Wishes) -> str | None:
    """The database that the wishes, the environment or a file that is there names.

    Raises UsageError where two of them are named: what runs later would open the other one.
    """
    wished = wishes.database_url
    if wished is not None and _without_password(wished) != wished:
        raise UsageError(
            "The database's URL holds a password; nothing was made. Leave it out: it belongs into a .pgpass "
            "file or PGPASSWORD."
        )
    environment, written = os.environ.get(DATABASE_URL) or None, _written_url(path)
    for other, where in ((environment, DATABASE_URL), (written, "the home's settings.toml")):
        if wished and other and wished != _without_password(other):
            raise UsageError(f"{where} names another database; nothing was made. Change one of them.")
    if wished and not written and (path / "settings.toml").exists():
        raise UsageError(
            f"There is a {path / 'settings.toml'} that names no database; nothing was made. "
            "Write it there: database_url = ..."
        )
    return wished or environment or written


def _written_url(path: Path) -> str | None:
    """The database that the home's own file names."""
    try:
        values = tomllib.loads((path / "settings.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # absent, or to be told of when the settings are loaded
        return None
    found = values.get("database_url")
    return found if isinstance(found, str) else None


def _without_password(url: str | None) -> str | None:
    if url is None:
        return None
    try:
        given = make_url(url)
    except ArgumentError:
        raise UsageError(
            "That is no URL of a database; nothing was made. Give postgresql://USER@HOST/NAME"
        ) from None
    parts = given.difference_update_query(["password"])
    names = ("drivername", "username", "host", "port", "database", "query")
    bare = sa.URL.create(**{name: getattr(parts, name) for name in names})
    return url if bare == given else bare.render_as_string()


def _first_bank(connection: sa.Connection, wishes: Wishes) -> str:
    if not wishes.bank:
        return ""
    try:
        get_bank(connection, wishes.bank)
    except NotFoundError:
        return create_bank(connection, wishes.bank, trusted=wishes.trusted).name
    return ""


def _policy_rows(
    policy: Policy, platform: str, countries: tuple[str, ...]
) -> list[tuple[str, str, str, str]]:
    at = now()
    return [
        (country, surface, answer.action, answer.row)
        for country in countries
        for surface in PLATFORMS[platform].surfaces
        for answer in [policy.choose(surface, country, at)]
    ]
