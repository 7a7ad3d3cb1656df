"""`holdfast bank ...`: hash lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.opened import note as note_audit
from holdfast.cli.opened import open_records
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import count, message, print_json, print_table

if TYPE_CHECKING:
    from typing import Any

    from holdfast.banks.models import Bank

__all__ = ["app"]

app = typer.Typer(help="Hash lists: banks and what is in them.", no_args_is_help=True)

LAST_ID = 2**63 - 1
_HEADER = ("bank", "kind", "trusted", "on", "bits", "matching", "deep/h", "views")
BankName = Annotated[str, typer.Argument(metavar="NAME", help="Name of the bank.", show_default=False)]


@app.command()
def create(
    name: BankName,
    home: HomeOption,
    benign: Annotated[bool, typer.Option("--benign", help="Its entries suppress matches instead.")] = False,
    trusted: Annotated[bool, typer.Option("--trusted", help="Its source is trusted to be right.")] = False,
    max_distance_bits: Annotated[int, typer.Option(metavar="BITS", help="Radius for PDQ, 0 to 63.")] = 31,
    matching: Annotated[
        str, typer.Option(metavar="classic|calibrated", help="How it matches: see docs/deep-matching.md.")
    ] = "calibrated",
    deep: Annotated[
        int, typer.Option("--deep-per-hour", metavar="N", help="Deep checks an hour; 0 for none.")
    ] = 0,
    reference_views: Annotated[
        bool, typer.Option("--reference-views", help="Store views of its own media beside their hashes.")
    ] = False,
    note: Annotated[str, typer.Option(help="A remark.")] = "",
    json: JsonOption = False,
) -> None:
    """Make a bank."""
    from holdfast.banks.service import create_bank

    with open_records(home) as database, database.write() as connection:
        bank = create_bank(
            connection,
            name,
            kind="benign" if benign else "known",
            trusted=trusted,
            max_distance_bits=max_distance_bits,
            note=note,
            matching=matching,
            deep_per_hour=deep,
            reference_views=reference_views,
        )
        note_audit(connection, "bank.create", f"bank:{bank.name}", kind=bank.kind, trusted=bank.trusted)
    if json:
        print_json(_facts(bank))
    else:
        typer.echo(f"Bank {bank.name} was made.")


@app.command("list")
def list_all(home: HomeOption, json: JsonOption = False) -> None:
    """List the banks."""
    from holdfast.banks.service import bank_counts, list_banks

    with open_records(home) as database, database.read() as connection:
        banks = [(bank, bank_counts(connection, bank.id)) for bank in list_banks(connection)]
    if json:
        for bank, counts in banks:
            print_json({**_facts(bank), "entries": counts.entries, "fingerprints": counts.active})
    elif not banks:
        typer.echo("There are no banks. `holdfast bank create NAME` makes one.")
    else:
        rows = [[*_cells(bank), count(counts.entries), count(counts.active)] for bank, counts in banks]
        print_table((*_HEADER, "entries", "hashes"), rows)


@app.command()
def show(
    name: BankName,
    home: HomeOption,
    text: Annotated[str | None, typer.Option(help="Only entries with this in label or note.")] = None,
    after: Annotated[
        int, typer.Option(metavar="ID", min=0, max=LAST_ID, help="Only entries after this one.")
    ] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many entries.")] = 50,
    json: JsonOption = False,
) -> None:
    """Show a bank's entries, a page at a time. Hash values are not shown: `bank export` gives them."""
    from holdfast.banks.entries import list_entries
    from holdfast.banks.service import get_bank

    with open_records(home) as database, database.read() as connection:
        bank = get_bank(connection, name)
        entries = list_entries(connection, bank.id, text=text, after_id=after, limit=limit)
    if json:
        for entry in entries:
            print_json(
                {
                    "bank": bank.name,
                    "entry": entry.id,
                    "label": entry.label,
                    "classification": entry.classification,
                    "medium": entry.medium,
                    "note": entry.note,
                    "disabled_until": entry.disabled_until.isoformat() if entry.disabled_until else None,
                }
            )
        return
    if not entries:
        typer.echo("No entries.")
        return
    rows = [[str(e.id), e.label, e.classification or "-", e.medium, e.note or "-"] for e in entries]
    print_table(("entry", "label", "class", "medium", "note"), rows)
    if len(entries) == limit:
        message(f"More with --after {entries[-1].id}")


