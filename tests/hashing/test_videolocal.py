"""Local features: few, whole after packing, and a clear error without OpenCV."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import BadEntryError, UsageError
from holdfast.hashing import videolocal
from holdfast.hashing.videolocal import LocalFeatures, features_of, moving_cells, standard_picture
from holdfast.hashing.videolocal_blob import pack, unpack
from holdfast.hashing.videolocal_reference import FEATURES, MOMENTS, LocalReference
from holdfast.media.types import VideoFrame
from tests.opencv import hide_opencv


def pictures(count: int) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    """A page of squares, of which one wanders."""
    rng = np.random.default_rng(4)
    page = np.kron(rng.integers(0, 256, (18, 24)), np.ones((16, 16))).astype(np.uint8)
    square = np.kron(rng.integers(0, 256, (8, 8)), np.ones((8, 8))).astype(np.uint8)
    out = []
    for number in range(count):
        shown = page.copy()
        shown[100:164, 20 + 6 * number : 84 + 6 * number] = square
        out.append(shown)
    return out


def made(count: int = 4) -> LocalFeatures:
    shown = [standard_picture(one) for one in pictures(count)]
    return features_of(shown, np.arange(float(count)), moving_cells(shown), most=100, most_still=30)


def test_features_are_as_many_as_asked_for() -> None:
    features = made()

    assert features.size == (384, 288)
    assert np.diff(features.starts).tolist() == [100] * 4


def test_only_what_moves_is_said_to_move() -> None:
    features = made(10)
    moving = features.places[features.moves]

    assert 0.2 < features.moves.mean() < 0.9
    assert ((moving[:, 1] > 80) & (moving[:, 1] < 184)).all()


def test_a_reference_has_few_moments_however_long_the_video() -> None:
    reference = LocalReference()
    page = pictures(1)[0]
    stream = (
        VideoFrame(float(number), number, np.roll(page, number, axis=1), 384, 288) for number in range(250)
    )
    assert sum(1 for _ in reference.watched(stream)) == 250
    features = reference.features()

    assert features is not None
    assert len(features) == MOMENTS
    assert np.diff(features.starts).max() <= FEATURES
    assert features.time_s[-1] > 150
    assert len(pack(features)) < 46_000
    assert LocalReference().features() is None


def test_packed_features_come_back_whole() -> None:
    features = made()
    again = unpack(pack(features))

    for name in ("codes", "moves", "starts", "time_s"):
        np.testing.assert_array_equal(getattr(again, name), getattr(features, name))
    np.testing.assert_allclose(again.places, features.places, atol=1 / 32)
    assert again.size == features.size
    assert pack(again) == pack(features)


@given(st.binary(max_size=200), st.integers(0, 60))
def test_altered_bytes_are_refused(tail: bytes, length: int) -> None:
    for data in (tail, pack(_SMALL)[:length], pack(_SMALL) + b"x" + tail):
        with pytest.raises(BadEntryError):
            unpack(data)


def test_without_opencv_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    hide_opencv(monkeypatch)
    assert not videolocal.is_available()
    with pytest.raises(UsageError, match=r"holdfast\[local\]"):
        LocalReference()


_SMALL = LocalFeatures(
    np.arange(8, dtype=np.uint64).reshape(2, 4),
    np.array([[1.5, 2.0], [3.0, 4.25]], np.float32),
    np.array([True, False]),
    np.array([0, 1, 2]),
    np.array([0.0, 1.0]),
    (384, 288),
)
