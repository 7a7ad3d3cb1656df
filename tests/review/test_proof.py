"""The view ledger's judgement: everything doubtful is a no."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.review.proof import EVENT_KINDS, Evidence, Seen, judge, shown_ms

SIZE = 1000
STILL = (Seen(1, "shown", 0), Seen(2, "loaded", 200), Seen(3, "tick", 1500), Seen(4, "hidden", 2000))
FILM = (
    Seen(1, "shown", 0),
    Seen(2, "loaded", 100),
    Seen(3, "played", 5_100, 0.0, 5.0),
    Seen(4, "played", 10_100, 5.0, 10.0),
    Seen(5, "hidden", 10_200),
)
HOPPED = [Seen(1, "shown", 0)] + [
    Seen(number + 2, "played", 1000 * (number + 1), number * 0.6, number * 0.6 + 0.11) for number in range(17)
]
CUT = [Seen(1, "shown", 0)] + [
    Seen(number + 2, "played", 100, number / 2, number / 2 + 0.5) for number in range(20)
]


def evidence(events: tuple[Seen, ...] = STILL, **changed: object) -> Evidence:
    is_film = any(event.kind in ("played", "heard") for event in events)
    whole = Evidence(
        shape="silent" if is_film else "still",
        duration_s=10.0 if is_film else None,
        total_bytes=SIZE,
        ranges=[(0, SIZE)],
        events=events,
        last_number=len(events),
        elapsed_ms=60_000,
    )
    return replace(whole, **changed)  # type: ignore[arg-type]


def test_a_still_that_was_shown_and_a_film_that_was_played_were_seen() -> None:
    assert judge(evidence()) == judge(evidence())
    assert (judge(evidence()).complete, judge(evidence()).shown_ms) == (True, 2000)
    assert judge(evidence(FILM)).complete
    in_parts = evidence(ranges=[(500, SIZE), (0, 600)])
    assert judge(in_parts).complete


def heard(events: tuple[Seen, ...], *numbers: int) -> tuple[Seen, ...]:
    """The events with the sound on in those of ``numbers``."""
    return tuple(replace(one, kind="heard") if one.number in numbers else one for one in events)


@pytest.mark.parametrize("shape", ["video", "sound"])
def test_what_may_have_sound_was_seen_only_if_every_second_was_heard(shape: str) -> None:
    assert judge(evidence(FILM, shape=shape)).why_not == "unheard"
    assert judge(evidence(heard(FILM, 3), shape=shape)).why_not == "unheard"
    assert judge(evidence(heard(FILM, 4), shape=shape)).why_not == "unheard"
    assert judge(evidence(heard(FILM, 3, 4), shape=shape)).complete
    muted_again = (*heard(FILM, 3, 4)[:4], Seen(5, "seeked", 10_200), Seen(6, "played", 15_300, 0.0, 5.0))
    assert judge(evidence(muted_again, shape=shape)).complete
    away = inserted(heard(FILM, 3, 4), 3, "focus_lost")
    assert judge(evidence(away, shape=shape)).why_not == "left_screen"
    assert judge(evidence(heard(FILM, 3, 4), shape=shape, duration_s=None)).why_not == "length_unknown"


def test_a_film_without_a_sound_track_needs_no_sound() -> None:
    assert judge(evidence(FILM, shape="silent")).complete
    assert judge(evidence(heard(FILM, 3), shape="silent")).complete


def inserted(events: tuple[Seen, ...], at: int, kind: str) -> tuple[Seen, ...]:
    """The events with one more at a place, and numbers that go on."""
    before = events[:at]
    clock = before[-1].clock_ms if before else 0
    after = [replace(one, number=one.number + 1) for one in events[at:]]
    return (*before, Seen(at + 1, kind, clock), *after)


@pytest.mark.parametrize(
    ("why_not", "case"),
    [
        ("not_shown", evidence(())),  # fetched ahead and never shown
        ("not_shown", evidence((Seen(1, "loaded", 10), Seen(2, "tick", 5000)))),
        ("bytes_missing", evidence(ranges=[])),  # seen blurred only
        ("bytes_missing", evidence(ranges=[(0, SIZE - 1)])),
        ("bytes_missing", evidence(ranges=[(0, 400), (401, SIZE)])),
        ("left_screen", evidence(inserted(STILL, 2, "tab_hidden"))),  # a tab in the background
        ("left_screen", evidence(inserted(STILL, 3, "focus_lost"))),
        ("left_screen", evidence(inserted(FILM, 3, "off_screen"))),
        ("lost_events", evidence(STILL[:1] + STILL[2:], last_number=4)),
        ("lost_events", evidence(STILL, last_number=5)),  # the page crashed before its last was sent
        ("lost_events", evidence(STILL, last_number=3)),
        ("not_loaded", evidence((STILL[0], replace(STILL[2], number=2), replace(STILL[3], number=3)))),
        ("too_short", evidence((*STILL[:2], Seen(3, "hidden", 900)))),
        ("impossible_clock", evidence(elapsed_ms=-1)),
        ("impossible_clock", evidence((*STILL[:3], replace(STILL[3], clock_ms=10)))),
        ("seconds_missing", evidence((*FILM[:3], replace(FILM[4], number=4)))),
        ("seconds_missing", evidence((*FILM[:3], replace(FILM[3], from_s=6.0), FILM[4]))),  # sought
        ("impossible_clock", evidence((*FILM[:2], Seen(3, "played", 600, 0.0, 10.0)))),
        ("seconds_missing", evidence((*FILM[:3], Seen(4, "seeked", 5_200), replace(FILM[3], number=5)))),
        ("seconds_missing", evidence(tuple(HOPPED))),  # half a second left out each time
        ("impossible_clock", evidence(tuple(CUT))),  # ten seconds of film in no time, half a second each
        ("length_unknown", evidence(FILM, duration_s=None)),
        ("cannot_be_proved", evidence(shape="animation")),
        ("cannot_be_proved", evidence(shape=None)),
        ("contradiction", evidence(broken="contradiction")),
    ],
)
def test_doubt_is_a_no(why_not: str, case: Evidence) -> None:
    judgement = judge(case)
    assert (judgement.complete, judgement.why_not) == (False, why_not)


def test_what_plays_while_it_is_blurred_was_not_seen() -> None:
    blurred = (
        Seen(1, "shown", 0),
        Seen(2, "loaded", 100),
        Seen(3, "hidden", 200),
        Seen(4, "played", 5_200, 0.0, 5.0),
        Seen(5, "shown", 5_300),
        Seen(6, "played", 10_300, 5.0, 10.0),
    )
    assert judge(evidence(blurred)).why_not == "seconds_missing"


def test_focus_that_is_lost_while_it_is_blurred_takes_nothing_away() -> None:
    assert judge(evidence((*STILL, Seen(5, "focus_lost", 3000)))).complete


@given(
    st.integers(0, 3), st.sampled_from(sorted(EVENT_KINDS - {"tick", "loaded", "played", "heard", "seeked"}))
)
def test_no_event_ever_makes_a_view_longer(at: int, kind: str) -> None:
    assert shown_ms(inserted(STILL, at + 1, kind)) <= shown_ms(STILL)


@given(st.integers(1, 4))
def test_without_any_one_event_nothing_is_proved(missing: int) -> None:
    left = tuple(one for one in STILL if one.number != missing)
    assert not judge(evidence(left, last_number=4)).complete


@given(st.lists(st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)), max_size=6))
def test_every_byte_counts(ranges: list[tuple[int, int]]) -> None:
    sent = {byte for start, end in ranges for byte in range(start, end)}
    assert judge(evidence(ranges=ranges)).complete == (len(sent) == SIZE)