@app.command("set")
def change(
    name: BankName,
    home: HomeOption,
    new_name: Annotated[str | None, typer.Option("--name", help="A new name.")] = None,
    enabled: Annotated[bool | None, typer.Option("--on/--off", help="Whether it matches.")] = None,
    trusted: Annotated[
        bool | None, typer.Option("--trusted/--untrusted", help="Whether it is trusted.")
    ] = None,
    max_distance_bits: Annotated[int | None, typer.Option(metavar="BITS", help="Radius, 0 to 63.")] = None,
    matching: Annotated[
        str | None, typer.Option(metavar="classic|calibrated", help="How it matches.")
    ] = None,
    deep: Annotated[
        int | None, typer.Option("--deep-per-hour", metavar="N", help="Deep checks an hour; 0 for none.")
    ] = None,
    reference_views: Annotated[
        bool | None,
        typer.Option(
            "--reference-views/--no-reference-views", help="Store views of media added from now on."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Change a bank."""
    from holdfast.banks.service import update_bank

    with open_records(home) as database, database.write() as connection:
        bank = update_bank(
            connection,
            name,
            new_name=new_name,
            enabled=enabled,
            trusted=trusted,
            max_distance_bits=max_distance_bits,
            matching=matching,
            deep_per_hour=deep,
            reference_views=reference_views,
        )
        state = {"name": bank.name, "enabled": bank.enabled, "trusted": bank.trusted}
        note_audit(connection, "bank.change", f"bank:{name}", **state, matching=bank.matching)
    if json:
        print_json(_facts(bank))
    else:
        print_table(_HEADER, [_cells(bank)])


@app.command()
def remove(
    name: BankName,
    home: HomeOption,
    entries: Annotated[
        list[int] | None,
        typer.Argument(
            metavar="[ENTRY...]", min=0, max=LAST_ID, help="Entries by number.", show_default=False
        ),
    ] = None,
    whole_bank: Annotated[bool, typer.Option("--whole-bank", help="The bank and all that is in it.")] = False,
    json: JsonOption = False,
) -> None:
    """Remove entries from a bank, or the whole bank. They stop matching at once."""
    from holdfast.banks.entries import get_entry, remove_entry
    from holdfast.banks.service import delete_bank, get_bank
    from holdfast.errors import NotFoundError, UsageError

    if bool(entries) == whole_bank:
        raise UsageError("Name the entries to remove, or give --whole-bank. Nothing was removed.")
    with open_records(home) as database, database.write() as connection:
        bank = get_bank(connection, name)
        for entry in entries or []:
            if get_entry(connection, entry).bank_id != bank.id:
                raise NotFoundError(f"Entry {entry} is not in bank {bank.name}. Nothing was removed.")
            remove_entry(connection, entry)
        removed = delete_bank(connection, name) if whole_bank else len(entries or [])
        action = "bank.delete" if whole_bank else "entry.delete"
        note_audit(connection, action, f"bank:{bank.name}", entries=removed)
    if json:
        print_json({"bank": bank.name, "removed": removed})
    else:
        typer.echo(f"{count(removed)} entries removed{' with the bank' if whole_bank else ''}.")


def _facts(bank: Bank) -> dict[str, Any]:
    return {
        "bank": bank.name,
        "kind": bank.kind,
        "trusted": bank.trusted,
        "enabled": bank.enabled,
        "max_distance_bits": bank.max_distance_bits,
        "matching": bank.matching,
        "deep_per_hour": bank.deep_per_hour,
        "reference_views": bank.reference_views,
        "note": bank.note,
    }


def _cells(bank: Bank) -> list[str]:
    return [
        bank.name,
        bank.kind,
        "yes" if bank.trusted else "no",
        "yes" if bank.enabled else "no",
        str(bank.max_distance_bits),
        bank.matching,
        count(bank.deep_per_hour) if bank.deep_per_hour else "-",
        "yes" if bank.reference_views else "no",
    ]
