"""A tar file (POSIX ustar) written as it is read: nothing of it is in memory or on disk as a whole."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator

from holdfast.errors import VaultError

__all__ = ["end", "member"]

BLOCK_BYTES = tarfile.BLOCKSIZE
MAX_MEMBER_BYTES = 8**11 - 1  # eleven octal digits of size


def member(name: str, size_bytes: int, pieces: Iterable[bytes], *, mtime_s: int) -> Iterator[bytes]:
    """One file of the tar. Raises `VaultError` when it has another size than was said."""
    if size_bytes > MAX_MEMBER_BYTES:
        raise VaultError(f"A file of a package has at most {MAX_MEMBER_BYTES} bytes; nothing was finished.")
    head = tarfile.TarInfo(name)
    head.size, head.mtime, head.mode = size_bytes, mtime_s, 0o600
    yield head.tobuf(tarfile.USTAR_FORMAT)
    sent = 0
    for piece in pieces:
        sent += len(piece)
        yield piece
    if sent != size_bytes:
        raise VaultError(f"{name} has {sent} bytes, not {size_bytes}; the package was not finished.")
    yield bytes(-sent % BLOCK_BYTES)


def end() -> bytes:
    """What ends a tar."""
    return bytes(2 * BLOCK_BYTES)
