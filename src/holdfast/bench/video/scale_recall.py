"""What a large bank costs in recall: edited clips that are a match with their file alone, sought in it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.bench.video.queries import best_match, query_of, stretch_of, views_of
from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.compare import is_match_among
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.search import search
from holdfast.screening.videocloser import looked_closer

__all__ = ["copy_in_bank", "recall_in_bank"]


@dataclass(frozen=True, slots=True)
class _Copy:
    """An edited clip: whether it is a match with its own file alone, would be one by that score in so large
    a bank, and is one out of it, or only with another file of its source. ``search_s`` is processor time.
    """

    is_alone: bool
    is_due: bool
    is_found: bool
    is_other: bool
    search_s: float


def copy_in_bank(numbers: Sequence[int], data: bytes, bank: VideoBank) -> _Copy | None:
    """As in service: searched for, then what was found and is no match looked at more closely.

    ``numbers`` are those of its own file, which comes first, and of others of its source. None where it has
    no views.
    """
    queries, reference = [query_of(views) for views in views_of(data)], bank.reference(numbers[0])
    if reference is None or not queries:
        return None
    alone = best_match(data, queries, reference)
    started = time.thread_time()
    looked = [search(query, bank) for query in queries]
    search_s = time.thread_time() - started
    finds = looked_closer(looked, bank, lambda span_s: nullcontext(stretch_of(data, span_s)))
    matches = {one.video_id for piece in finds for one in piece if one.match.tier is VideoTier.MATCH}
    is_alone = alone is not None and alone.tier is VideoTier.MATCH
    is_due = is_match_among(alone, len(queries[0]), bank.frames)
    is_found, is_other = numbers[0] in matches, not matches.isdisjoint(numbers[1:])
    return _Copy(is_alone, is_due, is_found, is_other and not is_found, search_s)


def recall_in_bank(copies: Iterable[tuple[Sequence[int], bytes]], bank: VideoBank) -> dict[str, Any]:
    """How many are a match with their own file alone, by that score in so large a bank, and out of it."""
    asked = (copy_in_bank(numbers, data, bank) for numbers, data in copies)
    seen = [copy for copy in asked if copy is not None]
    alone = [copy for copy in seen if copy.is_alone]
    times = [copy.search_s for copy in seen] or [0.0]
    return {
        "of": len(seen),
        "a match alone": len(alone),
        "by that score here": sum(copy.is_due for copy in alone),
        "found": sum(copy.is_found for copy in alone),
        "by that score, not found": sum(copy.is_due and not copy.is_found for copy in alone),
        "only another file of the source": sum(copy.is_other for copy in alone),
        "found, no match alone": sum(copy.is_found and not copy.is_alone for copy in seen),
        "processor s, median": round(float(np.median(times)), 2),
        "most": round(max(times), 2),
    }
