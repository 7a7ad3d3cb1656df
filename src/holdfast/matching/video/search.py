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
from holdfast.matching.video.compare import VideoMatch, better, by_change, compare, is_match_among, with_looks
from holdfast.matching.video.inpart import named_in_part
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.narrow import narrowed
from holdfast.matching.video.query import Close, VideoQuery
from holdfast.matching.video.reference import VideoReference

__all__ = ["BankMatch", "SearchPlan", "closer_in_bank", "search"]

_ALL_VIDEOS = 64  # banks up to this size are compared with one by one
FITTED = 4  # candidates that the query is fitted to, those nearest to a match; and the first of the far pass
WEAK_FITTED = 2  # of those that are a match alone and too little here


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

    def with_match(self, match: VideoMatch | None, query: VideoQuery, bank: VideoBank) -> _Compared:
        """With the surer of two finds: what is a match here, then what has a tier here at all."""

        def rank(found: VideoMatch) -> tuple[object, ...]:
            tier = _among_all(found, len(query), bank)[0].tier
            return tier is not VideoTier.MATCH, tier is VideoTier.NONE, *found.rank

        return replace(self, match=better(self.match, match, rank))


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
    if query.fit is None:
        return _judged(query, bank, found)
    for video_id in _promising(query, bank, found, [one.video_id for one in far[:1]]):
        one = found[video_id]
        match = compare(one.query, one.reference, change=False, bank_frames=bank.frames)
        found[video_id] = one.with_match(match, query, bank)
    judged = _judged(query, bank, found)
    if any(one.match.is_sure for one in judged):
        return judged
    _look_at_change(query, bank, found)
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


def _look_at_change(query: VideoQuery, bank: VideoBank, found: dict[int, _Compared]) -> None:
    """What was put much over comes near to nothing: all that are no match are asked how they change."""
    views = as_they_stand(query, plain_views(query))
    for video_id, one in found.items():
        if _is_match(one, query, bank):
            continue
        seen = by_change(views, one.reference)
        if seen is not None and seen.tier is not VideoTier.NONE:
            seen = with_looks(seen, one.query, lines(one.query, one.reference))
            found[video_id] = one.with_match(seen, query, bank)


def _compare(
    query: VideoQuery, bank: VideoBank, candidates: Sequence[Candidate], found: dict[int, _Compared]
) -> None:
    """Adds what comes of each candidate, at its views; at those of both passes where it is no match yet."""
    for video_id, views in candidates:
        known, wanted = found.get(video_id), frozenset(views)
        if known is None:
            reference = bank.reference(video_id)
        elif wanted <= known.views or _is_match(known, query, bank):
            continue
        else:
            reference, wanted = known.reference, known.views | wanted
        if reference is not None:
            few = narrowed(query, sorted(wanted))
            match = compare(few, reference, fit=False, bank_frames=bank.frames)
            one = _Compared(few, wanted, reference, None if known is None else known.match)
            found[video_id] = one.with_match(match, query, bank)


def _judged(query: VideoQuery, bank: VideoBank, found: Mapping[int, _Compared]) -> list[BankMatch]:
    """Those that have a tier in a bank of this size."""
    out = []
    for video_id, one in found.items():
        if one.match is None:
            continue
        judged, expected = _among_all(one.match, len(query), bank)
        judged = named_in_part(judged, one.query, one.reference)
        if judged.tier is not VideoTier.NONE:
            out.append(BankMatch(video_id, judged, expected))
    return sorted(out, key=lambda one: (one.match.rank, one.video_id))


def _among_all(match: VideoMatch, query_frames: int, bank: VideoBank) -> tuple[VideoMatch, float]:
    """A find with the tier that it has in a bank of this size, and how many false alarms are expected.

    Where it has none, what vPDQ's own rules tell of takes its place.
    """
    expected = expected_false_alarms(match.score, query_frames, bank.frames)
    if match.is_classic:
        return match, expected
    tier = among(match.tier, expected)
    if tier is VideoTier.NONE and match.told is not None:
        return match.told, expected_false_alarms(match.told.score, query_frames, bank.frames)
    return replace(match, tier=tier), expected


def _is_match(one: _Compared, query: VideoQuery, bank: VideoBank) -> bool:
    return is_match_among(one.match, len(query), bank.frames)


def _promising(
    query: VideoQuery, bank: VideoBank, found: Mapping[int, _Compared], likely: Sequence[int]
) -> list[int]:
    """Up to `FITTED` videos that are no match, those with most evidence, and the ``likely`` ones; then some
    that are a match alone and too little here.
    """
    scores = {
        video_id: 0.0 if one.match is None else one.match.score
        for video_id, one in found.items()
        if not _is_match(one, query, bank)
    }
    ranked = sorted(scores, key=lambda video_id: -scores[video_id])
    weak = [video_id for video_id in ranked if is_match_among(found[video_id].match, len(query), 0)]
    none = [video_id for video_id in ranked if video_id not in weak]
    more = [video_id for video_id in likely if video_id in none[FITTED:]]
    return [*none[:FITTED], *more, *weak[:WEAK_FITTED]]
