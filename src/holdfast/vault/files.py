"""Files that are whole and on disk when the call returns, or are not there at all; mode 0600.

`os.link` makes a finished file visible under its name and fails where one lies already; `os.replace`
takes the old one's place in one step. The folder is flushed too: else a power cut forgets the name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["UNFINISHED_SUFFIX", "flush_folder", "replace_file", "write_new_file"]

UNFINISHED_SUFFIX = ".unfinished"


def write_new_file(path: Path, content: bytes | Iterable[bytes], *, staging: Path | None = None) -> int:
    """Write ``path``, which must not exist; the bytes written. Raises `FileExistsError` where something lies.

    ``staging``: folder on the same file system for the unfinished file; by default the folder of ``path``.
    """
    return _write(path, content, staging or path.parent, os.link)


def replace_file(path: Path, content: bytes | Iterable[bytes]) -> int:
    """Write ``path``, in one step in the place of what lies there; the bytes written."""
    return _write(path, content, path.parent, os.replace)


def flush_folder(folder: Path) -> None:
    """Make new, renamed and removed names in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(
    path: Path, content: bytes | Iterable[bytes], staging: Path, publish: Callable[[Path, Path], None]
) -> int:
    unfinished = staging / f"{path.name}.{os.urandom(8).hex()}{UNFINISHED_SUFFIX}"
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for piece in (content,) if isinstance(content, bytes) else content:
                file.write(piece)
            size = file.tell()
            file.flush()
            os.fsync(descriptor)
        publish(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    flush_folder(path.parent)
    return size
