"""Videos against listed videos: evidence, alignment in time, tiers, banks of any size. See docs/video.md."""

from __future__ import annotations

from holdfast.matching.video.alarms import expected_false_alarms
from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.candidates import SearchPlan
from holdfast.matching.video.classic import ClassicMatch, classic_match
from holdfast.matching.video.closer import stretch_s, wants_closer
from holdfast.matching.video.compare import VideoMatch, compare
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.pieces import joined
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.search import BankMatch, closer_in_bank, search

__all__ = [
    "BankMatch",
    "ClassicMatch",
    "SearchPlan",
    "VideoBank",
    "VideoMatch",
    "VideoQuery",
    "VideoReference",
    "VideoTier",
    "classic_match",
    "closer_in_bank",
    "compare",
    "expected_false_alarms",
    "joined",
    "search",
    "stretch_s",
    "wants_closer",
]
