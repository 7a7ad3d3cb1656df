"""What the views cost: the fast ones in the upload's answer, ten uploads of deep work at a million entries.

Times are of one core: processor time of this process, while nothing else of it runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from holdfast.bench.edited_cases import ENTRIES
from holdfast.hashing.image import query_hashes
from holdfast.hashing.views.deep import COARSE_RADIUS_BITS, DeepViews, deep_views
from holdfast.hashing.views.refine import refine
from holdfast.hashing.views.small import SmallLuma, small_luma
from holdfast.matching.flat import FlatHits, flat_search, living_codes
from holdfast.matching.hamming import HammingIndex
from holdfast.media.types import DecodedImage

__all__ = ["speed_rows"]

_PLAIN_CODES = 8  # of a picture without border: what is looked up without any view
_UPLOADS, _REPEATS = 10, 3
_PLAIN_RADIUS_BITS = 31


def speed_rows(pictures: Sequence[DecodedImage]) -> list[dict[str, Any]]:
    """Rows of milliseconds, from some decoded pictures (ten at least give whole figures)."""
    codes = np.random.default_rng(1).integers(0, 256, (ENTRIES, 32), dtype=np.uint8)
    return [_fast_row(pictures, codes), _deep_row(pictures, codes)]


def _fast_row(pictures: Sequence[DecodedImage], codes: Any) -> dict[str, Any]:
    index = HammingIndex.from_codes(codes)
    hashes = [query_hashes(picture) for picture in pictures]
    whole = _ms(lambda: [query_hashes(picture) for picture in pictures])
    bare = _ms(lambda: [query_hashes(picture, views=False) for picture in pictures])
    look_ups = _ms(lambda: [index.range_search(one.codes, _PLAIN_RADIUS_BITS) for one in hashes])
    plain = _ms(lambda: [index.range_search(one.codes[:_PLAIN_CODES], _PLAIN_RADIUS_BITS) for one in hashes])
    number = len(pictures)
    return {
        "measure": "fast path, added to an upload",
        "ms": round((whole - bare + look_ups - plain) / number, 2),
        "views and hashes, ms": round((whole - bare) / number, 2),
        "look-ups, ms": round((look_ups - plain) / number, 2),
        "codes": round(float(np.mean([len(one) for one in hashes])), 1),
        "entries": ENTRIES,
    }


def _deep_row(pictures: Sequence[DecodedImage], codes: Any) -> dict[str, Any]:
    smalls = [small for picture in pictures if (small := _small(picture)) is not None]
    smalls = (smalls * _UPLOADS)[:_UPLOADS]
    looked = [deep_views(small) for small in smalls]
    asked, lists = np.concatenate([views.codes for views in looked]), [living_codes(codes)]
    hits = flat_search(lists, asked, COARSE_RADIUS_BITS)
    views_ms = _ms(lambda: [deep_views(small) for small in smalls])
    scan_ms = _ms(lambda: flat_search(lists, asked, COARSE_RADIUS_BITS))
    refine_ms = _ms(lambda: _refine_all(looked, hits, codes))
    return {
        "measure": f"deep path, {_UPLOADS} uploads",
        "ms": round(views_ms + scan_ms + refine_ms),
        "views, ms": round(views_ms),
        "flat scan, ms": round(scan_ms),
        "refining, ms": round(refine_ms),
        "codes": len(asked),
        "thousand million comparisons a second": round(len(asked) * ENTRIES / scan_ms / 1e6, 2),
        "entries": ENTRIES,
    }


def _refine_all(looked: Sequence[DeepViews], hits: FlatHits, codes: Any) -> None:
    begin = 0
    for views in looked:
        first, last = np.searchsorted(hits.rows, [begin, begin + len(views)])
        refine(views, hits.rows[first:last] - begin, codes[hits.ids[first:last]])
        begin += len(views)


def _small(picture: DecodedImage) -> SmallLuma | None:
    frame = picture.frames[0]
    return small_luma(frame.luma, width=frame.width, height=frame.height)


def _ms(step: Callable[[], object]) -> float:
    step()
    times = []
    for _ in range(_REPEATS):
        started = time.process_time()
        step()
        times.append(time.process_time() - started)
    return min(times) * 1000
