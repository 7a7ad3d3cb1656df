"""The state folder of one Holdfast: database, index files, settings. Nobody but its owner may look inside.

~/.holdfast/            mode 0700, or where HOLDFAST_HOME or --home says
    holdfast.db         the records, unless a database URL says otherwise
    index/              files that can be built again from the records
    settings.toml       optional
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from holdfast.errors import SettingsError
from holdfast.records.database import Database, sqlite_url
from holdfast.records.schema import ensure_schema

__all__ = ["Home", "default_home"]

DATABASE_NAME = "holdfast.db"


def default_home() -> Path:
    """HOLDFAST_HOME where it is set, else ``~/.holdfast``."""
    return Path(os.environ.get("HOLDFAST_HOME") or Path.home() / ".holdfast")


class Home:
    """The state folder at ``path``, made with mode 0700 when it is absent or empty.

    ``database_url`` (else the environment's HOLDFAST_DATABASE_URL) names a database elsewhere.

    Raises
        SettingsError: the folder cannot be made, is not a folder, belongs to somebody else, or holds
            files and is open to other users: hash lists are secret, so it is not used.
    """

    def __init__(self, path: Path | None = None, *, database_url: str | None = None) -> None:
        self.path = (default_home() if path is None else path).expanduser().absolute()
        self.database_url = database_url or os.environ.get("HOLDFAST_DATABASE_URL") or None
        self._prepare()

    @property
    def index_folder(self) -> Path:
        """Where index files lie (made when absent). All of it can be built again from the records."""
        folder = self.path / "index"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    @property
    def settings_path(self) -> Path:
        return self.path / "settings.toml"

    @property
    def database_path(self) -> Path:
        """The SQLite file, used when no database URL is given."""
        return self.path / DATABASE_NAME

    def database(self, *, create: bool = True) -> Database:
        """The records, with tables of this version (see `ensure_schema`). The caller closes it."""
        if self.database_url is None:
            # SQLite gives its -wal and -shm files the mode of this one.
            os.close(os.open(self.database_path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        database = Database(self.database_url or sqlite_url(self.database_path))
        try:
            ensure_schema(database, create=create)
        except BaseException:
            database.close()
            raise
        return database

    def _prepare(self) -> None:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = self.path.stat()
            if status.st_uid != os.geteuid():
                raise SettingsError(
                    f"The home {self.path} belongs to user {status.st_uid}, not to the one running Holdfast "
                    f"({os.geteuid()}). Nothing was opened. Choose another with --home or HOLDFAST_HOME."
                )
            if stat.S_IMODE(status.st_mode) & 0o077:
                self._close_to_others()
        except OSError as error:
            raise SettingsError(
                f"The home {self.path} cannot be used: {error.strerror}. Nothing was opened. "
                "Choose another with --home or HOLDFAST_HOME."
            ) from error

    def _close_to_others(self) -> None:
        if any(self.path.iterdir()):
            raise SettingsError(
                f"The home {self.path} is open to other users of this machine, and hash lists are secret. "
                f"Nothing was opened. Look at what is in it, then run: chmod 700 {self.path}"
            )
        self.path.chmod(0o700)
