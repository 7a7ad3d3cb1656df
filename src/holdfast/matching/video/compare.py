"""A query against one listed video: tier, evidence, view, speed, and where in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.alarms import among, expected_false_alarms
from holdfast.matching.video.align import BEST_FITS, Line, Support, lines, support
from holdfast.matching.video.alike import alike, as_they_stand, plain_views
from holdfast.matching.video.judge import SPECIFIC_DECADES, VideoTier, tier
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.specific import specific
from holdfast.matching.video.still import OTHER, beyond_bound, is_still, still
from holdfast.matching.video.told import told_by_vpdq
from holdfast.matching.video.whole import whole

__all__ = [
    "AGAIN_DECADES",
    "VideoMatch",
    "better",
    "by_change",
    "compare",
    "is_match_among",
    "judged_along",
    "with_looks",
]


LEAST_DECADES = 3.0  # of evidence, below which nothing is looked at more closely: strangers reach it
FIT_DECADES = 1.5  # of evidence, from which a view is fitted to the listed frames where that is possible
FIT_LINES, FIT_PAIRS = 2, 6  # of them, and of frames that a view is fitted to
AGAIN_DECADES = 0.75  # that views with the frames between give away, for being looked at once more
FIT_COST = 3.0  # decades that are given away for it: strangers can be fitted a little too
AS_IS, BY_CHANGE = "as is", "by how it changes"  # of views, for people
_TIERS = list(VideoTier)


@dataclass(frozen=True, slots=True)
class VideoMatch:
    """What was found of one listed video.

    ``decades`` is the evidence that it is no stranger, ``specific`` that it is this footage and not only its
    scene. ``states`` counts the distinct pictures of the reference that were found. ``speed`` is reference
    seconds for one second of the query: 2 where the query runs at double speed, negative where it runs
    backwards, 0 where pictures come in no order. ``family`` and ``view`` name the view. ``is_classic``: it is
    a match in a bank of any size in a plain view, as a still video within 31 bits, or all through within 20.
    ``looks`` tell where to look more closely (see `closer`): in this view, in others that fit, and at the
    frames as they are; ``asked_s`` is how long the query was. ``told`` is what vPDQ's own rules call a match
    of the frames as they are: possible, in a bank of any size. ``is_in_part``: only a part of the picture
    agrees, see `inpart`.
    """

    tier: VideoTier
    decades: float
    specific: float
    states: int
    family: str
    view: str
    speed: float
    offset_s: float
    query_start_s: float
    query_end_s: float
    reference_start_s: float
    reference_end_s: float
    nearest_bits: int
    is_classic: bool = False
    looks: tuple[object, ...] = ()
    asked_s: float = 0.0
    told: VideoMatch | None = None
    is_in_part: bool = False

    @property
    def score(self) -> float:
        """All evidence, in decades."""
        return self.decades + self.specific

    @property
    def is_sure(self) -> bool:
        """A match of the whole picture: nothing more needs to be looked at to know that it is this video."""
        return self.tier is VideoTier.MATCH and not self.is_in_part

    @property
    def rank(self) -> tuple[int, bool, float]:
        """Sorts finds, the surest first: by tier, the whole picture before a part of it, then by score."""
        return _TIERS.index(self.tier), self.is_in_part, -self.score


def compare(
    query: VideoQuery,
    reference: VideoReference,
    *,
    fit: bool = True,
    change: bool = True,
    bank_frames: int = 0,
) -> VideoMatch | None:
    """The best that can be said; None where nothing is worth saying.

    With ``fit``, and where the query can be fitted, what is no match yet is looked at through fitted views,
    and with the frames between; with ``change`` as well, it is asked by how it changes. So is what would be
    no match where ``bank_frames`` are listed; the tier is that of the video alone in any case.
    """
    found = lines(query, reference)
    best = _compared(query, reference, found, fit=fit, change=change, bank_frames=bank_frames)
    best = _never_silent(best, query, reference)
    if best is None or is_match_among(best, len(query), bank_frames):
        return best
    return with_looks(best, query, found)


def is_match_among(match: VideoMatch | None, query_frames: int, bank_frames: int) -> bool:
    """Whether it is a match, and still one where so many frames are listed."""
    if match is None or match.tier is not VideoTier.MATCH:
        return False
    expected = expected_false_alarms(match.score, query_frames, bank_frames)
    return match.is_classic or among(match.tier, expected) is VideoTier.MATCH


def _never_silent(best: VideoMatch | None, query: VideoQuery, reference: VideoReference) -> VideoMatch | None:
    """With what vPDQ's own rules call a match, which is possible at least: see `told`."""
    if best is not None and best.is_classic:
        return best
    found = told_by_vpdq(query, reference)
    if found is None:
        return best
    told = replace(judged_along(query, reference, *found), tier=VideoTier.POSSIBLE, is_classic=False)
    if best is None or best.tier is VideoTier.NONE:
        best = told
    return replace(best, told=told)


