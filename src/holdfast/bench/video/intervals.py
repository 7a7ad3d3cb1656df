"""Shares with 95 % intervals, by source: clips of one source fail together, so they count as one."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Share", "share_by_source"]

_Z = 1.96


class Share(NamedTuple):
    """A mean share, its 95 % interval, how many cases and how many sources it rests on."""

    mean: float
    low: float
    high: float
    cases: int
    sources: int


def share_by_source(found: Iterable[tuple[str, bool]]) -> Share:
    """The mean share over (source, found), with Wilson's interval for as many trials as there are sources."""
    by_source: dict[str, list[bool]] = defaultdict(list)
    for source, is_found in found:
        by_source[source].append(is_found)
    cases = sum(map(len, by_source.values()))
    if cases == 0:
        return Share(0.0, 0.0, 1.0, 0, 0)
    mean = sum(sum(one) for one in by_source.values()) / cases
    count = len(by_source)
    spread = _Z * math.sqrt(mean * (1 - mean) / count + _Z**2 / (4 * count**2))
    middle, norm = mean + _Z**2 / (2 * count), 1 + _Z**2 / count
    low, high = (middle - spread) / norm, (middle + spread) / norm
    return Share(mean, max(0.0, min(low, mean)), min(1.0, max(high, mean)), cases, count)
