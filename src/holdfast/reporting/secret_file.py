"""Files with secrets: outside the home, readable by their owner alone, and never quoted."""

from __future__ import annotations

import os
from pathlib import Path

from holdfast.errors import SettingsError

__all__ = ["read_secret_file"]

MAX_BYTES = 64 * 1024


def read_secret_file(path: Path, *, home: Path, what: str) -> str:
    """The text of the file. ``what`` names it in messages ("The credentials of reports").

    Raises `SettingsError` when it cannot be read, lies inside the home (whoever copies one would have both),
    belongs to another user or can be read by others.
    """
    place = path.resolve()
    if place.is_relative_to(home.resolve()):
        raise SettingsError(
            f"{what}: {path} lies inside the home. Nothing was sent. Move it out, and name its new place."
        )
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(descriptor, encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            if status.st_mode & 0o077 or status.st_uid not in (0, os.geteuid()):
                raise SettingsError(
                    f"{what}: {path} belongs to another user or can be read by others (mode "
                    f"{status.st_mode & 0o777:04o}). Nothing was sent. Make it 0600, owned by the service's "
                    "user."
                )
            return file.read(MAX_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{what}: {path} cannot be read ({type(error).__name__}). Nothing was sent."
        ) from error
