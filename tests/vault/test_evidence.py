"""An evidence package: what was written is read whole; anything else is refused, and leaves nothing."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.errors import KeyUnavailableError, ObjectDamagedError
from holdfast.records.database import Database, sqlite_url
from holdfast.records.tables.vault import vault_access
from holdfast.vault.evidence import Document, Dossier, Original, open_evidence, write_evidence
from holdfast.vault.keys import FileKeys, create_key_file
from holdfast.vault.sealing import Identity, decrypt_stream, encrypt_stream
from holdfast.vault.service import Vault
from holdfast.vault.signing import Signer
from holdfast.vault.store import FolderStore

POLICE, US = Identity.new(), Signer.new()
BODY = bytes(range(256)) * 3000
XML = b"<?xml version='1.0'?><report/>"


def _dossier(vault: Vault, *, leave_out: str | None = None) -> Dossier:
    held = [vault.hold(BODY, reason="r", actor="t"), vault.hold(b"", reason="r", actor="t")]
    return Dossier(
        "case:7",
        {"messages": [{"sender": "user-1", "text": "héllo"}], "audit": []},
        [Document("report-1-001-submit-sent.xml", XML)],
        [
            Original(held[0], ".jpg", {"viewed_in_full": True}),
            Original(held[1], "", {"viewed_in_full": False}, leave_out),
        ],
    )


def _package(vault: Vault, dossier: Dossier | None = None, **more: Any) -> bytes:
    pieces = write_evidence(
        vault,
        dossier or _dossier(vault),
        recipient=POLICE.recipient,
        signer=US,
        sender="Example Ltd",
        actor="lead:bo",
        **more,
    )
    return b"".join(pieces)


@pytest.fixture(scope="module")
def whole(sqlite_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """One package, for what is done to it afterwards."""
    folder = tmp_path_factory.mktemp("evidence")
    (folder / "home").mkdir()
    create_key_file(folder / "keys" / "k", home=folder / "home")
    keys = FileKeys(folder / "keys" / "k", home=folder / "home")
    with Database(sqlite_url(Path(shutil.copy(sqlite_copy, folder / "home" / "holdfast.db")))) as database:
        return _package(Vault(database, FolderStore(folder / "home" / "vault"), keys))


def test_what_was_written_is_read(vault: Vault, tmp_path: Path) -> None:
    seen: list[int] = []

    def look(content: bytes) -> dict[str, Any]:
        seen.append(len(content))
        return {"pdq": [{"hash": "00"}]}

    whole = _package(vault, look=look)
    found = open_evidence([whole], POLICE, [Signer.new().verifier, US.verifier], folder=tmp_path / "in")
    assert found.signed_by == US.verifier and seen == [len(BODY), 0]
    manifest = found.manifest
    assert (manifest["reference"], manifest["sender"], manifest["made_by"]) == (
        "case:7",
        "Example Ltd",
        "lead:bo",
    )
    assert [one["name"] for one in manifest["files"]] == [
        "sections/messages.json",
        "sections/audit.json",
        "documents/report-1-001-submit-sent.xml",
        "originals/0001.jpg",
        "originals/0002",
    ]
    photo = manifest["files"][3]
    assert (photo["viewed_in_full"], photo["pdq"], photo["size_bytes"]) == (True, [{"hash": "00"}], len(BODY))
    for name in ("md5", "sha1", "sha256"):
        assert photo[name] == hashlib.new(name, BODY, usedforsecurity=False).hexdigest()
    assert (tmp_path / "in" / "originals" / "0001.jpg").read_bytes() == BODY
    assert (tmp_path / "in" / "documents" / "report-1-001-submit-sent.xml").read_bytes() == XML
    assert json.loads((tmp_path / "in" / "sections" / "messages.json").read_text())[0]["text"] == "héllo"
    assert (tmp_path / "in" / "originals" / "0001.jpg").stat().st_mode & 0o777 == 0o600
    assert open_evidence([whole], POLICE, [US.verifier]).manifest == manifest  # verified, and nothing kept
    with vault.database.read() as connection:
        purposes = connection.scalars(
            sa.select(vault_access.c.purpose).where(vault_access.c.action == "open")
        )
        assert set(purposes) == {"evidence package of case:7"}


def test_what_is_not_there_is_named_with_the_reason(vault: Vault) -> None:
    dossier = _dossier(vault, leave_out="not asked for")
    vault.destroy(dossier.originals[0].item_id, actor="lead:bo", purpose="order 7")
    manifest = open_evidence([_package(vault, dossier)], POLICE, [US.verifier]).manifest
    gone, left = manifest["missing"]
    assert gone["item"] == dossier.originals[0].item_id and "order 7" in gone["why"]
    assert left["why"] == "not asked for"
    assert not [one for one in manifest["files"] if one["name"].startswith("originals/")]


def test_a_damaged_original_ends_the_package(vault: Vault) -> None:
    dossier = _dossier(vault)
    assert isinstance(vault.store, FolderStore)
    path = vault.store._path(dossier.originals[0].item_id)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(ObjectDamagedError):
        _package(vault, dossier)


@pytest.mark.parametrize("place", [0, 40, 300, 40_000, -1])
def test_an_altered_or_cut_package_is_refused(whole: bytes, tmp_path: Path, place: int) -> None:
    altered = bytearray(whole)
    altered[place] ^= 1
    for broken in (bytes(altered), whole[: place or 1]):
        for folder in (None, tmp_path / "in"):
            with pytest.raises((ObjectDamagedError, KeyUnavailableError)):
                open_evidence([broken], POLICE, [US.verifier], folder=folder)
        assert not (tmp_path / "in").exists()


def test_strangers_neither_read_nor_sign(whole: bytes) -> None:
    assert BODY[:64] not in whole and b"user-1" not in whole and b"case:7" not in whole
    with pytest.raises(KeyUnavailableError):
        open_evidence([whole], Identity.new(), [US.verifier])
    with pytest.raises(KeyUnavailableError, match="whose key you trust"):
        open_evidence([whole], POLICE, [Signer.new().verifier])


def _rewritten(whole: bytes, change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]) -> bytes:
    """As whoever has the recipient's public key may do it: opened by the recipient, sealed again."""
    plain = b"".join(decrypt_stream([whole], POLICE))
    with tarfile.open(fileobj=io.BytesIO(plain)) as found:
        members = [(one, (found.extractfile(one) or io.BytesIO()).read()) for one in found]
    change(members)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as made:
        for head, body in members:
            head.size = len(body)
            made.addfile(head, io.BytesIO(body))
    return b"".join(encrypt_stream([out.getvalue()], POLICE.recipient))


