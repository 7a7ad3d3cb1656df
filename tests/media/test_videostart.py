"""Where to begin late in a video, from made-up packets."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.media.videostart import Start, as_shown, last_start
from holdfast.media.videotime import Clock


@dataclass
class Packet:
    """``pts`` in tenths of a second."""

    pts: int | None
    is_keyframe: bool = False
    is_corrupt: bool = False
    is_discard: bool = False
    tells: str = ""

    def has_sidedata(self, kind: str) -> bool:
        return self.tells == kind


def key(pts: int, is_corrupt: bool = False) -> Packet:
    return Packet(pts, is_keyframe=True, is_corrupt=is_corrupt)


def start(packets: list[Packet], moment_s: float, held_back: int = 2, passed: int = 1) -> Start | None:
    """What is found once the frame of the first packet has come."""
    clock = Clock(0.1, jumps=False)
    first_pts = packets[0].pts
    assert first_pts is not None
    clock.time(first_pts / 10)
    search = last_start(as_shown(packets, passed, held_back), first_pts, Fraction(1, 10), clock, moment_s)
    while True:
        try:
            next(search)
        except StopIteration as end:
            found: Start | None = end.value
            return found


PLAIN = [key(n) if n % 10 == 0 else Packet(n) for n in range(100)]
# Each keyframe is followed by two pictures that are shown before it, as open groups have them.
OPEN = [key(0), *(key(n) if k == 0 else Packet(n - 3 + k) for n in range(10, 100, 3) for k in range(3))]


@given(tenths=st.integers(0, 200), shift=st.integers(-50, 50))
def test_it_is_the_last_keyframe_that_is_not_later(tenths: int, shift: int) -> None:
    moment_s = tenths / 10 + 0.01
    packets = [key(0), *(Packet((p.pts or 0) + 1, p.is_keyframe) for p in PLAIN)]
    moved = [Packet((p.pts or 0) + shift, p.is_keyframe) for p in packets]
    place = max((n for n, p in enumerate(packets) if p.is_keyframe and (p.pts or 0) / 10 <= moment_s))
    found = start(moved, moment_s)
    assert found == (Start(place, (packets[place].pts or 0) + shift, place) if place else None)


def test_a_frame_is_counted_where_it_is_shown() -> None:
    found = start(OPEN, 6.4)
    assert found is not None
    assert found.pts == 64
    assert OPEN[found.packet].pts == 64
    assert found.frame == sum(1 for packet in OPEN if packet.pts is not None and packet.pts < 64)


def test_what_an_edit_list_hides_is_no_beginning_and_not_counted() -> None:
    packets = [Packet(p.pts, p.is_keyframe, is_discard=5 <= (p.pts or 0) <= 20) for p in PLAIN]
    assert start(packets, 2.5) is None
    assert start(packets, 3.5) == Start(30, 30, 14)


def test_what_was_decoded_already_is_no_beginning() -> None:
    assert start(PLAIN, 3.5, passed=30) == Start(30, 30, 30)
    assert start(PLAIN, 3.5, passed=31) is None


def test_a_damaged_keyframe_is_no_beginning() -> None:
    packets = [*PLAIN[:30], key(30, is_corrupt=True), *PLAIN[31:]]
    assert start(packets, 3.5) == Start(20, 20, 20)


@pytest.mark.parametrize("tells", ["new_extradata", "param_change"])
def test_what_the_decoder_is_told_on_the_way_is_not_passed_over(tells: str) -> None:
    for place, begin in ((24, 20), (30, 30), (0, 40)):  # the first was decoded
        packets = [Packet(p.pts, p.is_keyframe, tells=tells * (n == place)) for n, p in enumerate(PLAIN)]
        assert start(packets, 4.5) == Start(begin, begin, begin)
    other = [Packet(p.pts, p.is_keyframe, tells="matroska_block_additional") for p in PLAIN]
    assert start(other, 4.5) == Start(40, 40, 40)


def test_nothing_after_times_that_make_no_sense_is_a_beginning() -> None:
    unknown = [*PLAIN[:25], Packet(None), *PLAIN[25:]]
    back = [*PLAIN[:25], Packet(5), *PLAIN[25:]]
    for packets in (unknown, back):
        assert start(packets, 4.5, held_back=0) == Start(20, 20, 20)
    assert start([*PLAIN[:25], *[Packet(24)] * 3, *PLAIN[25:]], 4.5) == Start(43, 40, 43)
    assert start([*PLAIN[:25], *[Packet(24)] * 9, *PLAIN[25:]], 4.5) == Start(20, 20, 20)


def test_a_keyframe_that_is_shown_before_what_came_before_it_is_no_beginning() -> None:
    swapped = [*PLAIN[:29], PLAIN[31], PLAIN[29], PLAIN[30], *PLAIN[32:]]
    assert start(swapped, 3.5) == Start(20, 20, 20)


def test_frames_out_of_order_are_only_those_of_decoders_that_sort() -> None:
    swapped = [*PLAIN[:12], PLAIN[13], PLAIN[12], *PLAIN[14:]]
    assert start(swapped, 4.5, held_back=1) == Start(40, 40, 40)
    assert start(swapped, 4.5, held_back=0) == Start(10, 10, 10)
