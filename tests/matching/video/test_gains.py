"""How many times nearer a query is to its own moments: against a slow oracle, and what it concludes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from holdfast.matching.video.align import Line, support
from holdfast.matching.video.compare import compare
from holdfast.matching.video.gains import Gains, gains, telling, unordered_gains
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference
from tests.matching.video.videos import changed, query, random_codes, reference, scene


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def _found(asked: VideoQuery, listed: VideoReference, speed: float = 1.0, offset_s: float = 0.0) -> Gains:
    line, pairs = support(asked, listed, Line(0, 20.0, speed, offset_s))
    return gains(asked, listed, line, pairs)


def _bits(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.bitwise_count(one ^ other).sum())


def test_the_gain_of_a_moment_is_how_many_times_nearer_it_is_than_any_other(rng: np.random.Generator) -> None:
    codes = scene(rng, 8, 30)
    shown = changed(rng, codes, 12)
    found = _found(query(np.repeat(shown, 2, axis=0)), reference(codes))
    for moment, gain in enumerate(found.gain.tolist()):
        others = [_bits(shown[moment], codes[n]) for n in range(8) if abs(n - moment) >= 2]
        assert gain == pytest.approx(math.log10(min(others) / max(4, _bits(shown[moment], codes[moment]))))
    assert found.tells.all() and len(found.gain) == 8 and found.decades > 3


def test_moments_in_the_stretch_count_though_they_do_not_support_it(rng: np.random.Generator) -> None:
    codes = scene(rng, 8, 40)
    shown = changed(rng, codes, 8)
    shown[3:5] = random_codes(rng, 2)  # something else is shown there
    found = _found(query(np.repeat(shown, 2, axis=0)), reference(codes))
    assert len(found.gain) == 8 and (found.gain[3:5] < 0.1).all()


def test_other_footage_of_the_scene_gains_nothing(rng: np.random.Generator) -> None:
    place = random_codes(rng, 1)
    listed, other = (changed(rng, np.repeat(place, 10, axis=0), 30) for _ in range(2))
    found = _found(query(np.repeat(other, 2, axis=0)), reference(listed))
    assert abs(found.gain.mean()) < 0.15 and found.decades == 0


def test_moments_that_do_not_tell_can_only_speak_against_it(rng: np.random.Generator) -> None:
    codes = np.repeat(scene(rng, 4, 40), 4, axis=0)  # four stills of four seconds
    listed = reference(codes)
    assert not telling(listed, np.arange(16)).any()
    found = _found(query(np.repeat(changed(rng, codes, 2), 2, axis=0)), listed)
    assert found.decades == 0 and (found.gain <= 0).all()


def test_three_moments_are_enough_and_two_only_if_they_are_two_pictures(rng: np.random.Generator) -> None:
    many = random_codes(rng, 9)
    assert _found(query(changed(rng, np.repeat(many[4:7], 2, axis=0), 30)), reference(many), 1.0, 4.0).decades
    two = query(changed(rng, np.repeat(many[4:6], 2, axis=0), 8))
    assert _found(two, reference(many), 1.0, 4.0).decades > 1.5
    alike = many.copy()
    alike[5] = changed(rng, alike[4:5], 11)[0]
    again = query(changed(rng, np.repeat(alike[4:6], 2, axis=0), 4))
    assert _found(again, reference(alike), 1.0, 4.0).decades == 0


def test_few_moments_that_are_far_from_everything_say_nothing(rng: np.random.Generator) -> None:
    many = random_codes(rng, 5)
    assert _found(query(changed(rng, np.repeat(many, 2, axis=0), 48)), reference(many)).decades == 0


@pytest.mark.parametrize(("moments", "least"), [(6, 0.15), (8, 0.15), (9, 0.08), (20, 0.08)])
def test_of_many_moments_a_small_gain_is_sure(moments: int, least: float) -> None:
    def decades(gain: float, tells: int = 3) -> float:
        is_telling = np.arange(moments) < tells
        return Gains(np.full(moments, gain), is_telling, np.full(moments, 70), 1).decades

    assert decades(least + 0.001) == pytest.approx(1.5 * moments * (least + 0.001))
    assert decades(least - 0.001) == 0 and decades(least + 0.001, tells=2) == 0


def test_of_many_moments_most_must_gain() -> None:
    """Two films that share an ident, and by chance a picture at the end of a long stretch."""

    def decades(gaining: int, others: int) -> float:
        gain = np.concatenate([np.full(gaining, 1.0), np.zeros(others)])
        tells = np.ones(len(gain), np.bool_)
        return Gains(gain, tells, np.full(len(gain), 70), len(gain)).decades

    assert decades(4, 10) == decades(4, 4) == decades(3, 3) == 0
    assert decades(5, 4) > 0


def test_a_small_part_of_both_needs_six_moments_that_gain() -> None:
    def decades(gaining: int, share: float) -> float:
        gain = np.concatenate([np.full(gaining, 1.0), np.zeros(3)])
        tells = np.ones(len(gain), np.bool_)
        return Gains(gain, tells, np.full(len(gain), 20), len(gain), share).decades

    assert decades(5, 0.29) == 0
    assert decades(5, 0.3) > 0 and decades(6, 0.1) > 0


def test_in_no_order_each_moment_counts_once(rng: np.random.Generator) -> None:
    codes = random_codes(rng, 6)
    order = np.array([4, 0, 2, 4])
    asked, listed = query(changed(rng, codes[order], 20)), reference(codes)
    _, pairs = support(asked, listed, Line(0, 20.0, 0.0, 0.0))
    found = unordered_gains(listed, pairs)
    assert len(found.gain) == 3 and found.unordered_decades > 5


def test_a_short_excerpt_is_a_match(rng: np.random.Generator) -> None:
    listed = scene(rng, 12, 40)
    excerpt = changed(rng, np.repeat(listed[5:8], 2, axis=0), 6)
    match = compare(query(excerpt), reference(listed))
    assert match is not None and match.tier is VideoTier.MATCH
    other = changed(rng, np.repeat(listed[:1], 6, axis=0), 30)
    against = compare(query(other), reference(listed))
    assert against is None or against.tier is not VideoTier.MATCH


@pytest.mark.parametrize("pictures", [2, 3, 4, 5])
@pytest.mark.parametrize("end", [False, True])
def test_what_two_films_share_for_some_seconds_is_an_ident(
    rng: np.random.Generator, pictures: int, end: bool
) -> None:
    ident, one, other = (random_codes(rng, count) for count in (pictures, 20, 20))
    listed = np.concatenate([one, ident] if end else [ident, one])
    shown = np.concatenate([other, ident] if end else [ident, other])
    asked = query(np.repeat(changed(rng, shown, 2), 2, axis=0))
    found = _found(asked, reference(listed))
    assert len(found.gain) >= pictures and found.decades == 0
    match = compare(asked, reference(listed))
    assert match is not None and match.tier is not VideoTier.MATCH


@pytest.mark.parametrize("seconds", [4, 6, 10])
@pytest.mark.parametrize("quiet", [False, True])
def test_a_title_that_two_films_show_for_some_seconds_is_no_match(
    rng: np.random.Generator, seconds: int, quiet: bool
) -> None:
    title = random_codes(rng, 1)
    one, other = (scene(rng, 40, 30) if quiet else random_codes(rng, 40) for _ in range(2))
    for film in (one, other):
        film[10 : 10 + seconds] = changed(rng, np.repeat(title, seconds, axis=0), 2)
    match = compare(query(np.repeat(changed(rng, other, 8), 2, axis=0)), reference(one))
    assert match is not None and match.tier is not VideoTier.MATCH


def test_six_seconds_of_a_long_film_in_another_one_are_enough(rng: np.random.Generator) -> None:
    listed, other = random_codes(rng, 60), random_codes(rng, 60)
    other[20:26] = changed(rng, listed[40:46], 20)
    match = compare(query(np.repeat(other, 2, axis=0)), reference(listed))
    assert match is not None and match.tier is VideoTier.MATCH


def test_pictures_that_do_not_tell_are_none(rng: np.random.Generator) -> None:
    picture = random_codes(rng, 1)
    alike_ = np.concatenate([picture, changed(rng, picture, 11)])
    listed = reference(np.concatenate([alike_, np.repeat(random_codes(rng, 1), 4, axis=0)]))
    found = _found(query(np.repeat(np.concatenate([alike_, random_codes(rng, 1)]), 2, axis=0)), listed)
    assert found.pictures == 1 and found.decades == 0
