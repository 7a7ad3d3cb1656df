"""The deep check: pictures from all sides against whole lists, many uploads in one pass.

    small lumas -> views (`hashing.views.deep`) -> one flat scan -> refining each near pair -> expected
    false alarms

What it finds may hold content for a person and never decides by itself: no distance here is that of a
picture as it is, so no view of it counts as a plain one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from holdfast.banks.resolve import BankMatch, resolve
from holdfast.decisions.vocabulary import PLAIN_VIEWS
from holdfast.hashing.views.deep import COARSE_RADIUS_BITS, DeepViews, deep_views
from holdfast.hashing.views.looks import BOX
from holdfast.hashing.views.refine import Refined, refine
from holdfast.hashing.views.small import SmallLuma
from holdfast.matching.calibration.model import REFINED, FalseAlarmModel, Tier
from holdfast.matching.flat import FlatHits, LivingCodes, flat_search
from holdfast.records.database import Database
from holdfast.screening.checked import Region, Seen, weight
from holdfast.screening.codes import codes_of
from holdfast.screening.judging import Judgement, Near, judge
from holdfast.screening.lists import ListIndex
from holdfast.screening.sighting import Sighted, view_of_original

__all__ = ["Lumas", "check_deeply"]

Lumas = Sequence[tuple[int, SmallLuma]]  # frames of one upload: number, small luma


@dataclass(frozen=True, slots=True)
class _Found:
    """One listed code near one frame of an upload, and all that is listed under this code."""

    frame: int
    views: DeepViews
    refined: Refined
    fingerprints: tuple[int, ...]


def check_deeply(
    lists: ListIndex, database: Database, model: FalseAlarmModel, uploads: Sequence[Lumas]
) -> list[Sighted]:
    """For each upload its matches in calibrated banks, the weightiest first, benign ones too.

    One pass over the lists answers all of them: its cost grows little with the first ten uploads. Some 2 MB
    of memory an upload.
    """
    looked = [
        (upload, frame, views)
        for upload, lumas in enumerate(uploads)
        for frame, luma in lumas
        if len(views := deep_views(luma))
    ]
    found: dict[int, list[_Found]] = defaultdict(list)
    for upload, one in _near(lists, looked):
        found[upload].append(one)
    ids = sorted({one for many in found.values() for near in many for one in near.fingerprints})
    known = _known(database, ids)
    entries = len(lists)
    return [
        _sighted(found[upload], known, model, float(entries) * max(1, len(lumas)))
        for upload, lumas in enumerate(uploads)
    ]


def _near(lists: ListIndex, looked: Sequence[tuple[int, int, DeepViews]]) -> Iterable[tuple[int, _Found]]:
    """Every listed code that a frame can be brought near to, by upload."""
    if not looked:
        return
    living = lists.living()
    hits = flat_search(living, np.concatenate([views.codes for _, _, views in looked]), COARSE_RADIUS_BITS)
    begin = 0
    for upload, frame, views in looked:
        end = begin + len(views)
        first, last = np.searchsorted(hits.rows, [begin, end])
        for one in _refined(living, frame, views, hits, slice(int(first), int(last)), begin):
            yield upload, one
        begin = end


def _refined(
    living: Sequence[LivingCodes], frame: int, views: DeepViews, hits: FlatHits, part: slice, begin: int
) -> Iterable[_Found]:
    rows, ids = hits.rows[part] - begin, hits.ids[part]
    codes = codes_of(living, ids)
    listed: dict[bytes, set[int]] = defaultdict(set)
    for code, fingerprint_id in zip(codes, ids.tolist(), strict=True):
        listed[code.tobytes()].add(fingerprint_id)
    for one in refine(views, rows, codes):
        yield _Found(frame, views, one, tuple(sorted(listed[codes[one.candidate].tobytes()])))


def _known(database: Database, ids: Sequence[int]) -> dict[int, BankMatch]:
    """What the records say of fingerprints in use, of banks that match by calibration and of benign ones.

    A benign bank clears what is nearer to it than to a known one, whatever rule it has for matches of its
    own.
    """
    if not ids:
        return {}
    with database.read() as connection:
        found = resolve(connection, [(one, 0) for one in ids], at_any_distance=True)
    return {
        match.fingerprint_id: replace(match, matching="calibrated")
        for match in found
        if match.matching == "calibrated" or match.kind == "benign"
    }


def _sighted(
    found: Sequence[_Found], known: dict[int, BankMatch], model: FalseAlarmModel, comparisons: float
) -> Sighted:
    near, places = [], []
    for one in found:
        code = one.views.codes[one.refined.row].tobytes()
        for fingerprint_id in one.fingerprints:
            if fingerprint_id in known:
                match = replace(known[fingerprint_id], distance_bits=ceil(one.refined.score_bits))
                family, words = view_of_original(match, _family(one.refined), one.refined.view.words)
                near.append(Near(match, code, family, words, one.refined.score_bits))
                places.append(_region(one))
    best: dict[int, tuple[Near, Region, Judgement]] = {}
    for hit, region, judged in zip(near, places, judge(model, near, comparisons, REFINED), strict=True):
        fingerprint_id = hit.match.fingerprint_id
        if judged.tier != Tier.NONE and (
            fingerprint_id not in best or judged.expected < best[fingerprint_id][2].expected
        ):
            best[fingerprint_id] = hit, region, judged
    seen = {
        fingerprint_id: Seen(
            hit.words,
            hit.family,
            region,
            judged.tier,
            judged.expected,
            judged.decades,
            {region: hit.match.distance_bits},
        )
        for fingerprint_id, (hit, region, judged) in best.items()
    }
    stand = sorted((hit.match for hit, _, _ in best.values()), key=lambda match: weight(match, seen))
    return Sighted(stand, seen)


def _family(refined: Refined) -> str:
    """The view's, but never one that may decide: a refined distance is not that of the picture as it is."""
    return "other" if refined.view.family in PLAIN_VIEWS else refined.view.family


def _region(one: _Found) -> Region:
    number = int(one.views.part[one.refined.row])
    return (one.frame, number) if one.views.parts[number].family == BOX else (one.frame, -1)
