"""Did a person see all of a file? Decided from what went out and what the browser reported, nothing else.

Everything doubtful is a no: bytes that are missing, an event that got lost, a tab in the background, a second
of a film that was skipped, a clock that cannot be. Pure functions; `viewing` feeds them from the records.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

__all__ = [
    "EVENT_KINDS",
    "MIN_SHOWN_MS",
    "SLACK_MS",
    "EventKind",
    "Evidence",
    "Judgement",
    "Seen",
    "judge",
    "seen_until_ms",
    "shown_ms",
]

# What a page reports of one reveal. "loaded": all of it is decoded and on the page. "tick": nothing changed.
# "played": part of the timeline, muted for some of it at least; "heard": the same, with its sound throughout.
EventKind = Literal[
    "shown",
    "loaded",
    "tick",
    "hidden",
    "focus_lost",
    "tab_hidden",
    "off_screen",
    "played",
    "heard",
    "seeked",
    "closed",
]
EVENT_KINDS: Final = frozenset(get_args(EventKind))
PLAYED: Final = frozenset({"played", "heard"})
TIMED: Final = frozenset({"video", "silent", "sound"})  # shapes with a timeline
GAPS: Final = frozenset({"focus_lost", "tab_hidden", "off_screen"})
MIN_SHOWN_MS: Final = 1000  # a still picture that flashed by was not seen
MAX_RATE: Final = 2.0  # of playing
SLACK_S: Final = 0.5
SLACK_MS: Final = 2000


@dataclass(frozen=True, slots=True)
class Seen:
    """One event of the browser. ``clock_ms`` counts from the reveal; ``from_s`` to ``to_s`` was played."""

    number: int
    kind: str
    clock_ms: int
    from_s: float | None = None
    to_s: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one reveal when its person attests.

    ``ranges`` are byte ranges ``[first, end)`` at full fidelity that went out under this grant.
    ``last_number`` is what the page says its last event was, ``elapsed_ms`` the time since the grant on our
    own clock, ``broken`` a reason that was noted before.
    """

    shape: str | None
    duration_s: float | None
    total_bytes: int
    ranges: Sequence[tuple[int, int]]
    events: Sequence[Seen]
    last_number: int
    elapsed_ms: int
    broken: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """``why_not`` is a word where the view was not complete."""

    complete: bool
    why_not: str | None
    shown_ms: int


def judge(evidence: Evidence) -> Judgement:
    """Whether the whole file was seen, and for how long it was shown."""
    why_not = evidence.broken or _why_not(evidence)
    return Judgement(why_not is None, why_not, shown_ms(evidence.events))


def shown_ms(events: Sequence[Seen]) -> int:
    """How long the file was on screen unblurred: between "shown" and whatever ended that, in milliseconds."""
    return sum(end - start for start, end in _intervals(events))


def seen_until_ms(shape: str | None, events: Sequence[Seen]) -> int:
    """Bytes that went out later than this, on the page's clock, cannot be what was seen; 0 for nothing."""
    clocks = [event.clock_ms for event in events if event.kind in (PLAYED if shape in TIMED else {"loaded"})]
    return max(clocks) if clocks else 0


def _why_not(evidence: Evidence) -> str | None:
    events = sorted(evidence.events, key=lambda event: event.number)
    if [event.number for event in events] != list(range(1, evidence.last_number + 1)):
        return "lost_events"
    if not any(event.kind == "shown" for event in events):
        return "not_shown"
    clocks = [event.clock_ms for event in events]
    if clocks != sorted(clocks) or clocks[-1] > evidence.elapsed_ms + SLACK_MS:
        return "impossible_clock"
    if _missing_bytes(evidence.ranges, evidence.total_bytes):
        return "bytes_missing"
    if _left_screen(events):
        return "left_screen"
    if evidence.shape == "still":
        return _still(events)
    if evidence.shape in TIMED:
        return _played(events, evidence.duration_s, is_silent=evidence.shape == "silent")
    return "cannot_be_proved"  # animations report no position; of other files nothing is known


def _left_screen(events: Sequence[Seen]) -> bool:
    """Whether the reveal was in the background, or scrolled away, while it lasted. Blurred, it may be."""
    is_shown = False
    for event in events:
        if is_shown and event.kind in GAPS:
            return True
        if event.kind in ("shown", "hidden", "closed"):
            is_shown = event.kind == "shown"
    return False


def _still(events: Sequence[Seen]) -> str | None:
    loaded = [event.clock_ms for event in events if event.kind == "loaded"]
    if not loaded:
        return "not_loaded"
    longest = max((end - max(start, loaded[0]) for start, end in _intervals(events)), default=0)
    return None if longest >= MIN_SHOWN_MS else "too_short"


def _played(events: Sequence[Seen], duration_s: float | None, *, is_silent: bool) -> str | None:
    """Every second was played, while it was shown, no faster than `MAX_RATE`, and not across a seek.

    And with its sound, where there may be any.
    """
    if duration_s is None:
        return "length_unknown"
    shown = _intervals(events)
    played: list[tuple[float, float]] = []
    heard: list[tuple[float, float]] = []
    before_ms, was_sought = 0, False
    for event in events:
        was_sought = was_sought or event.kind == "seeked"
        if event.kind in PLAYED:
            if event.from_s is None or event.to_s is None or event.to_s < event.from_s:
                return "impossible_clock"
            took_s = (event.clock_ms - before_ms) / 1000
            if event.to_s - event.from_s > took_s * MAX_RATE + SLACK_S:
                return "impossible_clock"
            if not was_sought and any(start <= before_ms and event.clock_ms <= end for start, end in shown):
                played.append((event.from_s, event.to_s))
                if event.kind == "heard":
                    heard.append((event.from_s, event.to_s))
            was_sought = False
        before_ms = event.clock_ms
    # The slack is for all of it: many short stretches would else add up to a film in no time.
    if sum(end - start for start, end in played) > shown_ms(events) / 1000 * MAX_RATE + SLACK_S:
        return "impossible_clock"
    if not _is_all(played, duration_s):
        return "seconds_missing"
    return None if is_silent or _is_all(heard, duration_s) else "unheard"


def _is_all(played: Iterable[tuple[float, float]], duration_s: float) -> bool:
    """All that was left out together, between the stretches and at the end, is within the slack."""
    reached_s = missing_s = 0.0
    for start, end in sorted(played):
        missing_s += max(0.0, start - reached_s)
        reached_s = max(reached_s, end)
    return missing_s + max(0.0, duration_s - reached_s) <= SLACK_S


def _missing_bytes(ranges: Iterable[tuple[int, int]], total_bytes: int) -> int:
    """How many bytes of the file did not go out."""
    reached = missing = 0
    for start, end in sorted(ranges):
        missing += max(0, start - reached)
        reached = max(reached, end)
    return missing + max(0, total_bytes - reached)


def _intervals(events: Sequence[Seen]) -> list[tuple[int, int]]:
    """[begin, end) in milliseconds of each time that it was shown; an open one ends with the last event."""
    found: list[tuple[int, int]] = []
    begun: int | None = None
    last = 0
    for event in sorted(events, key=lambda event: event.number):
        last = event.clock_ms
        if event.kind == "shown" and begun is None:
            begun = event.clock_ms
        elif begun is not None and (event.kind in GAPS or event.kind in ("hidden", "closed")):
            found.append((begun, last))
            begun = None
    if begun is not None:
        found.append((begun, last))
    return found
