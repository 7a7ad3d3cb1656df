"""Digests cost a tenth of an upload: they are made only where a list has some, and then always."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.banks.entries import add_entry, remove_entry
from holdfast.banks.models import Fingerprint
from holdfast.banks.service import create_bank
from holdfast.banks.sources import ensure_source
from holdfast.hashing.digest import Digests, digests
from holdfast.screening.outcome import OutcomeKind
from holdfast.screening.reading import FileContent
from holdfast.screening.screener import Screener
from tests.pictures import encoded, picture

DATA = encoded(picture(7), quality=90)


@pytest.fixture
def screener(tmp_path: Path) -> Iterator[Screener]:
    with Screener(tmp_path / "home") as one:
        yield one


def asked(screener: Screener) -> tuple[OutcomeKind, int]:
    """The outcome for DATA, and how often its digests were made."""
    made: list[Digests] = []

    def make() -> Digests:
        made.append(digests(DATA))
        return made[-1]

    outcome = screener.check(FileContent(DATA, len(DATA), make)).outcome
    return outcome.outcome, len(made)


def test_none_is_made_until_a_list_has_one(screener: Screener) -> None:
    with screener.database.write() as connection:
        bank, source = create_bank(connection, "KNOWN").id, ensure_source(connection, "own").id
        code = Fingerprint("pdq", bytes(range(32)), convention="full")
        add_entry(connection, bank, label="a code", added=[code], source_id=source)
    assert asked(screener) == (OutcomeKind.NO_MATCH, 0)
    with screener.database.write() as connection:
        md5 = Fingerprint("md5", hashlib.md5(DATA).digest())
        entry = add_entry(connection, bank, label="a file", added=[md5], source_id=source)
    assert asked(screener) == (OutcomeKind.MATCH, 1)
    with screener.database.write() as connection:
        remove_entry(connection, entry.entry.id)
    assert asked(screener)[0] == OutcomeKind.NO_MATCH
