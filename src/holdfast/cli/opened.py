"""The home that a command works on, opened by its settings."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from holdfast.records.database import Database
    from holdfast.settings import Settings
    from holdfast.vault.secrets import KeySealer
    from holdfast.vault.service import Vault

__all__ = ["OpenedHome", "local_actor", "note", "open_home", "open_records"]


@dataclass
class OpenedHome:
    """Settings, folder and records of one home; vault and sealer where a command asks for them."""

    settings: Settings
    path: Path
    database: Database

    @cached_property
    def vault(self) -> Vault:
        """Held content."""
        from holdfast.service.opening import open_home_vault

        return open_home_vault(self.settings, self.path, self.database)

    @cached_property
    def sealer(self) -> KeySealer:
        """Seals webhook secrets."""
        from holdfast.service.opening import open_home_keys
        from holdfast.vault.secrets import KeySealer

        return KeySealer(open_home_keys(self.settings, self.path))


@contextmanager
def open_home(home: Path) -> Iterator[OpenedHome]:
    """A home, made where it is absent; its records are closed at the end of the block."""
    from holdfast.records.home import Home
    from holdfast.settings import load_settings

    place = Home(home)
    settings = load_settings(place.path)
    with Home(place.path, database_url=settings.database_url).database() as database:
        yield OpenedHome(settings, place.path, database)


@contextmanager
def open_records(home: Path) -> Iterator[Database]:
    """The records of a home, by its settings."""
    with open_home(home) as opened:
        yield opened.database


def note(connection: Connection, action: str, target: str, **facts: object) -> None:
    """An audit row of this machine's user, in the transaction of what is done. Last of all in it."""
    from holdfast.records import audit

    audit.append(connection, actor=local_actor(), action=action, target=target, facts=facts)


def local_actor() -> str:
    """Who works on the home directly, for what is written down: the user of this machine."""
    return f"local:{getpass.getuser()}"
