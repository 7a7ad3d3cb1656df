"""Views of films: the first are plain vPDQ, and what was done to a copy is undone by one of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from holdfast.hashing.orientation import Orientation
from holdfast.hashing.video import video_hash
from holdfast.hashing.videoviews.views import VideoViews, video_views
from tests.hashing.videoviews.films import film, frames, on_page

COUNT = 8
UInt8 = np.ndarray


def _nearest(views: VideoViews, lumas: list[UInt8]) -> tuple[int, float]:
    """The view that is nearest to the plain hash of ``lumas``, and the mean distance of it."""
    codes = video_hash(frames(lumas)).codes
    bits = np.bitwise_count(views.codes ^ codes).sum(axis=2).astype(float)
    bits[views.quality < 0] = np.nan
    mean = np.nanmean(bits, axis=1)
    return int(np.nanargmin(mean)), float(np.nanmin(mean))


def _views(lumas: list[UInt8]) -> VideoViews:
    views = video_views(frames(lumas))
    assert views is not None
    return views


def test_the_first_view_is_the_plain_hash() -> None:
    lumas = film(1, COUNT)
    views, plain = _views(lumas), video_hash(frames(lumas))
    assert np.array_equal(views.codes[0], plain.codes)
    assert np.array_equal(views.quality[0], plain.quality)
    assert np.array_equal(views.time_s, plain.time_s)
    assert views.words[0] == "as is" and views.families[0] == "as_is"
    count = len(views.words)
    assert views.codes.shape == (count, COUNT, 32) and views.quality.shape == (count, COUNT)
    assert len(views.families) == count and views.matrices.shape == (count, 3, 3)


@pytest.mark.parametrize("orientation", list(Orientation))
def test_orientations(orientation: Orientation) -> None:
    lumas = film(2, COUNT)
    turned = [np.ascontiguousarray(orientation.apply(luma)) for luma in lumas]
    views = _views(turned)
    view, bits = _nearest(views, lumas)
    assert bits <= 40  # PDQ's samples of so small a picture do not lie quite alike from both sides
    assert views.words[view] == orientation.words
    assert views.families[view] == ("as_is" if orientation is Orientation.AS_IS else "orientation")


def _cropped(top: float, bottom: float, left: float, right: float) -> Callable[[UInt8], UInt8]:
    def crop(luma: UInt8) -> UInt8:
        height, width = luma.shape
        return np.ascontiguousarray(
            luma[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
        )

    return crop


def _rotated(luma: UInt8) -> UInt8:
    return np.asarray(Image.fromarray(luma).rotate(5, Image.Resampling.BILINEAR))


@pytest.mark.parametrize(
    ("change", "family"),
    [
        (_cropped(0.05, 0.95, 0.05, 0.95), "uncrop"),
        (_cropped(0.10, 0.90, 0.10, 0.90), "uncrop"),
        (_cropped(0.0, 0.8, 0.2, 1.0), "uncrop"),
        (_rotated, "tilt"),
    ],
)
def test_small_changes_come_nearer_than_the_frames_as_they_are(
    change: Callable[[UInt8], UInt8], family: str
) -> None:
    lumas = film(3, COUNT, 320, 240)
    views = _views([change(luma) for luma in lumas])
    view, bits = _nearest(views, lumas)
    plain = np.bitwise_count(views.codes[0] ^ video_hash(frames(lumas)).codes).sum(axis=1).mean()
    assert bits < 80 and bits < 0.8 * plain
    assert views.families[view] == family


def test_inside_a_border_and_inside_another_film() -> None:
    lumas = film(4, COUNT)
    page, host = np.zeros((220, 300), np.uint8), film(5, COUNT, 400, 300)
    bordered, inside = (
        _views(on_page(lumas, lambda _: page, 30, 30)),
        _views(on_page(lumas, lambda n: host[n], 60, 90)),
    )
    for views, words in ((bordered, "border removed"), (inside, "inside another picture")):
        view, bits = _nearest(views, lumas)
        assert bits <= 20 and views.words[view] == words


def test_a_frame_that_still_stands_is_looked_at_once() -> None:
    lumas = film(6, 4)
    still = frames([lumas[0], lumas[0], lumas[1], lumas[1]])
    views = video_views(still)
    assert views is not None
    assert np.array_equal(views.codes[:, 0], views.codes[:, 1])
    assert np.array_equal(views.quality[:, 2], views.quality[:, 3])


def test_a_stretch_of_a_film() -> None:
    views = _views(film(7, COUNT))
    stretch = views.between(2.0, 3.5)
    assert stretch is not None and stretch.time_s.tolist() == [2.0, 2.5, 3.0]
    assert np.array_equal(stretch.codes, views.codes[:, 4:7]) and len(stretch.small.smalls) == 3
    assert views.between(99.0, 120.0) is None


def test_featureless_and_tiny_frames() -> None:
    black = _views([np.zeros((90, 120), np.uint8)] * 3)
    assert black.quality.max() == 0
    assert video_views(frames([np.zeros((4, 6), np.uint8)])) is None
    assert video_views([]) is None
