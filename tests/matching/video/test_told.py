"""What vPDQ's own rules call a match is possible at least, in a bank of any size."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest

from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.classic import classic_match
from holdfast.matching.video.compare import VideoMatch, better, compare
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.pieces import joined
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.search import search
from holdfast.matching.video.told import told_by_vpdq
from tests.matching.video.videos import changed, random_codes, reference

POSSIBLE = VideoTier.POSSIBLE


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(81)


def _stripes(frames: int) -> np.ndarray:
    """One regular picture: no distance to it is improbable."""
    return np.tile(np.array([0xAA] * 32, np.uint8), (frames, 1))


def _asked(codes: np.ndarray, quality: int | np.ndarray = 80, family: str = "as_is") -> VideoQuery:
    each = np.broadcast_to(np.asarray(quality), (1, len(codes))).copy()
    times = np.arange(len(codes)) / 2
    return VideoQuery.of(codes[np.newaxis], each, times, step_s=0.5, families=(family,), words=("seen",))


def _bank(listed: np.ndarray) -> VideoBank:
    return VideoBank.of([(7, listed, np.full(len(listed), 80), np.arange(float(len(listed))))])


def _found(query: VideoQuery, listed: np.ndarray) -> list[tuple[int, VideoTier]]:
    return [(one.video_id, one.match.tier) for one in search(query, _bank(listed))]


@pytest.mark.parametrize("first", [0, 40])
def test_one_regular_picture_of_a_video_is_told_and_where(rng: np.random.Generator, first: int) -> None:
    listed = random_codes(rng, 46)
    listed[first : first + 6] = _stripes(6)
    asked = _asked(changed(rng, _stripes(100), 28))
    found = compare(asked, reference(listed))
    assert found is not None and (found.tier, found.told is not None, found.is_classic) == (
        POSSIBLE,
        True,
        False,
    )
    assert (found.reference_start_s, found.reference_end_s) == (first, first + 6)
    assert found.query_start_s == 0 and found.query_end_s == pytest.approx(50, abs=0.5)
    assert _found(asked, listed) == [(7, POSSIBLE)]


def test_it_is_told_of_the_plain_frames_though_another_view_has_some_evidence(
    rng: np.random.Generator,
) -> None:
    listed = np.concatenate([_stripes(7), random_codes(rng, 40)])
    plain = changed(rng, _stripes(14), 28)
    crop = random_codes(rng, 14)
    crop[3:5] = changed(rng, np.repeat(listed[30:31], 2, axis=0), 78)
    query = VideoQuery.of(
        np.stack([plain, crop]), np.full((2, 14), 80), np.arange(14) / 2, step_s=0.5,
        families=("as_is", "uncrop"), words=("as is", "cropped"),
    )  # fmt: skip
    found = compare(query, reference(listed))
    assert found is not None and found.view == "as is" and found.nearest_bits <= 28
    assert found.reference_end_s <= 8


@pytest.mark.parametrize("bits", [0, 25])
def test_the_bank_may_be_of_any_size(
    rng: np.random.Generator, bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One picture of a busy film, which is possible by its evidence: in a large bank that is not enough."""
    listed = random_codes(rng, 40)
    asked = _asked(changed(rng, np.repeat(listed[9:10], 120, axis=0), bits))
    assert _found(asked, listed) == [(7, POSSIBLE)]
    monkeypatch.setattr(VideoBank, "frames", property(lambda _: 10_000_000_000))
    assert _found(asked, listed) == [(7, POSSIBLE)]


