"""What the first video of a process would otherwise wait for: its kernels, loaded and run once."""

from __future__ import annotations

import functools

import numpy as np

__all__ = ["warm_up_local_features", "warm_up_videos"]


@functools.cache
def warm_up_videos() -> None:
    """Looks up a small made-up video in a list of itself. Compiling takes a minute, once on a machine."""
    from holdfast.hashing.videoviews import video_views
    from holdfast.hashing.videoviews.pieces import Between
    from holdfast.hashing.views.small import small_luma
    from holdfast.matching.video import VideoBank, VideoQuery, search
    from holdfast.media.types import VideoFrame

    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (3, 96, 128), dtype=np.uint8)
    frames = [
        VideoFrame(number / 2, number, np.ascontiguousarray(pictures[number // 2]), 128, 96)
        for number in range(6)
    ]
    between = [Between(frame.time_s + 0.25, small) for frame in frames if (small := small_luma(frame.luma))]
    views = video_views(frames, between)
    if views is None:
        return
    bank = VideoBank.of([(1, views.codes[0], np.full(6, 80), views.time_s)])
    query = VideoQuery.of(
        views.codes,
        views.quality,
        views.time_s,
        step_s=0.5,
        families=views.families,
        words=views.words,
        fit=views.fitted,
    )
    search(query, bank)
    views.fitted(0, np.arange(2), views.codes[0, :2])
    strangers = VideoBank.of([(1, views.codes[0, ::-1] ^ 0x5A, np.full(6, 80), views.time_s)])
    search(query, strangers)


@functools.cache
def warm_up_local_features() -> None:
    """Holds the local features of a small made-up video against themselves."""
    from holdfast.hashing.videolocal_query import LocalQuery
    from holdfast.matching.video.local_bank import LocalBank
    from holdfast.matching.video.local_judge import compare_local
    from holdfast.media.types import VideoFrame

    random = np.random.default_rng(0)
    page = np.kron(random.integers(0, 256, (18, 24), dtype=np.uint8), np.ones((16, 16), np.uint8))
    frames = [
        VideoFrame(number / 2, number, np.ascontiguousarray(np.roll(page, 4 * number, axis=1)), 384, 288)
        for number in range(6)
    ]
    query = LocalQuery(frames, 0.5)
    bank = LocalBank()
    bank.add(1, query.every(False))
    bank.candidates([query.few(True)])
    compare_local(query, query.every(False))
