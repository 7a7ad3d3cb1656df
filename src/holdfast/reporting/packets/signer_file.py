"""The key that signs packets: a file outside the home, made once and never written over."""

from __future__ import annotations

from pathlib import Path

from holdfast.errors import ConflictError, SettingsError, UsageError
from holdfast.reporting.secret_file import read_secret_file
from holdfast.settings import ReportingSettings
from holdfast.vault.files import write_new_file
from holdfast.vault.keys import default_key_file
from holdfast.vault.signing import Signer

__all__ = ["create_signer", "open_signer", "signer_file"]

WHAT = "The key that signs packets (reporting.signer_file)"


def signer_file(settings: ReportingSettings, home: Path) -> Path:
    """Where it is: as the settings say, else beside the vault's key file."""
    return settings.signer_file or default_key_file(home).with_suffix(".signer")


def create_signer(settings: ReportingSettings, home: Path) -> Signer:
    """Make the key. Raises `ConflictError` where there is one, `SettingsError` for a place in the home."""
    path = signer_file(settings, home)
    if path.resolve().is_relative_to(home.resolve()):
        raise SettingsError(f"{WHAT}: {path} lies inside the home. Nothing was made. Name another place.")
    signer = Signer.new()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        write_new_file(path, signer.written().encode() + b"\n")
    except FileExistsError as error:
        raise ConflictError(
            f"There is a key in {path}; it was left as it is. Recipients know its public half: "
            "`holdfast report signer` shows it."
        ) from error
    return signer


def open_signer(settings: ReportingSettings, home: Path) -> Signer:
    """The key. Raises `SettingsError` when there is none or it cannot be used."""
    path = signer_file(settings, home)
    if not path.exists():
        raise SettingsError(
            f"{WHAT}: there is none. No packet was written. `holdfast report signer --new` makes one; give "
            "its public half to whoever takes packets."
        )
    try:
        return Signer.parse(read_secret_file(path, home=home, what=WHAT).strip())
    except UsageError:
        raise SettingsError(f"{WHAT}: {path} holds no such key. No packet was written.") from None
