"""The merger: a new generation when the log has run ahead, on hosts that serve and nowhere else."""

from __future__ import annotations

import time

import sqlalchemy as sa

from holdfast.banks.entries import add_entry
from holdfast.banks.models import Fingerprint
from holdfast.banks.service import create_bank
from holdfast.banks.sources import ensure_source
from holdfast.screening.generation import newest_generation
from holdfast.service.merging import Merger
from holdfast.service.runtime import Runtime


def add(connection: sa.Connection, bank_id: int, count: int, start: int) -> None:
    source = ensure_source(connection, "own")
    for number in range(start, start + count):
        added = [Fingerprint("md5", number.to_bytes(16, "big"))]
        add_entry(connection, bank_id, label=str(number), added=added, source_id=source.id)


def test_it_builds_when_the_log_has_run_ahead(runtime: Runtime) -> None:
    merger = Merger(runtime.database, runtime.home, behind=20)
    with runtime.database.write() as connection:
        bank = create_bank(connection, "KNOWN").id
        add(connection, bank, 30, 0)
    assert not merger.merge()  # nothing serves here: there is no index to keep
    runtime.screener.refresh()
    first = newest_generation(runtime.home.index_folder)
    assert first is not None and not merger.merge()
    with runtime.database.write() as connection:
        add(connection, bank, 20, 100)
    assert not merger.merge()
    with runtime.database.write() as connection:
        add(connection, bank, 1, 200)
    assert merger.merge()
    second = newest_generation(runtime.home.index_folder)
    assert second is not None and second.position > first.position
    assert not merger.merge()


def test_its_thread_works_and_ends(runtime: Runtime) -> None:
    runtime.screener.refresh()
    merger = Merger(runtime.database, runtime.home, behind=5, every_s=0.02)
    merger.start()
    with runtime.database.write() as connection:
        add(connection, create_bank(connection, "KNOWN").id, 10, 0)
    deadline = time.monotonic() + 120
    while True:
        found = newest_generation(runtime.home.index_folder)
        if found is not None and found.position >= 10:
            break
        assert time.monotonic() < deadline
        time.sleep(0.02)
    merger.stop()
