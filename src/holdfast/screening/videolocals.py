"""The local features of listed videos in the memory of a process: opened when a video is looked at.

They lie in the records sealed, and are open in the memory of processes that screen, nowhere else.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.banks.log import last_position
from holdfast.banks.videofeatures import active_features, changed_since, context_of, sealed_features
from holdfast.records.database import Database
from holdfast.vault.keys import open_keys

if TYPE_CHECKING:
    from holdfast.matching.video.local_bank import LocalBank
    from holdfast.settings import Settings
    from holdfast.vault.secrets import KeySealer

__all__ = ["LocalList"]


class LocalList:
    """The features of every active video that has some. Safe for many threads."""

    def __init__(self, database: Database, settings: Settings, home: Path) -> None:
        self._database, self._settings, self._home = database, settings, home
        self._lock = threading.Lock()
        self._bank: LocalBank | None = None
        self._loaded: set[int] = set()
        self._position = -1

    def current(self, position: int) -> LocalBank | None:
        """What is listed as of a ``position`` of the log or later; None where nothing is.

        Raises KeyUnavailableError or SettingsError where what is listed cannot be opened, UsageError where
        OpenCV is not installed: a video that would be looked up without is one that was not checked.
        """
        with self._lock:
            if position > self._position:
                self._read()
            return self._bank if self._loaded else None

    def _read(self) -> None:
        with self._database.read() as connection:
            newest = last_position(connection)
            active = set(active_features(connection))
            changed = set(changed_since(connection, self._position)) if self._loaded else set()
            wanted = sorted(active - (self._loaded - changed))
            rows = list(sealed_features(connection, wanted))
        if self._bank is None and active:
            from holdfast.hashing.videolocal import opencv
            from holdfast.matching.video.local_bank import LocalBank

            opencv()
            self._bank = LocalBank()
        if self._bank is not None:
            for video_id in self._loaded - active:
                self._bank.remove(video_id)
                self._loaded.discard(video_id)
            self._open(rows, self._bank)
        self._position = newest

    def _open(self, rows: list[tuple[int, bytes, bytes]], bank: LocalBank) -> None:
        if not rows:
            return
        from holdfast.hashing.videolocal_blob import unpack

        sealer = self._sealer()
        for video_id, name, sealed in rows:
            bank.add(video_id, unpack(sealer.unseal(sealed, context=context_of(name))))
            self._loaded.add(video_id)

    def _sealer(self) -> KeySealer:
        from holdfast.vault.secrets import KeySealer

        vault = self._settings.vault
        keys = open_keys(
            vault.key_service,
            home=self._home,
            key_file=vault.key_file,
            options=vault.key_options,
            development=vault.development_key,
        )
        return KeySealer(keys)
