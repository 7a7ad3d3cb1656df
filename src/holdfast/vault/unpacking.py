"""A package to files: all of it is right, or nothing is left of it. See `package`."""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

from holdfast.errors import KeyUnavailableError, ObjectDamagedError
from holdfast.vault.package import MANIFEST_NAME, SIGNATURE_NAME
from holdfast.vault.sealing import Identity, decrypt_stream
from holdfast.vault.signing import Verifier

__all__ = ["PackageKind", "Unpacked", "altered", "read_package"]

MAX_MANIFEST_BYTES = 64 * 1024 * 1024
MAX_FILES = 20_000
COPY_BYTES = 1024 * 1024

M = TypeVar("M")  # what a kind of package has for a manifest


@dataclass(frozen=True)
class Unpacked(Generic[M]):
    """A package whose signature and digests are right. ``signed_by`` is one of the trusted keys."""

    manifest: M
    signed_by: Verifier


@dataclass(frozen=True)
class PackageKind(Generic[M]):
    """What one kind of package is like.

    ``allows`` tells which names files may have. ``check`` reads the manifest and compares it with the files
    that came, name -> (size in bytes, SHA-256), and raises `altered` where they differ.
    """

    name: str
    allows: Callable[[str], bool]
    check: Callable[[bytes, Mapping[str, tuple[int, str]]], M]


def read_package(
    source: Iterable[bytes],
    identity: Identity,
    folder: Path | None,
    trusted: Sequence[Verifier],
    kind: PackageKind[M],
) -> Unpacked[M]:
    """Open a package into ``folder``, which is made and must not be there; with None it is only verified.

    Raises `KeyUnavailableError` when it is for somebody else or signed by nobody in ``trusted``,
    `ObjectDamagedError` at any fault: the folder is then gone again. `FileExistsError` where it is there.
    """
    if folder is not None:
        folder.mkdir(mode=0o700, parents=True)
    try:
        return _read(decrypt_stream(source, identity), folder, trusted, kind)
    except BaseException:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def altered(kind: str, why: str) -> ObjectDamagedError:
    """The error of a package that is not as it was made."""
    return ObjectDamagedError(f"This {kind} is altered: {why}. Nothing was kept. Ask for it again.")


def _read(
    plain: Iterator[bytes], folder: Path | None, trusted: Sequence[Verifier], kind: PackageKind[M]
) -> Unpacked[M]:
    digests: dict[str, tuple[int, str]] = {}
    small: dict[str, bytes] = {}
    reader = io.BufferedReader(_Stream(plain), COPY_BYTES)
    try:
        with tarfile.open(fileobj=reader, mode="r|", format=tarfile.USTAR_FORMAT) as package:
            for member in package:
                body = package.extractfile(member) if member.isreg() else None
                if body is None or member.name in digests or len(digests) > MAX_FILES:
                    raise altered(kind.name, "it holds something that is no file of it")
                if member.name in (MANIFEST_NAME, SIGNATURE_NAME):
                    small[member.name] = body.read(MAX_MANIFEST_BYTES)
                else:
                    digests[member.name] = _keep(body, _place(folder, member.name, kind))
    except tarfile.TarError as error:
        raise altered(kind.name, "its container cannot be read") from error
    for _rest in iter(lambda: reader.read(COPY_BYTES), b""):
        pass  # the last pieces carry the proof that nothing was cut off
    return _verified(small, digests, trusted, kind)


def _verified(
    small: Mapping[str, bytes],
    digests: Mapping[str, tuple[int, str]],
    trusted: Sequence[Verifier],
    kind: PackageKind[M],
) -> Unpacked[M]:
    body, signature = small.get(MANIFEST_NAME, b""), small.get(SIGNATURE_NAME, b"")
    signers = [one for one in trusted if one.is_right(signature, body, kind=kind.name)]
    if not signers:
        raise KeyUnavailableError(
            f"Nobody whose key you trust signed this {kind.name}. Nothing was kept. Ask the sender for their "
            "key by a way that you trust."
        )
    return Unpacked(kind.check(body, digests), signers[0])


def _place(folder: Path | None, name: str, kind: PackageKind[Any]) -> Path | None:
    parts = name.split("/")
    is_plain = all(part not in ("", ".", "..") for part in parts) and "\0" not in name and "\\" not in name
    if not is_plain or len(parts) > 2 or not kind.allows(name):
        raise altered(kind.name, "it names a file outside itself")
    if folder is None:
        return None
    path = folder.joinpath(*parts)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    return path


def _keep(body: IO[bytes], path: Path | None) -> tuple[int, str]:
    if path is None:
        return _digest(body, None)
    with path.open("xb") as file:
        path.chmod(0o600)
        return _digest(body, file)


def _digest(body: IO[bytes], file: IO[bytes] | None) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while piece := body.read(COPY_BYTES):
        digest.update(piece)
        size += len(piece)
        if file is not None:
            file.write(piece)
    return size, digest.hexdigest()


class _Stream(io.RawIOBase):
    """Pieces as a file to be read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # what BufferedReader gives
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        count = min(len(target), len(self._left))
        target[:count] = self._left[:count]
        self._left = self._left[count:]
        return count
