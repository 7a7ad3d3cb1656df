"""The lists in a process: fresh after each look, shared between processes, never behind themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from holdfast.banks.entries import add_entry, remove_entry
from holdfast.banks.models import Fingerprint
from holdfast.banks.service import create_bank, get_bank
from holdfast.banks.sources import ensure_source
from holdfast.records.database import Database
from holdfast.screening import generation, lists
from holdfast.screening.generation import MANIFEST, newest_generation
from holdfast.screening.lists import ListIndex

RANDOM = np.random.default_rng(3)


@pytest.fixture
def index(database: Database, tmp_path: Path) -> Iterator[ListIndex]:
    with database.write() as connection:
        create_bank(connection, "KNOWN")
    yield ListIndex(database, tmp_path / "index")


def _code() -> bytes:
    return RANDOM.integers(0, 256, 32, dtype=np.uint8).tobytes()


def _add(database: Database, code: bytes, sha1: bytes = b"") -> int:
    added = [Fingerprint("pdq", code, "full")]
    if sha1:
        added.append(Fingerprint("sha1", sha1))
    with database.write() as connection:
        bank, source = get_bank(connection, "KNOWN").id, ensure_source(connection, "own").id
        return add_entry(connection, bank, label="x", added=added, source_id=source).entry.id


def _finds(index: ListIndex, code: bytes) -> bool:
    return len(index.search(np.frombuffer(code, np.uint8).reshape(1, 32), 0)[0]) == 1


def test_additions_and_removals_are_seen_at_the_next_look(database: Database, index: ListIndex) -> None:
    assert index.position == -1
    index.refresh()
    assert index.position == 0
    code, digest = _code(), b"\7" * 20
    entry = _add(database, code, digest)
    assert not _finds(index, code)
    index.refresh()
    assert (
        _finds(index, code) and index.may_hold({"sha1": digest}) and not index.may_hold({"md5": b"\7" * 16})
    )
    assert index.which_may_be_held("sha1", digest + bytes(20)).tolist() == [True, False]
    before = index.position
    with database.write() as connection:
        remove_entry(connection, entry)
    index.refresh()
    assert not _finds(index, code) and index.position > before


def test_what_is_far_behind_builds_once_for_all(
    database: Database, index: ListIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "FAR_BEHIND", 3)
    index.refresh()
    codes = [_code() for _ in range(6)]
    for code in codes:
        _add(database, code, code[:20])
    index.refresh()
    assert all(_finds(index, code) and index.may_hold({"sha1": code[:20]}) for code in codes)
    manifest = (tmp_path / "index" / MANIFEST).read_bytes()
    other = ListIndex(database, tmp_path / "index")
    other.refresh()
    assert all(_finds(other, code) for code in codes)
    assert (tmp_path / "index" / MANIFEST).read_bytes() == manifest


def test_merging_spares_the_others_the_way(
    database: Database, index: ListIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "WORTH_REOPENING", 2)
    index.refresh()
    codes = [_code() for _ in range(5)]
    for code in codes:
        _add(database, code)
    index.refresh()
    other = ListIndex(database, tmp_path / "index")
    assert not other.merge(behind=5)
    assert other.merge(behind=4)
    assert not other.merge(behind=0)
    opened = newest_generation(tmp_path / "index")
    assert opened is not None and opened.position == index.position == 5
    late = _code()
    _add(database, late)
    index.refresh()
    assert index._now.built_at == 5  # it changed over to the new generation
    assert _finds(index, late) and all(_finds(index, code) for code in codes)
    assert len(list((tmp_path / "index").glob("*.hfx"))) == 2  # the old generation's files are gone


def test_a_merge_replaces_what_belongs_to_other_records(
    database: Database, index: ListIndex, tmp_path: Path
) -> None:
    index.refresh()
    _add(database, _code())
    assert index.merge(behind=0)
    manifest = tmp_path / "index" / MANIFEST
    manifest.write_text(manifest.read_text().replace('"mark": "', '"mark": "another '))
    assert index.merge(behind=100)
