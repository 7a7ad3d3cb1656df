"""Where to begin late in a video, found in its packets alone: the last keyframe before a moment."""

from __future__ import annotations

import heapq
import math
from collections.abc import Generator, Iterable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from holdfast.media.videotime import Clock
from holdfast.media.videotrack import seconds

__all__ = ["Entry", "Start", "as_shown", "last_start"]

_SOME = 100  # packets; so often does whoever waits hear of the search
# What a packet tells the decoder for all that follow it.
_CHANGES: tuple[Any, ...] = ("new_extradata", "param_change")


class Start(NamedTuple):
    """A keyframe to begin at: its packet's number in the track and time stamp, and its frame's number."""

    packet: int
    pts: int
    frame: int


class Entry(NamedTuple):
    """A packet whose frame is shown."""

    pts: int
    packet: int
    can_begin: bool


def as_shown(packets: Iterable[Any], passed: int, held_back: int) -> Iterator[Entry | None]:
    """A track's packets in the order of their frames, with a None now and then.

    They end before one without a time stamp. Nothing begins among the first ``passed``. ``held_back`` is
    how many frames a decoder keeps at most to sort them.
    """
    waiting: list[Entry] = []
    highest, is_changed = -math.inf, False
    for number, packet in enumerate(packets):
        if number % _SOME == 0:
            yield None
        if packet.pts is None:
            return
        is_key = packet.is_keyframe and not packet.is_corrupt and packet.pts > highest
        if not packet.is_discard:  # by an edit list: decoded, but not shown
            can_begin = is_key and number >= passed and not is_changed
            heapq.heappush(waiting, Entry(packet.pts, number, can_begin))
            highest = max(highest, packet.pts)
        # Not all of its side data one by one: there are kinds that PyAV has no name for.
        is_changed |= number >= passed and any(map(packet.has_sidedata, _CHANGES))
        if len(waiting) > held_back:
            yield heapq.heappop(waiting)
    while waiting:
        yield heapq.heappop(waiting)


def last_start(
    shown: Iterable[Entry | None], first_pts: int, base: Fraction | None, clock: Clock, moment_s: float
) -> Generator[None, None, Start | None]:
    """The last of the keyframes whose time is at most ``moment_s``, while time goes on as it should.

    ``clock`` has told the time of the first frame, which carries ``first_pts``.
    """
    found: Start | None = None
    last_pts, number = -math.inf, 0
    for entry in shown:
        if entry is None:
            yield
            continue
        if entry.pts < last_pts:
            break
        last_pts = entry.pts
        if entry.pts <= first_pts:
            continue
        number += 1
        time_s = clock.time(seconds(entry.pts, base))
        if clock.broken or time_s > moment_s:
            break
        if entry.can_begin:
            found = Start(entry.packet, entry.pts, number)
    return found
