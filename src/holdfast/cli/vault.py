"""`holdfast vault ...`: backups, keys and the sweep of held content."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.opened import note as note_audit
from holdfast.cli.opened import open_home
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import message, print_json, size

if TYPE_CHECKING:
    from holdfast.vault.sealing import Identity, Passphrase, Recipient

__all__ = ["app"]

app = typer.Typer(help="Backups, keys and the sweep of held content.", no_args_is_help=True)

PASSPHRASE = "HOLDFAST_BACKUP_PASSPHRASE"  # noqa: S105  (the name of a variable)
IdentityOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help=f"File of `vault identity`; else the passphrase of {PASSPHRASE} or of the terminal.",
        show_default=False,
    ),
]


@app.command()
def backup(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the backup goes: another disk.", show_default=False)
    ],
    home: HomeOption,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="RECIPIENT",
            help=f"Public key of `vault identity`; else the passphrase of {PASSPHRASE} or of the terminal.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write an encrypted backup of the records, and one of the vault's keys, while the service runs.

    The keys' backup is one file that is written over each time: an old one could bring back what was
    destroyed since. Others in the folder that are older than vault.key_backup_days are removed. With
    PostgreSQL the keys alone are written here; docs/running.md has the rest.
    """
    from holdfast.service.backups import back_up

    lock = _lock(to)
    with open_home(home) as opened:
        made = back_up(opened.vault, opened.settings, opened.path, folder, lock)
    if json:
        records = str(made.records) if made.records else None
        destroyed = [str(path) for path in made.destroyed]
        print_json({"records": records, "keys": str(made.keys), "destroyed": destroyed})
        return
    if made.records is None:
        message("The records are in PostgreSQL: back them up with pg_dump as docs/running.md says.")
    for path in filter(None, (made.records, made.keys)):
        typer.echo(f"{path}  {size(path.stat().st_size)}, encrypted")
    for path in made.destroyed:
        message(f"{path} was too old to be restored and is removed")
    message(
        "Held content and its journal are encrypted already: copy the vault's folder or bucket with any tool."
    )


JournalOption = Annotated[
    str | None,
    typer.Option(
        metavar="PLACE",
        help="Another place of the vault's journal, such as a copy of it; beside the one of the settings.",
        show_default=False,
    ),
]


@app.command()
def restore(
    home: HomeOption,
    records: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Backup of the records.", show_default=False)
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Backup of the vault's keys.", show_default=False)
    ] = None,
    identity: IdentityOption = None,
    journal: JournalOption = None,
    json: JsonOption = False,
) -> None:
    """Put a backup in the place of the records. Stop everything that uses this home first.

    What was destroyed and what was put under hold since the backup is played into the records before
    anything can be opened. A backup of the keys that is older than vault.key_backup_days is refused.

    Leftovers in the vault are not removed by the clock from then on, until `holdfast vault sweep --orphans`:
    what was held since the backup has no row in the records and would be taken for a leftover.
    """
    from holdfast.errors import UsageError
    from holdfast.service.backups import restore_backup

    if records is None and keys is None:
        raise UsageError("Give --records, --keys or both. Nothing was restored.")
    restored = restore_backup(home, _unlock(identity), records=records, keys=keys, journal=journal)
    replayed = restored.replayed
    if json:
        told = {"tombstones": replayed.destroyed, "legal_holds": replayed.legal_holds}
        print_json({"records": records is not None, "keys": restored.keys, **told})
    else:
        typer.echo(f"{'Records and ' if records else ''}{restored.keys} keys of held content were restored.")
        typer.echo(
            f"From the journal: {replayed.destroyed} destructions, {replayed.legal_holds} legal holds."
        )
        message("Run `holdfast doctor`, then `holdfast vault sweep --orphans` once you have looked.")


@app.command("replay")
def replay_journal(home: HomeOption, journal: JournalOption = None, json: JsonOption = False) -> None:
    """Play the vault's journal into records that were restored with PostgreSQL's own tools.

    Before anything starts: what was destroyed since the backup stays destroyed, what is under hold stays so.
    """
    from holdfast.service import backups

    replayed = backups.replay_journal(home, journal=journal)
    if json:
        print_json({"tombstones": replayed.destroyed, "legal_holds": replayed.legal_holds})
    else:
        typer.echo(
            f"From the journal: {replayed.destroyed} destructions, {replayed.legal_holds} legal holds."
        )


