"""A second pass over stretches of a video in which something was found that is no match: frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, cast

from holdfast.errors import NotMatchableError, UnreadableError

if TYPE_CHECKING:
    from holdfast.hashing.videoviews.looks import Look
    from holdfast.matching.video import BankMatch, VideoBank
    from holdfast.media.types import VideoFrame

__all__ = ["MOST_FINDS", "OpenStretch", "looked_closer"]

MOST_FINDS = 4  # that are looked at again, the likeliest first
MOST_WITHIN = 2  # of them that lie within a match of another video

# (start, end) in seconds of the video: its frames there, `CLOSE_S` apart.
OpenStretch = Callable[[tuple[float, float]], "AbstractContextManager[Iterable[VideoFrame]]"]


def looked_closer(
    looked: Sequence[Sequence[BankMatch]], bank: VideoBank, open_stretch: OpenStretch
) -> list[list[BankMatch]]:
    """The finds of each piece of a track, the likeliest of them after a closer look.

    A stretch that cannot be decoded again leaves its find as it is: it was found, and stays found.
    """
    from holdfast.hashing.videoviews.closer import CLOSE_S, close_views
    from holdfast.matching.video import closer_in_bank, stretch_s

    out = [list(finds) for finds in looked]
    for row, number in _likeliest(out):
        one = out[row][number]
        looks = cast("tuple[Look, ...]", one.match.looks)
        try:
            with open_stretch(stretch_s(one.match)) as frames:
                views = close_views(frames, looks)
        except (NotMatchableError, UnreadableError):
            continue
        out[row][number] = closer_in_bank(one, views, bank, CLOSE_S)
    return out


def _likeliest(looked: Sequence[Sequence[BankMatch]]) -> list[tuple[int, int]]:
    """(piece, number) of up to `MOST_FINDS` finds to look at again, the likeliest first.

    What lies within a match of another listed video comes last, and few of it: most often it is one more file
    of that recording, at times something cut into it or laid over it. Left out is what a match shows already,
    and of one listed video what overlaps a likelier find: pieces do.
    """
    from holdfast.matching.video import wants_closer

    places = [(row, n) for row, finds in enumerate(looked) for n in range(len(finds))]
    sure = [looked[row][n] for row, n in places if looked[row][n].match.is_sure]
    within: list[tuple[int, int]] = []
    chosen: list[tuple[int, int]] = []
    for row, n in sorted(places, key=lambda place: -looked[place[0]][place[1]].match.score):
        one = looked[row][n]
        covering = {match.video_id for match in sure if _covers(match, one)}
        if wants_closer(one.match) and one.video_id not in covering:
            (within if covering else chosen).append((row, n))
    others = _apart(looked, chosen)
    more = _apart(looked, [*others, *within])[len(others) :]
    return [*others, *more[:MOST_WITHIN]][:MOST_FINDS]


def _apart(looked: Sequence[Sequence[BankMatch]], places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Without finds that overlap one of the same listed video before them."""
    kept: list[tuple[int, int]] = []
    for row, n in places:
        one = looked[row][n]
        known = [looked[r][k] for r, k in kept if looked[r][k].video_id == one.video_id]
        if not any(_overlap(other, one) for other in known):
            kept.append((row, n))
    return kept


def _covers(one: BankMatch, other: BankMatch) -> bool:
    outer, inner = one.match, other.match
    return outer.query_start_s <= inner.query_start_s and outer.query_end_s >= inner.query_end_s


def _overlap(one: BankMatch, other: BankMatch) -> bool:
    a, b = one.match, other.match
    return min(a.query_end_s, b.query_end_s) > max(a.query_start_s, b.query_start_s)
