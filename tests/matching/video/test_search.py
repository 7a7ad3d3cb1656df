"""Banks: adding and removing, candidates by either pass, and what a search answers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.candidates import Candidate, SearchPlan, far_candidates, near_candidates
from holdfast.matching.video.compare import VideoMatch, compare
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.narrow import narrowed
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.search import search
from tests.matching.video.videos import changed, query, random_codes, reference

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
    assert ([one.video_id for one in near[:1]] == [1042]) is (bits == 10)
    assert far[0].video_id == 1042 and far[0].views[0] == 1


def test_the_first_pass_is_enough_where_it_ends_in_a_match(
    videos: list[np.ndarray], bank: VideoBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["holdfast.matching.video.search"]  # its name is also that of its function
    monkeypatch.setattr(module, "far_candidates", lambda *_: pytest.fail("looked far"))
    found = search(query(np.repeat(videos[7], 2, axis=0)), bank, stop_at_match=True)
    assert found[0].video_id == 1007


def test_a_query_without_features_is_near_nothing(bank: VideoBank) -> None:
    asked = query(np.zeros((9, 32), np.uint8), quality=0)
    assert near_candidates(asked, bank, SearchPlan()) == far_candidates(asked, bank, SearchPlan()) == []
    assert search(asked, bank) == []


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
    assert bank.reference(5) is None


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


def test_a_candidate_is_compared_at_its_own_views(videos: list[np.ndarray], bank: VideoBank) -> None:
    """One view of fifteen shows the copy: it comes first, with the plain view; both passes find it."""
    rng = np.random.default_rng(4)
    views = [random_codes(rng, 40) for _ in range(15)]
    views[9] = np.repeat(changed(rng, videos[12], 20), 2, axis=0)
    asked = query(*views)
    plan = SearchPlan(views=3)
    for candidates in (near_candidates(asked, bank, plan), far_candidates(asked, bank, plan)):
        assert (candidates[0].video_id, candidates[0].views[0]) == (1012, 9)
        assert all(1 <= len(one.views) <= 3 for one in candidates)
    (best,) = [one for one in search(asked, bank, plan) if one.match.tier is VideoTier.MATCH]
    assert (best.video_id, best.match.view) == (1012, "view 9")


def test_a_narrowed_query_is_fitted_at_the_view_that_was_meant() -> None:
    rng = np.random.default_rng(5)
    asked_for: list[int] = []

    def fit(view: int, rows: np.ndarray, codes: np.ndarray) -> None:
        asked_for.append(view)

    whole = replace(query(*(random_codes(rng, 6) for _ in range(5))), fit=fit)
    few = narrowed(whole, [3])
    assert few.words == ("view 0", "view 3") and (few.codes[1] == whole.codes[3]).all()
    assert few.fitted(1, np.arange(2), few.codes[1, :2]) is None
    assert asked_for == [3]
    assert narrowed(whole, [4, 3, 2, 1]) is whole


def test_a_listed_video_that_goes_away_meanwhile_is_left_out(
    videos: list[np.ndarray], bank: VideoBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["holdfast.matching.video.search"]
    gone = [Candidate(999, (0,)), Candidate(1003, (0,))]
    monkeypatch.setattr(module, "near_candidates", lambda *_: gone)
    found = search(query(np.repeat(videos[3], 2, axis=0)), bank)
    assert [one.video_id for one in found] == [1003]


def test_a_title_that_all_listed_videos_show_ends_the_first_pass_and_hides_nothing(
    videos: list[np.ndarray],
) -> None:
    """A third of all moments are the title; the copy is found by those that are not."""
    rng = np.random.default_rng(6)
    title = random_codes(rng, 1)
    shown = [np.concatenate([np.repeat(title, 40, axis=0), codes]) for codes in videos]
    bank = VideoBank.of(
        (number, codes, np.full(60, 80), np.arange(60.0)) for number, codes in enumerate(shown)
    )
    copy = np.concatenate([np.repeat(title, 20, axis=0), np.repeat(changed(rng, videos[5], 20), 2, axis=0)])
    asked = query(copy, *(changed(rng, copy, 8) for _ in range(9)))
    hits: list[int] = []
    found = bank.index.range_search

    def counted(codes: np.ndarray, radius: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = found(codes, radius)
        hits.append(len(rows[0]))
        return rows

    bank.index.range_search = counted  # type: ignore[method-assign,assignment]
    assert near_candidates(asked, bank, SearchPlan())
    assert sum(hits) > 700_000  # nearly all of them the title
    hits.clear()
    plan = SearchPlan(near_hits=100_000)
    near_candidates(asked, bank, plan)
    assert sum(hits) < 250_000
    assert search(asked, bank, plan)[0].video_id == 5


def _listed(videos: list[np.ndarray], listed: VideoReference) -> int:
    return next(number for number, video in enumerate(videos) if (video[0] == listed.codes[0]).all())


def _seen(videos: list[np.ndarray]) -> VideoMatch:
    seen = compare(query(np.repeat(videos[3], 2, axis=0)), reference(videos[3]))
    assert seen is not None and not seen.is_classic
    return replace(seen, looks=())


def _to_be_fitted(
    videos: list[np.ndarray], monkeypatch: pytest.MonkeyPatch, near: Sequence[int], far: Sequence[int] = ()
) -> tuple[VideoQuery, ModuleType]:
    """A query that can be fitted, and the module, in which it has these candidates and no find by change."""
    module = sys.modules["holdfast.matching.video.search"]
    for name, ids in (("near_candidates", near), ("far_candidates", far)):
        found = [Candidate(1000 + number, (0,)) for number in ids]
        monkeypatch.setattr(module, name, lambda *_, found=found: found)
    monkeypatch.setattr(module, "by_change", lambda *_: None)
    return replace(query(np.repeat(videos[7], 2, axis=0)), fit=lambda *_: None), module


def test_what_is_found_by_change_is_looked_at_in_the_other_views_too(
    videos: list[np.ndarray], bank: VideoBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How it changes is told by a plain view; the view that comes near may be another one."""
    rng = np.random.default_rng(12)
    seen = _seen(videos)
    short = random_codes(rng, 40)
    short[:8] = changed(rng, np.repeat(videos[42][:4], 2, axis=0), 76)
    asked = query(random_codes(rng, 40), short)
    asked = replace(asked, fit=lambda *_: None, look=lambda view: f"look {view}")
    module = sys.modules["holdfast.matching.video.search"]
    found = replace(seen, tier=VideoTier.POSSIBLE, view="view 0, by how it changes", looks=("changes",))
    monkeypatch.setattr(module, "far_candidates", lambda *_: [Candidate(1042, (1,))])
    monkeypatch.setattr(module, "by_change", lambda *_: found)
    (one,) = search(asked, bank)
    assert one.video_id == 1042 and one.match.looks == ("changes", "look 1")


