"""A packet to report and files: all of it is right, or nothing is left of it."""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from holdfast.errors import KeyUnavailableError, ObjectDamagedError
from holdfast.reporting.packets.keys import Verifier
from holdfast.reporting.packets.manifest import MANIFEST_NAME, SIGNATURE_NAME, Manifest
from holdfast.reporting.packets.write import XML_NAME
from holdfast.vault.sealing import Identity, decrypt_stream

__all__ = ["OpenedPacket", "read_packet"]

MAX_MANIFEST_BYTES = 64 * 1024 * 1024
MAX_FILES = 20_000
COPY_BYTES = 1024 * 1024


@dataclass(frozen=True)
class OpenedPacket:
    """A packet whose signature and digests are right. ``signed_by`` is one of the trusted keys."""

    manifest: Manifest
    signed_by: Verifier
    folder: Path


def read_packet(
    source: Iterable[bytes], identity: Identity, folder: Path, trusted: Sequence[Verifier]
) -> OpenedPacket:
    """Open a packet into ``folder``, which is made and must not be there.

    Raises `KeyUnavailableError` when it is for somebody else or signed by nobody in ``trusted``,
    `ObjectDamagedError` at any fault: the folder is then gone again. `FileExistsError` where it is there.
    """
    folder.mkdir(mode=0o700, parents=True)
    try:
        return _read(decrypt_stream(source, identity), identity, folder, trusted)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _read(
    plain: Iterator[bytes], identity: Identity, folder: Path, trusted: Sequence[Verifier]
) -> OpenedPacket:
    digests: dict[str, tuple[int, str]] = {}
    small: dict[str, bytes] = {}
    reader = io.BufferedReader(_Stream(plain), COPY_BYTES)
    try:
        with tarfile.open(fileobj=reader, mode="r|", format=tarfile.USTAR_FORMAT) as packet:
            for member in packet:
                body = packet.extractfile(member) if member.isreg() else None
                if body is None or member.name in digests or len(digests) > MAX_FILES:
                    raise _damaged("it holds something that is no file of a packet")
                if member.name in (MANIFEST_NAME, SIGNATURE_NAME):
                    small[member.name] = body.read(MAX_MANIFEST_BYTES)
                else:
                    digests[member.name] = _keep(body, _place(folder, member.name))
    except tarfile.TarError as error:
        raise _damaged("its container cannot be read") from error
    for _rest in iter(lambda: reader.read(COPY_BYTES), b""):
        pass  # the last pieces carry the proof that nothing was cut off
    return _verified(small, digests, identity, folder, trusted)


def _verified(
    small: dict[str, bytes],
    digests: dict[str, tuple[int, str]],
    identity: Identity,
    folder: Path,
    trusted: Sequence[Verifier],
) -> OpenedPacket:
    body, signature = small.get(MANIFEST_NAME, b""), small.get(SIGNATURE_NAME, b"")
    signers = [one for one in trusted if one.is_right(signature, body)]
    if not signers:
        raise KeyUnavailableError(
            "Nobody whose key you trust signed this packet. Nothing was kept. Ask the sender for their key "
            "by a way that you trust."
        )
    try:
        manifest = Manifest.model_validate_json(body)
    except ValidationError as error:
        raise _damaged("its manifest is of no form that we know") from error
    if manifest.to != str(identity.recipient):
        raise _damaged("it was made for another recipient")
    found = {name: value for name, value in digests.items() if name != XML_NAME}
    if {file.name: (file.size_bytes, file.sha256) for file in manifest.files} != found:
        raise _damaged("its files are not those of its manifest")
    return OpenedPacket(manifest, signers[0], folder)


def _place(folder: Path, name: str) -> Path:
    parts = name.split("/")
    allowed = name == XML_NAME or (len(parts) == 2 and parts[0] == "files")
    if not allowed or parts[-1] in ("", ".", "..") or "\0" in name or "\\" in name:
        raise _damaged("it names a file outside itself")
    path = folder.joinpath(*parts)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    return path


def _keep(body: IO[bytes], path: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        path.chmod(0o600)
        while piece := body.read(COPY_BYTES):
            digest.update(piece)
            size += len(piece)
            file.write(piece)
    return size, digest.hexdigest()


def _damaged(why: str) -> ObjectDamagedError:
    return ObjectDamagedError(f"This packet is altered: {why}. Nothing was kept. Ask for it again.")


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