def with_looks(best: VideoMatch, query: VideoQuery, found: list[Line]) -> VideoMatch:
    """With the views of the lines that fit best, and the frames as they are, to look at more closely."""
    if query.look is None:
        return best
    shown = AS_IS if best.view == BY_CHANGE else best.view.removesuffix(f", {BY_CHANGE}")
    views = [*(line.view for line in found[:FIT_LINES]), 0]
    others = {query.words[view]: view for view in views if query.words[view] != shown}
    return replace(best, looks=(*best.looks, *map(query.look, others.values())))


def _compared(
    query: VideoQuery,
    reference: VideoReference,
    found: list[Line],
    *,
    fit: bool,
    change: bool,
    bank_frames: int,
) -> VideoMatch | None:
    def is_enough() -> bool:
        return is_match_among(best, len(query), bank_frames)

    best = _best_of(query, reference, found)
    if best is None and found and is_still(reference, len(reference) // 2):
        best = _by_classic_rule(query, reference, found)
    if fit and query.fit is not None and not is_enough():
        for line in found[:FIT_LINES]:
            if line.speed and line.decades >= FIT_DECADES:
                best = better(best, _fitted(query, reference, line))
        if not is_enough():
            for seen in _often(query, found):
                best = better(best, _best_of(seen, reference, lines(seen, reference)))
    if not is_enough() and (same := whole(query, reference)) is not None:
        plain = replace(judged_along(query, reference, *same), tier=VideoTier.MATCH, is_classic=True)
        if best is None or best.tier is not VideoTier.MATCH or best.score <= plain.score:
            return plain
        return replace(plain, decades=best.decades, specific=best.specific)
    if fit and change and not is_enough():
        best = better(best, by_change(as_they_stand(query, plain_views(query)), reference))
    return best


def _best_of(query: VideoQuery, reference: VideoReference, found: list[Line]) -> VideoMatch | None:
    """The surest of the lines that are looked at."""
    best: VideoMatch | None = None
    for line in _chosen(found):
        if line.decades >= LEAST_DECADES:
            best = better(best, _judged(query, reference, line))
    return best


def _often(query: VideoQuery, found: list[Line]) -> list[VideoQuery]:
    """The plain views, and those of the lines that fit best, with the frames between as well.

    Of what moves fast, frames half a second apart may all miss the listed ones.
    """
    views = [*plain_views(query), *(line.view for line in found[:FIT_LINES])]
    seen = as_they_stand(query, dict.fromkeys(views))
    return [replace(one, given_away=AGAIN_DECADES) for one in seen]


def by_change(views: Sequence[VideoQuery], reference: VideoReference) -> VideoMatch | None:
    """What can be said by how a video changes, whatever was put over it: see `alike`.

    Its evidence is counted once, and it is no plain view: rules decide nothing by it alone.
    """
    found = alike(views, reference)
    if found is None:
        return None
    seen = judged_along(found.query, reference, found.line, found.support)
    specific_ = min(seen.specific, SPECIFIC_DECADES)
    judged = tier(found.line.decades, specific_)
    expected = expected_false_alarms(found.line.decades + specific_, len(found.query), len(reference))
    judged = among(judged, expected)
    if not found.is_near and judged is not VideoTier.NONE:
        judged = VideoTier.POSSIBLE
    words = BY_CHANGE if seen.view == AS_IS else f"{seen.view}, {BY_CHANGE}"
    return replace(
        seen,
        tier=judged,
        decades=found.line.decades,
        specific=specific_,
        family=OTHER,
        view=words,
        is_classic=False,
    )


def _by_classic_rule(query: VideoQuery, reference: VideoReference, found: list[Line]) -> VideoMatch | None:
    """A still video whose picture is so regular that no distance says much, within 31 bits all the same."""
    for line in _chosen(found):
        match = _judged(query, reference, line)
        if match is not None and match.is_classic:
            return match
    return None


def better(
    one: VideoMatch | None,
    other: VideoMatch | None,
    rank: Callable[[VideoMatch], tuple[Any, ...]] = lambda match: match.rank,
) -> VideoMatch | None:
    """The surer of two finds of one video: the one of lower ``rank``."""
    if one is None or other is None:
        return one or other
    surer = min(one, other, key=rank)
    told = one.told or other.told
    return surer if surer.told is told else replace(surer, told=told)


def _judged(query: VideoQuery, reference: VideoReference, line: Line) -> VideoMatch | None:
    drawn, pairs = support(query, reference, line)
    return judged_along(query, reference, drawn, pairs) if len(pairs) else None


def _fitted(query: VideoQuery, reference: VideoReference, line: Line) -> VideoMatch | None:
    """What can be said after the line's view was fitted to the listed frames along it."""
    _, pairs = support(query, reference, line)
    if len(pairs) < 2:
        return None
    chosen = _telling(reference, pairs)
    codes = np.ascontiguousarray(reference.frames.words[pairs.columns[chosen]]).view(np.uint8)
    fitted = query.fitted(line.view, pairs.rows[chosen], codes.reshape(-1, 32))
    if fitted is None:
        return None
    for one in lines(fitted, reference)[:1]:
        decades = one.decades - _cost(fitted)
        if one.speed and decades >= LEAST_DECADES:
            return _judged(fitted, reference, replace(one, decades=decades))
    return None


def _cost(query: VideoQuery) -> float:
    return FIT_COST if query.is_fitted else 0.0


def _telling(reference: VideoReference, pairs: Support) -> npt.NDArray[np.int64]:
    """Places of up to `FIT_PAIRS` of the pairs: the nearest of each distinct picture, then the nearest."""
    order = np.argsort(pairs.bits, kind="stable")
    _, firsts = np.unique(reference.state[pairs.columns[order]], return_index=True)
    ranked = np.concatenate([order[np.sort(firsts)], np.delete(order, firsts)])
    return np.sort(ranked[:FIT_PAIRS])


def _chosen(found: list[Line]) -> list[Line]:
    """The lines that fit best, the one with most evidence, and the best of those in no order."""
    timed = [line for line in found if line.speed]
    chosen = [*timed[:BEST_FITS], max(timed, key=lambda line: line.decades)] if timed else []
    return list(dict.fromkeys(chosen + [line for line in found if not line.speed][:1]))


def judged_along(query: VideoQuery, reference: VideoReference, line: Line, pairs: Support) -> VideoMatch:
    """What a line and the pairs of frames along it, one at least, amount to."""
    found = specific(query, reference, line, pairs)
    picture = None if query.is_close else still(query, reference, line.view, pairs, _cost(query))
    # Strangers can be brought nearer by fitting, but that does not make them change alike.
    decades = line.decades + (_cost(query) if found.moves_alike else 0.0)
    if found.decades >= SPECIFIC_DECADES:
        decades += beyond_bound(query, reference, line.view, pairs)
    if picture is not None:
        decades = max(decades, picture.decades)
    is_classic = picture is not None and picture.is_classic
    judged = tier(decades, found.decades, still=None if picture is None else picture.decades)
    if not is_classic:
        score = decades + found.decades
        judged = among(judged, expected_false_alarms(score, len(query), len(reference)))
    first_s, last_s = float(query.time_s[pairs.rows[0]]), float(query.time_s[pairs.rows[-1]])
    # Frame by frame, only those at listed moments are among the pairs.
    half_s = reference.step_s / abs(line.speed) / 2 if query.is_close else query.step_s / 2
    start_s = max(0.0, first_s - half_s)
    end_s = min(last_s + half_s, float(query.time_s[-1]) + query.step_s)
    if line.speed == 0:
        places = reference.time_s[pairs.columns]
        reference_start, reference_end = float(places.min()), float(places.max()) + reference.step_s
    else:
        ends = sorted((line.speed * start_s + line.offset_s, line.speed * end_s + line.offset_s))
        reference_start, reference_end = max(0.0, ends[0]), max(0.0, ends[1])
    return VideoMatch(
        tier=VideoTier.MATCH if is_classic else judged,
        decades=decades,
        specific=found.decades,
        states=len(np.unique(reference.state[pairs.columns])),
        family=query.families[line.view],
        view=query.words[line.view],
        speed=line.speed,
        offset_s=line.offset_s,
        query_start_s=start_s,
        query_end_s=end_s,
        reference_start_s=reference_start,
        reference_end_s=reference_end,
        nearest_bits=int(pairs.bits.min()),
        is_classic=is_classic,
        looks=() if query.look is None else (query.look(line.view),),
        asked_s=query.asked_s,
    )
