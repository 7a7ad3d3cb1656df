"""Whether two videos change in the same way: the kernel against a slow oracle, and quiet scenes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.matching.video.align import Line, Support
from holdfast.matching.video.compare import compare
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.motion import Motion, motion, unordered_strength
from holdfast.matching.video.motion_kernels import strengths_into
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference

FloatArray = npt.NDArray[np.float64]
_FRAMES = 30


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def _course(rng: np.random.Generator, place: FloatArray, seconds: int, moving: float = 0.35) -> FloatArray:
    """Coefficients (2 * seconds, 256) twice a second: a picture of which a few modes drift slowly."""
    modes = rng.normal(0, moving, (6, 256))
    drift = np.zeros((2 * seconds, 6))
    for row in range(1, len(drift)):
        drift[row] = 0.8 * drift[row - 1] + 0.6 * rng.normal(0, 1, 6)
    return place + drift @ modes


def _codes(course: FloatArray) -> npt.NDArray[np.uint8]:
    return np.packbits(course > 0, axis=1)


def _listed(course: FloatArray) -> VideoReference:
    codes = _codes(course[::2])
    return VideoReference.of(codes, np.full(len(codes), 80), np.arange(len(codes), dtype=np.float64))


def _asked(course: FloatArray, *, with_values: bool) -> VideoQuery:
    codes = _codes(course)[np.newaxis]
    times = np.arange(len(course), dtype=np.float64) / 2
    asked = VideoQuery.of(codes, np.full(codes.shape[:2], 80), times, step_s=0.5)
    return replace(asked, values=course.astype(np.float32)) if with_values else asked


def _along(asked: VideoQuery, offset_s: float = 0.0, speed: float = 1.0) -> tuple[Line, Support]:
    rows = np.arange(len(asked))
    pairs = Support(rows, rows // 2, np.zeros(len(rows), np.int64), np.zeros((1, 1), np.int16))
    return Line(0, 20.0, speed, offset_s), pairs


@pytest.mark.parametrize("with_values", [True, False])
def test_a_copy_changes_as_the_listed_video_does_and_other_footage_does_not(
    rng: np.random.Generator, with_values: bool
) -> None:
    for _ in range(10):
        place = rng.normal(0, 1, 256)
        course, other = _course(rng, place, _FRAMES), _course(rng, place, _FRAMES)
        # Another crop or exposure moves each coefficient once and for all; compressing adds noise.
        copy = course + rng.normal(0, 0.5, 256) + rng.normal(0, 0.2, course.shape)
        asked = _asked(copy, with_values=with_values)
        found = motion(asked, _listed(course), *_along(asked))
        against = motion(asked, _listed(other), *_along(asked))
        assert found is not None and against is not None
        assert found.agrees and found.decades > 2 > 1.5 > against.decades and not against.agrees


def test_a_copy_run_backwards(rng: np.random.Generator) -> None:
    course = _course(rng, rng.normal(0, 1, 256), _FRAMES)
    asked = _asked(course[::-1], with_values=True)
    line, pairs = _along(asked, offset_s=_FRAMES - 0.5, speed=-1.0)
    found = motion(asked, _listed(course), line, pairs)
    assert found is not None and found.decades > 3


def test_where_nothing_moves_nothing_is_said(rng: np.random.Generator) -> None:
    still = np.repeat(rng.normal(0, 1, (1, 256)), 2 * _FRAMES, axis=0)
    asked = _asked(still, with_values=True)
    assert motion(asked, _listed(still), *_along(asked)) is None


def _nearest(asked: VideoQuery, listed: VideoReference) -> tuple[Line, Support]:
    """Each frame with the listed one nearest to it, whenever that is."""
    bits = np.bitwise_count(asked.frames.words[0][:, np.newaxis] ^ listed.frames.words).sum(axis=2)
    rows, columns = np.arange(len(asked)), bits.argmin(axis=1)
    return Line(0, 20.0, 0.0, 0.0), Support(rows, columns, bits[rows, columns].astype(np.int64), bits)


def test_pictures_in_no_order_differ_from_one_another_as_the_listed_ones_do(rng: np.random.Generator) -> None:
    copies: list[float] = []
    others: list[float] = []
    for _ in range(10):
        place = rng.normal(0, 1, 256)
        course, other = _course(rng, place, 20), _course(rng, place, 20)
        asked = _asked((course + rng.normal(0, 0.3, 256))[rng.permutation(40)], with_values=False)
        for listed, out in ((_listed(course), copies), (_listed(other), others)):
            out.append(unordered_strength(asked, listed, *_nearest(asked, listed)))
    assert min(copies) > max(others) + 0.5


def test_one_picture_in_no_order_says_nothing(rng: np.random.Generator) -> None:
    listed = _listed(_course(rng, rng.normal(0, 1, 256), 10))
    asked = _asked(np.repeat(rng.normal(0, 1, (1, 256)), 8, axis=0), with_values=False)
    assert unordered_strength(asked, listed, *_nearest(asked, listed)) == 0


def test_too_few_moments_say_nothing(rng: np.random.Generator) -> None:
    course = _course(rng, rng.normal(0, 1, 256), 3)
    asked = _asked(course, with_values=True)
    assert motion(asked, _listed(course), *_along(asked)) is None


def test_a_quiet_copy_is_a_match_and_other_quiet_footage_is_not(rng: np.random.Generator) -> None:
    for _ in range(10):
        place = rng.normal(0, 1, 256)
        course, other = _course(rng, place, _FRAMES, 0.1), _course(rng, place, _FRAMES, 0.1)
        copy = _asked(course + rng.normal(0, 0.1, 256), with_values=False)
        match, against = compare(copy, _listed(course)), compare(copy, _listed(other))
        assert match is not None and match.tier is VideoTier.MATCH
        assert against is not None and against.tier is not VideoTier.MATCH


def test_decades_need_strength_and_being_alone_in_it() -> None:
    assert Motion(0.6, 3.0, 9.0, 20).decades == Motion(3.0, 0.1, 9.0, 20).decades == 0
    assert Motion(0.9, 3.0, 9.0, 20).decades == pytest.approx(1.5)
    assert Motion(3.0, 0.4, 9.0, 20).decades == pytest.approx(1.5)
    assert Motion(1.1, 3.0, 9.0, 20).decades == pytest.approx(3.5)
    assert Motion(3.0, 3.0, 9.0, 20).decades == 8
    assert Motion(3.0, 3.0, 4.0, 100).decades < Motion(3.0, 3.0, 4.0, 20).decades < 3


def _oracle(
    values: FloatArray, query_s: FloatArray, signs: FloatArray, times: FloatArray, offset: float, floor: float
) -> float:
    """As the kernel's docstring says, by matrices."""
    moments = times + offset
    kept = (moments >= query_s[0] - 1e-6) & (moments <= query_s[-1] + 1e-6)
    possible = min(len(times), query_s[-1] - query_s[0])
    if kept.sum() < max(4, 0.5 * possible):
        return float("nan")
    course = np.stack([np.interp(moments[kept], query_s, values[:, bit]) for bit in range(256)], axis=1)
    bits = signs[kept]
    flips = bits.min(axis=0) != bits.max(axis=0)
    if flips.sum() < 8:
        return float("nan")
    course, bits = course[:, flips], bits[:, flips]
    course, bits = course - course.mean(axis=0), bits - bits.mean(axis=0)
    course = course / np.sqrt((course**2).mean(axis=0) + floor**2)
    shared = (course * bits).sum() / np.sqrt((course**2).sum() * (bits**2).sum())
    return float(shared * np.sqrt(kept.sum()))


@given(
    seed=st.integers(0, 10_000),
    frames=st.integers(4, 30),
    listed=st.integers(4, 30),
    offset=st.floats(-8, 8),
    floor=st.sampled_from([0.15, 0.5]),
)
def test_the_kernel_is_the_oracle(seed: int, frames: int, listed: int, offset: float, floor: float) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1, (frames, 256)).astype(np.float32)
    signs = np.where(rng.normal(0, 1, (listed, 256)) > 0, 1, -1).astype(np.int8)
    query_s, times = np.arange(frames, dtype=np.float64) / 2, np.arange(listed, dtype=np.float64)
    found = np.empty(1)
    strengths_into(values, query_s, signs, times, np.array([offset]), False, floor, 2.0, 4, 8, found)
    wanted = _oracle(values.astype(np.float64), query_s, signs.astype(np.float64), times, offset, floor)
    assert found[0] == pytest.approx(wanted, abs=1e-4, nan_ok=True)
