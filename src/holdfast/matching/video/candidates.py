"""Which listed videos are worth a closer look: few out of hundreds of thousands.

Two passes over the bank's frames. *Near*: every code of the query within a small radius, by the exact index;
it finds what a view undoes well. *Far*: codes of a few moments at all views within a wide radius, by a flat
scan; it finds what no view undoes well, and costs in proportion to the bank, so the larger the bank the fewer
moments. What is found is ranked by evidence, each moment of the query counted once a video.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.matching.calibration import COARSE, default_model
from holdfast.matching.flat import flat_search
from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.query import VideoQuery

__all__ = ["SearchPlan", "far_candidates", "near_candidates"]

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """How hard to look.

    ``near_bits`` is the radius of the first pass. ``comparisons`` bounds the second: so many codes against
    so many frames, ``most_codes`` codes at most and ``least_codes`` at least. ``chance_hits`` strangers are
    expected within its radius. At most ``candidates`` videos come out of either pass.
    """

    near_bits: int = 36
    comparisons: float = 2.5e9
    most_codes: int = 640
    least_codes: int = 192
    chance_hits: float = 300.0
    candidates: int = 96


def near_candidates(query: VideoQuery, bank: VideoBank, plan: SearchPlan) -> list[int]:
    """Ids of videos that have a frame near any code of the query, the likeliest first."""
    views, frames = np.nonzero(query.frames.weight > 0)
    codes, first = np.unique(query.codes[views, frames], axis=0, return_index=True)
    rows, found, bits = bank.index.range_search(codes, plan.near_bits)
    return _ranked(bank, frames[first][rows], found, bits, plan.candidates)


def far_candidates(query: VideoQuery, bank: VideoBank, plan: SearchPlan) -> list[int]:
    """Ids of videos that have a frame not too far from codes of a few moments, the likeliest first."""
    if bank.frames == 0:
        return []
    room = int(np.clip(plan.comparisons / bank.frames, plan.least_codes, plan.most_codes))
    views, frames = _moments(query, room)
    if len(views) == 0:
        return []
    codes = query.codes[views, frames]
    radius = default_model().radius_for(
        plan.chance_hits, float(len(codes)) * bank.frames, family=COARSE, regularity=1.0
    )
    hits = flat_search(bank.index.living(), codes, max(radius, plan.near_bits), room=64)
    return _ranked(bank, frames[hits.rows], hits.ids, hits.distances, plan.candidates)


def _moments(query: VideoQuery, room: int) -> tuple[Int64Array, Int64Array]:
    """(views, frames) of up to ``room`` codes: all views of moments that differ and lie well apart."""
    usable = query.frames.weight > 0
    full = usable.sum(axis=0)
    if not usable.any():
        return np.empty(0, np.int64), np.empty(0, np.int64)
    rich = np.flatnonzero(full >= 0.8 * full.max())  # moments that were looked at through all views
    count = max(1, room // int(full.max()))
    states = query.state[int(usable.sum(axis=1).argmax())][rich]
    firsts = rich[np.sort(np.unique(states, return_index=True)[1])]
    wanted = firsts[np.unique(np.linspace(0, len(firsts) - 1, count).round().astype(np.int64))]
    if len(wanted) < count:
        spread = rich[np.unique(np.linspace(0, len(rich) - 1, count).round().astype(np.int64))]
        wanted = np.union1d(wanted, spread)[: max(count, len(wanted))]
    views, places = np.nonzero(usable[:, wanted])
    return views[:room], wanted[places][:room]


def _ranked(bank: VideoBank, frames: Int64Array, found: Int64Array, bits: Int64Array, most: int) -> list[int]:
    """Ids of the videos of found frames, by the sum over moments of how near each came."""
    if len(found) == 0:
        return []
    videos = bank.videos_of(found).astype(np.int64)
    closeness = np.square(np.maximum(0.0, 128.0 - bits))
    order = np.lexsort((-closeness, frames, videos))
    moment = np.concatenate([[True], (np.diff(videos[order]) != 0) | (np.diff(frames[order]) != 0)])
    best = order[moment]
    numbers, inverse = np.unique(videos[best], return_inverse=True)
    score = np.bincount(inverse, closeness[best])
    ranked = numbers[np.argsort(-score, kind="stable")][:most]
    return [bank.video_id(int(number)) for number in ranked]
