"""Key-encryption keys: they wrap the data key of every held object, and never lie beside what they open.

`FileKeys` reads a key file outside the home. A key service (KMS, HSM) is a class of somebody's own that
keeps the `KeyService` interface, named by an entry point in the group `holdfast.key_services` or by
``module:attribute``; it is called with the settings' options.

Rotation: `add_key` puts a new key at the end of the file. New objects use the last key at once, in every
running process; `Vault.rewrap` then wraps the old data keys anew, without touching the objects.
"""

from __future__ import annotations

import fcntl
import importlib
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from holdfast.errors import KeyUnavailableError, SettingsError
from holdfast.records.tables.base import now
from holdfast.vault.files import replace_file, write_new_file

__all__ = [
    "FileKeys",
    "KeyService",
    "WrappedKey",
    "add_key",
    "create_key_file",
    "default_key_file",
    "open_keys",
]

ENTRY_POINT_GROUP = "holdfast.key_services"
FIRST_LINE = (
    "# Holdfast key file. Who has it can open held content; without it nothing can. Keep a copy apart."
)
KEY_BYTES = 32
NONCE_BYTES = 12


@dataclass(frozen=True)
class WrappedKey:
    """A data key that only the key-encryption key ``wrapped_by`` opens."""

    wrapped_by: str
    blob: bytes


class KeyService(Protocol):
    """Wraps and unwraps data keys. Safe to use from many threads.

    ``context`` is bound to the wrapped key: `unwrap` with another context fails. Both raise
    `KeyUnavailableError`, and nothing else, when the key is missing or wrong or the service does not answer.
    """

    def current_id(self) -> str:
        """Id of the key that `wrap` uses now, at most 200 characters."""

    def wrap(self, data_key: bytes, *, context: bytes) -> WrappedKey: ...

    def unwrap(self, wrapped: WrappedKey, *, context: bytes) -> bytes: ...


class FileKeys:
    """The keys of one key file. Notices by itself when the file gets a new key.

    Raises `SettingsError` when the file lies inside ``home`` and ``development`` is not set (then
    `is_development` says so, for `doctor`), `KeyUnavailableError` when it is missing, is no key file, or can
    be read by others than its owner.
    """

    def __init__(self, path: Path, *, home: Path, development: bool = False) -> None:
        self.is_development = _check_place(path, home, development)
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._keys: dict[str, bytes] = {}
        self._refresh()

    def current_id(self) -> str:
        self._refresh()
        return next(reversed(self._keys))

    def wrap(self, data_key: bytes, *, context: bytes) -> WrappedKey:
        key_id = self.current_id()
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._keys[key_id]).encrypt(nonce, data_key, _bound(key_id, context))
        return WrappedKey(key_id, nonce + sealed)

    def unwrap(self, wrapped: WrappedKey, *, context: bytes) -> bytes:
        self._refresh()
        key = self._keys.get(wrapped.wrapped_by)
        if key is None:
            raise KeyUnavailableError(
                f"The key file {self._path} has no key {wrapped.wrapped_by!r}; nothing was opened. "
                "Put that key's line back into the file from your copy."
            )
        nonce, sealed = wrapped.blob[:NONCE_BYTES], wrapped.blob[NONCE_BYTES:]
        try:
            return AESGCM(key).decrypt(nonce, sealed, _bound(wrapped.wrapped_by, context))
        except (InvalidTag, ValueError) as error:
            raise KeyUnavailableError(
                f"The key {wrapped.wrapped_by!r} does not open this data key: it is another key under the "
                "same id, or the wrapped key is altered or another item's. Nothing was opened. "
                "Restore the key store."
            ) from error

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
        except OSError as error:
            raise KeyUnavailableError(
                f"The key file {self._path} cannot be had ({error.strerror}); nothing was opened or kept. "
                "Put it back from your copy, or run `holdfast init` for a new home."
            ) from error
        seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        if seen != self._seen:
            self._keys = _read(self._path)
            self._seen = seen


