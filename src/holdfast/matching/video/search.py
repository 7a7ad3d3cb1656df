"""A query against a whole bank of videos."""

from __future__ import annotations

from dataclasses import dataclass, replace

from holdfast.matching.video.alarms import among, expected_false_alarms
from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.candidates import SearchPlan, far_candidates, near_candidates
from holdfast.matching.video.compare import VideoMatch, compare
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.query import VideoQuery

__all__ = ["BankMatch", "SearchPlan", "search"]

_ALL_VIDEOS = 64  # banks up to this size are compared with one by one
FITTED = 6  # candidates of either pass that the query is fitted to: those that come nearest to a match


@dataclass(frozen=True, slots=True)
class BankMatch:
    """A listed video by its id, what was found of it, and how many such finds strangers would give.

    ``expected_false_alarms`` is for a query like this and a bank of this size.
    """

    video_id: int
    match: VideoMatch
    expected_false_alarms: float


def search(
    query: VideoQuery, bank: VideoBank, plan: SearchPlan | None = None, *, stop_at_match: bool = False
) -> list[BankMatch]:
    """All listed videos with a tier, the surest first.

    With ``stop_at_match`` the second, slower pass is left out where the first one ends in a match.
    """
    plan = plan or SearchPlan()
    if len(bank) <= _ALL_VIDEOS:
        return _sorted(_compared(query, bank, bank.ids))
    near = near_candidates(query, bank, plan)
    found = _compared(query, bank, near)
    if stop_at_match and any(one.match.tier is VideoTier.MATCH for one in found):
        return _sorted(found)
    known = set(near)
    far = [video for video in far_candidates(query, bank, plan) if video not in known]
    return _sorted(found + _compared(query, bank, far))


def _compared(query: VideoQuery, bank: VideoBank, videos: list[int]) -> list[BankMatch]:
    plain = {video_id: compare(query, bank.reference(video_id), fit=False) for video_id in videos}
    if query.fit is not None:
        for video_id in _promising(plain):
            plain[video_id] = compare(query, bank.reference(video_id))
    found = []
    for video_id, match in plain.items():
        if match is None:
            continue
        expected = expected_false_alarms(match.score, len(query), bank.frames)
        judged = match if match.is_classic else replace(match, tier=among(match.tier, expected))
        if judged.tier is not VideoTier.NONE:
            found.append(BankMatch(video_id, judged, expected))
    return found


def _promising(plain: dict[int, VideoMatch | None]) -> list[int]:
    """Up to `FITTED` videos that are no match yet, the likeliest first; they come so already where equal."""
    scores = {
        video_id: 0.0 if match is None else match.score
        for video_id, match in plain.items()
        if match is None or match.tier is not VideoTier.MATCH
    }
    return sorted(scores, key=lambda video_id: -scores[video_id])[:FITTED]


def _sorted(found: list[BankMatch]) -> list[BankMatch]:
    order = list(VideoTier)
    return sorted(found, key=lambda one: (order.index(one.match.tier), -one.match.score, one.video_id))
