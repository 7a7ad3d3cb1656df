"""What `holdfast bench serve` needs beforehand: pictures, a home with a long list, keys. Made once.

FOLDER/pictures/    JPEG files
FOLDER/home/        the home: one bank of random entries, and one picture in a hundred
FOLDER/vault.keys   the key of held content
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from holdfast.access.keys import create_key
from holdfast.access.limits import KeyLimits
from holdfast.access.roles import Role
from holdfast.banks.formats import Options
from holdfast.banks.importing import import_file
from holdfast.banks.service import create_bank, delete_bank, list_banks, update_bank
from holdfast.bench.serve_pictures import make_pictures
from holdfast.errors import UsageError
from holdfast.records.database import Database
from holdfast.records.home import Home
from holdfast.screening.hashes import FileHasher
from holdfast.screening.lists import ListIndex
from holdfast.settings import MediaSettings
from holdfast.vault.keys import create_key_file

__all__ = ["KNOWN_ONE_IN", "Prepared", "known_pictures", "prepare"]

BANK = "BENCH"
KNOWN_ONE_IN = 100
BLOCK = 100_000
_UNLIMITED = KeyLimits(
    requests_per_s=None,
    burst_requests=1e6,
    concurrent_requests=None,
    bytes_per_minute=None,
    hash_lookups_per_minute=None,
)

Tell = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The home, its pictures, and keys without limits for uploads and look-ups."""

    home: Path
    pictures: Sequence[Path]
    upload_key: str
    look_up_key: str


def prepare(folder: Path, *, entries: int, files: int, matching: str, tell: Tell) -> Prepared:
    """Makes what is missing in ``folder``; its bank matches by ``matching`` from now on.

    Raises UsageError where it holds another number of entries.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    tell(f"pictures: {files:,} files of 1600 x 1004")
    pictures = make_pictures(folder / "pictures", files)
    home = Home(folder / "home")
    _write_settings(home, folder / "vault.keys")
    with home.database() as database:
        with database.read() as connection:
            held = {bank.name: bank.note for bank in list_banks(connection)}
        wanted = f"{entries} entries, {files} files"
        if held.get(BANK) == "":  # its import was interrupted
            with database.write() as connection:
                delete_bank(connection, BANK)
            del held[BANK]
        if held.get(BANK, wanted) != wanted:
            raise UsageError(
                f"{folder} holds {held[BANK]}, not {wanted}. Nothing was measured. Name another folder."
            )
        if BANK not in held:
            tell(f"list: {entries:,} random entries, imported as a list is")
            _fill(database, folder, pictures, entries, wanted)
        tell("index: built where it is missing")
        ListIndex(database, home.index_folder).refresh()
        with database.write() as connection:
            update_bank(connection, BANK, matching=matching)
            upload = _key(connection, Role.UPLOADER)
            look_up = _key(connection, Role.ANALYST)
    return Prepared(home.path, pictures, upload, look_up)


def known_pictures(pictures: Sequence[Path]) -> Sequence[Path]:
    """Those whose fingerprint is on the list."""
    return pictures[::KNOWN_ONE_IN]


def _write_settings(home: Home, key_file: Path) -> None:
    if not key_file.exists():
        create_key_file(key_file, home=home.path)
    if not home.settings_path.exists():
        home.settings_path.write_text(f"[vault]\nkey_file = {json.dumps(str(key_file))}\n", encoding="utf-8")


def _fill(database: Database, folder: Path, pictures: Sequence[Path], entries: int, note: str) -> None:
    """One bank with one picture in a hundred and random codes. The note is written last: then it is whole."""
    listed = folder / "list.txt"
    generator = np.random.default_rng(entries)
    with listed.open("w", encoding="ascii") as file, FileHasher(MediaSettings(workers=1)) as hasher:
        known = [hasher.hash_file(path).pdq[0].pdq.hex for path in known_pictures(pictures)]
        file.writelines(f"{value}\n" for value in known)
        left = entries - len(known)
        while left > 0:
            codes = generator.bytes(32 * min(BLOCK, left)).hex()
            file.writelines(f"{codes[at : at + 64]}\n" for at in range(0, len(codes), 64))
            left -= BLOCK
    with database.write() as connection:
        create_bank(connection, BANK, trusted=True)
    import_file(database, BANK, listed, source="bench", form="hex", options=Options(algorithm="pdq"))
    with database.write() as connection:
        update_bank(connection, BANK, note=note)
    listed.unlink()


def _key(connection: sa.Connection, role: Role) -> str:
    made = create_key(
        connection,
        name=f"bench {role}",
        roles=[role],
        created_by="holdfast bench",
        limits=_UNLIMITED,
        lifetime=timedelta(days=1),
    )
    return made.text
