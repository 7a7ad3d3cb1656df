"""Packets: what one company wrote the recipient reads whole; anything else is refused, and leaves nothing."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.errors import (
    InvalidDocumentError,
    KeyUnavailableError,
    NotFoundError,
    ObjectDamagedError,
    UsageError,
    VaultError,
)
from holdfast.reporting.cybertip.validate import validate
from holdfast.reporting.filing.models import Submission, SubmittedFile
from holdfast.reporting.packets.read import read_packet
from holdfast.reporting.packets.write import write_packet
from holdfast.vault import tar
from holdfast.vault.package import MANIFEST_NAME
from holdfast.vault.sealing import Identity, decrypt_stream, encrypt_stream
from holdfast.vault.signing import Signer, Verifier
from tests.reporting.samples import full_file_details, full_report
from tests.reporting.test_filing import NOT_DESCRIBED
from tests.reporting.test_filing_views import proof
from tests.reporting.world import KeptContents, described

CONTENTS = {"a": b"first", "b": b"", "c": bytes(range(256)) * 5000}
POLICE, US = Identity.new(), Signer.new()


def submission() -> Submission:
    whole = {k: v for k, v in dict(full_file_details()).items() if k not in NOT_DESCRIBED}
    viewed = proof(item_id="a", sha256=hashlib.sha256(CONTENTS["a"]).hexdigest())
    return Submission(
        report=full_report(),
        files=(
            SubmittedFile(item_id="a", suffix=".jpg", description=described(**whole), viewed=viewed),
            SubmittedFile(item_id="b"),
            SubmittedFile(item_id="c", suffix=".mp4"),
        ),
    )


def packet(made: Submission | None = None) -> bytes:
    pieces = write_packet(
        made or submission(),
        KeptContents(dict(CONTENTS)),
        recipient=POLICE.recipient,
        signer=US,
        reference="case-12",
        sender="Example Ltd",
    )
    return b"".join(pieces)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    other = Signer.new().verifier
    opened = read_packet([packet()], POLICE, tmp_path / "in", [other, US.verifier])
    assert opened.signed_by == US.verifier
    assert opened.manifest.report == full_report()
    assert (opened.manifest.reference, opened.manifest.sender) == ("case-12", "Example Ltd")
    assert [file.name for file in opened.manifest.files] == ["files/0001.jpg", "files/0002", "files/0003.mp4"]
    for file, content in zip(opened.manifest.files, CONTENTS.values(), strict=True):
        assert (tmp_path / "in" / file.name).read_bytes() == content
        assert file.md5 == hashlib.md5(content, usedforsecurity=False).hexdigest()
        assert (tmp_path / "in" / file.name).stat().st_mode & 0o777 == 0o600
    assert [file.was_viewed for file in opened.manifest.files] == [True, False, False]
    assert validate((tmp_path / "in" / "report.xml").read_bytes()) == []


def test_nothing_of_it_can_be_read_without_the_key(tmp_path: Path) -> None:
    whole = packet()
    assert CONTENTS["c"][:64] not in whole
    assert b"case-12" not in whole
    with pytest.raises(KeyUnavailableError):
        read_packet([whole], Identity.new(), tmp_path / "in", [US.verifier])
    assert not (tmp_path / "in").exists()


def test_a_packet_of_somebody_unknown_is_not_kept(tmp_path: Path) -> None:
    for trusted in ([], [Signer.new().verifier]):
        with pytest.raises(KeyUnavailableError, match="whose key you trust"):
            read_packet([packet()], POLICE, tmp_path / "in", trusted)
        assert not (tmp_path / "in").exists()


@pytest.mark.parametrize("place", [0, 20, 300, 50_000, -1])
def test_an_altered_or_cut_packet_is_not_kept(tmp_path: Path, place: int) -> None:
    altered = bytearray(packet())
    altered[place] ^= 1
    for broken in (bytes(altered), packet()[: place or 1]):
        with pytest.raises((ObjectDamagedError, KeyUnavailableError)):
            read_packet([broken], POLICE, tmp_path / "in", [US.verifier])
        assert not (tmp_path / "in").exists()


def rewritten(change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]) -> bytes:
    """A packet whose inside somebody changed who has the recipient's public key, as everybody may."""
    plain = b"".join(decrypt_stream([packet()], POLICE))
    with tarfile.open(fileobj=io.BytesIO(plain)) as found:
        members = [(one, (found.extractfile(one) or io.BytesIO()).read()) for one in found]
    change(members)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as made:
        for head, body in members:
            head.size = len(body)
            made.addfile(head, io.BytesIO(body))
    return b"".join(encrypt_stream([out.getvalue()], POLICE.recipient))


def _alter_file(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members[1] = (members[1][0], b"other content")


def _remove_file(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    del members[1]


def _add_file(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members.insert(0, (tarfile.TarInfo("files/0009"), b"more"))


def _escape(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members.insert(0, (tarfile.TarInfo("files/../../outside"), b"more"))


def _link(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    link = tarfile.TarInfo("files/0009")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    members.insert(0, (link, b""))


def _alter_manifest(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    place = next(number for number, (head, _) in enumerate(members) if head.name == MANIFEST_NAME)
    members[place] = (members[place][0], members[place][1].replace(b"case-12", b"case-13"))


@pytest.mark.parametrize("change", [_alter_file, _remove_file, _add_file, _escape, _link, _alter_manifest])
def test_a_packet_that_was_changed_inside_is_not_kept(
    tmp_path: Path, change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]
) -> None:
    with pytest.raises((ObjectDamagedError, KeyUnavailableError)):
        read_packet([rewritten(change)], POLICE, tmp_path / "in", [US.verifier])
    assert list(tmp_path.iterdir()) == []


def test_a_packet_for_others_cannot_be_passed_on_as_ours(tmp_path: Path) -> None:
    """Its first recipient seals the signed inside anew, for somebody else."""
    plain = b"".join(decrypt_stream([packet()], POLICE))
    third = Identity.new()
    passed_on = b"".join(encrypt_stream([plain], third.recipient))
    with pytest.raises(ObjectDamagedError, match="another recipient"):
        read_packet([passed_on], third, tmp_path / "in", [US.verifier])


def test_an_existing_folder_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(FileExistsError):
        read_packet([packet()], POLICE, tmp_path / "in", [US.verifier])
    assert (tmp_path / "in").is_dir()


def test_an_invalid_report_or_missing_content_is_no_packet() -> None:
    wrong = submission().model_copy(
        update={"report": full_report().model_copy(update={"additional_info": " "})}
    )
    with pytest.raises(InvalidDocumentError):
        packet(wrong)
    with pytest.raises(NotFoundError):
        packet(submission().model_copy(update={"files": (SubmittedFile(item_id="none"),)}))


def test_a_content_of_another_size_than_was_said_ends_the_packet() -> None:
    for size in (4, 6):
        with pytest.raises(VaultError):
            b"".join(tar.member("files/0001", size, [b"12345"], mtime_s=0))


def test_keys_have_a_written_form() -> None:
    assert Signer.parse(US.written()) == US
    assert Verifier.parse(str(US.verifier)) == US.verifier
    assert US.written() not in repr(US)
    assert US.private.hex() not in repr(US)
    for text in ("", "holdfast-verifier-", str(US.verifier)[:-2], US.written()):
        with pytest.raises(UsageError):
            Verifier.parse(text)
    assert not Verifier(b"\0" * 32).is_right(b"x" * 64, b"manifest", kind="packet")
