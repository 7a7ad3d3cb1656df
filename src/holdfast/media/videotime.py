"""When each decoded frame is shown, and which frame is shown at each moment that is looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from holdfast.media.types import VideoMode

__all__ = ["ROUNDING_S", "WHOLE", "Clock", "Sampler", "Shown", "Span", "checked_span"]

ROUNDING_S = 0.0005  # of containers that keep whole milliseconds

_BACK_S = 0.5  # a frame this much earlier than the last one begins a new count
_AHEAD_S = 10.0  # and so does one this much later, in streams that count on from a broadcaster's clock
_STANDING_FRAMES = 3  # in a row may come no later than the one before, and as many as fill `_BACK_S`
_MOST_STEPS = 2**53  # up to which every whole number is a float


class Span(NamedTuple):
    """The stretch of a video that is asked for, in seconds from its first frame, both ends included."""

    start_s: float
    end_s: float

    def first(self, every_s: float) -> int:
        """The number of the first of the moments 0, ``every_s``, 2 ``every_s``, ... that is not before it."""
        if every_s == 0 or self.start_s == 0:
            return 0
        number = max(0, math.ceil(self.start_s / every_s) - 1)
        while number * every_s < self.start_s:  # a step or two, as divisions are rounded
            number += 1
        return number


WHOLE = Span(0.0, math.inf)


def checked_span(span_s: tuple[float, float] | None, every_s: float, mode: VideoMode) -> Span:
    """The span that is asked for, None: all of the video. Raises ValueError for one that means nothing."""
    if span_s is None:
        return WHOLE
    start_s, end_s = span_s
    span = Span(float(start_s), float(end_s))
    if not (0 <= span.start_s < span.end_s < math.inf):
        raise ValueError("span_s is (start, end) in finite seconds, with 0 <= start < end")
    if mode == VideoMode.KEYFRAMES:
        raise ValueError("span_s is for modes that look at every frame, not for keyframes")
    if every_s and not span.start_s / every_s < _MOST_STEPS:
        raise ValueError("every_s is too small for a span that begins so late")
    return span


class Clock:
    """Seconds from the first frame, never going back, whatever the time stamps do."""

    def __init__(self, frame_s: float, jumps: bool) -> None:
        """``frame_s``: time between frames where nothing says it; ``jumps``: its clock may jump ahead too."""
        self._frame_s, self._jumps = frame_s, jumps
        self._offset_s: float | None = None
        self._last_s = 0.0
        self._standing = 0  # frames in a row whose time stamps did not go on
        self._most_standing = 1 + max(_STANDING_FRAMES, int(1 + _BACK_S / frame_s))
        self.broken = 0  # how often the count began anew

    def time(self, stamp_s: float | None) -> float:
        """When a frame is shown that carries this time stamp (None: no time stamp)."""
        if self._offset_s is None:
            self._offset_s = stamp_s or 0.0
            return 0.0
        following_s = self._last_s + self._frame_s
        now_s = following_s if stamp_s is None else stamp_s - self._offset_s
        jumped = now_s < self._last_s - _BACK_S or (self._jumps and now_s > following_s + _AHEAD_S)
        if jumped and stamp_s is not None:
            self._offset_s = stamp_s - following_s
            self.broken += 1
            now_s = following_s
        elif self._stands_still(now_s):
            # Not for good: stamps in whole seconds stand still as well, and go on from where they are.
            self.broken += self._standing == self._most_standing
            now_s = following_s
        self._last_s = max(now_s, self._last_s)
        return self._last_s

    def _stands_still(self, now_s: float) -> bool:
        """Whether so many frames have one time, or go back by little, that hardly any would be seen."""
        self._standing = self._standing + 1 if now_s <= self._last_s else 0
        return self._standing >= self._most_standing


@dataclass(slots=True)
class Shown:
    """A decoded frame, from when to when it is shown, and whether something before it was lost."""

    frame: Any
    index: int
    start_s: float
    end_s: float
    picture: Any = field(default=None)  # made from the frame where it is looked at


class Sampler:
    """The frame that is shown at each of the moments 0, ``every_s``, 2 ``every_s``, ... of a span.

    With ``every_s`` 0: every frame once, at the moment it appears.
    """

    def __init__(self, every_s: float, span: Span = WHOLE) -> None:
        self._every_s, self._span = every_s, span
        self._next = span.first(every_s)  # number of the moment that comes next
        self._latest_s = span.start_s  # start of the latest frame, where all are wanted
        self._held: Shown | None = None
        self.missed = 0  # moments whose frame was lost

    @property
    def next_s(self) -> float:
        """The moment that comes next; where every frame is wanted, the latest one, or the span's start."""
        return self._next * self._every_s if self._every_s else self._latest_s

    @property
    def is_settled(self) -> bool:
        """Whether no moment of the span is left."""
        return self.next_s > self._span.end_s

    def add(self, shown: Shown, after_loss: bool) -> Iterator[tuple[float, Shown]]:
        """The moments, with their frames, that are settled once ``shown`` has come.

        ``after_loss``: frames between the last one and this were lost, so what was shown between is unknown.
        """
        if self._every_s == 0:
            self._latest_s = max(self._latest_s, shown.start_s)
            self.missed += after_loss
            if self._span.start_s <= shown.start_s <= self._span.end_s:
                yield shown.start_s, shown
            return
        if self._held is None and self._span.start_s == 0:
            self.missed += after_loss  # what came before the first is seen nowhere
        yield from self._until(shown.start_s - ROUNDING_S, lost=after_loss)
        self._held = shown

    def finish(self, end_s: float, after_loss: bool) -> Iterator[tuple[float, Shown]]:
        """The moments left before ``end_s``, where the last frame ends. What was lost after it is missed."""
        self.missed += after_loss
        yield from self._until(end_s - ROUNDING_S, lost=False)

    def _until(self, end_s: float, lost: bool) -> Iterator[tuple[float, Shown]]:
        while self._held is not None and self.next_s < end_s and not self.is_settled:
            if lost and self.next_s >= self._held.end_s:
                self.missed += 1
            else:
                yield self.next_s, self._held
            self._next += 1
