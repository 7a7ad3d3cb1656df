"""Clocks and sampling against a plain reading of what they promise."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.media.videotime import WHOLE, Clock, Sampler, Shown, Span

Moments = list[tuple[float, int]]


def sampled(
    every_s: float, frames: list[Shown], lost: set[int], lost_end: bool = False, span: Span = WHOLE
) -> tuple[Moments, int]:
    """(moment, number of the frame) of all frames, and how many moments were missed."""
    sampler = Sampler(every_s, span)
    out: Moments = []
    for frame in frames:
        out += [(moment, shown.index) for moment, shown in sampler.add(frame, frame.index in lost)]
    out += [(moment, shown.index) for moment, shown in sampler.finish(frames[-1].end_s, lost_end)]
    return out, sampler.missed


def shown_at(moment_s: float, frames: list[Shown]) -> int:
    """The frame that began last, to the nearest millisecond."""
    return max(frame.index for frame in frames if frame.start_s - 0.0005 <= moment_s)


@st.composite
def timelines(draw: st.DrawFn) -> list[Shown]:
    frames, now_ms = [], 0
    for index, length_ms in enumerate(draw(st.lists(st.integers(0, 2600), min_size=1, max_size=30))):
        frames.append(Shown(None, index, now_ms / 1000, (now_ms + length_ms) / 1000))
        now_ms += length_ms
    return frames


@given(frames=timelines(), every_s=st.sampled_from([0.2, 0.5, 1.0, 1.5]))
def test_each_moment_has_the_frame_that_is_shown_then(frames: list[Shown], every_s: float) -> None:
    moments, missed = sampled(every_s, frames, set())
    count = sum(1 for n in range(500) if n * every_s < frames[-1].end_s - 0.0005)
    assert moments == [(n * every_s, shown_at(n * every_s, frames)) for n in range(count)]
    assert missed == 0


@given(frames=timelines(), every_s=st.sampled_from([0.5, 1.0]), lost=st.sets(st.integers(1, 29)))
def test_losses_hide_moments_and_invent_none(frames: list[Shown], every_s: float, lost: set[int]) -> None:
    # Frame n is gone for each n in `lost`; the one before it ends where it always did.
    left = [frame for frame in frames if frame.index not in lost or frame.index == 0]
    after = {right.index for before, right in pairwise(left) if right.index - before.index > 1}
    moments, missed = sampled(every_s, left, after)
    whole = dict(sampled(every_s, frames, set())[0])
    assert all(whole[moment] == index for moment, index in moments)
    hidden = [
        m for m, index in whole.items() if index not in {f.index for f in left} and m < left[-1].start_s
    ]
    assert missed == len(hidden)


@given(
    frames=timelines(),
    every_s=st.sampled_from([0.0, 0.2, 0.5, 1.0]),
    start_s=st.floats(0, 30),
    length_s=st.floats(0.01, 9),
)
def test_of_a_span_are_the_moments_that_lie_in_it(
    frames: list[Shown], every_s: float, start_s: float, length_s: float
) -> None:
    span = Span(start_s, start_s + length_s)
    inside = [each for each in sampled(every_s, frames, set())[0] if span.start_s <= each[0] <= span.end_s]
    assert sampled(every_s, frames, set(), span=span) == (inside, 0)


@given(number=st.integers(1, 10**6), every_s=st.floats(1e-3, 100))
def test_the_first_moment_of_a_span_is_the_first_that_is_not_before(number: int, every_s: float) -> None:
    moment_s = number * every_s
    assert Span(moment_s, math.inf).first(every_s) == number
    assert Span(math.nextafter(moment_s, 0), math.inf).first(every_s) == number
    assert Span(math.nextafter(moment_s, math.inf), math.inf).first(every_s) == number + 1


@given(frames=timelines())
def test_every_frame_once_where_all_are_wanted(frames: list[Shown]) -> None:
    moments, missed = sampled(0.0, frames, set())
    assert moments == [(frame.start_s, frame.index) for frame in frames]
    assert missed == 0


@pytest.mark.parametrize("every_s", [0.0, 1.0])
def test_losses_at_either_end_are_missed(every_s: float) -> None:
    frames = [Shown(None, n, n / 2, n / 2 + 0.5) for n in range(4)]
    assert sampled(every_s, frames, {0})[1] == 1
    assert sampled(every_s, frames, set(), lost_end=True)[1] == 1


def test_a_frame_of_29_97_a_second_is_that_of_its_moment() -> None:
    frames = [Shown(None, n, n * 1001 / 30000, (n + 1) * 1001 / 30000) for n in range(120)]
    assert sampled(1.0, frames, set())[0] == [(0.0, 0), (1.0, 29), (2.0, 59), (3.0, 89), (4.0, 119)]


def times(clock: Clock, *stamps_s: float | None) -> list[float]:
    return [round(clock.time(stamp), 6) for stamp in stamps_s]


def test_the_first_frame_is_at_nought() -> None:
    assert times(Clock(0.1, jumps=False), 7.5, 7.6, 8.0) == [0, 0.1, 0.5]
    assert times(Clock(0.1, jumps=False), -0.04, 0.0) == [0, 0.04]


def test_frames_without_time_stamps_follow_one_another() -> None:
    assert times(Clock(0.25, jumps=False), None, None, None) == [0, 0.25, 0.5]
    assert times(Clock(0.25, jumps=False), 3.0, None, 3.6) == [0, 0.25, 0.6]


def test_a_jump_back_is_counted_on() -> None:
    clock = Clock(0.1, jumps=False)
    assert times(clock, 5.0, 5.1, 0.0, 0.1, 0.2) == [0, 0.1, 0.2, 0.3, 0.4]
    assert clock.broken == 1


def test_small_steps_back_are_stood_still() -> None:
    clock = Clock(0.1, jumps=False)
    assert times(clock, 0.0, 0.3, 0.2, 0.4) == [0, 0.3, 0.3, 0.4]
    assert clock.broken == 0


def test_time_stamps_that_stand_still_are_counted_on() -> None:
    clock = Clock(0.25, jumps=False)
    assert times(clock, *[7.0] * 7) == [0, 0, 0, 0, 0.25, 0.5, 0.75]
    assert times(clock, 7.25, 7.5) == [1.0, 1.25]
    clock = Clock(0.25, jumps=False)
    assert times(clock, 7.0, 6.9, 6.8, 6.7, 6.6, 6.5, 6.4) == [0, 0, 0, 0, 0.25, 0.5, 0.75]
    assert times(Clock(0.04, jumps=False), *[7.0] * 15)[-2:] == [0, 0.04]


@pytest.mark.parametrize("rate", [12, 25, 60, 120])
def test_stamps_in_whole_seconds_go_on_from_where_they_are(rate: int) -> None:
    clock = Clock(1 / rate, jumps=False)
    found = times(clock, *(float(n // rate) for n in range(20 * rate)))
    assert found[::rate] == pytest.approx(list(range(20)))
    assert found == sorted(found) and found[-1] < 20


def test_what_is_caught_up_within_half_a_second_stands_still() -> None:
    clock = Clock(0.04, jumps=False)
    times(clock, 0.0, 1.0)
    assert set(times(clock, *(0.52 + 0.04 * n for n in range(13)))) == {1.0}
    assert clock.broken == 0


def test_a_jump_ahead_is_believed_only_of_files_with_their_own_times() -> None:
    assert times(Clock(0.1, jumps=False), 0.0, 100.0) == [0, 100]
    clock = Clock(0.1, jumps=True)
    assert times(clock, 0.0, 100.0, 100.1, 105.0) == [0, 0.1, 0.2, 5.1]
    assert clock.broken == 1


@given(stamps=st.lists(st.none() | st.floats(-1e6, 1e6), max_size=40), jumps=st.booleans())
def test_time_never_goes_back(stamps: list[float | None], jumps: bool) -> None:
    clock = Clock(0.04, jumps=jumps)
    told = [clock.time(stamp) for stamp in stamps]
    assert told == sorted(told)
    assert all(moment >= 0 for moment in told)
