"""A query against a whole bank of videos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from holdfast.matching.video.alarms import SLOPE, among, expected_false_alarms
from holdfast.matching.video.align import lines
from holdfast.matching.video.alike import as_they_stand, plain_views
from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.candidates import Candidate, SearchPlan, far_candidates, near_candidates
from holdfast.matching.video.closer import closer
from holdfast.matching.video.compare import VideoMatch, better, by_change, compare, with_looks
from holdfast.matching.video.inpart import named_in_part
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.narrow import narrowed
from holdfast.matching.video.query import Close, VideoQuery
from holdfast.matching.video.reference import VideoReference

__all__ = ["BankMatch", "SearchPlan", "closer_in_bank", "search"]

_ALL_VIDEOS = 64  # banks up to this size are compared with one by one
FITTED = 4  # candidates that the query is fitted to: those nearest to a match; then the first of the far pass


@dataclass(frozen=True, slots=True)
class BankMatch:
    """A listed video by its id, what was found of it, and how many such finds strangers would give.

    ``expected_false_alarms`` is for a query like this and a bank of this size.
    """

    video_id: int
    match: VideoMatch
    expected_false_alarms: float


@dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    """A listed video with the query at the views at which the two are compared, and what came of it."""

    query: VideoQuery
    views: frozenset[int]
    reference: VideoReference
    match: VideoMatch | None

    @property
    def is_match(self) -> bool:
        return self.match is not None and self.match.tier is VideoTier.MATCH

    def with_match(self, match: VideoMatch | None) -> _Compared:
        """With what came of it, and whether that is in part of the picture."""
        named = None if match is None else named_in_part(match, self.query, self.reference)
        return replace(self, match=named)


def search(
    query: VideoQuery, bank: VideoBank, plan: SearchPlan | None = None, *, stop_at_match: bool = False
) -> list[BankMatch]:
    """All listed videos with a tier, the surest first.

    With ``stop_at_match`` the second, slower pass is left out where the first one ends in a match.
    """
    plan = plan or SearchPlan()
    found: dict[int, _Compared] = {}
    far: list[Candidate] = []
    if len(bank) <= _ALL_VIDEOS:
        views = tuple(range(len(query.families)))
        _compare(query, bank, [Candidate(video_id, views) for video_id in bank.ids], found)
    else:
        _compare(query, bank, near_candidates(query, bank, plan), found)
        near = _judged(query, bank, found) if stop_at_match else []
        if any(one.match.is_sure for one in near):
            return near
        far = far_candidates(query, bank, plan)
        _compare(query, bank, far, found)
    if query.fit is not None:
        for video_id in _promising(found, [one.video_id for one in far[:1]]):
            one = found[video_id]
            found[video_id] = one.with_match(compare(one.query, one.reference, change=False))
        if not any(one.match is not None and one.match.is_sure for one in found.values()):
            _look_at_change(query, found)
    return _judged(query, bank, found)


def closer_in_bank(one: BankMatch, views: Iterable[Close], bank: VideoBank, step_s: float) -> BankMatch:
    """A find after a closer look (see `closer`), with the tier that it has in a bank of this size."""
    reference = bank.reference(one.video_id)
    found = one.match if reference is None else closer(one.match, views, reference, step_s)
    if found is one.match:
        return one
    expected = one.expected_false_alarms * 10.0 ** (SLOPE * (one.match.score - found.score))
    is_match = among(found.tier, expected) is VideoTier.MATCH
    return BankMatch(one.video_id, found, expected) if is_match else one


def _look_at_change(query: VideoQuery, found: dict[int, _Compared]) -> None:
    """What was put much over comes near to nothing: all that are no match yet are asked how they change."""
    views = as_they_stand(query, plain_views(query))
    for video_id, one in found.items():
        seen = None if one.is_match else by_change(views, one.reference)
        if seen is not None:
            seen = with_looks(seen, one.query, lines(one.query, one.reference))
            found[video_id] = one.with_match(better(one.match, seen))


def _compare(
    query: VideoQuery, bank: VideoBank, candidates: Sequence[Candidate], found: dict[int, _Compared]
) -> None:
    """Adds what comes of each candidate, at its views; at those of both passes where it is no match yet."""
    for video_id, views in candidates:
        known, wanted = found.get(video_id), frozenset(views)
        if known is None:
            reference = bank.reference(video_id)
        elif wanted <= known.views or known.is_match:
            continue
        else:
            reference, wanted = known.reference, known.views | wanted
        if reference is not None:
            few = narrowed(query, sorted(wanted))
            reference = replace(reference, among=bank.frames)
            one = _Compared(few, wanted, reference, None)
            found[video_id] = one.with_match(compare(few, reference, fit=False))


def _judged(query: VideoQuery, bank: VideoBank, found: Mapping[int, _Compared]) -> list[BankMatch]:
    """Those that have a tier, with how many false alarms are expected."""
    out = []
    for video_id, one in found.items():
        if one.match is None or one.match.tier is VideoTier.NONE:
            continue
        expected = expected_false_alarms(one.match.score, len(query), bank.frames)
        out.append(BankMatch(video_id, one.match, expected))
    return sorted(out, key=lambda one: (one.match.rank, one.video_id))


def _promising(found: Mapping[int, _Compared], likely: Sequence[int]) -> list[int]:
    """Up to `FITTED` videos that are no match yet, those with most evidence, and the ``likely``."""
    scores = {
        video_id: 0.0 if one.match is None else one.match.score
        for video_id, one in found.items()
        if not one.is_match
    }
    best = sorted(scores, key=lambda video_id: -scores[video_id])[:FITTED]
    return [*best, *(video_id for video_id in likely if video_id in scores and video_id not in best)]
