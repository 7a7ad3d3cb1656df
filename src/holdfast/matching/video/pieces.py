"""Long videos are matched piece by piece: what was found of each piece, put together again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from holdfast.matching.video.compare import VideoMatch
from holdfast.matching.video.search import BankMatch

__all__ = ["joined"]

_GAP_S = 4.0  # of the query, between pieces of one find
_OFF_S = 1.5  # of reference time, by which one line may miss the other
_USUAL, _USUAL_OFF_S = 0.22, 0.35  # from the usual speed: by so much, and so little at the ends of a find


def joined(pieces: Iterable[Iterable[BankMatch]]) -> list[BankMatch]:
    """The finds of a whole video from those of its pieces, which come in order of time; the surest first.

    Finds of one listed video that follow each other along one line become one: the surest, with the times of
    all.
    """
    out: list[BankMatch] = []
    for piece in pieces:
        for one in piece:
            place = next((n for n, other in enumerate(out) if _follows(other, one)), None)
            if place is None:
                out.append(one)
            else:
                out[place] = _together(out[place], one)
    return sorted(map(_at_usual_speed, out), key=lambda one: (one.match.rank, one.video_id))


def _follows(first: BankMatch, second: BankMatch) -> bool:
    one, other = first.match, second.match
    if first.video_id != second.video_id or other.query_start_s - one.query_end_s > _GAP_S:
        return False
    if one.is_in_part is not other.is_in_part:  # what the whole picture shows must not grow by the other
        return False
    if one.speed == 0 or other.speed == 0:
        return one.speed == other.speed
    middle_s = (other.query_start_s + other.query_end_s) / 2
    return abs(_at(one, middle_s) - _at(other, middle_s)) <= _OFF_S


def _at(match: VideoMatch, query_s: float) -> float:
    return match.speed * query_s + match.offset_s


def _together(first: BankMatch, second: BankMatch) -> BankMatch:
    one, other = first.match, second.match
    surer = min(first, second, key=lambda find: find.match.rank)
    match = replace(
        surer.match,
        states=max(one.states, other.states),
        query_start_s=min(one.query_start_s, other.query_start_s),
        query_end_s=max(one.query_end_s, other.query_end_s),
        reference_start_s=min(one.reference_start_s, other.reference_start_s),
        reference_end_s=max(one.reference_end_s, other.reference_end_s),
        nearest_bits=min(one.nearest_bits, other.nearest_bits),
    )
    return BankMatch(first.video_id, match, surer.expected_false_alarms)


def _at_usual_speed(one: BankMatch) -> BankMatch:
    """With the usual speed where the times found cannot tell it from another one.

    Frames are half a second apart, and those of lists a second: a line through a few of them is tilted.
    """
    match = one.match
    half_s = (match.query_end_s - match.query_start_s) / 2
    away = abs(match.speed - 1)
    if away > _USUAL or away * half_s > _USUAL_OFF_S:
        return one
    middle_s = (match.query_start_s + match.query_end_s) / 2
    shown_s = _at(match, middle_s)
    told = replace(
        match,
        speed=1.0,
        offset_s=shown_s - middle_s,
        reference_start_s=max(0.0, shown_s - half_s),
        reference_end_s=max(0.0, shown_s + half_s),
    )
    return replace(one, match=told)