@app.command("rotate-key")
def rotate_key(home: HomeOption, json: JsonOption = False) -> None:
    """Add a new key to the key file and wrap the keys of all held content with it.

    The old key stays in the file: webhook secrets and old backups of the records still need it.
    """
    from holdfast.vault.keys import add_key, default_key_file
    from holdfast.vault.sweep import rewrap

    with open_home(home) as opened:
        settings = opened.settings.vault
        if settings.key_service == "file":
            add_key(settings.key_file or default_key_file(opened.path))
        report = rewrap(opened.vault)
        current = opened.vault.keys.current_id()
        with opened.database.write() as connection:
            note_audit(connection, "vault.rotate_key", "vault", rewrapped=report.rewrapped)
    if json:
        print_json({"key": current, "rewrapped": report.rewrapped, "failed": list(report.failed)})
    else:
        typer.echo(f"{report.rewrapped} items are under the key {current} now. Copy the key file again.")
        for item in report.failed:
            message(f"{item}: its old key does not open; it was left as it is")
    if report.failed:
        raise typer.Exit(1)


@app.command()
def sweep(
    home: HomeOption,
    orphans: Annotated[
        bool, typer.Option("--orphans", help="Also remove objects that belong to no item, as the clock does.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="With --orphans: however many they are. Make sure that the database is the right one.",
        ),
    ] = False,
    pause_orphans: Annotated[
        bool, typer.Option("--pause-orphans", help="The clock removes none until --orphans is given.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Destroy held content whose time has come, now instead of within a minute.

    After an old backup of a PostgreSQL database was restored, give --pause-orphans before anything starts.
    """
    from holdfast.errors import UsageError
    from holdfast.service import facts
    from holdfast.vault.sweep import sweep_expired, sweep_orphans

    if force and not orphans:
        raise UsageError("--force is for --orphans. Nothing was removed.")
    with open_home(home) as opened:
        if pause_orphans:
            with opened.database.write() as connection:
                facts.stamp(connection, facts.RESTORED)
        destroyed = sweep_expired(opened.vault).destroyed
        removed = 0
        if orphans:
            removed = sweep_orphans(opened.vault, force=force).orphans_removed
            with opened.database.write() as connection:
                facts.forget(connection, facts.RESTORED)
                note_audit(connection, "vault.sweep_orphans", "vault", removed=removed, force=force)
    if json:
        print_json({"destroyed": destroyed, "orphans_removed": removed})
    else:
        typer.echo(f"{destroyed} items destroyed, {removed} leftovers removed.")


@app.command()
def identity(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where the private key goes.", show_default=False)
    ],
    json: JsonOption = False,
) -> None:
    """Make a key pair for encrypted files: the private key into a file, the recipient printed.

    Keep the file away from the machine that makes the backups: that one needs the recipient only.
    """
    from holdfast.errors import UsageError
    from holdfast.vault.files import write_new_file
    from holdfast.vault.sealing import Identity

    made = Identity.new()
    try:
        write_new_file(file, f"{made.written()}\n".encode())
    except FileExistsError as error:
        raise UsageError(f"{file} is there already; nothing was written. Choose another name.") from error
    if json:
        print_json({"file": str(file), "recipient": str(made.recipient)})
    else:
        typer.echo(str(made.recipient))


@app.command()
def decrypt(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="An encrypted backup or export.", show_default=False)
    ],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where the plain file goes, mode 0600.", show_default=False)
    ],
    identity: IdentityOption = None,
    json: JsonOption = False,
) -> None:
    """Open an encrypted file. Nothing is left at --out unless all of it was sound."""
    from holdfast.vault.backup import file_pieces
    from holdfast.vault.files import replace_file
    from holdfast.vault.sealing import decrypt_stream

    written = replace_file(out, decrypt_stream(file_pieces(file), _unlock(identity)))
    if json:
        print_json({"file": str(out), "size_bytes": written})
    else:
        typer.echo(f"{out}  {size(written)}")


def _lock(to: str | None) -> Passphrase | Recipient:
    from holdfast.vault.sealing import Passphrase, Recipient

    if to is not None:
        return Recipient.parse(to)
    text = os.environ.get(PASSPHRASE)
    if text is None:
        text = typer.prompt("Passphrase for the backup", hide_input=True, confirmation_prompt=True, err=True)
    return Passphrase(text)


def _unlock(identity: Path | None) -> Passphrase | Identity:
    from holdfast.errors import UnreadableError
    from holdfast.vault.sealing import Identity, Passphrase

    if identity is not None:
        try:
            return Identity.parse(identity.read_text(encoding="ascii"))
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableError(f"{identity} cannot be read ({error}); nothing was done.") from error
    text = os.environ.get(PASSPHRASE)
    return Passphrase(typer.prompt("Passphrase", hide_input=True, err=True) if text is None else text)
