"""The luma of frames: whole planes of every depth, reduction, range, and how near it is to PDQ's own."""

from __future__ import annotations

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.media.videoluma import Picture, picture_of, reduction
from tests.media.videos import alone, clip, frame_in, scene, scene_luma

PLANAR = [
    *("yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv410p", "yuv411p", "nv12", "nv21", "yuva420p"),
    *("yuv420p10le", "yuv422p10be", "yuv444p12le", "yuv420p16le", "p010le", "p216le"),
]
FULL = ["yuvj420p", "yuvj444p", "gray", "gray10le", "gray16be"]
CONVERTED = [
    "rgb24",
    "bgra",
    "gbrp",
    "gbrp10le",
    "rgb48le",
    "rgb565le",
    "uyvy422",
    "yuyv422",
    "y210le",
    "xyz12le",
]


def as_shown(picture: Picture) -> np.ndarray:
    """Luma with 0 for black and 255 for white."""
    luma = picture.luma.astype(np.float64)
    return luma if picture.full_range else np.clip((luma - 16) * 255 / 219, 0, 255)


@pytest.mark.parametrize("pixel_format", [*PLANAR, *FULL, *CONVERTED])
def test_every_pixel_format_gives_the_luma_of_what_is_shown(pixel_format: str) -> None:
    picture = picture_of(frame_in(pixel_format, scene(0, 94, 77)), 512)
    assert picture.luma.dtype == np.uint8
    assert picture.luma.flags.c_contiguous
    assert picture.luma.shape == (picture.height, picture.width) == (77, 94)
    assert picture.full_range == (pixel_format not in PLANAR)
    most = 12 if pixel_format == "xyz12le" else 3  # XYZ has another transfer curve
    assert np.abs(as_shown(picture) - scene_luma(0, 94, 77)).mean() < most


@pytest.mark.parametrize("pixel_format", PLANAR)
def test_the_plane_is_taken_as_it_is_stored(pixel_format: str) -> None:
    frame = av.VideoFrame(94, 77, pixel_format)
    component, plane = frame.format.components[0], frame.planes[0]
    unit = 2 ** (component.bits - 8) if pixel_format.startswith("yuv") else 256  # p010: in the high bits
    dtype = np.dtype("u1" if component.bits == 8 else ">u2" if pixel_format.endswith("be") else "<u2")
    lines = np.zeros((plane.height, plane.line_size // dtype.itemsize), dtype)
    values = np.random.default_rng(1).integers(0, 256, (77, 94)) * (unit if component.bits > 8 else 1)
    lines[:77, :94] = values
    plane.update(lines.tobytes())
    expected = values / unit if component.bits > 8 else values
    np.testing.assert_array_equal(picture_of(frame, 512).luma, expected)


def test_the_range_is_that_of_the_frame_and_by_default_that_of_broadcasts() -> None:
    frame = frame_in("yuv420p", scene(0, 94, 77))
    for told, full in ((0, False), (1, False), (2, True)):
        frame.color_range = told
        assert picture_of(frame, 512).full_range is full
    grey = frame_in("gray", scene(0, 94, 77))
    grey.color_range = 1
    assert picture_of(grey, 512).full_range is False


def slowly_reduced(values: np.ndarray, scale: int) -> np.ndarray:
    rows, columns = range(0, values.shape[0], scale), range(0, values.shape[1], scale)
    cells = [[values[y : y + scale, x : x + scale].mean() for x in columns] for y in rows]
    return np.array(cells)


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(1, 70),
    height=st.integers(1, 70),
    min_side=st.integers(1, 40),
    depth=st.sampled_from([8, 10, 16]),
)
def test_a_reduced_picture_is_the_mean_of_what_each_pixel_covers(
    width: int, height: int, min_side: int, depth: int
) -> None:
    random = np.random.default_rng(width * 100 + height)
    name, dtype = ("gray", np.uint8) if depth == 8 else (f"gray{depth}le", np.uint16)
    values = random.integers(0, 2**depth, (height, width), dtype)
    picture = picture_of(av.VideoFrame.from_ndarray(values, name), min_side)
    assert picture.scale == max(1, min(width, height) // min_side)
    expected = np.minimum(slowly_reduced(values.astype(np.float64), picture.scale) / 2 ** (depth - 8), 255)
    assert picture.luma.shape == expected.shape
    assert np.abs(picture.luma - expected).max() <= 0.5 + 1e-3


@settings(max_examples=200)
@given(width=st.integers(1, 2**20), height=st.integers(1, 2**20), min_side=st.integers(1, 2000))
def test_a_reduced_picture_is_small_and_not_too_small(width: int, height: int, min_side: int) -> None:
    scale = reduction(width, height, min_side)
    assert scale >= 1
    assert (width / scale) * (height / scale) <= 4_000_000
    if width * height <= 4_000_000 and min(width, height) >= min_side:
        assert min(width, height) // scale >= min_side


def test_colours_are_reduced_in_stripes_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = frame_in("rgb24", scene(0, 100, 90))
    whole = picture_of(frame, 30).luma
    monkeypatch.setattr("holdfast.media.videoluma._STRIPE_PIXELS", 1000)
    np.testing.assert_array_equal(picture_of(frame, 30).luma, whole)
    expected = slowly_reduced(np.rint(np.asarray(scene(0, 100, 90), np.float64) @ (0.299, 0.587, 0.114)), 3)
    assert np.abs(whole - expected).max() <= 0.51


def test_pictures_stored_upside_down_are_turned_up() -> None:
    data = clip("rawvideo", "avi", "gray", seconds=1)
    at = data.index(b"strf") + 16  # the height: below 0 where the top line comes first
    height = int.from_bytes(data[at : at + 4], "little", signed=True)
    (other, *_) = alone(data[:at] + (-height).to_bytes(4, "little", signed=True) + data[at + 4 :]).frames
    (frame, *_) = alone(data).frames
    assert {tuple(map(bytes, frame.luma)), tuple(map(bytes, frame.luma[::-1]))} >= {
        tuple(map(bytes, other.luma))
    }


class UpsideDown:
    """A frame whose lines run backwards in memory, as some decoders of the nineties make them."""

    def __init__(self, frame: av.VideoFrame) -> None:
        self._frame = frame
        self.planes = [type("Plane", (), {"line_size": -96})()]

    def __getattr__(self, name: str) -> object:
        return getattr(self._frame, name)


def test_lines_that_run_backwards_go_through_the_converter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.media.videoluma._orientation", lambda _frame: 1)
    frame = frame_in("yuv420p", scene(0, 94, 77))
    picture = picture_of(UpsideDown(frame), 512)  # type: ignore[arg-type]
    assert picture.full_range
    assert np.abs(picture.luma - scene_luma(0, 94, 77)).mean() < 3
