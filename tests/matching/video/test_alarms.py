"""Expected false alarms, and what they do to tiers in large banks."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.matching.video.alarms import MATCH_EXPECTED, POSSIBLE_EXPECTED, expected_false_alarms
from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.search import search
from tests.matching.video.videos import query, random_codes


def test_they_grow_with_the_bank_and_shrink_with_the_score() -> None:
    one = expected_false_alarms(10, 60, 1000)
    assert expected_false_alarms(10, 60, 2000) == pytest.approx(2 * one)
    assert expected_false_alarms(10, 120, 1000) == pytest.approx(2 * one)
    assert expected_false_alarms(14, 60, 1000) == pytest.approx(one / 1000)
    assert MATCH_EXPECTED < POSSIBLE_EXPECTED


def test_random_codes_keep_below_the_law() -> None:
    rng = np.random.default_rng(13)
    bank = VideoBank.of((n, random_codes(rng, 30), np.full(30, 80), np.arange(30.0)) for n in range(60))
    found = [
        one for _ in range(20) for one in search(query(*random_codes(rng, 200).reshape(10, 20, 32)), bank)
    ]
    assert found == []


def test_one_picture_is_nothing_in_a_bank_where_strangers_do_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(14)
    listed = random_codes(rng, 20)
    bank = VideoBank.of([(1, listed, np.full(20, 80), np.arange(20.0))])
    asked = query(np.concatenate([listed[:1], random_codes(rng, 20)]))
    assert [one.match.tier for one in search(asked, bank)] == [VideoTier.POSSIBLE]
    monkeypatch.setattr(VideoBank, "frames", property(lambda _: 1_000_000_000))
    assert search(asked, bank) == []
    whole = search(query(np.repeat(listed, 2, axis=0)), bank)
    assert [one.match.tier for one in whole] == [VideoTier.MATCH]
