"""The vPDQ hash of a file, for a list: every frame decoded exactly, one a second."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.errors import NotMatchableError
from holdfast.hashing.code import MIN_QUALITY
from holdfast.hashing.video import VideoHash, video_hash
from holdfast.hashing.videolocal import LocalFeatures
from holdfast.hashing.videolocal_reference import LocalReference
from holdfast.media.pool import DecodePool
from holdfast.media.types import Reason, VideoLimits
from holdfast.screening.videolook import Source, opened

__all__ = ["HashedVideo", "hash_video"]

NO_LOCAL = "no local features: nothing stands out in its pictures"


@dataclass(frozen=True, slots=True)
class HashedVideo:
    """``video`` is None where there is nothing to list; ``reason`` and ``detail`` say what is missing."""

    video: VideoHash | None
    reason: str = ""
    detail: str = ""
    local: LocalFeatures | None = None


def hash_video(
    pool: DecodePool, limits: VideoLimits | None, source: Source, *, with_local: bool = False
) -> HashedVideo:
    """The hash of the track that players show, on request with its local features.

    Raises `UnreadableError` where the file cannot be opened, UsageError where local features are wanted and
    OpenCV is not installed.
    """
    watch = LocalReference() if with_local else None
    try:
        with opened(source) as readable, pool.open_video(readable, limits) as reader:
            video = video_hash(reader if watch is None else watch.watched(reader))
            end, tracks = reader.outcome(), reader.info.tracks
    except NotMatchableError as error:
        return HashedVideo(None, error.reason, str(error))
    local = None if watch is None else watch.features()
    if not (video.quality >= MIN_QUALITY).any():
        detail = "too plain for vPDQ (no frame of quality 50 or more); digests still match"
        return HashedVideo(None, str(Reason.FEATURELESS), detail)
    if end.incomplete is not None:
        return HashedVideo(video, str(end.incomplete), end.incomplete_detail, local)
    notes = [f"{tracks} tracks with pictures: the one that players show was hashed"] if tracks > 1 else []
    if watch is not None and local is None:
        notes.append(NO_LOCAL)
    return HashedVideo(video, detail="; ".join(notes), local=local)
