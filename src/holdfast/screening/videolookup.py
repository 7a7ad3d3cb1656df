"""A ready vPDQ hash against the listed videos: by our evidence, and by vPDQ's own percentages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from holdfast.banks.resolve import BankMatch, resolve
from holdfast.banks.videos import frames_of
from holdfast.hashing.video import VideoHash
from holdfast.matching.calibration.model import Tier
from holdfast.matching.video import BankMatch as Find
from holdfast.matching.video import SearchPlan, VideoBank, VideoQuery, classic_match, search
from holdfast.matching.video.candidates import near_candidates
from holdfast.records.database import Database
from holdfast.screening.checked import WHOLE, Seen, Span, weight
from holdfast.screening.sighting import Sighted
from holdfast.screening.videosight import seen_find

__all__ = ["look_up_video"]


def look_up_video(
    database: Database,
    bank: VideoBank,
    video: VideoHash,
    *,
    bank_ids: Sequence[int] | None = None,
    include_disabled: bool = False,
) -> Sighted:
    """The listed videos that this one shows, whole or in part, the weightiest first.

    One that only vPDQ's own rules call a match is *possible*.
    """
    query = _query(video)
    finds = search(query, bank)
    best = {find.video_id: find for find in reversed(finds)}  # they come the surest first
    ids = list({*best, *near_candidates(query, bank, SearchPlan())})
    with database.read() as connection:
        listed = resolve(
            connection,
            [(video_id, 0) for video_id in ids],
            bank_ids=bank_ids,
            include_disabled=include_disabled,
            at_any_distance=True,
        )
        hashes = frames_of(connection, [match.fingerprint_id for match in listed])
    found, seen = [], {}
    for match in listed:
        how = _seen(match, video, hashes, best, finds)
        if how is not None:
            find = best.get(match.fingerprint_id)
            bits = 0 if find is None else find.match.nearest_bits
            found.append(replace(match, distance_bits=bits))
            seen[match.fingerprint_id] = how
    found.sort(key=lambda one: weight(one, seen))
    return Sighted(found, seen)


def _seen(
    match: BankMatch,
    video: VideoHash,
    hashes: Mapping[int, VideoHash],
    best: Mapping[int, Find],
    finds: Sequence[Find],
) -> Seen | None:
    listed = hashes.get(match.fingerprint_id)
    if listed is None:  # deleted at this moment
        return None
    classic = classic_match(video.codes, video.quality, listed.codes, listed.quality)
    find = best.get(match.fingerprint_id)
    if find is not None:
        return seen_find(find, finds, match.kind, classic)
    if not (classic.by_hma or classic.by_readme):
        return None
    span = Span(vpdq_query_percent=classic.query_percent, vpdq_ref_percent=classic.reference_percent)
    return Seen("as is", "as_is", WHOLE, Tier.POSSIBLE.value, span=span)


def _query(video: VideoHash) -> VideoQuery:
    order = np.argsort(video.time_s, kind="stable")
    times = video.time_s[order]
    step_s = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    return VideoQuery.of(
        video.codes[order][np.newaxis], video.quality[order][np.newaxis], times, step_s=max(step_s, 0.04)
    )
