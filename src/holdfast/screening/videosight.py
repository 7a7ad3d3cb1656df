"""From what was found of a video, or of a picture among videos, to matches that verdict and rules take.

A listed video says by its tier what it amounts to. A frame of an upload near a listed picture is judged as a
photo is. A photo near one frame of a listed video is *possible*: one frame may be a title that many videos
show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from holdfast.banks.models import VPDQ
from holdfast.banks.resolve import BankMatch
from holdfast.decisions.vocabulary import DECISIVE_DISTANCE_BITS
from holdfast.hashing.image import QueryHashes
from holdfast.hashing.video import VideoHash
from holdfast.hashing.videoviews.pieces import STEP_S
from holdfast.matching.calibration.model import COARSE, FalseAlarmModel, Tier
from holdfast.matching.video import BankMatch as Find
from holdfast.matching.video import ClassicMatch, classic_match
from holdfast.screening.checked import AS_IS, Region, Seen, Span, weight
from holdfast.screening.judging import Judgement, Near, judge
from holdfast.screening.sighting import Sighted
from holdfast.screening.videolist import FrameHit
from holdfast.screening.videolook import PictureHit, VideoLook

__all__ = ["nearest_in", "seen_find", "sight_frame_hits", "sight_video"]

_FIRST_FIND = -2  # in a region, and down from it: not a box of a frame, but a stretch of the video
_EDGE_S = 1.0  # by which the ends of two finds of one stretch may differ


def nearest_in(look: VideoLook) -> list[tuple[int, int]]:
    """(fingerprint id, smallest distance) of all that was found, as `banks.resolve` takes it."""
    pictures = [(fingerprint_id, hits[0].distance_bits) for fingerprint_id, hits in look.pictures.items()]
    return pictures + [(find.video_id, find.match.nearest_bits) for find in look.finds]


def sight_video(
    listed: Sequence[BankMatch],
    look: VideoLook,
    hashes: Mapping[int, VideoHash],
    model: FalseAlarmModel,
    entries: int,
) -> Sighted:
    """What of a video's matches stands, the weightiest first.

    ``listed`` are what the records say of its finds and digests, ``hashes`` the hashes of the listed videos
    among them; ``entries`` is how many codes of pictures are listed. Of several finds of one listed video the
    surest counts.
    """
    found: list[BankMatch] = []
    seen: dict[int, Seen] = {}
    best = {find.video_id: find for find in reversed(look.finds)}  # they come the surest first
    for match in listed:
        if match.algorithm == VPDQ:
            find = best[match.fingerprint_id]
            found.append(replace(match, distance_bits=find.match.nearest_bits))
            classic = _classic(look.plain, hashes.get(match.fingerprint_id))
            seen[match.fingerprint_id] = seen_find(find, look.finds, match.kind, classic)
        elif match.algorithm != "pdq":
            found.append(match)
            seen[match.fingerprint_id] = AS_IS
    pictures = _sight_pictures([match for match in listed if match.algorithm == "pdq"], look, model, entries)
    found += pictures.found
    seen |= pictures.seen
    found.sort(key=lambda match: weight(match, seen))
    return Sighted(found, seen)


def sight_frame_hits(
    listed: Sequence[BankMatch], hits: Mapping[int, FrameHit], hashes: QueryHashes
) -> Sighted:
    """What of a photo's nearness to frames of listed videos stands: ``listed`` are what the records say."""
    found, seen = [], {}
    for match in listed:
        hit = hits[match.fingerprint_id]
        view = hashes.view(hit.row)
        region: Region = (view.frame, -1)
        found.append(replace(match, distance_bits=hit.distance_bits))
        seen[match.fingerprint_id] = Seen(
            f"a frame of the video, {view.words}",
            view.family,
            region,
            Tier.POSSIBLE.value,
            near={region: hit.distance_bits},
            span=Span(ref_start_s=hit.time_s, ref_end_s=hit.time_s),
        )
    return Sighted(found, seen)


def seen_find(find: Find, finds: Sequence[Find], kind: str, classic: ClassicMatch | None) -> Seen:
    """How a listed video of a bank of this ``kind`` was seen.

    A benign one covers what of all ``finds`` lies within it and says no more; but nothing where it agrees in
    part of the picture only, for in the other part it is another video.
    """
    match = find.match
    among = finds if kind == "benign" and not match.is_in_part else (find,)
    near: dict[Region, int] = {
        _region(finds.index(other)): match.nearest_bits if other is find else 0
        for other in among
        if other is find or _covers(find, other)
    }
    return Seen(
        match.view,
        match.family,
        _region(finds.index(find)),
        match.tier.value,
        find.expected_false_alarms,
        near=near,
        span=Span(
            _rounded(match.query_start_s),
            _rounded(match.query_end_s),
            _rounded(match.reference_start_s),
            _rounded(match.reference_end_s),
            round(match.score, 2),
            round(match.speed, 3),
            None if classic is None else round(classic.query_percent, 1),
            None if classic is None else round(classic.reference_percent, 1),
        ),
    )


def _classic(plain: VideoHash, listed: VideoHash | None) -> ClassicMatch | None:
    if listed is None:
        return None
    return classic_match(plain.codes, plain.quality, listed.codes, listed.quality)


def _region(number: int) -> Region:
    return 0, _FIRST_FIND - number


def _covers(benign: Find, known: Find) -> bool:
    one, other = benign.match, known.match
    inside = (
        one.query_start_s <= other.query_start_s + _EDGE_S and one.query_end_s >= other.query_end_s - _EDGE_S
    )
    return inside and one.score >= other.score


def _sight_pictures(
    listed: Sequence[BankMatch], look: VideoLook, model: FalseAlarmModel, entries: int
) -> Sighted:
    chosen: list[tuple[Near, PictureHit, dict[Region, int]]] = []
    for match in listed:
        radius = min(match.max_distance_bits, DECISIVE_DISTANCE_BITS)
        within = [hit for hit in look.pictures[match.fingerprint_id] if hit.distance_bits <= radius]
        if within:
            first = within[0]
            near: dict[Region, int] = {}
            for hit in within:
                near.setdefault((hit.frame, -1), hit.distance_bits)
            chosen.append(
                (Near(match, first.code, first.family, first.words, first.distance_bits), first, near)
            )
    judged = judge(model, [near for near, _, _ in chosen], float(entries) * max(look.compared, 1), COARSE)
    found, seen = [], {}
    for (near_hit, hit, regions), amounts in zip(chosen, judged, strict=True):
        if amounts.tier != Tier.NONE:
            match = near_hit.match
            found.append(replace(match, distance_bits=hit.distance_bits))
            seen[match.fingerprint_id] = _seen_picture(hit, amounts, regions)
    return Sighted(found, seen)


def _seen_picture(hit: PictureHit, amounts: Judgement, regions: Mapping[Region, int]) -> Seen:
    return Seen(
        hit.words,
        hit.family,
        (hit.frame, -1),
        amounts.tier,
        amounts.expected,
        amounts.decades,
        regions,
        Span(_rounded(hit.time_s), _rounded(hit.time_s + STEP_S)),
    )


def _rounded(moment_s: float) -> float:
    return round(moment_s, 3)
