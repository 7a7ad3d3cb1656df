"""Tiers: what the evidence amounts to."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "MATCH_DECADES",
    "POSSIBLE_DECADES",
    "SPECIFIC_DECADES",
    "STILL_DECADES",
    "VideoTier",
    "tier",
]

MATCH_DECADES = 9.0
POSSIBLE_DECADES = 7.0
SPECIFIC_DECADES = 1.5
STILL_DECADES = 8.0  # of a listed video that is one picture: 1e-12 for a pair of frames


class VideoTier(StrEnum):
    """What a video match amounts to."""

    MATCH = "match"  # this footage
    POSSIBLE = "possible"  # likely this footage, on too little for more
    SAME_SCENE = "same_scene"  # this place and these people; whether this footage, cannot be told
    NONE = "none"


def tier(decades: float, specific: float, *, still: float | None = None) -> VideoTier:
    """The tier of so much evidence that it is no stranger, and that it is this footage, not only its scene.

    A listed video that is one picture is judged as a photograph is, by ``still``, the evidence of that
    picture.
    """
    score = decades + specific
    if still is not None and still >= STILL_DECADES:
        return VideoTier.MATCH
    if score < MATCH_DECADES:
        return VideoTier.POSSIBLE if score >= POSSIBLE_DECADES else VideoTier.NONE
    return VideoTier.MATCH if specific >= SPECIFIC_DECADES else VideoTier.SAME_SCENE
