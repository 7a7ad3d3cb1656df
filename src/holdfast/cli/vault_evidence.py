"""`holdfast vault evidence` and `verify-evidence`: a case as one sealed, signed file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.opened import local_actor, open_home
from holdfast.cli.opened import note as note_audit
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import message, print_json, size
from holdfast.cli.vault import app

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.screening.hashes import FileHasher

__all__ = ["evidence", "verify_evidence"]


@app.command()
def evidence(
    case: Annotated[int, typer.Argument(metavar="CASE", help="Number of the case.", show_default=False)],
    home: HomeOption,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where the package goes; must not exist.", show_default=False)
    ],
    to: Annotated[
        str, typer.Option(metavar="RECIPIENT", help="Public key of who is to open it.", show_default=False)
    ],
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="HOLD", help="Held content that is only named in it.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write everything that is known of a case into one file: signed by you, encrypted to its recipient.

    Originals with their digests, match evidence, what was sent and answered with request ids, account facts,
    messages, views, decisions and the audit lines of the case. It is as secret as the content: hand it over
    as a file. The key that signs is that of `holdfast report signer`.
    """
    from holdfast.errors import UsageError
    from holdfast.reporting.evidence import gather
    from holdfast.reporting.packets.signer_file import open_signer
    from holdfast.screening.hashes import FileHasher
    from holdfast.vault.evidence import write_evidence
    from holdfast.vault.files import write_new_file
    from holdfast.vault.sealing import Recipient

    recipient, actor = Recipient.parse(to), local_actor()
    with open_home(home) as opened:
        signer = open_signer(opened.settings.reporting, opened.path)
        with opened.database.read() as connection:
            dossier = gather(connection, opened.sealer, case, leave_out=leave_out or ())
        with FileHasher(opened.settings.media, video=opened.settings.video.video_limits()) as hasher:
            package = write_evidence(
                opened.vault,
                dossier,
                recipient=recipient,
                signer=signer,
                sender=opened.settings.reporting.platform or "",
                actor=actor,
                look=_looks_at(hasher),
            )
            try:
                written = write_new_file(out, package)
            except FileExistsError as error:
                raise UsageError(
                    f"{out} is there already; nothing was written. Choose another name."
                ) from error
        with opened.database.write() as connection:
            facts = {"recipient": str(recipient), "originals": len(dossier.originals)}
            note_audit(connection, "case.export", f"case:{case}", **facts)
    if json:
        print_json({"file": str(out), "size_bytes": written, "signed_by": str(signer.verifier)})
    else:
        typer.echo(f"{out}  {size(written)}, encrypted, signed by {signer.verifier}")


@app.command("verify-evidence")
def verify_evidence(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The package.", show_default=False)],
    identity: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Your private key, of `vault identity`.", show_default=False),
    ],
    signed_by: Annotated[
        list[str],
        typer.Option(
            metavar="KEY", help="Key of a sender whom you trust; may be repeated.", show_default=False
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also unpack it into this new folder.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check a package: whole, signed by somebody whom you trust, every digest right.

    Nothing is left at --out unless all of it is.
    """
    from holdfast.errors import UsageError
    from holdfast.vault.backup import file_pieces
    from holdfast.vault.evidence import open_evidence
    from holdfast.vault.sealing import Identity
    from holdfast.vault.signing import Verifier

    trusted = [Verifier.parse(one) for one in signed_by]
    opener = Identity.parse(b"".join(file_pieces(identity)).decode("ascii", "replace"))
    try:
        found = open_evidence(file_pieces(file), opener, trusted, folder=out)
    except FileExistsError as error:
        raise UsageError(f"{out} is there already; nothing was unpacked. Choose another name.") from error
    manifest = found.manifest
    if json:
        print_json({"signed_by": str(found.signed_by), **manifest})
        return
    typer.echo(
        f"{manifest['reference']} of {manifest['sender'] or 'a sender without a name'}, whole and unaltered"
    )
    typer.echo(f"made {manifest['made_at']} by {manifest['made_by']}, signed by {found.signed_by}")
    originals = sum("item" in one for one in manifest["files"])
    typer.echo(f"{originals} originals, {len(manifest['files']) - originals} other files")
    for one in manifest["missing"]:
        message(f"not in it: {one['item']}: {one['why']}")


def _looks_at(hasher: FileHasher) -> Callable[[bytes], dict[str, Any]]:
    def look(content: bytes) -> dict[str, Any]:
        found = hasher.hash_bytes(content).to_json()
        return {name: found[name] for name in ("medium", "pdq", "vpdq", "reason", "detail")}

    return look
