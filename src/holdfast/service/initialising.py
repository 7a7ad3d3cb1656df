"""A first day: what `holdfast init` makes of the answers. Doing it again adds what is missing, no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

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


@dataclass(frozen=True, slots=True)
class Wishes:
    """The answers. ``key_file`` None: where it lies by default; ``bank`` "": none is made."""

    platform: str = "other"
    countries: tuple[str, ...] = ()
    key_file: Path | None = None
    bank: str = "KNOWN"
    trusted: bool = False


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


def initialise(path: Path, wishes: Wishes) -> Initialised:
    """Makes the home at ``path`` and everything in it.

    Raises UsageError for answers that cannot be, and what `setup.prepare` raises.
    """
    if wishes.platform not in PLATFORMS:
        raise UsageError(f"{wishes.platform!r} is no kind of platform; nothing was made.")
    countries = checked_countries(wishes.countries)
    home = Home(path)
    written, kept = write_files(home.path, wishes.key_file)
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
