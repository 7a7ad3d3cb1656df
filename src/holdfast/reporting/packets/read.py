"""A packet to report and files: all of it is right, or nothing is left of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from holdfast.reporting.packets.manifest import KIND, XML_NAME, Manifest
from holdfast.vault.sealing import Identity
from holdfast.vault.signing import Verifier
from holdfast.vault.unpacking import PackageKind, altered, read_package

__all__ = ["OpenedPacket", "read_packet"]


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

    def check(body: bytes, files: Mapping[str, tuple[int, str]]) -> Manifest:
        return _manifest(body, files, identity)

    opened = read_package(source, identity, folder, trusted, PackageKind(KIND, _allows, check))
    return OpenedPacket(opened.manifest, opened.signed_by, folder)


def _allows(name: str) -> bool:
    return name == XML_NAME or name.startswith("files/")


def _manifest(body: bytes, files: Mapping[str, tuple[int, str]], identity: Identity) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(body)
    except ValidationError as error:
        raise altered(KIND, "its manifest is of no form that we know") from error
    if manifest.to != str(identity.recipient):
        raise altered(KIND, "it was made for another recipient")
    found = {name: value for name, value in files.items() if name != XML_NAME}
    if {file.name: (file.size_bytes, file.sha256) for file in manifest.files} != found:
        raise altered(KIND, "its files are not those of its manifest")
    return manifest
