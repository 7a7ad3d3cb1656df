"""The compiled loop of a closer look: which line in time the frames of a stretch agree on best."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast._numba import njit

__all__ = ["line_sums"]


@njit
def line_sums(
    evidence: Any, query_s: Any, reference_s: Any, middle_s: Any, speeds: Any, centres_s: Any, reach_s: Any,
    sums: Any,
) -> Any:  # fmt: skip
    """Fills ``sums`` float64 (s, c) with the evidence along lines, squared: of each listed frame, that of the
    frame shown at its moment. Squared, because few moments that are the same pictures say more than many like
    them.

    ``evidence`` float32 (f, m) of all pairs; ``query_s`` float64 (f,) and ``reference_s`` (m,) their times,
    rising. A line of speed ``speeds`` (s,) takes ``middle_s`` to ``centres_s`` (c,). A moment that is further
    than ``reach_s`` from every frame says nothing.
    """
    before_s, after_s = query_s[0] - reach_s - middle_s, query_s[-1] + reach_s - middle_s
    for k in range(speeds.shape[0]):
        low_s, high_s = before_s * speeds[k], after_s * speeds[k]
        for o in range(centres_s.shape[0]):
            total = 0.0
            first = np.searchsorted(reference_s, centres_s[o] + min(low_s, high_s))
            end = np.searchsorted(reference_s, centres_s[o] + max(low_s, high_s), side="right")
            for column in range(first, end):
                moment_s = middle_s + (reference_s[column] - centres_s[o]) / speeds[k]
                place = np.searchsorted(query_s, moment_s)
                if place == query_s.shape[0] or (
                    place > 0 and moment_s - query_s[place - 1] <= query_s[place] - moment_s
                ):
                    place -= 1
                if abs(query_s[place] - moment_s) <= reach_s:
                    total += evidence[place, column] ** 2
            sums[k, o] = total
