"""Frames looked at once more: the codes that they had in the view, each picture made once."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from holdfast.hashing.border import Box
from holdfast.hashing.video import video_hash
from holdfast.hashing.videoviews import closer
from holdfast.hashing.videoviews.closer import close_views
from holdfast.hashing.videoviews.fitting import FittedView
from holdfast.hashing.videoviews.looks import Look
from holdfast.hashing.videoviews.views import VideoViews, video_views
from holdfast.hashing.views.faces import Faces
from holdfast.hashing.views.small import small_luma
from holdfast.media.types import VideoFrame
from tests.hashing.videoviews.films import film, frames, on_page

COUNT = 6
HOST = film(22, COUNT, 400, 300)
BLACK = np.zeros((220, 300), np.uint8)
PLAIN = Look(Box(0, 160, 0, 240), np.eye(3), (160, 240), "as_is", "as is")
_AS_IT_STANDS = np.empty(0, np.int64), np.empty((0, 32), np.uint8)


def _views(shown: list[VideoFrame]) -> VideoViews:
    views = video_views(shown)
    assert views is not None
    return views


def _is_same(one: FittedView, other: FittedView) -> bool:
    arrays = ("codes", "quality", "values", "time_s")
    is_equal = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)
    return is_equal and (one.family, one.words, one.is_changed) == (
        other.family,
        other.words,
        other.is_changed,
    )


@pytest.mark.parametrize(
    ("lumas", "words"),
    [
        (film(21, COUNT), ("as is", "mirrored", "mirrored along the diagonal", "cropped about 10 %")),
        (on_page(film(21, COUNT), lambda _: BLACK, 30, 30), ("as is", "border removed")),
        (
            on_page(film(21, COUNT), lambda n: HOST[n], 60, 90),
            ("inside another picture", "inside another picture, mirrored"),
        ),
        (film(21, COUNT, 800, 600), ("as is", "mirrored")),  # kept at half the size
    ],
    ids=["turned and cropped", "border", "inside", "large"],
)
def test_a_look_gives_the_view_as_it_stands(lumas: list[np.ndarray], words: tuple[str, ...]) -> None:
    shown = frames(lumas)
    views = _views(shown)
    numbers = [n for n, one in enumerate(views.words) if one in words]
    assert {views.words[n] for n in numbers} == set(words)
    seen = close_views(shown, [views.look(n) for n in numbers])
    for n, one in zip(numbers, seen, strict=True):
        assert _is_same(one, views.fitted(n, *_AS_IT_STANDS))


def test_every_view_of_a_film_can_be_looked_through_again() -> None:
    shown = frames(on_page(film(21, 2), lambda n: HOST[n], 60, 90))
    views = _views(shown)
    seen = close_views(shown, [views.look(n) for n in range(len(views.words))])
    assert all(_is_same(one, views.fitted(n, *_AS_IT_STANDS)) for n, one in enumerate(seen))


def _slanted(luma: np.ndarray) -> np.ndarray:
    height, width = luma.shape
    corners = (0.06 * width, 0.02 * height, 0, 0.96 * height, 0.97 * width, height, 0.95 * width, 0)
    return np.asarray(
        Image.fromarray(luma).transform(
            (width, height), Image.Transform.QUAD, corners, Image.Resampling.BILINEAR
        )
    )


def test_a_fitted_look_gives_the_fitted_codes_again() -> None:
    lumas = film(23, COUNT)
    listed = video_hash(frames(lumas)).codes
    shown = frames([_slanted(luma) for luma in lumas])
    views = _views(shown)
    fitted = views.fitted(0, np.arange(4), listed[:4])
    before = views.look(0)
    assert fitted.is_changed and fitted.look.is_fitted and not before.is_fitted
    assert fitted.look.box == before.box and not np.array_equal(fitted.look.matrix, before.matrix)
    assert fitted.words.endswith("finely fitted") and fitted.family != "as_is"
    (seen,) = close_views(shown, [fitted.look])
    assert _is_same(seen, fitted)
    assert np.bitwise_count(seen.codes ^ listed).sum(axis=1).max() < 40


def test_a_look_is_of_any_stretch_and_sees_frames_that_the_view_did_not() -> None:
    lumas = film(24, 2 * COUNT)
    views = _views(frames(lumas[::2]))
    between = [VideoFrame(9 + n / 30, n, luma, 240, 160, full_range=True) for n, luma in enumerate(lumas)]
    (seen,) = close_views(iter(between), [views.look(1)])
    assert np.array_equal(seen.codes[::2], views.fitted(1, *_AS_IT_STANDS).codes)
    assert seen.time_s.tolist() == [frame.time_s for frame in between]
    part = views.between(1.0, 2.0)
    assert part is not None
    assert part.look(1).box == views.look(1).box and part.look(1).shape == views.look(1).shape
    assert np.array_equal(part.look(1).matrix, views.look(1).matrix)


def test_shapes_and_types() -> None:
    (seen,) = close_views(frames(film(25, COUNT)), [PLAIN])
    assert seen.codes.shape == (COUNT, 32) and seen.codes.dtype == np.uint8
    assert seen.quality.shape == (COUNT,) and seen.quality.dtype == np.int32
    assert seen.values.shape == (COUNT, 256) and seen.values.dtype == np.float32
    assert seen.time_s.shape == (COUNT,) and seen.time_s.dtype == np.float64
    assert seen.look is PLAIN and not seen.is_changed


def _standing(lumas: list[np.ndarray], each: int) -> list[VideoFrame]:
    """Each luma at so many moments."""
    return frames([luma for luma in lumas for _ in range(each)])


def test_a_frame_that_still_stands_is_made_once_and_counted_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = {"small": 0, "faces": 0}

    def counted_small(*args: object, **named: object) -> object:
        made["small"] += 1
        return small_luma(*args, **named)  # type: ignore[arg-type]

    def counted_faces(*args: object) -> object:
        made["faces"] += 1
        return Faces(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(closer, "small_luma", counted_small)
    monkeypatch.setattr(closer, "Faces", counted_faces)
    lumas = film(26, 3)
    mirrored = _views(frames(lumas)).look(1)
    plain, other = close_views(_standing(lumas, 3), [PLAIN, mirrored])
    assert made == {"small": 3, "faces": 6}
    assert plain.time_s.tolist() == other.time_s.tolist() == (np.arange(9) / 2).tolist()
    for one, look in ((plain, PLAIN), (other, mirrored)):
        (once,) = close_views(frames(lumas), [look])
        assert np.array_equal(one.codes, np.repeat(once.codes, 3, axis=0))
        assert np.array_equal(one.quality, np.repeat(once.quality, 3))


@pytest.mark.parametrize("each", [1, 2], ids=["passing", "standing"])
def test_frames_of_another_size_are_left_out(each: int) -> None:
    first, last = film(27, 2)
    (larger,), tiny = film(28, 1, 320, 240), np.zeros((4, 6), np.uint8)
    shown = _standing([first, larger, tiny, last], each)
    (seen,) = close_views(shown, [PLAIN])
    moments = np.concatenate([np.arange(each), 3 * each + np.arange(each)])
    assert seen.time_s.tolist() == (moments / 2).tolist()
    (wanted,) = close_views(_standing([first, last], each), [PLAIN])
    assert np.array_equal(seen.codes, wanted.codes)


def test_looks_of_two_sizes_each_get_their_frames() -> None:
    wide, small = Look(Box(0, 240, 0, 320), np.eye(3), (240, 320), "box", "inside"), film(29, 2)
    large = film(30, 2, 320, 240)
    seen = close_views(frames([small[0], large[0], large[1], small[1]]), [wide, PLAIN])
    assert [one.look for one in seen] == [wide, PLAIN]
    assert [one.time_s.tolist() for one in seen] == [[0.5, 1.0], [0.0, 1.5]]
    assert np.array_equal(seen[0].codes, close_views(frames(large), [wide])[0].codes)


def test_a_look_without_any_frame_is_left_out() -> None:
    other = Look(Box(0, 90, 0, 120), np.eye(3), (90, 120), "as_is", "as is")
    shown = frames(film(31, 2))
    assert [one.look for one in close_views(shown, [other, PLAIN])] == [PLAIN]
    assert close_views(shown, [other]) == close_views(shown, []) == close_views([], [PLAIN]) == []