def test_a_match_in_part_of_one_video_keeps_none_from_being_asked_how_it_changes(
    videos: list[np.ndarray], bank: VideoBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = replace(query(np.repeat(videos[7], 2, axis=0)), fit=lambda *_: None)
    module, asked_of = sys.modules["holdfast.matching.video.search"], list[float]()
    monkeypatch.setattr(module, "far_candidates", lambda *_: [Candidate(1008, (0,)), Candidate(1007, (0,))])
    monkeypatch.setattr(module, "by_change", lambda _, listed: asked_of.append(listed.codes[0, 0]))
    (match,) = search(asked, bank)
    assert match.match.is_sure and asked_of == []
    monkeypatch.setattr(
        module, "named_in_part", lambda match, *_: replace(match, is_in_part=True, family="other")
    )
    (match,) = search(asked, bank)
    assert match.video_id == 1007 and not match.match.is_sure
    assert asked_of == [videos[8][0, 0]]


def test_those_with_most_evidence_and_the_first_of_the_far_pass_are_fitted(
    videos: list[np.ndarray], bank: VideoBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, module = _to_be_fitted(videos, monkeypatch, range(6), [42, 43])
    seen, fitted = _seen(videos), list[int]()

    def of(_query: VideoQuery, listed: VideoReference, **how: object) -> VideoMatch | None:
        number = _listed(videos, listed)
        if how.get("fit", True):
            fitted.append(number)
        if number == 42:
            return None
        return replace(seen, tier=VideoTier.NONE, decades=float(number), specific=0.0)

    monkeypatch.setattr(module, "compare", of)
    assert search(asked, bank) == []
    assert fitted == [43, 5, 4, 3, 42]


def test_a_match_alone_is_not_lost_to_what_more_views_show(
    videos: list[np.ndarray], bank: VideoBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The three views that fit best are aligned: a frame each may crowd out the one with the evidence."""
    rng = np.random.default_rng(3)
    shown = changed(rng, np.repeat(videos[42], 2, axis=0), 96)
    codes, quality = [random_codes(rng, 40), shown], [np.full(40, 80), np.full(40, 80)]
    for _ in range(3):
        few, told = random_codes(rng, 40), np.zeros(40, int)
        few[10:12], told[10:12] = changed(rng, np.repeat(videos[42][5:6], 2, axis=0), 50), 80
        codes.append(few)
        quality.append(told)
    words = tuple(f"view {number}" for number in range(5))
    asked = VideoQuery.of(
        np.stack(codes), np.stack(quality), np.arange(40) / 2, step_s=0.5, families=words, words=words
    )
    alone = compare(narrowed(asked, [1]), reference(videos[42]))
    assert alone is not None and alone.tier is VideoTier.MATCH
    module = sys.modules["holdfast.matching.video.search"]
    monkeypatch.setattr(module, "near_candidates", lambda *_: [Candidate(1042, (1,))])
    monkeypatch.setattr(module, "far_candidates", lambda *_: [Candidate(1042, (2, 3, 4))])
    monkeypatch.setattr(VideoBank, "frames", property(lambda _: 10**9))
    (one,) = search(asked, bank)
    assert one.match.tier is VideoTier.POSSIBLE
    assert one.match.view == "view 1" and one.match.score == pytest.approx(alone.score)


def test_matches_that_are_too_little_take_no_place_of_what_is_none(
    videos: list[np.ndarray], bank: VideoBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, module = _to_be_fitted(videos, monkeypatch, range(6))
    weak, fitted = replace(_seen(videos), decades=9.0, specific=2.0), list[int]()

    def of(_query: VideoQuery, listed: VideoReference, **how: object) -> VideoMatch:
        number = _listed(videos, listed)
        if how.get("fit", True):
            fitted.append(number)
            return replace(weak, decades=30.0) if number == 5 else weak
        return replace(weak, tier=VideoTier.POSSIBLE, specific=-1.0) if number == 5 else weak

    monkeypatch.setattr(module, "compare", of)
    monkeypatch.setattr(VideoBank, "frames", property(lambda _: 10**8))
    found = search(asked, bank)
    assert fitted == [5, 0, 1]
    assert [one.video_id for one in found if one.match.tier is VideoTier.MATCH] == [1005]


def test_what_has_no_tier_in_the_bank_hides_nothing_that_has(
    videos: list[np.ndarray], bank: VideoBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, module = _to_be_fitted(videos, monkeypatch, [3])
    weak = replace(_seen(videos), decades=8.0, specific=1.5)
    by_change = replace(weak, tier=VideoTier.POSSIBLE, decades=16.0, view="by how it changes", family="other")
    monkeypatch.setattr(module, "by_change", lambda *_: by_change)
    monkeypatch.setattr(module, "compare", lambda *_, **_how: weak)
    monkeypatch.setattr(VideoBank, "frames", property(lambda _: 10**9))
    (one,) = search(asked, bank)
    assert (one.match.tier, one.match.view) == (VideoTier.POSSIBLE, "by how it changes")
