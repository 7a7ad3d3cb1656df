"""A closer look: frame by frame a short excerpt is told from other moments of its recording."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.matching.video.alarms import expected_false_alarms
from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.closer import (
    ALL_FRAMES,
    AROUND_S,
    MOST_FRAMES,
    MOST_S,
    closer,
    stretch_s,
    wants_closer,
)
from holdfast.matching.video.closer_kernels import line_sums
from holdfast.matching.video.closer_pairs import Pairs
from holdfast.matching.video.compare import VideoMatch
from holdfast.matching.video.gains import Gains
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.search import BankMatch, closer_in_bank
from tests.matching.video.videos import changed, random_codes, reference

FPS = 30
STEP_S = 1 / FPS


@dataclass(frozen=True)
class _Seen:
    """Frames of a stretch through one view."""

    codes: np.ndarray
    time_s: np.ndarray
    is_changed: bool = False
    family: str = "as_is"
    words: str = "as is"
    look: object = "here"
    share: float = 1.0

    @property
    def quality(self) -> np.ndarray:
        return np.full(len(self.codes), 80)

    def agreeing(self, rows: np.ndarray, codes: np.ndarray) -> float:
        return self.share

    @property
    def values(self) -> np.ndarray:
        return np.unpackbits(self.codes, axis=1).astype(np.float32) * 2 - 1

    def uncovered(self, rows: np.ndarray, codes: np.ndarray) -> _Seen | None:
        assert len(rows) == len(codes) and (np.diff(rows) >= 0).all()
        return None


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(51)


def _film(rng: np.random.Generator, seconds: float, bits: int = 8) -> np.ndarray:
    """The code of each frame of a film that moves: half a second later it is another picture."""
    codes = [random_codes(rng, 1)]
    for _ in range(round(seconds * FPS) - 1):
        codes.append(changed(rng, codes[-1], bits))
    return np.concatenate(codes)


def _excerpt(
    rng: np.random.Generator, film: np.ndarray, start_s: float, end_s: float, bits: int = 4
) -> _Seen:
    part = film[round(start_s * FPS) : round(end_s * FPS)]
    return _Seen(changed(rng, part, bits), np.arange(len(part)) * STEP_S)


def _find(tier: VideoTier = VideoTier.POSSIBLE, **changes: object) -> VideoMatch:
    known = VideoMatch(
        tier, 8.0, 0.0, 1, "as_is", "as is", 1.0, 3.0, 0.0, 2.5, 3.0, 5.5, 60, False, ("here",), 3.0
    )
    return replace(known, **changes)  # type: ignore[arg-type]


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 8))
def test_evidence_along_lines_is_that_of_the_frames_shown(seed: int, frames: int, moments: int) -> None:
    rng = np.random.default_rng(seed)
    evidence = rng.random((frames, moments)).astype(np.float32)
    asked_s, listed_s = np.sort(rng.uniform(0, 3, frames)), np.sort(rng.uniform(0, 4, moments))
    speeds, centres_s = np.array([1.0, 0.5, -1.25]), rng.uniform(-1, 5, 4)
    sums = np.empty((3, 4))
    line_sums(evidence, asked_s, listed_s, 1.5, speeds, centres_s, 0.2, sums)
    for k, speed in enumerate(speeds):
        for o, centre_s in enumerate(centres_s):
            wanted = 0.0
            for column, moment_s in enumerate(listed_s):
                away = np.abs(asked_s - (1.5 + (moment_s - centre_s) / speed))
                wanted += float(evidence[away.argmin(), column]) ** 2 if away.min() <= 0.2 else 0.0
            assert sums[k, o] == pytest.approx(wanted)


@pytest.mark.parametrize(("start_s", "end_s"), [(3.4, 5.9), (3.1, 6.3), (2.7, 8.8)])
def test_a_short_excerpt_of_what_moves_is_a_match(
    rng: np.random.Generator, start_s: float, end_s: float
) -> None:
    film = _film(rng, 12)
    find = _find(offset_s=3.0, query_end_s=end_s - start_s, asked_s=end_s - start_s)
    found = closer(find, [_excerpt(rng, film, start_s, end_s)], reference(film[::FPS]), STEP_S)
    assert found.tier is VideoTier.MATCH and found.nearest_bits <= 4
    assert found.speed == pytest.approx(1.0, abs=0.01)
    middle_s = (end_s - start_s) / 2
    assert found.speed * middle_s + found.offset_s == pytest.approx(start_s + middle_s, abs=2 * STEP_S)
    assert found.looks == ("here",) and found.asked_s == find.asked_s


def test_it_is_found_though_the_line_that_was_found_is_wrong(rng: np.random.Generator) -> None:
    film = _film(rng, 12)
    seen = _excerpt(rng, film, 6.4, 9.6)
    for wrong in (_find(offset_s=-2.0), _find(speed=-1.25, offset_s=9.0), _find(speed=0.0, offset_s=0.0)):
        assert closer(wrong, [seen], reference(film[::FPS]), STEP_S).tier is VideoTier.MATCH
    lost = _find(offset_s=-2.0)
    long = np.concatenate([film[::FPS], random_codes(rng, ALL_FRAMES)])  # there only lines near it are tried
    assert closer(lost, [seen], reference(long), STEP_S) is lost


@pytest.mark.parametrize("start_s", [8.2, 10.6, 12.9])
def test_other_moments_of_the_recording_stay_what_they_are(rng: np.random.Generator, start_s: float) -> None:
    film = changed(rng, np.repeat(_film(rng, 8, 1), 2, axis=0), 16)  # one scene, in which little moves
    find = _find()
    seen = _excerpt(rng, film, start_s, start_s + 2.8)
    assert closer(find, [seen], reference(film[: 7 * FPS : FPS]), STEP_S).tier is not VideoTier.MATCH


def test_what_is_no_surer_leaves_the_find_as_it_is(rng: np.random.Generator) -> None:
    find, listed = _find(), reference(random_codes(rng, 10))
    assert closer(find, [_Seen(random_codes(rng, 90), np.arange(90) * STEP_S)], listed, STEP_S) is find
    assert closer(find, [], listed, STEP_S) is find
    assert closer(find, [_Seen(random_codes(rng, 1), np.zeros(1))], listed, STEP_S) is find


def test_an_ident_that_two_films_share_is_no_match(rng: np.random.Generator) -> None:
    """Four seconds in a minute of either: the stretch that is looked at closely is not the query."""
    ident, rest = _film(rng, 4), _film(rng, 26)
    listed = reference(np.concatenate([ident, rest])[::FPS])
    seen = _excerpt(rng, ident, 0, 4)
    short = _find(offset_s=0.0, asked_s=5.0)
    assert closer(short, [seen], listed, STEP_S).tier is VideoTier.MATCH
    assert closer(replace(short, asked_s=60.0), [seen], listed, STEP_S).tier is not VideoTier.MATCH


def test_a_fitted_view_has_its_price(rng: np.random.Generator) -> None:
    film = _film(rng, 12)
    seen, listed = _excerpt(rng, film, 3.4, 6.9, 12), reference(film[::FPS])
    plain, fitted = (closer(_find(), [one], listed, STEP_S) for one in (seen, replace(seen, is_changed=True)))
    assert plain.specific - fitted.specific == pytest.approx(1.0) and fitted.tier is VideoTier.MATCH


def test_the_find_keeps_its_ends_where_it_was_along_the_same_line(rng: np.random.Generator) -> None:
    film = _film(rng, 12)
    seen, listed = _excerpt(rng, film, 3.4, 6.9), reference(film[::FPS])
    same = closer(_find(offset_s=3.3, query_end_s=3.75, reference_end_s=7.05), [seen], listed, STEP_S)
    assert (same.query_start_s, same.query_end_s) == (0.0, 3.75)
    assert same.reference_end_s == pytest.approx(7.15, abs=0.05)
    other = closer(_find(offset_s=-2.0, query_end_s=20.0), [seen], listed, STEP_S)
    assert other.query_end_s == pytest.approx(3.1, abs=0.1) and other.query_start_s == pytest.approx(
        0.1, abs=0.1
    )


def test_what_is_looked_at_and_how_much_of_it() -> None:
    assert wants_closer(_find()) and wants_closer(_find(VideoTier.SAME_SCENE))
    assert not wants_closer(_find(VideoTier.MATCH)) and not wants_closer(_find(VideoTier.NONE))
    assert not wants_closer(_find(looks=()))
    assert stretch_s(_find(query_start_s=5.0, query_end_s=8.0)) == (5.0 - AROUND_S, 8.0 + AROUND_S)
    assert stretch_s(_find(query_start_s=0.0, query_end_s=2.0)) == (0.0, 2.0 + AROUND_S)
    start_s, end_s = stretch_s(_find(query_start_s=0.0, query_end_s=60.0))
    assert end_s - start_s == MOST_S and start_s + end_s == 60.0


def test_in_a_large_bank_it_has_to_be_surer(rng: np.random.Generator) -> None:
    film = _film(rng, 12)
    bank = VideoBank.of([(7, film[::FPS], np.full(12, 80), np.arange(12.0))])
    seen = _excerpt(rng, film, 3.4, 5.9)
    one = BankMatch(7, _find(), expected_false_alarms(8.0, 5, 100))
    found = closer_in_bank(one, [seen], bank, STEP_S)
    assert found.match.tier is VideoTier.MATCH and found.video_id == 7
    assert found.expected_false_alarms == pytest.approx(expected_false_alarms(found.match.score, 5, 100))
    for_many = replace(one, expected_false_alarms=expected_false_alarms(8.0, 5, 10**16))
    assert closer_in_bank(for_many, [seen], bank, STEP_S) is for_many
    gone = BankMatch(8, _find(), 1.0)
    assert closer_in_bank(gone, [seen], bank, STEP_S) is gone


def test_frame_by_frame_less_gain_is_enough_where_all_moments_are_near() -> None:
    def decades(gain: float, *bits: int, pictures: int = 3, **changes: float) -> float:
        tells = np.ones(len(bits), np.bool_)
        found = Gains(np.full(len(bits), gain), tells, np.array(bits), pictures, is_close=True)
        return replace(found, **changes).decades  # type: ignore[arg-type]

    assert decades(0.2, 30, 32, 34) == pytest.approx(3 * 3 * 0.2)
    assert decades(0.19, 30, 32, 34) == decades(0.2, 32, 33, 34) == decades(0.2, 10, 10, 41) == 0
    assert decades(0.85, 20, 28) == pytest.approx(3 * 2 * 0.85)  # of two, as much as at the first look
    assert decades(0.84, 20, 28) == decades(0.85, 20, 28, pictures=1) == 0
    assert decades(0.2, 30, 32, 34, share=0.29) == 0
    coarse = Gains(np.full(3, 0.3), np.ones(3, np.bool_), np.full(3, 20), 3)
    assert coarse.decades == 0


def test_an_ident_on_black_counts_by_its_own_seconds(rng: np.random.Generator) -> None:
    """The black around it is in the stretch that is looked at closely, and is no part of what was found."""
    ident, rest = _film(rng, 4), _film(rng, 40)
    listed = reference(np.concatenate([ident, rest])[::FPS])
    seen = _excerpt(rng, ident, 0, 4)
    black = _Black(np.concatenate([seen.codes] * 2), np.arange(2 * len(seen.codes)) * STEP_S)
    find = _find(offset_s=0.0, query_end_s=4.0, asked_s=14.0)
    assert closer(find, [black], listed, STEP_S) is find
    assert closer(replace(find, asked_s=12.0), [black], listed, STEP_S).tier is VideoTier.MATCH


@dataclass(frozen=True)
class _Black(_Seen):
    """The second half has no features."""

    @property
    def quality(self) -> np.ndarray:
        return np.where(np.arange(len(self.codes)) < len(self.codes) // 2, 80, 0)


def test_a_picture_on_a_dense_list_is_one_moment_a_second(rng: np.random.Generator) -> None:
    """Two films that share a title of a bit more than a second, listed five times a second."""
    title, one, other = random_codes(rng, 1), _film(rng, 20), _film(rng, 20)
    film = np.concatenate([one, np.repeat(title, 36, axis=0), one])
    upload = np.concatenate([other[:60], np.repeat(title, 36, axis=0), other[:60]])
    listed = reference(film[::6], 0.2)
    find = _find(offset_s=18.0, query_end_s=5.2, asked_s=5.2)
    seen = _Seen(changed(rng, upload, 4), np.arange(len(upload)) * STEP_S)
    assert closer(find, [seen], listed, STEP_S) is find


@pytest.mark.parametrize("period_s", [1.7, 2.3, 3.6])
def test_what_comes_round_again_is_not_this_time(rng: np.random.Generator, period_s: float) -> None:
    """A wheel that turns: some phase of another time is as near as that of the copy."""
    turn = random_codes(rng, 1)
    half = [turn]
    for _ in range(round(period_s * FPS / 2)):
        half.append(changed(rng, half[-1], 2))
    wheel = np.concatenate(half + half[::-1])
    film = changed(rng, np.tile(wheel, (20, 1))[: 30 * FPS], 8)
    seen = _excerpt(rng, film, 20.1, 27.1, 10)
    find = _find(offset_s=0.5, query_end_s=7.0, asked_s=7.0)
    assert closer(find, [seen], reference(film[: 8 * FPS : FPS]), STEP_S) is find


def test_a_still_picture_proves_nothing_along_so_many_lines(rng: np.random.Generator) -> None:
    picture = random_codes(rng, 1)
    listed = reference(changed(rng, np.repeat(picture, 6, axis=0), 2))
    seen = _Seen(changed(rng, np.repeat(picture, 90, axis=0), 50), np.arange(90) * STEP_S)
    find = _find()
    assert closer(find, [seen], listed, STEP_S) is find


def test_wild_times_and_long_lists_cost_nothing(rng: np.random.Generator) -> None:
    film = _film(rng, 12)
    seen, find = _excerpt(rng, film, 3.4, 5.9), _find()
    codes, times = film[::FPS], np.arange(12.0)
    times[-1] = 4.2e6
    wild = VideoReference.of(codes, np.full(12, 80), times)
    assert closer(find, [seen], wild, STEP_S).tier is VideoTier.MATCH  # near the line that was found
    long = reference(np.concatenate([codes, random_codes(rng, MOST_FRAMES)]))
    assert closer(find, [seen], long, STEP_S) is find


@pytest.mark.parametrize("speed", [2.0, 0.5, -1.0])
def test_a_line_that_only_crosses_it_does_not_lend_its_ends(rng: np.random.Generator, speed: float) -> None:
    film = _film(rng, 12)
    seen = _excerpt(rng, film, 3.4, 5.9)
    find = _find(speed=speed, offset_s=4.65 - speed * 1.25, query_end_s=6.0, asked_s=6.0)
    found = closer(find, [seen], reference(film[::FPS]), STEP_S)
    assert found.tier is VideoTier.MATCH and found.query_end_s <= 2.6
    assert 2.9 <= found.reference_start_s <= 4 and 5 <= found.reference_end_s <= 6.2


@pytest.mark.parametrize(("share", "view"), [(0.9, "as is"), (0.5, "as is, in part of the picture")])
def test_a_match_in_part_of_the_picture_says_so(rng: np.random.Generator, share: float, view: str) -> None:
    """Another view of the same name, which shows something else, has no say."""
    film = _film(rng, 20)
    seen = replace(_excerpt(rng, film, 3.4, 10.4, 24), share=share, look="there")
    other = _Seen(random_codes(rng, len(seen.codes)), seen.time_s, share=1 - share)
    find = _find(offset_s=3.4, query_end_s=7.0, asked_s=7.0)
    for views in ([seen, other], [other, seen]):
        found = closer(find, views, reference(film[::FPS]), STEP_S)
        assert (found.tier, found.view, found.is_in_part) == (VideoTier.MATCH, view, share < 0.7)


@dataclass(frozen=True)
class _Under(_Seen):
    """Something covers the picture; ``left`` is what is seen without it."""

    left: np.ndarray = field(default_factory=lambda: np.empty((0, 32), np.uint8))

    def uncovered(self, rows: np.ndarray, codes: np.ndarray) -> _Seen | None:
        super().uncovered(rows, codes)
        left = _Seen(self.left, self.time_s, True, "other", "as is, partly covered")
        return left if len(rows) > 3 else None


def _under(
    rng: np.random.Generator, film: np.ndarray, start_s: float, end_s: float, bits: int = 50
) -> _Under:
    left = _excerpt(rng, film, start_s, end_s, bits)
    return _Under(changed(rng, left.codes, 70), left.time_s, left=left.codes)


def test_under_what_covers_it_a_film_that_changes_alike_is_a_match(rng: np.random.Generator) -> None:
    film = _film(rng, 30, 4)
    find = _find(offset_s=5.0, query_end_s=15.0, asked_s=15.0)
    seen, listed = _under(rng, film, 5, 20), reference(film[::FPS])
    assert closer(find, [_Seen(seen.codes, seen.time_s)], listed, STEP_S) is find
    found = closer(find, [seen], listed, STEP_S)
    assert (found.tier, found.family, found.view) == (VideoTier.MATCH, "other", "as is, partly covered")
    assert found.speed == pytest.approx(1, abs=0.02) and found.offset_s == pytest.approx(5, abs=0.3)


def test_what_is_plainly_a_match_is_not_looked_at_without_its_cover(rng: np.random.Generator) -> None:
    film = _film(rng, 12)
    seen = _excerpt(rng, film, 3.4, 5.9)
    both = _Under(seen.codes, seen.time_s, left=seen.codes)
    assert closer(_find(), [both], reference(film[::FPS]), STEP_S).view == "as is"


def test_near_frames_without_a_change_say_nothing_there(rng: np.random.Generator) -> None:
    """Parts were left out so that the rest is near: any footage of the scene is, then."""
    place = np.repeat(random_codes(rng, 1), 20 * FPS, axis=0)
    find = _find(offset_s=0.0, query_end_s=10.0, asked_s=10.0)
    other = _under(rng, changed(rng, place, 14), 5, 15, 20)
    assert closer(find, [other], reference(changed(rng, place, 14)[::FPS]), STEP_S) is find


@pytest.mark.parametrize("period_s", [1.7, 2.3, 3.6])
def test_what_comes_round_again_is_not_this_time_under_a_cover(
    rng: np.random.Generator, period_s: float
) -> None:
    turn = [random_codes(rng, 1)]
    for _ in range(round(period_s * FPS / 2)):
        turn.append(changed(rng, turn[-1], 2))
    film = np.tile(np.concatenate(turn + turn[::-1]), (20, 1))[: 30 * FPS]
    seen = _under(rng, film, 17.1, 27.1, 30)
    find = _find(offset_s=0.5, query_end_s=10.0, asked_s=10.0)
    assert closer(find, [seen], reference(film[: 14 * FPS : FPS]), STEP_S) is find


def test_under_a_cover_other_speeds_are_not_believed(rng: np.random.Generator) -> None:
    film = _film(rng, 40, 4)
    seen = _under(rng, film[::2], 2, 18)
    find = _find(speed=2.0, offset_s=4.0, query_end_s=16.0, asked_s=16.0)
    assert closer(find, [seen], reference(film[::FPS]), STEP_S) is find


def test_an_ident_that_two_films_share_is_no_match_under_a_cover_either(rng: np.random.Generator) -> None:
    """Five seconds in a minute of either, of which nothing is covered: it would change alike."""
    ident, rest = _film(rng, 5), _film(rng, 40)
    listed = reference(np.concatenate([ident, rest])[::FPS])
    plain = _excerpt(rng, ident, 0, 5)
    seen = _Under(plain.codes, plain.time_s, left=plain.codes)
    find = _find(offset_s=0.0, query_end_s=5.0, asked_s=60.0)
    assert closer(find, [seen], listed, STEP_S) is find


def test_what_is_left_has_to_be_near(rng: np.random.Generator) -> None:
    film = _film(rng, 30, 4)
    find = _find(offset_s=5.0, query_end_s=15.0, asked_s=15.0)
    far = _under(rng, film, 5, 20, 92)
    assert closer(find, [far], reference(film[::FPS]), STEP_S) is find
    near = _under(rng, film, 5, 20, 74)
    assert closer(find, [near], reference(film[::FPS]), STEP_S).tier is VideoTier.MATCH


def test_leaving_out_what_covers_it_has_its_price(rng: np.random.Generator) -> None:
    """Three decades of evidence, though both change alike."""
    film = _film(rng, 30, 4)
    seen, listed = _under(rng, film, 5, 20), reference(film[::FPS])
    found = closer(_find(offset_s=5.0, query_end_s=15.0, asked_s=15.0), [seen], listed, STEP_S)
    pairs = Pairs.of(VideoQuery.at_one_view(replace(seen, codes=seen.left), STEP_S), listed)
    evidence = pairs.decades(pairs.along(found.speed, found.offset_s))
    assert found.tier is VideoTier.MATCH and found.decades == pytest.approx(evidence - 3, abs=1)


def test_along_the_line_that_was_found_though_no_frame_speaks_for_it(rng: np.random.Generator) -> None:
    """All codes are as far as strangers', so that no line is better than another: found by change."""
    film = _film(rng, 30, 4)
    left = _excerpt(rng, film, 5, 20, 50)
    seen = _Under(random_codes(rng, len(left.codes)), left.time_s, left=left.codes)
    find = _find(offset_s=5.0, query_end_s=15.0, asked_s=15.0)
    assert closer(find, [seen], reference(film[::FPS]), STEP_S).tier is VideoTier.MATCH
    assert closer(replace(find, offset_s=-9.0), [seen], reference(film[::FPS]), STEP_S).tier is not (
        VideoTier.MATCH
    )
