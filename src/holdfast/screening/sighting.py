"""From hits of the index to matches: which of an upload's codes tells most, and what that is worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from holdfast.banks.models import VIEW
from holdfast.banks.resolve import BankMatch
from holdfast.decisions.vocabulary import PLAIN_VIEWS
from holdfast.hashing.image import QueryHashes
from holdfast.matching.calibration.model import COARSE, FalseAlarmModel, Tier
from holdfast.screening.checked import AS_IS, WHOLE, Region, Seen, weight
from holdfast.screening.judging import Judgement, Near, is_plain, judge

__all__ = ["Hits", "Sighted", "collect", "nearest_of", "sight", "sight_given", "view_of_original"]

# Fingerprint id -> (distance in bits, row of the query hashes), the nearest first.
Hits = Mapping[int, Sequence[tuple[int, int]]]

_BOX = "box"


class Sighted(NamedTuple):
    """The matches of one content that stand, the weightiest first; how each was seen, by fingerprint id."""

    found: list[BankMatch]
    seen: dict[int, Seen]


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The hit that tells most of one match, as far as its view is concerned."""

    near: Near
    region: Region
    regions: Mapping[Region, int]


def collect(
    rows: npt.NDArray[np.int64], ids: npt.NDArray[np.int64], bits: npt.NDArray[np.int64]
) -> dict[int, list[tuple[int, int]]]:
    """The hits that a search gave (rows, ids, distances), by fingerprint."""
    hits: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row, fingerprint_id, distance in zip(rows.tolist(), ids.tolist(), bits.tolist(), strict=True):
        hits[fingerprint_id].append((distance, row))
    for of_one in hits.values():
        of_one.sort()
    return dict(hits)


def nearest_of(hits: Hits) -> list[tuple[int, int]]:
    """(fingerprint id, smallest distance), as `banks.resolve` takes it."""
    return [(fingerprint_id, of_one[0][0]) for fingerprint_id, of_one in hits.items()]


def sight(
    found: Sequence[BankMatch],
    hits: Hits,
    hashes: QueryHashes | None,
    model: FalseAlarmModel,
    entries: int,
) -> Sighted:
    """What of an upload's matches stands.

    ``found`` are what the records say of ``hits`` and of the content's digests; ``entries`` is how many
    codes are listed. Hits in a plain view within 31 bits go before nearer ones in other views, which prove
    less.
    """
    stand = [match for match in found if match.algorithm != "pdq"]
    seen = {match.fingerprint_id: AS_IS for match in stand}
    pictures = [match for match in found if match.algorithm == "pdq"]
    if hashes is not None and pictures:
        chosen = [_choose(match, hits[match.fingerprint_id], hashes) for match in pictures]
        comparisons = float(entries) * int(np.count_nonzero(hashes.matchable))
        judged = judge(model, [one.near for one in chosen], comparisons, COARSE)
        for one, amounts in zip(chosen, judged, strict=True):
            if amounts.tier != Tier.NONE:
                match = replace(one.near.match, distance_bits=int(one.near.distance_bits))
                stand.append(match)
                seen[match.fingerprint_id] = _seen(one, amounts)
    stand.sort(key=lambda match: weight(match, seen))
    return Sighted(stand, seen)


def sight_given(
    found: Sequence[Sequence[BankMatch]], codes: Sequence[bytes], model: FalseAlarmModel, entries: int
) -> list[Sighted]:
    """The same for ready hashes, each looked up alone: ``codes`` are their values where they are PDQ's."""
    near = [
        Near(match, code, *view_of_original(match, AS_IS.family, AS_IS.words), match.distance_bits)
        for matches, code in zip(found, codes, strict=True)
        for match in matches
        if match.algorithm == "pdq"
    ]
    judged = iter(judge(model, near, float(entries), COARSE))
    views = iter(near)
    answers = []
    for matches in found:
        stand, seen = [], {}
        for match in matches:
            if match.algorithm != "pdq":
                stand.append(match)
                seen[match.fingerprint_id] = AS_IS
                continue
            amounts, view = next(judged), next(views)
            if amounts.tier != Tier.NONE:
                stand.append(match)
                whole = {WHOLE: match.distance_bits}
                seen[match.fingerprint_id] = _seen(_Chosen(view, WHOLE, whole), amounts)
        stand.sort(key=lambda match: weight(match, seen))
        answers.append(Sighted(stand, seen))
    return answers


def view_of_original(match: BankMatch, family: str, words: str) -> tuple[str, str]:
    """Family and words of a view that was found near a view of the original."""
    if match.convention != VIEW:
        return family, words
    return ("uncrop" if family in PLAIN_VIEWS else family), f"{words}, beside {match.reference_view}"


def _choose(match: BankMatch, hits: Sequence[tuple[int, int]], hashes: QueryHashes) -> _Chosen:
    within = [(distance, row) for distance, row in hits if distance <= match.max_distance_bits]
    if match.matching == "classic":
        within = [hit for hit in within if hashes.view(hit[1]).family in PLAIN_VIEWS] or within
    plain = (hit for hit in within if is_plain(match, hashes.view(hit[1]).family, hit[0]))
    distance, row = next(plain, within[0])
    regions: dict[Region, int] = {}
    for bits, other in within:
        regions.setdefault(_region(hashes, other), bits)
    view = hashes.view(row)
    family, words = view_of_original(match, view.family, view.words)
    near = Near(match, hashes.codes[row].tobytes(), family, words, distance)
    return _Chosen(near, _region(hashes, row), regions)


def _seen(one: _Chosen, amounts: Judgement) -> Seen:
    return Seen(
        one.near.words,
        one.near.family,
        one.region,
        amounts.tier,
        amounts.expected,
        amounts.decades,
        one.regions,
    )


def _region(hashes: QueryHashes, row: int) -> Region:
    """All of a frame, however it is looked at; or the box that was cut out of it."""
    look = int(hashes.look[row])
    frame = hashes.looks[look].frame
    return (frame, look) if hashes.looks[look].family == _BOX else (frame, -1)
