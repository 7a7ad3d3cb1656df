"""Whether it is this video, or only the same scene: the test of other moments.

Other footage of the same room, by the same camera, looks like a listed video at any moment as well as at the
aligned one. A copy does not: a frame of it is nearer to the moment that it shows than to all others. So each
moment on the line is held against the moments of the reference that lie elsewhere in time.

Two kinds of moments speak for a copy. Where the aligned frame is nearest by far, a distinct picture was
recognised, as after a cut: `STATE_DECADES` each, but for the first, which says nothing about time. All other
moments are races: a copy's frame wins against so many others that it would win by chance once in as many.
"""

from __future__ import annotations

import math

import numpy as np

from holdfast.matching.video.align import Line, Support
from holdfast.matching.video.kernels import states_into
from holdfast.matching.video.query import STATE_BITS, VideoQuery
from holdfast.matching.video.reference import VideoReference

__all__ = ["specific_decades"]

APART_S = 1.5  # moments nearer than this may well look the same in a copy too
CLEAR_BITS = 24  # by which the aligned frame is nearer than all others: another picture
LEAD_BITS = 3  # by which a race is won
MOST_RIVALS = 9  # neighbouring moments are alike, so more of them are no more rivals
STATE_DECADES = 2.0


def specific_decades(query: VideoQuery, reference: VideoReference, line: Line, support: Support) -> float:
    """How much speaks for this video against other footage of its scene, in decades, 0 or more."""
    moments = _moments(query, reference, line, support)
    if line.speed == 0:
        return STATE_DECADES * max(0, len({int(reference.state[column]) for _, column in moments}) - 1)
    clear: list[int] = []
    leads, chances = [], []
    for row, column in moments:
        elsewhere = np.abs(reference.time_s - reference.time_s[column]) >= APART_S
        elsewhere &= reference.frames.weight > 0
        rivals = int(elsewhere.sum())
        if rivals == 0:
            continue
        distances = support.distances[row]
        leads.append(int(distances[elsewhere].min()) - int(distances[column]))
        chances.append(1 / (1 + min(rivals, MOST_RIVALS)))
        if leads[-1] >= CLEAR_BITS:
            clear.append(column)
    states = _states(reference, clear)
    races = len(leads) - states
    if races <= 0:
        return STATE_DECADES * max(0, states - 1)
    wins = sum(lead >= LEAD_BITS for lead in leads) - states
    return STATE_DECADES * max(0, states - 1) + _surprise(wins, races, float(np.mean(chances)))


def _moments(
    query: VideoQuery, reference: VideoReference, line: Line, support: Support
) -> list[tuple[int, int]]:
    """(query frame, reference frame): each reference frame on the line once, with the frame nearest in time."""
    found: dict[int, tuple[float, int]] = {}
    for row, column in zip(support.rows.tolist(), support.columns.tolist(), strict=True):
        off_s = abs(line.speed * query.time_s[row] + line.offset_s - reference.time_s[column])
        bits = float(support.distances[row, column])
        rank = bits if line.speed == 0 else float(off_s)
        if column not in found or rank < found[column][0]:
            found[column] = (rank, row)
    return [(row, column) for column, (_, row) in sorted(found.items())]


def _states(reference: VideoReference, columns: list[int]) -> int:
    if not columns:
        return 0
    words = np.ascontiguousarray(reference.frames.words[np.array(columns)])
    return int(states_into(words, STATE_BITS, np.zeros(len(words), np.int32)))


def _surprise(wins: int, races: int, chance: float) -> float:
    """-log10 of the probability of at least so many wins in so many races."""
    tail = sum(math.comb(races, k) * chance**k * (1 - chance) ** (races - k) for k in range(wins, races + 1))
    return max(0.0, -math.log10(max(tail, 1e-300)))
