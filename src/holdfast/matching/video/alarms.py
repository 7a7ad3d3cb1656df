"""Expected false alarms of a video match: how many strangers would score as much.

    expected = query frames * listed frames * 10 ** (FIRST - SLOPE * score)

A *match* in a bank is one where at most `MATCH_EXPECTED` are expected, a *possible* one where at most
`POSSIBLE_EXPECTED` are: the larger the bank, the more it takes.

The law was fitted on scores of unrelated pairs of the tuning part of ``bench video`` (docs/video.md says how
many, and how far it is extrapolated). It is about strangers; other footage of a listed scene is none, and is
told apart by the test in `specific`.
"""

from __future__ import annotations

from holdfast.matching.video.judge import VideoTier

__all__ = ["FIRST", "MATCH_EXPECTED", "POSSIBLE_EXPECTED", "SLOPE", "among", "expected_false_alarms"]

MATCH_EXPECTED, POSSIBLE_EXPECTED = 1e-6, 1.0

FIRST, SLOPE = -3.0, 0.75


def expected_false_alarms(score: float, query_frames: int, listed_frames: int) -> float:
    """How many unrelated videos would be expected to score so many decades or more."""
    probability: float = 10.0 ** min(FIRST - SLOPE * score, 0.0)
    return query_frames * listed_frames * probability


def among(tier: VideoTier, expected: float) -> VideoTier:
    """The tier of a find where so many strangers would be found as well."""
    if expected > POSSIBLE_EXPECTED:
        return VideoTier.NONE
    if expected > MATCH_EXPECTED and tier in (VideoTier.MATCH, VideoTier.SAME_SCENE):
        return VideoTier.POSSIBLE
    return tier
