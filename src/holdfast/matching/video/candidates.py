"""Which listed videos are worth a closer look: few out of hundreds of thousands.

Two passes over the bank's frames. *Near*: every code of the query within a small radius, by the exact index;
it finds what a view undoes well. *Far*: codes of a few moments at all views within a wide radius, by a flat
scan; it finds what no view undoes well, and costs in proportion to the bank, so the larger the bank the fewer
moments. What is found is ranked by evidence, each moment of the query counted once a video. The views at
which a video was found nearest are those that it is worth comparing at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from holdfast.matching.calibration import COARSE, default_model
from holdfast.matching.flat import flat_search
from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.query import VideoQuery

__all__ = ["Candidate", "SearchPlan", "far_candidates", "near_candidates"]

Int64Array = npt.NDArray[np.int64]

_FIRST_CODES, _MOST_CODES = 32, 1024  # that are looked up together
_BIT_VALUES = 257


class Candidate(NamedTuple):
    """A listed video, and the views at which it was found, the likeliest first."""

    video_id: int
    views: tuple[int, ...]


class _Hits(NamedTuple):
    """Pairs of a query's code and a listed frame: int64 (n,) each."""

    views: Int64Array
    moments: Int64Array
    frames: Int64Array
    bits: Int64Array


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """How hard to look.

    ``near_bits`` is the radius of the first pass, which ends after some ``near_hits``: a title that a hundred
    thousand listed frames show tells nothing, and would take all memory. ``comparisons`` bounds the second:
    so many codes against so many frames, ``most_codes`` codes at most and ``least_codes`` at least.
    ``chance_hits`` strangers are expected within its radius. At most ``candidates`` videos come out of either
    pass, each with at most ``views`` views.
    """

    near_bits: int = 36
    near_hits: int = 1_500_000
    comparisons: float = 5.5e9
    most_codes: int = 640
    least_codes: int = 192
    chance_hits: float = 300.0
    candidates: int = 24
    views: int = 12


def near_candidates(query: VideoQuery, bank: VideoBank, plan: SearchPlan) -> list[Candidate]:
    """Videos that have a frame near any code of the query, the likeliest first."""
    views, frames = np.nonzero(query.frames.weight > 0)
    if len(views) == 0:
        return []
    _, first = np.unique(query.codes[views, frames], axis=0, return_index=True)
    order = np.random.default_rng(0).permutation(first)  # so that a part of them is a fair sample
    views, frames = views[order], frames[order]
    rows, found, bits = _near_hits(bank, query.codes[views, frames], plan)
    return _ranked(bank, _Hits(views[rows], frames[rows], found, bits), plan)


def far_candidates(query: VideoQuery, bank: VideoBank, plan: SearchPlan) -> list[Candidate]:
    """Videos that have a frame not too far from codes of a few moments, the likeliest first."""
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
    return _ranked(bank, _Hits(views[hits.rows], frames[hits.rows], hits.ids, hits.distances), plan)


def _near_hits(
    bank: VideoBank, codes: npt.NDArray[np.uint8], plan: SearchPlan
) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Rows of codes, frames and bits of what is near, a few codes at a time, until there is enough."""
    parts, hits, start, size = [], 0, 0, _FIRST_CODES
    while start < len(codes) and hits < plan.near_hits:
        rows, found, bits = bank.index.range_search(codes[start : start + size], plan.near_bits)
        parts.append((rows + start, found, bits))
        hits, start = hits + len(rows), start + size
        size = int(np.clip((plan.near_hits - hits) * start // max(hits, 1), 1, _MOST_CODES))
    rows, found, bits = (np.concatenate(part) for part in zip(*parts, strict=True))
    return rows, found, bits


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


def _ranked(bank: VideoBank, hits: _Hits, plan: SearchPlan) -> list[Candidate]:
    """The videos of found frames, by the sum over moments of how near each came."""
    if len(hits.frames) == 0:
        return []
    numbers, videos = np.unique(bank.videos_of(hits.frames), return_inverse=True)
    closeness = np.square(np.maximum(0.0, 128.0 - hits.bits))
    nearest = _nearest(hits.bits, hits.moments, videos)
    score = np.bincount(videos[nearest], closeness[nearest])
    ranked = np.argsort(-score, kind="stable")[: plan.candidates]
    place = np.full(len(numbers), -1)
    place[ranked] = np.arange(len(ranked))
    kept = np.flatnonzero(place[videos] >= 0)
    some, where = _Hits(*(part[kept] for part in hits)), place[videos[kept]]
    nearest = _nearest(some.bits, some.moments, some.views, where)
    by_view = np.zeros((len(ranked), int(some.views.max()) + 1))
    np.add.at(by_view, (where[nearest], some.views[nearest]), closeness[kept][nearest])
    order = np.argsort(-by_view, axis=1, kind="stable")[:, : plan.views]
    return [
        Candidate(bank.video_id(int(numbers[video])), tuple(view for view in views if by_view[row, view] > 0))
        for row, (video, views) in enumerate(zip(ranked, order.tolist(), strict=True))
    ]


def _nearest(bits: Int64Array, *keys: Int64Array) -> Int64Array:
    """Places of the nearest hit of each combination of keys, all 0 or more."""
    which = np.zeros(len(bits), np.int64)
    for key in keys:
        which = which * (int(key.max(initial=0)) + 1) + key
    order = np.argsort(which * _BIT_VALUES + bits)
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = np.diff(which[order]) != 0
    return order[is_first]
