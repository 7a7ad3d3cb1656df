"""Files in: bytes under the size limit, digests of all of them in one pass."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.errors import UnreadableError
from holdfast.hashing.digest import Digests, digests
from holdfast.media.videoformats import medium_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FileContent", "bytes_content", "printable_path", "read_file"]

HEAD_BYTES = 1024  # tell what a file is


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file's bytes, or only its size and digests where it is too large to decode.

    ``data`` is None for a file over the limit, and for a video that is a file. ``digests`` computes when
    called, so that a caller can do it while a decode worker is busy with the same bytes. ``video`` are the
    bytes of a video, or where its file is: it may be larger than memory. None for other content.
    """

    data: bytes | None
    size_bytes: int
    digests: Callable[[], Digests]
    video: bytes | Path | None = None


def read_file(path: Path, max_bytes: int) -> FileContent:
    """The content of a regular file. Raises `UnreadableError`, saying why."""
    try:
        # Opened without waiting, then looked at: a named pipe must not hang the scan.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        raise UnreadableError(f"cannot be opened: {error.strerror}. It was not checked.") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise UnreadableError("is not a regular file. It was not checked.")
    with os.fdopen(descriptor, "rb") as file:
        try:
            head = file.read(HEAD_BYTES)
            file.seek(0)
            if medium_of(head) == "video":
                return FileContent(None, status.st_size, lambda: _digests_at(path), path)
            if status.st_size > max_bytes:
                large = digests(file)
                return FileContent(None, large.size_bytes, lambda: large)
            data = file.read()
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror}. It was not checked.") from error
    return FileContent(data, len(data), lambda: digests(data))


def _digests_at(path: Path) -> Digests:
    try:
        with path.open("rb") as file:
            return digests(file)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}. It was not checked.") from error


def printable_path(path: Path | str) -> str:
    """A path as text that can be printed and stored: undecodable bytes as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def bytes_content(data: bytes, max_bytes: int) -> FileContent:
    """Content that is in memory already."""
    kept = data if len(data) <= max_bytes else None
    video = kept if medium_of(data[:HEAD_BYTES]) == "video" else None
    return FileContent(kept, len(data), lambda: digests(data), video)
