"""A case as one sealed file: everything that a court or an investigator may ask for, signed and encrypted.

A package (`package`) with this inside:

    sections/NAME.json    what the records know: matches, views, messages, decisions, audit lines, ...
    documents/NAME        byte for byte what was sent and answered
    originals/0001.jpg    held content, in the order of the dossier
    manifest.json         every file with its digests, what an original is, and which ones are not there
    manifest.sig          Ed25519, by the key of whoever made it

What a dossier holds is for the caller to gather (`reporting.evidence`); here it is written and verified.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holdfast.errors import VaultError
from holdfast.records.tables.base import now
from holdfast.vault.package import Packed, Part, write_package
from holdfast.vault.sealing import Identity, Recipient
from holdfast.vault.service import Vault
from holdfast.vault.signing import Signer, Verifier
from holdfast.vault.unpacking import PackageKind, Unpacked, altered, read_package

__all__ = ["Document", "Dossier", "Original", "open_evidence", "write_evidence"]

KIND = "evidence package"
FORMAT = 1
FOLDERS = ("sections", "documents", "originals")
MAX_IN_MEMORY_BYTES = 64 * 1024 * 1024  # of an original that is looked at in one piece

Looked = Mapping[str, Any]


@dataclass(frozen=True)
class Document:
    """Bytes as they were sent or received. ``name`` is plain: letters, digits, ``.``, ``-`` and ``_``."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Original:
    """Held content. ``told`` is what the manifest says of it; ``suffix`` the end of its name, or "".

    ``leave_out``: why it does not go into the package, None where it does.
    """

    item_id: str
    suffix: str
    told: Mapping[str, Any]
    leave_out: str | None = None


@dataclass(frozen=True)
class Dossier:
    """All of one case. ``sections`` are JSON values by their names."""

    reference: str
    sections: Mapping[str, Any]
    documents: Sequence[Document]
    originals: Sequence[Original]


def write_evidence(
    vault: Vault,
    dossier: Dossier,
    *,
    recipient: Recipient,
    signer: Signer,
    sender: str,
    actor: str,
    look: Callable[[bytes], Looked] | None = None,
) -> Iterator[bytes]:
    """The package, piece by piece. It is whole only when all of it has come.

    Opening each original is on record. One that cannot be opened is named in the manifest with the reason;
    one that turns out to be damaged on the way ends the package: leave it out and begin anew. ``look`` gives
    perceptual hashes of an original of up to 64 MiB. Raises `VaultError` on the way.
    """
    entries: dict[str, dict[str, Any]] = {}
    missing: list[dict[str, Any]] = []
    made_at = now()

    def manifest(packed: Sequence[Packed]) -> bytes:
        files = [{**_digests(one), **entries.get(one.name, {})} for one in packed]
        body = {
            "kind": KIND,
            "format": FORMAT,
            "made_at": made_at.isoformat(),
            "made_by": actor,
            "reference": dossier.reference,
            "sender": sender,
            "to": str(recipient),
            "files": files,
            "missing": missing,
        }
        return _json(body)

    def parts() -> Iterator[Part]:
        yield from _written(dossier)
        purpose = f"evidence package of {dossier.reference}"
        for number, original in enumerate(dossier.originals, 1):
            part = _opened(vault, original, f"originals/{number:04d}{original.suffix}", actor, purpose, look)
            if isinstance(part, str):
                missing.append({"item": original.item_id, "why": part, **original.told})
                continue
            found, looked = part
            entries[found.name] = {"item": original.item_id, **original.told, **looked}
            yield found

    return write_package(parts(), manifest, kind=KIND, recipient=recipient, signer=signer)


def open_evidence(
    source: Iterable[bytes], identity: Identity, trusted: Sequence[Verifier], *, folder: Path | None = None
) -> Unpacked[dict[str, Any]]:
    """The manifest of a package whose signature and digests are all right; its files go into ``folder``.

    ``folder`` is made and must not be there; without one the package is only verified. Raises
    `KeyUnavailableError` and `ObjectDamagedError` as `unpacking.read_package`.
    """

    def check(body: bytes, files: Mapping[str, tuple[int, str]]) -> dict[str, Any]:
        return _manifest(body, files, identity)

    return read_package(source, identity, folder, trusted, PackageKind(KIND, _allows, check))


def _written(dossier: Dossier) -> Iterator[Part]:
    for name, value in dossier.sections.items():
        body = _json(value)
        yield Part(f"sections/{name}.json", len(body), [body])
    for document in dossier.documents:
        yield Part(f"documents/{document.name}", len(document.content), [document.content])


def _opened(
    vault: Vault,
    original: Original,
    name: str,
    actor: str,
    purpose: str,
    look: Callable[[bytes], Looked] | None,
) -> tuple[Part, Looked] | str:
    """The original on its way, with what was seen of it; or why it is not there."""
    if original.leave_out is not None:
        return original.leave_out
    try:
        size_bytes = vault.describe(original.item_id).size_bytes
        pieces = vault.open(original.item_id, actor=actor, purpose=purpose)
    except VaultError as error:
        return str(error)
    if look is None or size_bytes > MAX_IN_MEMORY_BYTES:
        return Part(name, size_bytes, pieces), {}
    content = b"".join(pieces)
    return Part(name, size_bytes, [content]), look(content)


def _digests(one: Packed) -> dict[str, Any]:
    return {
        "name": one.name,
        "size_bytes": one.size_bytes,
        "md5": one.md5,
        "sha1": one.sha1,
        "sha256": one.sha256,
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True).encode()


def _allows(name: str) -> bool:
    return name.split("/")[0] in FOLDERS


def _manifest(body: bytes, files: Mapping[str, tuple[int, str]], identity: Identity) -> dict[str, Any]:
    try:
        manifest = json.loads(body)
        listed = {one["name"]: (one["size_bytes"], one["sha256"]) for one in manifest["files"]}
        is_known = manifest["kind"] == KIND and manifest["format"] == FORMAT
        to = manifest["to"]
    except (ValueError, KeyError, TypeError) as error:
        raise altered(KIND, "its manifest is of no form that we know") from error
    if not is_known:
        raise altered(KIND, "it is of a version that this program does not read")
    if to != str(identity.recipient):
        raise altered(KIND, "it was made for another recipient")
    if listed != dict(files):
        raise altered(KIND, "its files are not those of its manifest")
    return dict(manifest)
