"""Banks: adding and removing, candidates by either pass, and what a search answers."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.candidates import SearchPlan, far_candidates, near_candidates
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.search import search
from tests.matching.video.videos import changed, query, random_codes

COUNT = 100


@pytest.fixture(scope="module")
def videos() -> list[np.ndarray]:
    rng = np.random.default_rng(8)
    return [random_codes(rng, 20) for _ in range(COUNT)]


@pytest.fixture
def bank(videos: list[np.ndarray]) -> VideoBank:
    return VideoBank.of(
        (1000 + number, codes, np.full(20, 80), np.arange(20.0)) for number, codes in enumerate(videos)
    )


@pytest.mark.parametrize("bits", [10, 60])
def test_a_copy_is_found(videos: list[np.ndarray], bank: VideoBank, bits: int) -> None:
    rng = np.random.default_rng(bits)
    asked = query(random_codes(rng, 40), np.repeat(changed(rng, videos[42], bits), 2, axis=0))
    found = search(asked, bank)
    assert [one.video_id for one in found if one.match.tier is VideoTier.MATCH] == [1042]
    assert found[0].expected_false_alarms < 1e-6
    near, far = near_candidates(asked, bank, SearchPlan()), far_candidates(asked, bank, SearchPlan())
    assert (near[:1] == [1042]) is (bits == 10)
    assert far[0] == 1042


def test_the_first_pass_is_enough_where_it_ends_in_a_match(
    videos: list[np.ndarray], bank: VideoBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["holdfast.matching.video.search"]  # its name is also that of its function
    monkeypatch.setattr(module, "far_candidates", lambda *_: pytest.fail("looked far"))
    found = search(query(np.repeat(videos[7], 2, axis=0)), bank, stop_at_match=True)
    assert found[0].video_id == 1007


def test_strangers_have_no_tier(bank: VideoBank) -> None:
    assert search(query(random_codes(np.random.default_rng(1), 60)), bank) == []


def test_added_and_removed(videos: list[np.ndarray], bank: VideoBank) -> None:
    rng = np.random.default_rng(2)
    codes = random_codes(rng, 15)
    asked = query(np.repeat(codes, 2, axis=0))
    assert search(asked, bank) == []
    bank.add(5, codes, np.full(15, 70), np.arange(15.0))
    assert [one.video_id for one in search(asked, bank)] == [5]
    assert len(bank) == COUNT + 1 and bank.frames == 20 * COUNT + 15
    with pytest.raises(ValueError, match="listed already"):
        bank.add(5, codes, np.full(15, 70), np.arange(15.0))
    assert bank.remove(5) and not bank.remove(5)
    assert search(asked, bank) == []
    with pytest.raises(KeyError):
        bank.reference(5)


def test_shapes_are_checked_and_nothing_is_listed() -> None:
    bank = VideoBank()
    with pytest.raises(ValueError, match="times"):
        bank.add(1, np.zeros((3, 32), np.uint8), [80, 80, 80], [0.0, 1.0])
    assert len(bank) == 0 and bank.frames == 0
    assert search(query(np.zeros((3, 32), np.uint8)), bank) == []


def test_featureless_frames_are_not_in_the_index() -> None:
    rng = np.random.default_rng(9)
    bank = VideoBank()
    bank.add(1, random_codes(rng, 4), [0, 3, 50, 90], np.arange(4.0))
    assert bank.frames == 2
