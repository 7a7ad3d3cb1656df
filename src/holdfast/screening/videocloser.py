"""A second pass over stretches of a video in which something was found that is no match: frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, cast

from holdfast.errors import NotMatchableError, UnreadableError

if TYPE_CHECKING:
    from holdfast.hashing.videoviews.looks import Look
    from holdfast.matching.video import BankMatch, VideoBank
    from holdfast.media.videoreader import VideoReader

__all__ = ["MOST_FINDS", "OpenStretch", "looked_closer"]

MOST_FINDS = 4  # that are looked at again, the likeliest first

# (start, end) in seconds of the video: its frames there, `CLOSE_S` apart.
OpenStretch = Callable[[tuple[float, float]], "AbstractContextManager[VideoReader]"]


def looked_closer(
    looked: Sequence[Sequence[BankMatch]], bank: VideoBank, open_stretch: OpenStretch
) -> list[list[BankMatch]]:
    """The finds of each piece of a video, the likeliest of them after a closer look.

    Where one is a match already, all stay as they are. A stretch that cannot be decoded again leaves its find
    as it is: it was found, and stays found.
    """
    from holdfast.hashing.videoviews.closer import CLOSE_S, close_views
    from holdfast.matching.video import VideoTier, closer_in_bank, stretch_s, wants_closer

    out = [list(finds) for finds in looked]
    if any(one.match.tier is VideoTier.MATCH for finds in out for one in finds):
        return out
    places = [
        (row, n) for row, finds in enumerate(out) for n, one in enumerate(finds) if wants_closer(one.match)
    ]
    places.sort(key=lambda place: -out[place[0]][place[1]].match.score)
    for row, number in places[:MOST_FINDS]:
        one = out[row][number]
        looks = cast("tuple[Look, ...]", one.match.looks)
        try:
            with open_stretch(stretch_s(one.match)) as frames:
                views = close_views(frames, looks)
        except (NotMatchableError, UnreadableError):
            continue
        out[row][number] = closer_in_bank(one, views, bank, CLOSE_S)
    return out
