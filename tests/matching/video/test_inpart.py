"""A match that is in part of the picture says so: what two films share may be what lies over them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from holdfast.hashing.videoviews import video_views
from holdfast.matching.video import VideoBank, VideoQuery, search
from holdfast.matching.video.compare import VideoMatch
from holdfast.matching.video.inpart import FITTED_MOMENTS, IN_PART, named_in_part, seen_in_part
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.search import BankMatch
from tests.hashing.videoviews.films import blocks_of, codes_of, film, frames
from tests.matching.video.videos import changed, query, random_codes, reference

FOUND = VideoMatch(
    VideoTier.MATCH, 30.0, 5.0, 12, "as_is", "as is", 1.0, 0.0, 0.0, 12.0, 0.0, 12.0, nearest_bits=20
)  # fmt: skip


@dataclass(frozen=True)
class _Seen:
    """Frames through one view, half a second apart, of which ``share`` agrees."""

    codes: np.ndarray
    share: float = 1.0
    asked: list[int] = field(default_factory=list)
    flat: list[int] = field(default_factory=list)
    is_changed: bool = True
    family: str = "as_is"
    words: str = "as is"
    look: object = "here"

    @property
    def quality(self) -> np.ndarray:
        quality = np.full(len(self.codes), 80)
        quality[self.flat] = 0
        return quality

    @property
    def values(self) -> np.ndarray:
        return np.unpackbits(self.codes, axis=1).astype(np.float32) * 2 - 1

    @property
    def time_s(self) -> np.ndarray:
        return np.arange(len(self.codes)) / 2

    def agreeing(self, rows: np.ndarray, codes: np.ndarray) -> float:
        self.asked.append(len(rows))
        assert codes.shape == (len(rows), 32)
        return self.share


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(71)


def _pair(rng: np.random.Generator, bits: int, share: float = 1.0) -> tuple[_Seen, VideoReference]:
    listed = random_codes(rng, 12)
    return _Seen(changed(rng, np.repeat(listed, 2, axis=0), bits), share), reference(listed)


@pytest.mark.parametrize(
    ("bits", "share", "is_in_part", "is_asked"),
    [
        (16, 0.0, False, False),
        (30, 0.75, False, True),
        (30, 0.6, True, True),
        (50, 0.75, False, True),
        (50, 0.6, True, True),
        (70, 1.0, True, False),
    ],
)
def test_what_is_near_or_agrees_in_most_of_the_picture_is_whole(
    rng: np.random.Generator, bits: int, share: float, is_in_part: bool, is_asked: bool
) -> None:
    seen, listed = _pair(rng, bits, share)
    found = seen_in_part(FOUND, seen, listed)
    assert found.is_in_part is is_in_part and bool(seen.asked) is is_asked
    assert found.tier is VideoTier.MATCH and found.score == FOUND.score
    named = ("other", f"as is, {IN_PART}") if is_in_part else ("as_is", "as is")
    assert (found.family, found.view) == named


def test_the_nearer_half_of_the_moments_decides(rng: np.random.Generator) -> None:
    """Listed moments that fall on a cut, or between two stills, are far in copies as well."""
    listed = random_codes(rng, 12)
    codes = changed(rng, np.repeat(listed, 2, axis=0), 16)
    codes[12:] = random_codes(rng, 12)
    assert not seen_in_part(FOUND, _Seen(codes), reference(listed)).is_in_part
    codes[8:12] = random_codes(rng, 4)
    assert seen_in_part(FOUND, _Seen(codes, 0.0), reference(listed)).is_in_part


def test_only_what_was_found_is_asked(rng: np.random.Generator) -> None:
    """Of an excerpt inside another film the rest is another film."""
    seen, listed = _pair(rng, 16)
    codes = seen.codes.copy()
    codes[6:] = random_codes(rng, 18)
    within = replace(FOUND, query_end_s=2.9)
    assert not seen_in_part(within, _Seen(codes), listed).is_in_part
    assert seen_in_part(FOUND, _Seen(codes), listed).is_in_part


@pytest.mark.parametrize(
    "other",
    [
        {"tier": VideoTier.POSSIBLE},
        {"family": "zoom"},
        {"is_classic": True},
        {"speed": 0.0},
    ],
)
def test_what_decides_nothing_or_is_near_all_through_is_not_asked(
    rng: np.random.Generator, other: dict[str, object]
) -> None:
    seen, listed = _pair(rng, 70)
    match = replace(FOUND, **other)  # type: ignore[arg-type]
    assert seen_in_part(match, seen, listed) is match
    asked = replace(query(seen.codes), words=("as is",), fit=lambda *_: pytest.fail("fitted"))
    assert named_in_part(match, asked, listed) is match


def test_a_view_is_fitted_before_it_is_judged(rng: np.random.Generator) -> None:
    far, listed = _pair(rng, 70)
    near, calls = _Seen(changed(rng, np.repeat(listed.codes, 2, axis=0), 16)), []

    def fit(view: int, rows: np.ndarray, codes: np.ndarray) -> _Seen:
        calls.append((view, rows, codes))
        return near

    asked = replace(query(far.codes), words=("as is",), fit=fit)
    assert named_in_part(FOUND, asked, listed) is FOUND
    ((view, rows, codes),) = calls
    assert view == 0 and len(rows) == FITTED_MOMENTS and (np.diff(rows) > 0).all()
    assert np.array_equal(codes, listed.codes[rows // 2])
    assert named_in_part(FOUND, replace(asked, fit=lambda *_: far), listed).is_in_part
    assert named_in_part(FOUND, replace(asked, fit=None), listed) is FOUND
    assert named_in_part(FOUND, replace(asked, fit=lambda *_: None), listed) is FOUND


def test_what_is_near_as_it_is_is_not_fitted(rng: np.random.Generator) -> None:
    """So the many entries of one video that lists hold cost nothing."""
    near, listed = _pair(rng, 16)
    asked = replace(query(near.codes), words=("as is",), fit=lambda *_: pytest.fail("fitted"))
    assert named_in_part(FOUND, asked, listed) is FOUND


def test_of_views_of_one_name_the_nearest_is_meant(rng: np.random.Generator) -> None:
    near, listed = _pair(rng, 16)
    far = changed(rng, near.codes, 90)
    asked = replace(query(far, near.codes), words=("as is", "as is"), fit=lambda *_: pytest.fail("fitted"))
    assert named_in_part(FOUND, asked, listed) is FOUND


@pytest.mark.parametrize(("speed", "offset_s"), [(1.25, 3.0), (0.8, 2.0), (-1.0, 11.0)])
def test_moments_are_sought_along_the_line(rng: np.random.Generator, speed: float, offset_s: float) -> None:
    """Only the frame at the time of a listed one counts, however near others are."""
    listed = random_codes(rng, 16)
    times = np.arange(24) / 2
    shown = np.rint(speed * times + offset_s).astype(int)
    is_there = (shown >= 0) & (shown < 16)
    codes = random_codes(rng, 24)
    codes[is_there] = changed(rng, listed[shown[is_there]], 16)
    ends = times[is_there]
    match = replace(
        FOUND, speed=speed, offset_s=offset_s, query_start_s=float(ends[0]), query_end_s=float(ends[-1])
    )
    assert not seen_in_part(match, _Seen(codes), reference(listed)).is_in_part
    assert seen_in_part(replace(match, offset_s=offset_s + 4), _Seen(codes), reference(listed)).is_in_part


def test_frames_without_features_do_not_count(rng: np.random.Generator) -> None:
    """On either side: however near they are, they are near to everything."""
    listed = random_codes(rng, 12)
    near = changed(rng, np.repeat(listed, 2, axis=0), 16)
    codes = near.copy()
    codes[::4] = random_codes(rng, 6)
    codes[1::4] = random_codes(rng, 6)
    codes[2::4] = codes[3::4] = changed(rng, near[2::4], 60)
    asked = _Seen(codes)
    assert seen_in_part(FOUND, asked, reference(listed)).is_in_part
    codes[2::4] = codes[3::4] = near[2::4]
    assert not seen_in_part(FOUND, asked, reference(listed)).is_in_part
    is_flat = np.arange(12) % 2 == 1
    flat = VideoReference.of(listed, np.where(is_flat, 0, 80), np.arange(12.0))
    assert seen_in_part(FOUND, asked, flat).is_in_part
    asked.flat.extend(range(2, 24, 4))
    asked.flat.extend(range(3, 24, 4))
    assert seen_in_part(FOUND, asked, reference(listed)).is_in_part


def test_with_too_few_moments_nothing_is_said(rng: np.random.Generator) -> None:
    seen, _ = _pair(rng, 70)
    assert seen_in_part(FOUND, seen, reference(random_codes(rng, 1))) is FOUND


COUNT = 28  # frames, half a second apart


def _shared(seed: int, thing: list[np.ndarray], first_row: int) -> list[np.ndarray]:
    lumas = [luma.copy() for luma in film(seed, COUNT)]
    for luma, front in zip(lumas, thing, strict=True):
        luma[first_row:] = front[first_row:]
    return lumas


def _searched(asked: list[np.ndarray], listed: list[np.ndarray]) -> list[BankMatch]:
    views = video_views(frames(asked))
    assert views is not None
    made = VideoQuery.of(
        views.codes, views.quality, views.time_s, step_s=0.5, families=views.families, words=views.words,
        fit=views.fitted, look=views.look,
    )  # fmt: skip
    codes = codes_of(blocks_of(listed))[::2]
    bank = VideoBank.of([(1, codes, np.full(len(codes), 90), np.arange(float(len(codes))))])
    return search(made, bank)


@pytest.mark.parametrize("seed", [201, 211])
def test_films_that_share_their_lower_half_are_a_match_that_decides_nothing(seed: int) -> None:
    thing = film(seed, COUNT)
    (found,) = _searched(_shared(seed + 1, thing, 72), _shared(seed + 2, thing, 72))
    assert found.match.tier is VideoTier.MATCH and found.match.is_in_part
    assert found.match.family == "other" and found.match.view.endswith(IN_PART)


def test_a_copy_with_a_caption_is_whole() -> None:
    """Another tenth of the picture is another one: it is the film all the same."""
    copy = _shared(221, [np.full((160, 240), 20 + n % 2, np.uint8) for n in range(COUNT)], 144)
    (found,) = _searched(copy, film(221, COUNT))
    assert found.match.tier is VideoTier.MATCH and not found.match.is_in_part
    assert found.match.family != "other"
