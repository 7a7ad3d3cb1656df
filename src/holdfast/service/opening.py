"""What the settings of a home point at: its files of rules, its keys, its vault."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.decisions.policy import DEFAULT_POLICY
from holdfast.decisions.rules import DEFAULT_RULES
from holdfast.settings import Settings

if TYPE_CHECKING:
    from holdfast.records.database import Database
    from holdfast.vault.keys import KeyService
    from holdfast.vault.service import Vault
    from holdfast.vault.store import ObjectStore

__all__ = [
    "open_home_journal",
    "open_home_keys",
    "open_home_store",
    "open_home_vault",
    "policy_file",
    "rules_file",
]


def policy_file(settings: Settings, home: Path) -> Path:
    """The policy that a service on this home uses."""
    return _chosen(settings.rules.policy_file, home / "policy.toml", DEFAULT_POLICY)


def rules_file(settings: Settings, home: Path) -> Path:
    """The rules that a service on this home uses."""
    return _chosen(settings.rules.rules_file, home / "rules.toml", DEFAULT_RULES)


def open_home_keys(settings: Settings, home: Path) -> KeyService:
    """The key-encryption keys. Raises SettingsError or KeyUnavailableError."""
    from holdfast.vault.keys import open_keys

    vault = settings.vault
    return open_keys(
        vault.key_service,
        home=home,
        key_file=vault.key_file,
        options=vault.key_options,
        development=vault.development_key,
    )


def open_home_store(settings: Settings, home: Path) -> ObjectStore:
    """Where encrypted objects lie. Raises SettingsError."""
    from holdfast.vault.store import open_store

    return open_store(settings.vault.store or str(home / "vault"), settings.vault.store_options)


def open_home_journal(settings: Settings, home: Path) -> ObjectStore | None:
    """Where the vault's journal lies; None: beside the objects. Raises SettingsError."""
    from holdfast.vault.store import open_store

    place = settings.vault.journal
    return None if place is None else open_store(place, settings.vault.store_options)


def open_home_vault(settings: Settings, home: Path, database: Database) -> Vault:
    """Held content. Raises SettingsError or KeyUnavailableError."""
    from holdfast.vault.service import Vault

    journal = open_home_journal(settings, home)
    return Vault(database, open_home_store(settings, home), open_home_keys(settings, home), journal=journal)


def _chosen(named: Path | None, in_home: Path, shipped: Path) -> Path:
    if named is not None:
        return named
    return in_home if in_home.exists() else shipped