def create_key_file(path: Path, *, home: Path, development: bool = False) -> str:
    """Make a key file with one fresh key, mode 0600, on disk when this returns. The id of the key.

    Raises `SettingsError` for a place inside the home, `FileExistsError` where one lies: a key is never
    written over.
    """
    _check_place(path, home, development)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key_id, line = _fresh_line()
    write_new_file(path, f"{FIRST_LINE}\n{line}\n".encode())
    return key_id


def add_key(path: Path) -> str:
    """Put a fresh key at the end of the file: from now on new objects use it. The id of the key."""
    path = path.resolve()
    key_id, line = _fresh_line()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # two that add at the same moment would lose one of the keys
        _read(path)
        replace_file(path, path.read_bytes().rstrip(b"\n") + f"\n{line}\n".encode())
    finally:
        os.close(folder)
    return key_id


def default_key_file(home: Path) -> Path:
    """Where `init` puts the key file of ``home`` by default: the user's configuration folder."""
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    path = home.resolve()
    return base / "holdfast" / f"{path.name[:100]}-{sha256(os.fsencode(path)).hexdigest()[:12]}.keys"


def open_keys(
    service: str, *, home: Path, key_file: Path | None, options: Mapping[str, str], development: bool = False
) -> KeyService:
    """The key service that the settings name: ``file``, an entry point, or ``module:attribute``.

    Raises `SettingsError` when there is none of that name.
    """
    if service == "file":
        return FileKeys(key_file or default_key_file(home), home=home, development=development)
    return _plug_in(service)(options)


def _plug_in(service: str) -> Callable[[Mapping[str, str]], KeyService]:
    module, _, attribute = service.partition(":")
    try:
        if attribute:
            found = getattr(importlib.import_module(module), attribute)
        else:
            (entry,) = entry_points(group=ENTRY_POINT_GROUP, name=service)
            found = entry.load()
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(
            f"There is no key service {service!r} ({error}); nothing was opened. Use 'file', the name of an "
            f"installed entry point in {ENTRY_POINT_GROUP}, or 'module:attribute'."
        ) from error
    return cast("Callable[[Mapping[str, str]], KeyService]", found)


def _bound(key_id: str, context: bytes) -> bytes:
    return b"holdfast data key 1\0" + key_id.encode() + b"\0" + context


def _fresh_line() -> tuple[str, str]:
    key_id = f"kek-{os.urandom(6).hex()}"
    return key_id, f"{key_id} {now():%Y-%m-%dT%H:%M:%SZ} {b64encode(os.urandom(KEY_BYTES)).decode()}"


def _check_place(path: Path, home: Path, development: bool) -> bool:
    """Whether the file lies inside the home, which only development may do."""
    is_inside = path.resolve().is_relative_to(home.resolve())
    if is_inside and not development:
        raise SettingsError(
            f"The key file {path} lies inside the home {home}: a copy of the home would open itself. "
            "Nothing was opened or made. Put it on another disk or in the service's configuration folder."
        )
    return is_inside


def _read(path: Path) -> dict[str, bytes]:
    """Key id -> 32 bytes, in the order of the file."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            text = file.read(1 << 20).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnavailableError(
            f"The key file {path} cannot be read ({error}); nothing was opened."
        ) from error
    if status.st_mode & 0o077 or status.st_uid not in (0, os.geteuid()):
        raise KeyUnavailableError(
            f"The key file {path} belongs to another user or can be read by others (mode "
            f"{status.st_mode & 0o777:04o}); nothing was opened. Make it 0600, owned by the service's user."
        )
    keys: dict[str, bytes] = {}
    for line in text.splitlines():
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        if len(fields) != 3 or fields[0] in keys or len(key := _decode(fields[2])) != KEY_BYTES:
            raise KeyUnavailableError(f"The key file {path} has a line that is no key; nothing was opened.")
        keys[fields[0]] = key
    if not keys:
        raise KeyUnavailableError(
            f"The key file {path} holds no key; nothing was opened. Put your copy back."
        )
    return keys


def _decode(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""
