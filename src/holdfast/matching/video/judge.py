"""Tiers: what the evidence amounts to."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["MATCH_DECADES", "POSSIBLE_DECADES", "SPECIFIC_DECADES", "VideoTier", "tier"]

MATCH_DECADES = 14.0
POSSIBLE_DECADES = 8.0
SPECIFIC_DECADES = 3.0


class VideoTier(StrEnum):
    """What a video match amounts to."""

    MATCH = "match"  # this footage
    POSSIBLE = "possible"  # likely this footage, on too little for more
    SAME_SCENE = "same_scene"  # this place and these people; whether this footage, cannot be told
    NONE = "none"


def tier(decades: float, specific: float) -> VideoTier:
    """The tier of so much evidence in all, and so much that it is this footage and not only its scene."""
    if decades + specific < MATCH_DECADES:
        return VideoTier.POSSIBLE if decades + specific >= POSSIBLE_DECADES else VideoTier.NONE
    return VideoTier.MATCH if specific >= SPECIFIC_DECADES else VideoTier.SAME_SCENE