def test_a_find_by_change_does_not_silence_it(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = np.concatenate([_stripes(6), random_codes(rng, 40)])
    asked = replace(_asked(changed(rng, _stripes(20), 28)), fit=lambda *_: None)
    weak = compare(asked, reference(listed))
    assert weak is not None
    by_change = replace(weak, decades=7.2, told=None, family="other", view="by how it changes")
    module = importlib.import_module("holdfast.matching.video.search")
    monkeypatch.setattr(module, "by_change", lambda *_: by_change)
    monkeypatch.setattr(VideoBank, "frames", property(lambda _: 10_000_000_000))
    (found,) = search(asked, _bank(listed))
    assert (found.match.tier, found.match.view, found.match.family) == (POSSIBLE, "seen", "as_is")


def test_nor_does_a_find_in_another_view(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = np.concatenate([_stripes(7), random_codes(rng, 40)])
    plain, crop = changed(rng, _stripes(14), 28), random_codes(rng, 14)
    crop[3:5] = changed(rng, np.repeat(listed[30:31], 2, axis=0), 20)
    query = VideoQuery.of(
        np.stack([plain, crop]), np.full((2, 14), 80), np.arange(14) / 2, step_s=0.5,
        families=("as_is", "uncrop"), words=("as is", "cropped"),
    )  # fmt: skip
    (found,) = search(query, _bank(listed))
    assert found.match.view == "cropped"
    monkeypatch.setattr(VideoBank, "frames", property(lambda _: 10_000_000_000))
    (found,) = search(query, _bank(listed))
    assert (found.match.view, found.match.reference_start_s, found.match.reference_end_s) == ("as is", 0, 7)
    assert found.expected_false_alarms > 1


def test_nor_does_a_match_that_is_too_weak_for_the_bank(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = random_codes(rng, 32)
    asked = _asked(changed(rng, np.repeat(listed[4:8], 2, axis=0), 12))
    alone = compare(asked, reference(listed))
    assert alone is not None and alone.tier is not VideoTier.NONE and alone.told is not None
    monkeypatch.setattr(VideoBank, "frames", property(lambda _: 10**40))
    assert _found(asked, listed) == [(7, POSSIBLE)]


def test_told_all_through_a_long_upload_it_is_one_find(rng: np.random.Generator) -> None:
    listed = np.concatenate([_stripes(6), random_codes(rng, 40)])
    pieces = []
    for start_s in (0.0, 50.0, 100.0):
        asked = _asked(changed(rng, _stripes(120), 28))
        pieces.append(search(replace(asked, time_s=asked.time_s + start_s), _bank(listed)))
    (one,) = joined(pieces)
    assert (one.match.query_start_s, one.match.reference_start_s, one.match.reference_end_s) == (0, 0, 6)
    assert one.match.query_end_s == pytest.approx(160, abs=0.5)


def test_of_two_finds_the_surer_keeps_that_it_is_told(rng: np.random.Generator) -> None:
    listed = np.concatenate([_stripes(6), random_codes(rng, 40)])
    told = compare(_asked(changed(rng, _stripes(20), 28)), reference(listed))
    assert told is not None
    surer: VideoMatch = replace(told, decades=8.0, told=None)
    for one, other in ((told, surer), (surer, told)):
        found = better(one, other)
        assert found is not None and found.decades == 8 and found.told is told.told
    assert better(told, None) is told


def _cases(rng: np.random.Generator) -> list[tuple[VideoQuery, VideoReference]]:
    """What was once silent: much of it is one other picture, or poor; two frames; the README's rule."""
    near, listed = changed(rng, _stripes(20), 28), np.concatenate([_stripes(6), random_codes(rng, 40)])
    still = np.concatenate([near, np.repeat(random_codes(rng, 1), 100, axis=0)])
    poor = np.concatenate([near, random_codes(rng, 20)]), np.repeat([80, 40], 20)
    ident, shown = changed(rng, _stripes(3), 10), changed(rng, _stripes(6), 10)
    return [
        (_asked(still), reference(listed)),
        (_asked(*poor), reference(listed)),
        (_asked(near[:2]), reference(listed)),
        (_asked(near), reference(listed[:2])),
        (_asked(np.concatenate([random_codes(rng, 60), shown])), reference(ident)),
    ]


@pytest.mark.parametrize("case", range(5))
def test_all_that_vpdq_calls_a_match_is_possible_at_least(rng: np.random.Generator, case: int) -> None:
    query, listed = _cases(rng)[case]
    classic = classic_match(query.codes[0], query.quality[0], listed.codes, listed.quality)
    assert classic.by_hma or classic.by_readme
    found = compare(query, listed)
    assert found is not None and found.tier is not VideoTier.NONE


def test_what_it_does_not_is_none(rng: np.random.Generator) -> None:
    listed = reference(np.concatenate([_stripes(6), random_codes(rng, 40)]))
    near = changed(rng, _stripes(16), 28)
    assert told_by_vpdq(_asked(near), listed) is not None
    assert told_by_vpdq(_asked(np.concatenate([near, random_codes(rng, 4)])), listed) is not None
    assert told_by_vpdq(_asked(np.concatenate([near, random_codes(rng, 5)])), listed) is None
    assert told_by_vpdq(_asked(changed(rng, _stripes(16), 33)), listed) is None
    assert told_by_vpdq(_asked(near, family="uncrop"), listed) is None


def test_of_dark_pictures_frames_of_less_quality_are_taken(rng: np.random.Generator) -> None:
    listed = reference(np.concatenate([_stripes(6), random_codes(rng, 40)]))
    near = changed(rng, _stripes(16), 4)
    assert told_by_vpdq(_asked(near, 38), listed) is not None
    assert told_by_vpdq(_asked(near, 29), listed) is None
