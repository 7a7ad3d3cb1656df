"""A bank with entries to say something about."""

from __future__ import annotations

from hashlib import sha256

import pytest

from holdfast.banks.entries import add_entry
from holdfast.banks.models import Fingerprint
from holdfast.banks.service import create_bank
from holdfast.banks.sources import create_source
from holdfast.records.database import Database


@pytest.fixture
def entries(database: Database) -> list[int]:
    """The ids of three entries of one bank."""
    with database.write() as connection:
        bank = create_bank(connection, "list")
        source = create_source(connection, "own")
        return [
            add_entry(
                connection,
                bank.id,
                label=f"photo {number}",
                added=[Fingerprint("sha256", sha256(bytes([number])).digest())],
                source_id=source.id,
            ).entry.id
            for number in range(3)
        ]
