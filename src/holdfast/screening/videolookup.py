"""A ready vPDQ hash against the listed videos: by our evidence, and by vPDQ's own percentages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from holdfast.banks.resolve import BankMatch, resolve
from holdfast.banks.videos import frames_of
from holdfast.hashing.video import VideoHash
from holdfast.hashing.videoviews.pieces import OVERLAP_FRAMES, PIECE_FRAMES
from holdfast.matching.calibration.model import Tier
from holdfast.matching.video import BankMatch as Find
from holdfast.matching.video import SearchPlan, VideoBank, VideoQuery, classic_match, joined, search
from holdfast.matching.video.candidates import near_candidates
from holdfast.records.database import Database
from holdfast.screening.checked import WHOLE, Seen, Span, weight
from holdfast.screening.sighting import Sighted
from holdfast.screening.videosight import seen_find

__all__ = ["look_up_video"]

LEAST_STEP_S = 0.04  # a frame of 25 a second


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
    queries = list(_queries(video))
    finds = joined(search(query, bank) for query in queries)
    best = {find.video_id: find for find in reversed(finds)}  # they come the surest first
    near = {one.video_id for query in queries for one in near_candidates(query, bank, SearchPlan())}
    ids = list({*best, *near})
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


def _queries(video: VideoHash) -> Iterator[VideoQuery]:
    """Pieces of a hash of any length, as the pieces of an uploaded video."""
    ordered = video.select(np.argsort(video.time_s, kind="stable"))
    times = ordered.time_s
    step_s = max(float(np.median(np.diff(times))) if len(times) > 1 else 1.0, LEAST_STEP_S)
    for start in range(0, max(1, len(times) - OVERLAP_FRAMES), PIECE_FRAMES - OVERLAP_FRAMES):
        rows = slice(start, start + PIECE_FRAMES)
        codes, quality = ordered.codes[np.newaxis, rows], ordered.quality[np.newaxis, rows]
        yield VideoQuery.of(codes, quality, times[rows], step_s=step_s)
