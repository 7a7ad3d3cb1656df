"""Finds of pieces, put together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.compare import VideoMatch
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.pieces import joined
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.search import BankMatch, search
from tests.matching.video.videos import random_codes


def _piece(codes: np.ndarray, start_s: float) -> VideoQuery:
    times = start_s + np.arange(0.0, len(codes) / 2, 0.5)
    return VideoQuery.of(codes[np.newaxis], np.full((1, len(codes)), 80), times, step_s=0.5)


def test_one_find_across_two_pieces_is_one() -> None:
    rng = np.random.default_rng(11)
    listed, strange = random_codes(rng, 40), random_codes(rng, 40)
    bank = VideoBank.of([(7, listed, np.full(40, 80), np.arange(40.0))])
    shown = np.repeat(listed, 2, axis=0)
    pieces = [
        _piece(np.concatenate([strange[:20], shown[:40]]), 0.0),
        _piece(np.concatenate([shown[40:], strange[20:]]), 30.0),
    ]
    found = joined(search(piece, bank) for piece in pieces)
    assert [one.video_id for one in found] == [7]
    match = found[0].match
    assert match.tier is VideoTier.MATCH
    assert (match.query_start_s, match.query_end_s) == pytest.approx((10, 50), abs=0.5)
    assert (match.reference_start_s, match.reference_end_s) == pytest.approx((0, 40), abs=0.75)


def test_the_same_part_shown_again_stays_apart() -> None:
    rng = np.random.default_rng(12)
    listed = random_codes(rng, 20)
    bank = VideoBank.of([(7, listed, np.full(20, 80), np.arange(20.0))])
    shown = np.repeat(listed, 2, axis=0)
    found = joined(search(_piece(shown, start), bank) for start in (0.0, 20.0))
    starts = sorted(one.match.query_start_s for one in found)
    assert starts == pytest.approx([0, 20], abs=0.5)


def test_what_the_whole_picture_shows_does_not_grow_by_what_a_part_of_it_does() -> None:
    """However much more the other one scores, the find that a rule may act on comes first, with its times."""
    listed = random_codes(np.random.default_rng(13), 40)
    bank = VideoBank.of([(7, listed, np.full(40, 80), np.arange(40.0))])
    shown = np.repeat(listed, 2, axis=0)
    (long,), (short,) = search(_piece(shown[:56], 0.0), bank), search(_piece(shown[56:], 28.0), bank)
    in_part = replace(long, match=replace(long.match, family="other", is_in_part=True))
    assert long.match.score > short.match.score and len(joined([[long], [short]])) == 1
    first, second = joined([[in_part], [short]])
    assert (first.match.score, second.match.score) == (short.match.score, long.match.score)
    assert first.match.query_start_s == short.match.query_start_s and not first.match.is_in_part
    assert second.match.is_in_part
    assert len(joined([[in_part], [replace(short, match=replace(short.match, is_in_part=True))]])) == 1


@pytest.mark.parametrize(
    ("speed", "length_s", "told", "ends_s"),
    [
        (1.08, 8.0, 1.0, (21.6, 30.24)),
        (0.93, 8.0, 1.0, (18.6, 26.04)),
        (1.08, 12.0, 1.08, (21.6, 34.56)),
        (1.25, 2.0, 1.25, (25.0, 27.5)),
        (-1.0, 0.5, -1.0, (-20.5, -20.0)),
        (0.0, 8.0, 0.0, (3.0, 9.0)),
    ],
)
def test_a_speed_that_the_times_cannot_tell_from_the_usual_one_is_the_usual_one(
    speed: float, length_s: float, told: float, ends_s: tuple[float, float]
) -> None:
    (found,) = joined([[_find(speed, 20.0, 20.0 + length_s, ends_s)]])
    match = found.match
    assert match.speed == told
    middle_s = 20.0 + length_s / 2
    if speed > 0:
        assert match.speed * middle_s + match.offset_s == pytest.approx(speed * middle_s)
        wanted_s = [told * each_s + match.offset_s for each_s in (20.0, 20.0 + length_s)]
        assert [match.reference_start_s, match.reference_end_s] == pytest.approx(wanted_s)
    else:
        assert (match.reference_start_s, match.reference_end_s) == ends_s


def _find(speed: float, start_s: float, end_s: float, ends_s: tuple[float, float]) -> BankMatch:
    match = VideoMatch(
        VideoTier.MATCH, 30.0, 5.0, 8, "as_is", "as is", speed, 0.0, start_s, end_s, *ends_s, 20
    )  # fmt: skip
    return BankMatch(7, match, 1e-20)
