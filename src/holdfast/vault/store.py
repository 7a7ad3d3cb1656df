"""Where encrypted objects lie: a folder, or a bucket behind an S3-compatible (or GCS, Azure) URL.

Objects are written once and never changed. A folder is written by our own code, because obstore's local
store neither flushes to disk nor sets a mode (obstore 0.12); everything else is obstore.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import unquote, urlsplit

from holdfast.errors import ConflictError, ObjectDamagedError, SettingsError, VaultError
from holdfast.vault.files import UNFINISHED_SUFFIX, flush_folder, write_new_file

__all__ = ["BucketStore", "FolderStore", "ObjectStore", "StoredObject", "open_store"]

SUFFIX = ".hfv"
NAME = re.compile(r"[0-9a-f]{32}")
READ_BYTES = 1024 * 1024
PART_BYTES = 8 * 1024 * 1024
OPTION_PREFIXES = ("aws_", "azure_", "google_")
BUCKET_SCHEMES = ("s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "memory")


@dataclass(frozen=True)
class StoredObject:
    """One object of the store, or (``is_unfinished``) what a killed writer left of one."""

    name: str
    size_bytes: int
    modified_at: datetime
    is_unfinished: bool = False


class ObjectStore(Protocol):
    """Objects named by 32 hexadecimal digits. Safe to use from many threads. Failures are `VaultError`."""

    def put_new(self, name: str, pieces: Iterable[bytes]) -> int:
        """Write a new object, durable when this returns; its size. Raises `ConflictError` if one is there."""

    def get(self, name: str) -> Iterator[bytes]:
        """The object's bytes. Raises `ObjectDamagedError` at the call when there is none."""

    def delete(self, found: StoredObject | str) -> None:
        """Remove an object, or what is unfinished of one. One that is gone already is no error."""

    def list_all(self) -> Iterator[StoredObject]: ...

    def beside(self, name: str) -> ObjectStore:
        """Another store at the same place, whose objects are none of this one's."""


