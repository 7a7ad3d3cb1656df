"""Ready hashes: found as a slow walk over all entries finds them, in one pass, whatever is asked together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from holdfast.banks.entries import add_entry, update_entry
from holdfast.banks.models import Fingerprint
from holdfast.banks.service import create_bank, get_bank, update_bank
from holdfast.banks.sources import ensure_source
from holdfast.errors import UsageError
from holdfast.matching.calibration import default_model, regularity
from holdfast.media.pool import DecodePool
from holdfast.records.tables.base import now
from holdfast.screening.lookup import GivenHash
from holdfast.screening.screener import Screener

RANDOM = np.random.default_rng(5)
CODES = RANDOM.integers(0, 256, (40, 32), dtype=np.uint8)


@pytest.fixture(scope="module")
def screener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screener]:
    """Forty entries in two banks with unequal radii; each has a code, a SHA-1 and an MD5 with its size."""
    home: Path = tmp_path_factory.mktemp("home")
    with DecodePool(workers=1) as pool, Screener(home / "h", pool=pool) as one:
        with one.database.write() as connection:
            create_bank(connection, "WIDE", max_distance_bits=31, trusted=True)
            create_bank(connection, "NARROW", max_distance_bits=8)
            source = ensure_source(connection, "own").id
            for number, code in enumerate(CODES):
                bank = get_bank(connection, "WIDE" if number % 2 else "NARROW").id
                added = [
                    Fingerprint("pdq", code.tobytes(), "full"),
                    Fingerprint("sha1", code[:20].tobytes()),
                    Fingerprint("md5", code[:16].tobytes(), size_bytes=1000 + number),
                ]
                add_entry(connection, bank, label=f"entry {number}", added=added, source_id=source)
        yield one


def _flipped(code: np.ndarray, bits: int) -> bytes:
    flips = np.zeros(256, np.uint8)
    flips[RANDOM.permutation(256)[:bits]] = 1
    return (code ^ np.packbits(flips)).tobytes()


def test_many_at_once_are_each_answered_by_themselves(screener: Screener) -> None:
    asked, wanted = [], []
    for number, code in enumerate(CODES):
        for bits in (0, 8, 9, 31, 32):
            asked.append(GivenHash("pdq", _flipped(code, bits)))
            wanted.append([f"entry {number}"] if bits <= (31 if number % 2 else 8) else [])
        asked.append(GivenHash("sha1", code[:20].tobytes()))
        wanted.append([f"entry {number}"])
        asked.append(GivenHash("sha256", code.tobytes()))
        wanted.append([])
    order = RANDOM.permutation(len(asked))
    found = screener.look_up([asked[place] for place in order])
    labels = [[match.label for match in sighted.found] for sighted in found]
    assert labels == [wanted[place] for place in order]


def test_distances_are_those_of_each_hash(screener: Screener) -> None:
    near, far = screener.look_up([GivenHash("pdq", _flipped(CODES[1], bits)) for bits in (3, 30)])
    assert (near.found[0].distance_bits, far.found[0].distance_bits) == (3, 30)


def test_a_near_hash_comes_with_its_expected_false_alarms(screener: Screener) -> None:
    """One code was looked up: as many comparisons as there are codes on the lists."""
    value = _flipped(CODES[1], 30)
    sighted = screener.look_up([GivenHash("pdq", value), GivenHash("sha1", CODES[1][:20].tobytes())])
    (match,), (digest,) = sighted[0].found, sighted[1].found
    codes = np.frombuffer(value + CODES[1].tobytes(), np.uint8).reshape(2, 32)
    wanted = default_model().judge(30, len(CODES), regularity=float(np.prod(regularity(codes))))
    seen = sighted[0].seen[match.fingerprint_id]
    assert seen.expected_false_alarms == pytest.approx(wanted.expected) and seen.tier == "match"
    assert seen.extrapolation_decades == wanted.extrapolation_decades > 0
    assert sighted[1].seen[digest.fingerprint_id].expected_false_alarms is None


def test_an_md5_is_exact_with_its_size_only(screener: Screener) -> None:
    value = CODES[0][:16].tobytes()
    found = screener.look_up([GivenHash("md5", value, size) for size in (None, 1000, 1001)])
    assert [sighted.found[0].exact for sighted in found] == [False, True, False]


def test_banks_and_disabled_entries(screener: Screener) -> None:
    given = [GivenHash("sha1", CODES[2][:20].tobytes())]
    (match,) = screener.look_up(given)[0].found
    assert screener.look_up(given, bank_ids=[match.bank_id + 1000])[0].found == []
    with screener.database.write() as connection:
        update_entry(connection, match.entry_id, disabled_until=now() + timedelta(hours=1))
    assert screener.look_up(given)[0].found == []
    assert len(screener.look_up(given, include_disabled=True)[0].found) == 1
    with screener.database.write() as connection:
        update_entry(connection, match.entry_id, disabled_until=None)
        update_bank(connection, "NARROW", enabled=False)
    assert screener.look_up(given)[0].found == []
    with screener.database.write() as connection:
        update_bank(connection, "NARROW", enabled=True)
    assert len(screener.look_up(given)[0].found) == 1


def test_what_may_match_never_denies(screener: Screener) -> None:
    screener.refresh()
    for code in CODES:
        assert screener.may_match(GivenHash("pdq", _flipped(code, 8)))
        assert screener.may_match(GivenHash("md5", code[:16].tobytes()))
    assert not screener.may_match(GivenHash("sha1", bytes(20)))
    assert not screener.may_match(GivenHash("pdq", bytes(32)))


@pytest.mark.parametrize(
    ("algorithm", "text"), [("pdq", "ab"), ("crc32", "ab" * 4), ("sha1", "zz" * 20), ("md5", "")]
)
def test_what_is_no_hash_is_refused_and_not_quoted(algorithm: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        GivenHash.parse(algorithm, text)
    assert not text or text not in str(caught.value)


def test_nothing_asked_nothing_answered(screener: Screener) -> None:
    assert screener.look_up([]) == []
