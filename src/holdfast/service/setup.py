"""A home that was never used is made ready: records, key file, first keys. Doing it again changes nothing.

holdfast init         asks what kind of platform it is, and writes files to be edited as well
holdfast serve        does the least that is needed, so that a first `serve` works by itself
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from holdfast.access.keys import NewKey, create_first_key, create_key
from holdfast.access.roles import Role
from holdfast.errors import KeyUnavailableError
from holdfast.records.database import Database
from holdfast.records.home import Home
from holdfast.records.tables.exchanges import exchange_credentials
from holdfast.records.tables.outbox import webhook_secrets
from holdfast.records.tables.vault import vault_items
from holdfast.service.opening import open_home_keys
from holdfast.settings import Settings, load_settings
from holdfast.vault.keys import create_key_file, default_key_file

__all__ = ["FIRST_UPLOAD_KEY", "Prepared", "ensure_key_file", "first_keys", "prepare", "sealed_words"]

FIRST_UPLOAD_KEY = "first upload key"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was made now. ``admin`` and ``upload`` are the texts of the first keys, shown once."""

    key_file: Path | None = None  # only when it was made now
    admin: str = field(default="", repr=False)
    upload: str = field(default="", repr=False)


def prepare(path: Path, *, with_keys: bool = True) -> Prepared:
    """Makes the home at ``path`` ready to serve.

    Raises SettingsError, RecordsError, and KeyUnavailableError where the key file of held content is gone.
    """
    settings = load_settings(path)
    home = Home(path, database_url=settings.database_url)
    with home.database() as database:
        made = ensure_key_file(database, settings, home.path)
        open_home_keys(settings, home.path)  # a key file that cannot be used is told of now, not at a match
        keys = first_keys(database) if with_keys else ()
    return Prepared(made, *(key.text for key in keys))


def ensure_key_file(database: Database, settings: Settings, home: Path) -> Path | None:
    """The key file that was made now, None where there is one or a key service is used.

    Raises KeyUnavailableError, having made none, where something is encrypted under a key that is gone: a new
    key would open none of it and hide the loss.
    """
    if settings.vault.key_service != "file":
        return None
    path = settings.vault.key_file or default_key_file(home)
    if path.exists():
        return None
    with database.read() as connection:
        what = sealed_words(connection)
    if what:
        raise KeyUnavailableError(
            f"The key file {path} is gone, and {what} is encrypted under its key. Nothing was started, and "
            "no new key was made. Put your copy of the file back, or name its place in vault.key_file."
        )
    try:
        create_key_file(path, home=home, development=settings.vault.development_key)
    except FileExistsError:  # another process was faster
        return None
    return path


def first_keys(database: Database) -> Sequence[NewKey]:
    """The admin key and the upload key of a new home; none where there ever was a key.

    Two keys, because an admin cannot screen content and an upload key can do nothing else.
    """
    with database.write() as connection:
        admin = create_first_key(connection)
        if admin is None:
            return ()
        upload = create_key(connection, name=FIRST_UPLOAD_KEY, roles=[Role.UPLOADER], created_by="holdfast")
        return admin, upload


def sealed_words(connection: sa.Connection) -> str:
    """What in the records needs the key file, in words; "" when nothing does."""
    held = sa.select(vault_items.c.id).where(vault_items.c.state != "destroyed")
    if connection.execute(held.limit(1)).first() is not None:
        return "held content"
    for table, words in ((webhook_secrets, "a webhook's secret"), (exchange_credentials, "a credential")):
        if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None:
            return words
    return ""
