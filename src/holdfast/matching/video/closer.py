"""A closer look at a find that is no match yet: every frame of the stretch, held against the listed moments.

A list holds one frame a second, and a query is looked at twice a second: of a short excerpt in which things
move, few frames are of the same moment, and the others are as far off as other footage of the scene. Frame by
frame, a copy has for each listed frame one that is nearly the same picture, all along one line in time. Other
moments of the recording have not, however the line is chosen: see `gains` for what is asked of them.

Where that shows no match, the stretch is looked at without what covers the picture, a figure cut out in front
or stickers: listed codes tell where the picture agrees with them. What is left is near then, and so is other
footage of the scene. So what counts is that it changes in the same way (see `motion`).

The frames are made by whoever can decode them again (`holdfast.hashing.videoviews.closer`), through the views
that the find tells (`VideoMatch.looks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from holdfast.matching.video.align import SPEEDS, Line
from holdfast.matching.video.closer_pairs import Pairs, moments_along
from holdfast.matching.video.compare import AGAIN_DECADES, FIT_COST, VideoMatch, better, judged_along
from holdfast.matching.video.inpart import seen_in_part
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.query import Close, Fitted, VideoQuery
from holdfast.matching.video.reference import VideoReference

__all__ = ["MOST_S", "closer", "stretch_s", "wants_closer"]

MOST_S, AROUND_S = 30.0, 2.5  # of the query: a longer stretch has moments enough; before and after the find
NEAR_SPEED, OFF_S = 0.12, 1.0  # share of the speed, and listed time, by which the line found may miss
ALL_FRAMES, ALL_S = 1800, 1800.0  # of the listed video, up to which all lines at `ALL_SPEEDS` are tried too
MOST_FRAMES = 7200  # of it, beyond which nothing is looked at again: all pairs are held in memory
ALL_SPEEDS = (1.0, 0.9, 1.1, 0.8, 1.25)
SAME_SPEED, SAME_S = 0.003, 0.02  # by which two lines that say the same may differ, at the middle of the find
MOST_LEFT_BITS = 86.0  # of the mean moment, without what covers the picture: of copies 47 to 83

_Line = tuple[float, float]  # speed, and offset in time


def wants_closer(match: VideoMatch) -> bool:
    """Whether a find is to be looked at more closely, and can be."""
    return match.tier in (VideoTier.POSSIBLE, VideoTier.SAME_SCENE) and bool(match.looks)


def stretch_s(match: VideoMatch) -> tuple[float, float]:
    """From when to when of the query the frames are wanted: up to `MOST_S` around the middle of the find."""
    middle_s = (match.query_start_s + match.query_end_s) / 2
    half_s = min(MOST_S, match.query_end_s - match.query_start_s + 2 * AROUND_S) / 2
    return max(0.0, middle_s - half_s), middle_s + half_s


def closer(match: VideoMatch, views: Iterable[Close], reference: VideoReference, step_s: float) -> VideoMatch:
    """The match that the stretch of a find is frame by frame; the find itself where it is none.

    ``views`` are those of ``match.looks``, with frames ``step_s`` apart.
    """
    if len(reference) > MOST_FRAMES:
        return match
    best, looked = match, []
    for seen in views:
        pairs = Pairs.of(_query(match, seen, step_s), reference)
        lines = _distinct(_lines(pairs, match), match)
        looked.append((seen, lines))
        best = _surest(best, ((pairs, line) for line in lines if not pairs.returns(pairs.along(*line))))
    if best is match:
        best = _surest(match, _uncovered(match, looked, reference, step_s))
    if best is match:
        return match
    for seen, _ in looked:
        if best.looks[0] is seen.look:
            best = seen_in_part(best, seen, reference)
    return _with_ends(best, match, float(reference.time_s[-1]) + reference.step_s)


def _uncovered(
    match: VideoMatch,
    looked: Sequence[tuple[Close, Sequence[_Line]]],
    reference: VideoReference,
    step_s: float,
) -> Iterator[tuple[Pairs, _Line]]:
    """Each view without what covers the picture, as far as listed codes along the known and best lines tell.

    What comes round again changes as it did, so how it changes is asked at all other offsets too: see
    `specific`.
    """
    known = [(match.speed, match.offset_s)] if match.speed else []
    for seen, lines in looked:
        query = _query(match, seen, step_s)
        for line in _distinct([*lines, *known], match):
            rows, columns = moments_along(query, reference, *line)
            shown = seen.uncovered(rows, reference.codes[columns])
            if shown is not None:
                left = replace(_query(match, shown, step_s), is_uncovered=True)
                yield Pairs.of(left, reference), line


def _query(match: VideoMatch, seen: Fitted, step_s: float) -> VideoQuery:
    """A view of the stretch of a find, frame by frame."""
    return replace(VideoQuery.at_one_view(seen, step_s), given_away=AGAIN_DECADES, of_s=match.asked_s)


def _surest(best: VideoMatch, asked: Iterable[tuple[Pairs, _Line]]) -> VideoMatch:
    """The surest match along any line; else what was known."""
    for pairs, (speed, offset_s) in asked:
        found, is_uncovered = pairs.along(speed, offset_s), pairs.query.is_uncovered
        if len(found) < 2 or (is_uncovered and float(found.bits.mean()) > MOST_LEFT_BITS):
            continue
        line = Line(0, pairs.decades(found) - (FIT_COST if is_uncovered else 0.0), speed, offset_s)
        seen = judged_along(pairs.query, pairs.reference, line, found)
        if seen.tier is VideoTier.MATCH:
            best = better(best, seen) or best
    return best


def _with_ends(found: VideoMatch, match: VideoMatch, most_s: float) -> VideoMatch:
    """With the ends of the first find as well, where that was along the same line: it has more frames.

    The listed video is ``most_s`` long.
    """
    missed_s = max(
        abs((found.speed - match.speed) * each_s + found.offset_s - match.offset_s)
        for each_s in (match.query_start_s, match.query_end_s)
    )
    if not match.speed or missed_s > OFF_S:
        return found
    start_s = min(found.query_start_s, match.query_start_s)
    end_s = max(found.query_end_s, match.query_end_s)
    shown_s = (found.speed * each_s + found.offset_s for each_s in (start_s, end_s))
    ends_s = sorted(min(max(0.0, each_s), most_s) for each_s in shown_s)
    return replace(
        found,
        query_start_s=start_s,
        query_end_s=end_s,
        reference_start_s=ends_s[0],
        reference_end_s=ends_s[1],
    )


def _distinct(lines: Iterable[_Line], match: VideoMatch) -> list[_Line]:
    """The lines without those that say nearly the same of the middle of the find as one before."""
    middle_s, kept = (match.query_start_s + match.query_end_s) / 2, list[_Line]()
    for speed, offset_s in lines:
        shown_s = speed * middle_s + offset_s
        if all(
            abs(speed - one) > SAME_SPEED or abs(one * middle_s + other_s - shown_s) > SAME_S
            for one, other_s in kept
        ):
            kept.append((speed, offset_s))
    return kept


def _lines(pairs: Pairs, match: VideoMatch) -> Iterator[_Line]:
    """(speed, offset in time) of the best line near the one that was found, and of the best of all."""
    if match.speed:
        speeds = [match.speed, *(one for one in SPEEDS if abs(one / match.speed - 1) <= NEAR_SPEED)]
        expected_s = match.speed * pairs.middle_s + match.offset_s
        yield pairs.best(speeds, expected_s - OFF_S, expected_s + OFF_S)
    if len(pairs.reference) <= ALL_FRAMES and pairs.reference.time_s[-1] - pairs.reference.time_s[0] <= ALL_S:
        listed_s, half_s = pairs.reference.time_s, pairs.half_s
        yield pairs.best(ALL_SPEEDS, listed_s[0] - half_s, listed_s[-1] + half_s)