class FolderStore:
    """Objects in ``root/ab/abcd....hfv``, mode 0600, folders 0700."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._staging = root / "unfinished"
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._staging.mkdir(mode=0o700, exist_ok=True)

    def put_new(self, name: str, pieces: Iterable[bytes]) -> int:
        path = self._path(name)
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            flush_folder(self._root)
        try:
            return write_new_file(path, pieces, staging=self._staging)
        except FileExistsError as error:
            raise ConflictError(f"An object {name} is stored already; it was left as it is.") from error
        except OSError as error:
            raise VaultError(
                f"Object {name} could not be written ({error.strerror}); nothing of it was kept. "
                "Check the space and the rights of the vault's folder."
            ) from error

    def get(self, name: str) -> Iterator[bytes]:
        try:
            file = self._path(name).open("rb")
        except FileNotFoundError as error:
            raise _missing(name) from error

        def pieces() -> Iterator[bytes]:
            with file:
                while piece := file.read(READ_BYTES):
                    yield piece

        return pieces()

    def delete(self, found: StoredObject | str) -> None:
        if isinstance(found, StoredObject) and found.is_unfinished:
            path = self._staging / found.name
        else:
            path = self._path(found if isinstance(found, str) else found.name)
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            flush_folder(path.parent)

    def list_all(self) -> Iterator[StoredObject]:
        for folder in sorted(self._root.iterdir()):
            for entry in os.scandir(folder) if folder.is_dir() else ():
                is_unfinished = entry.name.endswith(UNFINISHED_SUFFIX)
                name = entry.name if is_unfinished else entry.name.removesuffix(SUFFIX)
                try:
                    status = entry.stat()
                except FileNotFoundError:  # finished or removed while we looked
                    continue
                modified = datetime.fromtimestamp(status.st_mtime, UTC)
                if is_unfinished or NAME.fullmatch(name):
                    yield StoredObject(name, status.st_size, modified, is_unfinished)

    def beside(self, name: str) -> FolderStore:
        return FolderStore(self._root / name)

    def _path(self, name: str) -> Path:
        return self._root / _checked(name)[:2] / f"{name}{SUFFIX}"


class BucketStore:
    """Objects behind a URL that obstore knows, for example ``s3://bucket/prefix``.

    An object of at most 8 MiB is written on the condition that none is there. A larger one goes up in
    parts, which S3 shows only when complete; there the condition is a look beforehand (names are 128 random
    bits, so the two never meet in practice). Give the bucket a life-cycle rule that drops unfinished uploads.
    """

    def __init__(self, url: str, options: Mapping[str, str] | None = None) -> None:
        from obstore.exceptions import BaseError
        from obstore.store import from_url

        self._url, self._options = url, options
        arguments = {} if url.startswith("memory:") else _bucket_arguments(options or {})
        try:
            self._store: Any = from_url(url, **cast("Any", arguments))
        except (BaseError, ValueError, TypeError) as error:
            raise SettingsError(
                f"The vault's store {url!r} cannot be opened ({_first_line(error)})."
            ) from error

    def put_new(self, name: str, pieces: Iterable[bytes]) -> int:
        import obstore
        from obstore.exceptions import AlreadyExistsError

        path = _checked(name) + SUFFIX
        counted = _Counted(pieces)
        first = b"".join(_up_to(counted, PART_BYTES))
        try:
            if len(first) <= PART_BYTES:
                obstore.put(self._store, path, first, mode="create")
            elif self._is_there(path):
                raise ConflictError(f"An object {name} is stored already; it was left as it is.")
            else:
                parts = chain([first], counted)
                obstore.put(
                    self._store, path, parts, use_multipart=True, chunk_size=PART_BYTES, max_concurrency=2
                )
        except AlreadyExistsError as error:
            raise ConflictError(f"An object {name} is stored already; it was left as it is.") from error
        except obstore.exceptions.BaseError as error:
            raise _failed(name, "written", error) from error
        return counted.size_bytes

    def get(self, name: str) -> Iterator[bytes]:
        import obstore

        try:
            found = obstore.get(self._store, _checked(name) + SUFFIX)
        except FileNotFoundError as error:
            raise _missing(name) from error
        except obstore.exceptions.BaseError as error:
            raise _failed(name, "read", error) from error

        def pieces() -> Iterator[bytes]:
            try:
                for piece in found.stream(min_chunk_size=READ_BYTES):
                    yield bytes(piece)
            except obstore.exceptions.BaseError as error:
                raise _failed(name, "read to its end", error) from error

        return pieces()

    def delete(self, found: StoredObject | str) -> None:
        import obstore

        name = found if isinstance(found, str) else found.name
        try:
            obstore.delete(self._store, _checked(name) + SUFFIX)
        except FileNotFoundError:
            return
        except obstore.exceptions.BaseError as error:
            raise _failed(name, "removed", error) from error

    def list_all(self) -> Iterator[StoredObject]:
        import obstore

        try:
            for page in obstore.list(self._store):
                for meta in page:
                    name = str(meta["path"]).removesuffix(SUFFIX)
                    if NAME.fullmatch(name):
                        yield StoredObject(name, meta["size"], meta["last_modified"])
        except obstore.exceptions.BaseError as error:
            raise VaultError(
                f"The vault's objects could not be listed ({error}). Check the store."
            ) from error

    def beside(self, name: str) -> BucketStore:
        return BucketStore(f"{self._url.rstrip('/')}/{name}", self._options)

    def _is_there(self, path: str) -> bool:
        import obstore

        try:
            obstore.head(self._store, path)
        except FileNotFoundError:
            return False
        return True


def open_store(url: str, options: Mapping[str, str] | None = None) -> ObjectStore:
    """The store at ``url``: a folder (a path or ``file:///path``) or a bucket (``s3://bucket/prefix``).

    ``options`` are obstore's own (``aws_endpoint``, ``aws_region``, ...) and ``allow_http`` = ``true`` for a
    server without TLS; keys come from the environment or the machine's role when they are not given. Raises
    `SettingsError` for a URL or an option of another kind.
    """
    parts = urlsplit(url)
    if parts.scheme in ("", "file") and not parts.netloc:
        return FolderStore(Path(unquote(parts.path) if parts.scheme else url))
    if parts.scheme not in BUCKET_SCHEMES:
        raise SettingsError(
            f"The vault's store begins with {parts.scheme or parts.netloc!r}; nothing was opened. "
            "Use a folder, file:///folder, or s3://bucket/prefix."
        )
    return BucketStore(url, options)


class _Counted:
    """An iterator that knows how many bytes went by."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self.size_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = next(self._pieces)
        self.size_bytes += len(piece)
        return piece


def _bucket_arguments(options: Mapping[str, str]) -> dict[str, object]:
    unknown = [name for name in options if not name.startswith(OPTION_PREFIXES) and name != "allow_http"]
    if unknown:  # obstore would panic, which no `except Exception` catches
        raise SettingsError(
            f"The vault's store has no option {unknown[0]!r}; nothing was opened. Options begin with "
            f"{', '.join(OPTION_PREFIXES)}, or are allow_http."
        )
    return {
        "config": {name: value for name, value in options.items() if name != "allow_http"},
        "client_options": {
            "allow_http": options.get("allow_http") == "true",
            "connect_timeout": timedelta(seconds=5),
            "timeout": timedelta(seconds=60),
        },
        "retry_config": {"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
    }


def _up_to(pieces: _Counted, limit: int) -> Iterator[bytes]:
    """Pieces until ``limit`` bytes are passed, or all."""
    for piece in pieces:
        yield piece
        if pieces.size_bytes > limit:
            return


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError("an object's name is 32 hexadecimal digits")
    return name


def _missing(name: str) -> ObjectDamagedError:
    return ObjectDamagedError(
        f"Object {name} is not in the store; nothing was given. Restore it from a copy of the objects."
    )


def _failed(name: str, what: str, error: Exception) -> VaultError:
    return VaultError(
        f"Object {name} could not be {what} ({_first_line(error)}). Check the store and try again."
    )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