def _alter_section(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members[0] = (members[0][0], b"[]")


def _drop_audit(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    del members[1]


def _add(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members.insert(0, (tarfile.TarInfo("documents/forged.xml"), b"x"))


def _escape(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members.insert(0, (tarfile.TarInfo("originals/../../outside"), b"x"))


def _alter_manifest(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members[-2] = (
        members[-2][0],
        members[-2][1].replace(b'"viewed_in_full": true', b'"viewed_in_full": null'),
    )


@pytest.mark.parametrize("change", [_alter_section, _drop_audit, _add, _escape, _alter_manifest])
def test_a_package_that_was_changed_inside_is_refused(
    whole: bytes, tmp_path: Path, change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]
) -> None:
    with pytest.raises((ObjectDamagedError, KeyUnavailableError)):
        open_evidence([_rewritten(whole, change)], POLICE, [US.verifier], folder=tmp_path / "in")
    assert not (tmp_path / "in").exists() and not (tmp_path / "outside").exists()


def test_a_package_is_no_packet_and_cannot_be_passed_on(whole: bytes) -> None:
    plain = b"".join(decrypt_stream([whole], POLICE))
    third = Identity.new()
    with pytest.raises(ObjectDamagedError, match="another recipient"):
        open_evidence(encrypt_stream([plain], third.recipient), third, [US.verifier])
    assert US.verifier.is_right(US.sign(b"x", kind="packet"), b"x", kind="packet")
    assert not US.verifier.is_right(US.sign(b"x", kind="packet"), b"x", kind="evidence package")
