"""Exact digests: the same bytes, and nothing but the same bytes, have the same ones.

Lists still carry MD5 and SHA-1 beside SHA-256, so all three are made in one reading. They are names
for files here and protect nothing.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from holdfast.errors import UnreadableError

__all__ = ["Digests", "digests"]

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO

_CHUNK_BYTES = 1 << 20  # hashlib lets other threads run during each chunk


@dataclass(frozen=True, slots=True)
class Digests:
    """MD5 (16 bytes), SHA-1 (20) and SHA-256 (32) of the same ``size_bytes`` bytes."""

    md5: bytes
    sha1: bytes
    sha256: bytes
    size_bytes: int

    @property
    def md5_hex(self) -> str:
        """32 lower-case hexadecimal digits."""
        return self.md5.hex()

    @property
    def sha1_hex(self) -> str:
        """40 lower-case hexadecimal digits."""
        return self.sha1.hex()

    @property
    def sha256_hex(self) -> str:
        """64 lower-case hexadecimal digits."""
        return self.sha256.hex()

    def __repr__(self) -> str:
        # Hash values are secret, and representations end up in logs.
        return f"Digests(<values>, size_bytes={self.size_bytes})"


def digests(source: Source) -> Digests:
    """The three digests of a file by its path, of bytes in memory, or of the rest of an open binary file.

    Raises UnreadableError where a file cannot be read to its end or the path is not a regular file.
    """
    md5 = hashlib.md5(usedforsecurity=False)
    sha1 = hashlib.sha1(usedforsecurity=False)
    sha256 = hashlib.sha256()
    size_bytes = 0
    for chunk in _chunks(source):
        size_bytes += len(chunk)
        md5.update(chunk)
        sha1.update(chunk)
        sha256.update(chunk)
    return Digests(md5.digest(), sha1.digest(), sha256.digest(), size_bytes)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes | None: ...


def _chunks(source: Source) -> Iterator[memoryview]:
    if isinstance(source, (str, os.PathLike)):
        yield from _chunks_of_path(Path(source))
    elif isinstance(source, (bytes, bytearray, memoryview)):
        view = memoryview(source).cast("B")
        for start in range(0, len(view), _CHUNK_BYTES):
            yield view[start : start + _CHUNK_BYTES]
    else:
        yield from _chunks_of_file(source, "the file")


def _chunks_of_path(path: Path) -> Iterator[memoryview]:
    try:
        # Before opening: opening a named pipe waits for its writer.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UnreadableError(f"{path}: not a regular file; it was not read")
        file = path.open("rb", buffering=0)
    except OSError as error:
        raise UnreadableError(f"{path}: {error.strerror}; it was not read") from error
    with file:
        yield from _chunks_of_file(file, str(path))


def _chunks_of_file(file: _Readable, name: str) -> Iterator[memoryview]:
    while True:
        try:
            chunk = file.read(_CHUNK_BYTES)
        except OSError as error:
            raise UnreadableError(f"{name}: {error.strerror}; it was read only in part") from error
        if not chunk:
            return
        yield memoryview(chunk)
