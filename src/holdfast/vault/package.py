"""A package that leaves the house: files, a manifest of them, its signature; encrypted to a recipient.

A tar file (the files, then the manifest, then its signature) under `sealing`. What a manifest says is for
each kind of package to know: reports for a destination (`reporting.packets`), evidence (`vault.evidence`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from holdfast.records.tables.base import now
from holdfast.vault import tar
from holdfast.vault.sealing import Recipient, encrypt_stream
from holdfast.vault.signing import Signer

__all__ = ["MANIFEST_NAME", "SIGNATURE_NAME", "Packed", "Part", "write_package"]

MANIFEST_NAME = "manifest.json"
SIGNATURE_NAME = "manifest.sig"


@dataclass(frozen=True)
class Part:
    """One file on its way into a package. `pieces` are read once."""

    name: str
    size_bytes: int
    pieces: Iterable[bytes]


@dataclass(frozen=True)
class Packed:
    """One file that is in the package; digests in lower-case hex."""

    name: str
    size_bytes: int
    md5: str
    sha1: str
    sha256: str


def write_package(
    parts: Iterable[Part],
    manifest: Callable[[Sequence[Packed]], bytes],
    *,
    kind: str,
    recipient: Recipient,
    signer: Signer,
) -> Iterator[bytes]:
    """The package, piece by piece, in constant memory. It is whole only when all of it has come.

    ``manifest`` is asked once, when every file is in. Raises what ``parts`` raise, and `VaultError` for a
    file of another size than was said: throw away what came.
    """
    return encrypt_stream(_plain(parts, manifest, kind, signer), recipient)


def _plain(
    parts: Iterable[Part], manifest: Callable[[Sequence[Packed]], bytes], kind: str, signer: Signer
) -> Iterator[bytes]:
    mtime_s = int(now().timestamp())
    packed = []
    for part in parts:
        digests = _Digests(part.pieces)
        yield from tar.member(part.name, part.size_bytes, digests, mtime_s=mtime_s)
        packed.append(digests.of(part))
    body = manifest(packed)
    signature = signer.sign(body, kind=kind)
    for name, content in ((MANIFEST_NAME, body), (SIGNATURE_NAME, signature)):
        yield from tar.member(name, len(content), [content], mtime_s=mtime_s)
    yield tar.end()


class _Digests:
    """The pieces of a file, digested as they go by."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self._md5 = hashlib.md5(usedforsecurity=False)  # police systems still look files up by these two
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._sha256 = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            for digest in (self._md5, self._sha1, self._sha256):
                digest.update(piece)
            yield piece

    def of(self, part: Part) -> Packed:
        md5, sha1, sha256 = (one.hexdigest() for one in (self._md5, self._sha1, self._sha256))
        return Packed(part.name, part.size_bytes, md5, sha1, sha256)
