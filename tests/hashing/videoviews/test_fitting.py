"""One small change of geometry for several frames: nearer to a copy's original, hardly to strangers."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from holdfast.hashing.video import video_hash
from holdfast.hashing.videoviews.fitting import MOST_VALUE
from holdfast.hashing.videoviews.pieces import pieces
from holdfast.hashing.videoviews.views import VideoViews, video_views
from holdfast.media.types import VideoFrame, VideoMode
from tests.hashing.videoviews.films import film, frames

COUNT = 8


def _views(lumas: list[np.ndarray]) -> VideoViews:
    views = video_views(frames(lumas))
    assert views is not None
    return views


def _bits(views: VideoViews, codes: np.ndarray) -> tuple[int, np.ndarray]:
    """The view that is nearest to codes, and the distance of each frame there, -1 where it has no code."""
    bits = np.bitwise_count(views.codes ^ codes).sum(axis=2).astype(float)
    bits[views.quality < 0] = np.nan
    view = int(np.nanargmin(np.nanmean(bits, axis=1)))
    return view, bits[view]


def _slanted(luma: np.ndarray) -> np.ndarray:
    height, width = luma.shape
    corners = (
        0.07 * width,
        0.02 * height,
        0.01 * width,
        0.95 * height,
        0.97 * width,
        height,
        0.94 * width,
        0,
    )
    image = Image.fromarray(luma)
    return np.asarray(
        image.transform((width, height), Image.Transform.QUAD, corners, Image.Resampling.BILINEAR)
    )


def _cropped(luma: np.ndarray) -> np.ndarray:
    height, width = luma.shape
    return np.ascontiguousarray(luma[: round(0.84 * height), round(0.07 * width) :])


@pytest.mark.parametrize("change", [_slanted, _cropped])
def test_a_copy_comes_nearer(change: object) -> None:
    lumas = film(5, COUNT)
    listed = video_hash(frames(lumas)).codes
    views = _views([change(luma) for luma in lumas])  # type: ignore[operator]
    view, bits = _bits(views, listed)
    rows = np.flatnonzero(~np.isnan(bits))[:4]
    fitted = views.fitted(view, rows, listed[rows])
    assert fitted is not None
    assert fitted.codes.shape == (COUNT, 32) and (fitted.quality > 0).all()
    now = np.bitwise_count(fitted.codes ^ listed).sum(axis=1)
    assert now.mean() < np.nanmean(bits) - 8  # of all frames, not only of those that it was fitted to
    assert fitted.words.endswith("finely fitted") and fitted.family in ("uncrop", "tilt", "zoom")


def test_values_of_regular_pictures_are_bounded() -> None:
    """Of a checkerboard nearly all coefficients are nothing, and so is the usual one."""
    rows, columns = np.indices((160, 240))
    board = (((rows // 20 + columns // 30) % 2) * 255).astype(np.uint8)
    views = _views([*film(7, COUNT - 1), board])
    seen = views.fitted(0, np.empty(0, np.int64), np.empty((0, 32), np.uint8))
    assert np.abs(seen.values[-1]).max() == MOST_VALUE
    assert np.abs(seen.values[:-1]).max() < MOST_VALUE


def test_strangers_come_hardly_nearer() -> None:
    views = _views(film(6, COUNT))
    gains = []
    for seed in range(8):
        listed = np.random.default_rng(seed).integers(0, 256, (COUNT, 32), dtype=np.uint8)
        rows = np.arange(6)
        fitted = views.fitted(0, rows, listed[rows])
        before = np.bitwise_count(views.codes[0] ^ listed).sum(axis=1).mean()
        after = before if fitted is None else np.bitwise_count(fitted.codes ^ listed).sum(axis=1).mean()
        gains.append(before - after)
    assert np.mean(gains) < 8 and max(gains) < 14


def test_a_view_that_fits_already_is_left_alone_or_stays_as_near() -> None:
    lumas = film(7, COUNT)
    listed = video_hash(frames(lumas)).codes
    views = _views(lumas)
    fitted = views.fitted(0, np.arange(4), listed[:4])
    assert fitted is None or np.bitwise_count(fitted.codes ^ listed).sum(axis=1).mean() <= 12


def test_without_codes_a_view_is_as_it_stands_and_is_kept() -> None:
    views = _views(film(5, COUNT))
    none = np.empty(0, np.int64), np.empty((0, 32), np.uint8)
    seen = views.fitted(0, *none)
    assert not seen.is_changed and seen.words == views.words[0] and len(seen.codes) == COUNT
    assert int(np.bitwise_count(seen.codes ^ views.codes[0]).sum(axis=1).max()) <= 32
    assert views.fitted(0, *none) is seen


def test_frames_between_are_hashed_where_a_view_is_fitted() -> None:
    """A film twice as fast as frames are looked at: the copy begins a quarter of a second late."""
    lumas = film(9, 4 * COUNT)
    listed = video_hash(frames(lumas[::4])).codes  # one a second, of a frame each quarter
    late = lumas[2:]
    shown = [
        VideoFrame(n / 4, n, luma, luma.shape[1], luma.shape[0], full_range=True)
        for n, luma in enumerate(late)
    ]
    (piece,) = pieces(shown, VideoMode.QUICK)
    views = video_views(piece.frames, piece.between)
    assert views is not None
    rows = np.arange(0, len(views) - 1, 2)[:4]
    fitted = views.fitted(0, rows, listed[1:5])
    assert len(fitted.time_s) == len(late) == len(fitted.codes)
    assert (np.diff(fitted.time_s) == 0.25).all()
    part = views.between(2.0, 4.0)
    assert part is not None
    assert part.fitted(0, np.arange(2), listed[:2]).time_s.tolist() == np.arange(2.0, 4.0, 0.25).tolist()
