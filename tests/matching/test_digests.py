"""The set of digest keys: it never denies what was added, in memory or mapped, alone or in bulk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import IndexFileError
from holdfast.matching import digests
from holdfast.matching.digests import DigestSet, digest_keys
from holdfast.matching.hamming import HammingIndex

KEYS = st.lists(st.integers(0, 2**64 - 1), max_size=40)


@given(first=KEYS, later=st.lists(KEYS, max_size=4), asked=KEYS)
def test_it_holds_what_was_added_and_nothing_else(
    first: list[int], later: list[list[int]], asked: list[int]
) -> None:
    held = DigestSet(np.unique(np.array(first, np.uint64)))
    for keys in later:
        held.add(np.array(keys, np.uint64))
    added = set(first).union(*later)
    for key in [*asked, *added]:
        assert held.may_hold([key]) == (key in added)
    assert held.may_hold(asked) == any(key in added for key in asked)
    every = [*asked, *added]
    assert held.which(np.array(every, np.uint64)).tolist() == [key in added for key in every]


def test_a_long_tail_is_sorted_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "TAIL_KEYS", 10)
    held = DigestSet()
    for start in range(0, 100, 7):
        held.add(np.arange(start, start + 7, dtype=np.uint64) * 3)
    assert len(held) == 105
    assert held.which(np.arange(320, dtype=np.uint64)).sum() == 105


def test_a_file_gives_back_the_set(tmp_path: Path) -> None:
    keys = np.random.default_rng(1).integers(0, 2**63, 5000).astype(np.uint64)
    DigestSet.build(tmp_path / "d.hfx", np.concatenate([keys, keys[:10]]), {"position": 7})
    held, properties = DigestSet.open(tmp_path / "d.hfx")
    assert properties == {"position": 7} and len(held) == len(np.unique(keys))
    assert held.which(keys).all() and not held.which(keys + np.uint64(1)).any()
    held.add(keys + np.uint64(1))
    assert held.which(keys + np.uint64(1)).all()


def test_an_empty_file(tmp_path: Path) -> None:
    DigestSet.build(tmp_path / "d.hfx", np.zeros(0, np.uint64), {})
    held, _ = DigestSet.open(tmp_path / "d.hfx")
    assert len(held) == 0 and not held.may_hold([0, 1])


def test_damaged_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.hfx"
    with pytest.raises(IndexFileError):
        DigestSet.open(path)
    HammingIndex.from_codes(np.zeros((3, 32), np.uint8)).save(path)
    with pytest.raises(IndexFileError):
        DigestSet.open(path)
    DigestSet.build(path, np.arange(9, dtype=np.uint64), {})
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(IndexFileError):
        DigestSet.open(path)


def test_keys_tell_algorithms_apart() -> None:
    same = bytes(range(16))
    md5, sha1, sha256 = (
        int(digest_keys(name, same.ljust(width, b"\0"), width)[0])
        for name, width in (("md5", 16), ("sha1", 20), ("sha256", 32))
    )
    assert len({md5, sha1, sha256}) == 3
    two = digest_keys("sha1", bytes(20) + b"\1" * 20, 20)
    assert len(two) == 2 and two[0] != two[1]
